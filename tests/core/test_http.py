"""The client factory and its GET: retries, waits, and whom a token reaches."""

import gzip
import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from venom_desktop.core import http as our_http
from venom_desktop.core.errors import InvalidSetting, SourceBusy, SourceChanged, SourceUnreachable, UpstreamFailed


@dataclass
class Script:
    """Answers in order (status, headers, body); the last one repeats."""

    answers: list[tuple[int, dict[str, str], bytes]]
    seen: list[dict[str, str]] = field(default_factory=list)
    url: str = ""


def _serve(script: Script) -> http.server.ThreadingHTTPServer:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            script.seen.append({name.lower(): value for name, value in self.headers.items()})
            status, headers, body = script.answers[min(len(script.seen), len(script.answers)) - 1]
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    script.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    return server


@pytest.fixture
def script() -> Iterator[Script]:
    script = Script(answers=[(200, {}, b"{}")])
    server = _serve(script)
    yield script
    server.shutdown()
    server.server_close()


async def test_a_server_error_is_tried_again(script: Script) -> None:
    script.answers = [(503, {}, b""), (200, {}, b'{"well": true}')]
    async with our_http.make_client() as client:
        response = await our_http.get(client, script.url, source="The hub")
    assert our_http.json_body(response, source="The hub") == {"well": True}
    assert len(script.seen) == 2


async def test_a_server_that_keeps_failing_is_an_error_with_its_status(script: Script) -> None:
    script.answers = [(500, {}, b"")]
    async with our_http.make_client() as client:
        with pytest.raises(UpstreamFailed, match="500"):
            await our_http.get(client, script.url, source="The hub")


async def test_a_busy_server_tells_how_long_to_wait_and_is_not_asked_again(script: Script) -> None:
    script.answers = [(429, {"Retry-After": "17"}, b"")]
    async with our_http.make_client() as client:
        with pytest.raises(SourceBusy) as caught:
            await our_http.get(client, script.url, source="The hub")
    assert caught.value.parameters["retry_after_s"] == 17
    assert len(script.seen) == 1


async def test_nobody_listening_is_unreachable() -> None:
    async with our_http.make_client() as client:
        with pytest.raises(SourceUnreachable):
            await our_http.get(client, "http://127.0.0.1:9", source="The hub", tries=1)


@pytest.mark.parametrize("address", ["http://xn--/x", "http://127.0.0.1:99999/x", "http://somewhere:port/x"])
async def test_an_address_that_is_none_is_unreachable_also_behind_a_redirect(script: Script, address: str) -> None:
    script.answers = [(302, {"Location": address}, b"")]
    async with our_http.make_client() as client:
        for asked in (address, script.url):
            with pytest.raises(SourceUnreachable):
                await our_http.get(client, asked, source="The hub", tries=1)


async def test_html_instead_of_json_is_a_changed_source(script: Script) -> None:
    script.answers = [(200, {}, b"<html>maintenance</html>")]
    async with our_http.make_client() as client:
        response = await our_http.get(client, script.url, source="The hub")
    with pytest.raises(SourceChanged):
        our_http.json_body(response, source="The hub")


async def test_a_token_does_not_follow_a_redirect_to_another_host(script: Script) -> None:
    other = Script(answers=[(200, {}, b"{}")])
    server = _serve(other)
    script.answers = [(302, {"Location": other.url.replace("127.0.0.1", "localhost")}, b"")]
    async with our_http.make_client() as client:
        await our_http.get(client, script.url, source="The hub", headers={"Authorization": "Bearer hf_planted"})
    server.shutdown()
    server.server_close()
    assert script.seen[0]["authorization"] == "Bearer hf_planted"
    assert "authorization" not in other.seen[0]


@pytest.mark.parametrize(("told", "seconds"), [("5", 5), ("", 30), ("soon", 30), ("Wed, 21 Oct 2015 07:28:00 GMT", 0)])
def test_retry_after_is_read_as_seconds_or_a_date(told: str, seconds: int) -> None:
    assert our_http.retry_after_s({"retry-after": told}) == seconds


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:9"),
        ("all_proxy", "socks://127.0.0.1:9"),
        ("NO_PROXY", "localhost,[fe80::1],::1/128"),
    ],
)
async def test_a_proxy_setting_that_cannot_be_used_does_not_keep_the_program_from_working(
    script: Script, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    async with our_http.make_client() as client:
        await our_http.get(client, script.url, source="The hub")
    assert len(script.seen) == 1


async def test_a_proxy_for_http_is_used_beside_one_that_cannot_be(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", script.url)
    monkeypatch.setenv("NO_PROXY", "localhost, .example.net")
    async with our_http.make_client() as client:
        await our_http.get(client, "http://hub.example.org/api", source="The hub")
        with pytest.raises(SourceUnreachable):
            await our_http.get(client, "http://localhost:9/api", source="The hub", tries=1)
    assert [seen["host"] for seen in script.seen] == ["hub.example.org"]


def test_certificates_that_are_not_there_are_told_by_the_name_of_their_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/bundle.pem")
    with pytest.raises(InvalidSetting, match="SSL_CERT_FILE cannot be /nowhere"):
        our_http.make_client()


async def test_an_answer_beyond_all_measure_is_not_read_into_memory(script: Script) -> None:
    bomb = gzip.compress(bytes(our_http.LARGEST_ANSWER_BYTES + 1), 9)
    script.answers = [(200, {"Content-Encoding": "gzip"}, bomb)]
    async with our_http.make_client() as client:
        with pytest.raises(SourceChanged):
            await our_http.get(client, script.url, source="The hub")


async def test_a_packed_answer_is_given_unpacked(script: Script) -> None:
    script.answers = [(200, {"Content-Encoding": "gzip", "Link": "<next>"}, gzip.compress(b'{"well": true}'))]
    async with our_http.make_client() as client:
        response = await our_http.get(client, script.url, source="The hub")
    assert our_http.json_body(response, source="The hub") == {"well": True}
    assert response.headers["link"] == "<next>"
