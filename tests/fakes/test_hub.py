"""The stand-in hub keeps the rules of HTTP and brings about every fault that it promises."""

import http.client
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.fakes.hub import HubServer
from tests.fakes.hub_faults import (
    CutAfter,
    Hang,
    NoRanges,
    Slow,
    StallAfter,
    WrongByte,
    WrongLength,
    WrongLinkedSize,
    failing,
    html,
    other_shape,
)
from tests.fakes.hub_papers import Paper, Post
from tests.fakes.hub_store import Sized

REPO = "acme/Tiny-GGUF"
NAME = "tiny-Q4_K_M.gguf"
FILE = f"/{REPO}/resolve/main/{NAME}"
WEIGHTS = bytes(range(256)) * 1000


@dataclass(frozen=True, slots=True)
class Got:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def get(url: str, headers: dict[str, str] | None = None, *, method: str = "GET", timeout_s: float = 10) -> Got:
    """One request on a connection of its own; no redirects followed."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout_s)
    try:
        connection.request(method, parts._replace(scheme="", netloc="").geturl(), headers=headers or {})
        response = connection.getresponse()
        return Got(response.status, response.headers, response.read())
    finally:
        connection.close()


@pytest.fixture
def server() -> Iterator[HubServer]:
    with HubServer() as hub:
        hub.add_repo(REPO, {NAME: WEIGHTS})
        yield hub


def part(first: int, last: int | str = "") -> dict[str, str]:
    return {"Range": f"bytes={first}-{last}"}


def test_a_range_gives_exactly_its_bytes(server: HubServer) -> None:
    got = get(server.url + FILE, part(1000, 1999))
    assert (got.status, got.headers["Content-Range"]) == (206, f"bytes 1000-1999/{len(WEIGHTS)}")
    assert got.body == WEIGHTS[1000:2000]
    assert get(server.url + FILE, part(len(WEIGHTS) - 3)).body == WEIGHTS[-3:]
    assert get(server.url + FILE, {"Range": "bytes=-5"}).body == WEIGHTS[-5:]


def test_a_range_behind_the_end_is_416(server: HubServer) -> None:
    got = get(server.url + FILE, part(len(WEIGHTS)))
    assert (got.status, got.headers["Content-Range"]) == (416, f"bytes */{len(WEIGHTS)}")


def test_if_range_gives_the_whole_file_once_it_has_changed(server: HubServer) -> None:
    etag = get(server.url + FILE, method="HEAD").headers["ETag"]
    assert get(server.url + FILE, {**part(10), "If-Range": etag}).status == 206
    server.replace_file(REPO, NAME, WEIGHTS[::-1])
    got = get(server.url + FILE, {**part(10), "If-Range": etag})
    assert (got.status, got.body) == (200, WEIGHTS[::-1])


def test_an_earlier_commit_stays_readable(server: HubServer) -> None:
    commit = get(server.url + FILE, method="HEAD").headers["X-Repo-Commit"]
    server.replace_file(REPO, NAME, b"new")
    assert get(f"{server.url}/{REPO}/resolve/{commit}/{NAME}").body == WEIGHTS
    assert get(server.url + FILE).body == b"new"


def test_many_requests_share_a_connection(server: HubServer) -> None:
    parts = urlsplit(server.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    bodies = []
    for _ in range(3):
        connection.request("GET", FILE, headers=part(0, 9))
        bodies.append(connection.getresponse().read())
    connection.close()
    assert bodies == [WEIGHTS[:10]] * 3


def test_a_file_on_disk_and_a_file_of_zeros_are_served(server: HubServer, tmp_path: Path) -> None:
    path = tmp_path / "disk.gguf"
    path.write_bytes(WEIGHTS)
    server.add_repo("acme/Disk", {"disk.gguf": path, "huge.gguf": Sized(total_bytes=40 << 30, head=b"GGUF")})
    assert get(f"{server.url}/acme/Disk/resolve/main/disk.gguf").body == WEIGHTS
    assert get(f"{server.url}/acme/Disk/resolve/main/huge.gguf", part(0, 7)).body == b"GGUF\0\0\0\0"
    assert get(f"{server.url}/acme/Disk/resolve/main/huge.gguf", part((40 << 30) - 2)).body == b"\0\0"


def test_the_second_host_refuses_a_token_and_an_expired_address() -> None:
    with HubServer(cdn=True) as hub:
        hub.add_repo(REPO, {NAME: WEIGHTS})
        got = get(hub.url + FILE)
        where = got.headers["Location"]
        assert got.status == 302
        assert urlsplit(where).hostname != urlsplit(hub.url).hostname
        assert get(where).body == WEIGHTS
        assert get(where).headers["ETag"] != got.headers["X-Linked-ETag"]
        assert get(where, {"Authorization": "Bearer hf_secret"}).status == 400
        hub.expire_links()
        assert get(where).status == 403
        assert get(get(hub.url + FILE).headers["Location"]).status == 200


def test_missing_and_private_and_bad_tokens_are_refused_in_the_hubs_words(server: HubServer) -> None:
    server.add_repo("acme/Secret", {NAME: WEIGHTS}, private=True)
    server.add_account("hf_acme", name="acme")
    secret = f"{server.url}/api/models/acme/Secret"
    assert get(secret).headers["X-Error-Code"] == "RepoNotFound"
    assert get(secret, {"Authorization": "Bearer hf_acme"}).json["private"] is True
    assert get(secret, {"Authorization": "Bearer hf_no"}).json["error"] == "Invalid credentials in Authorization header"
    assert [row["id"] for row in get(f"{server.url}/api/models").json] == [REPO]
    assert get(f"{server.url}/{REPO}/resolve/main/none").headers["X-Error-Code"] == "EntryNotFound"


def test_a_stranger_may_get_401_for_what_is_missing() -> None:
    with HubServer(anonymous_missing_is_401=True) as hub:
        got = get(f"{hub.url}/api/models/acme/Nothing")
        assert (got.status, got.headers["X-Error-Message"]) == (401, "Invalid username or password.")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("search=tiny+gguf", [REPO]),
        ("author=acme", [REPO, "acme/Big"]),
        ("filter=gguf", [REPO]),
        ("num_parameters=min:6B,max:8B", ["acme/Big"]),
        ("gated=true", ["acme/Big"]),
        ("sort=likes", ["acme/Big", REPO]),
        ("sort=likes&direction=1", [REPO, "acme/Big"]),
        ("sort=downloads&limit=1", [REPO]),
    ],
)
def test_the_listing_filters_and_sorts(server: HubServer, query: str, expected: list[str]) -> None:
    server.add_repo(REPO, {NAME: WEIGHTS}, downloads=9, trending_score=3)
    server.add_repo(
        "acme/Big", {"x.safetensors": b"x"}, likes=5, gated=True, gguf={"total": 7e9, "architecture": "llama"}
    )
    assert [row["id"] for row in get(f"{server.url}/api/models?{query}").json] == expected


@pytest.mark.parametrize("query", ["cursor=nonsense", "sort=shoes", "expand=shoes", "limit=x"])
def test_nonsense_in_a_listing_is_400(server: HubServer, query: str) -> None:
    assert get(f"{server.url}/api/models?{query}").status == 400


def test_ten_thousand_rows_come_in_ten_pages(server: HubServer) -> None:
    server.many_repos(10_000)
    url, seen = f"{server.url}/api/models?filter=gguf&sort=downloads&limit=1000", []
    while url:
        got = get(url)
        seen += [row["id"] for row in got.json]
        url = got.headers.get("Link", "").partition("<")[2].partition(">")[0]
    assert len(seen) == len(set(seen)) == 10_001


def test_a_lie_about_size_is_told_everywhere_but_sent_truly(server: HubServer) -> None:
    server.lie_about(REPO, NAME, size_bytes=5, sha256="0" * 64)
    row = get(f"{server.url}/api/models/{REPO}?blobs=true").json
    [told] = [file for file in row["siblings"] if file["rfilename"] == NAME]
    assert (told["size"], told["lfs"]["sha256"]) == (5, "0" * 64)
    assert get(server.url + FILE).body == WEIGHTS


@pytest.mark.parametrize("reset", [False, True])
def test_a_cut_ends_the_body_once(server: HubServer, reset: bool) -> None:
    server.fault(CutAfter(body_bytes=1000, reset=reset), "*.gguf")
    assert len(get(server.url + FILE, part(0, 999)).body) == 1000
    with pytest.raises(ConnectionResetError if reset else http.client.IncompleteRead) as cut:
        get(server.url + FILE)
    if isinstance(cut.value, http.client.IncompleteRead):
        assert cut.value.partial == WEIGHTS[:1000]
    assert get(server.url + FILE).body == WEIGHTS


def test_a_stall_lasts_until_it_is_released(server: HubServer) -> None:
    fault = server.fault(StallAfter(body_bytes=70_000), "*.gguf")
    parts = urlsplit(server.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    connection.request("GET", FILE)
    response = connection.getresponse()
    assert response.read(70_000) == WEIGHTS[:70_000]
    assert fault.reached.wait(10)
    assert connection.sock is not None
    connection.sock.settimeout(0.05)
    with pytest.raises(TimeoutError):
        response.fp.read1(1)
    connection.close()
    response.close()
    fault.release()


def test_a_stall_that_is_released_goes_on(server: HubServer) -> None:
    fault = server.fault(StallAfter(body_bytes=10), "*.gguf")
    fault.release()
    assert get(server.url + FILE).body == WEIGHTS
    assert fault.hits == 1


def test_one_byte_is_wrong_and_the_rest_is_right(server: HubServer) -> None:
    server.fault(WrongByte(at=200_000), "*.gguf")
    assert get(server.url + FILE, part(0, 99)).body == WEIGHTS[:100]
    body = get(server.url + FILE, part(100_000)).body
    assert [at for at, byte in enumerate(body) if byte != WEIGHTS[100_000 + at]] == [100_000]


def test_content_length_lies_in_both_directions(server: HubServer) -> None:
    server.fault(WrongLength(by=7), "*.gguf")
    with pytest.raises(http.client.IncompleteRead):
        get(server.url + FILE)
    server.fault(WrongLength(by=-7), "*.gguf")
    assert get(server.url + FILE).body == WEIGHTS[:-7]


def test_x_linked_size_lies(server: HubServer) -> None:
    server.fault(WrongLinkedSize(by=3), "*.gguf")
    assert get(server.url + FILE, method="HEAD").headers["X-Linked-Size"] == str(len(WEIGHTS) + 3)


def test_statuses_come_so_many_times(server: HubServer) -> None:
    server.fault(failing(429, retry_after_s=2), "/api/*")
    got = get(f"{server.url}/api/models")
    assert (got.status, got.headers["Retry-After"]) == (429, "2")
    server.fault(failing(500), "/api/*", times=2)
    assert [get(f"{server.url}/api/models").status for _ in range(3)] == [500, 500, 200]
    server.fault(failing(416), "*.gguf", method="GET")
    assert get(server.url + FILE, method="HEAD").status == 200
    assert get(server.url + FILE).status == 416


def test_html_and_other_shapes_come_for_json(server: HubServer) -> None:
    server.fault(html(), "/api/models")
    assert get(f"{server.url}/api/models").headers["Content-Type"] == "text/html"
    server.fault(other_shape({"models": 3}), "/api/models")
    assert get(f"{server.url}/api/models").json == {"models": 3}


def test_ranges_can_be_ignored(server: HubServer) -> None:
    server.fault(NoRanges(), "*.gguf")
    got = get(server.url + FILE, part(5))
    assert (got.status, got.body) == (200, WEIGHTS)


def test_a_slow_answer_takes_its_time(server: HubServer) -> None:
    server.fault(Slow(bytes_per_second=100_000), "*.gguf")
    started = time.monotonic()
    assert get(server.url + FILE, part(0, 19_999)).body == WEIGHTS[:20_000]
    assert time.monotonic() - started >= 0.15


def test_a_hanging_hub_takes_the_request_and_says_nothing(server: HubServer) -> None:
    fault = server.fault(Hang(), times=None)
    with pytest.raises(TimeoutError):
        get(f"{server.url}/api/models", timeout_s=0.3)
    server.wait_for("/api/models")
    assert fault.reached.is_set()
    server.clear_faults()
    assert get(f"{server.url}/api/models").status == 200


def test_a_hub_that_is_down_refuses_and_comes_back_on_its_port(server: HubServer) -> None:
    server.go_down()
    with pytest.raises(ConnectionRefusedError):
        get(f"{server.url}/api/models")
    server.come_back()
    assert get(f"{server.url}/api/models").status == 200


def test_going_down_ends_open_downloads(server: HubServer) -> None:
    fault = server.fault(StallAfter(body_bytes=1000), "*.gguf")
    parts = urlsplit(server.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    connection.request("GET", FILE)
    response = connection.getresponse()
    assert fault.reached.wait(10)
    server.go_down()
    with pytest.raises(http.client.IncompleteRead) as cut:
        response.read()
    assert cut.value.partial == WEIGHTS[:1000]
    connection.close()


def test_every_request_is_recorded(server: HubServer) -> None:
    get(server.url + FILE, {**part(3, 9), "Authorization": "Bearer hf_x"})
    [request] = server.requests_for("*.gguf", method="GET")
    assert (request.range, request.token, request.side, request.path) == ("bytes=3-9", "hf_x", "hub", FILE)


def test_papers_and_posts_are_told_as_the_hub_does(server: HubServer) -> None:
    server.add_paper(Paper(paper_id="2512.1", title='Of "wet" & <dry>', published=datetime(2025, 12, 3, tzinfo=UTC)))
    server.add_post(Post(title="News & more", link="https://huggingface.co/blog/x", published=datetime.now(UTC)))
    page = get(f"{server.url}/papers/month/2025-12").body.decode()
    assert 'data-target="DailyPapers" data-props="{&quot;dailyPapers&quot;' in page
    assert get(f"{server.url}/papers/month/2025-99").status == 404
    assert "<title>News &amp; more</title>" in get(f"{server.url}/blog/feed.xml").body.decode()


def test_a_mistake_of_the_stand_in_fails_the_test_that_uses_it() -> None:
    hub = HubServer()
    hub.store.repos["acme/Broken"] = None  # type: ignore[assignment]
    with pytest.raises(http.client.RemoteDisconnected):
        get(f"{hub.url}/api/models")
    with pytest.raises(AttributeError), hub:
        pass
