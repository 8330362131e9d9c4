"""Servers that cut, stall, refuse a range, lie, or change their mind."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.core.downloads.conftest import MIB, SOURCE, ScriptedServer, Wire, fetch, limits, some_bytes, worker
from tests.fakes.hub_faults import Answers, CutAfter, NoRanges, StallAfter, WrongByte, WrongLength, failing, html
from tests.fakes.hub_wire import Reply
from venom_desktop.core.downloads.base import DownloadPhase, DownloadPlan, FileToFetch
from venom_desktop.core.downloads.client import DownloadWorker
from venom_desktop.core.errors import (
    ChecksumMismatch,
    DownloadInterrupted,
    SizeMismatch,
    SourceBusy,
    SourceChanged,
    StayingOffline,
    UpstreamFailed,
)
from venom_desktop.core.offline import Offline

HALF = MIB // 2


@pytest.fixture
def model(wire: Wire) -> Wire:
    wire.publish(model__gguf=some_bytes(MIB))
    return wire


def arrived(wire: Wire) -> bool:
    return (wire.folder / "model.gguf").read_bytes() == wire.contents["model.gguf"] and wire.leftovers() == []


def ranges(wire: Wire) -> list[str | None]:
    return [request.range for request in wire.hub.requests_for("*.gguf")]


async def interrupted(wire: Wire, **changes: Any) -> None:
    """Leave half of the file behind."""
    wire.hub.fault(CutAfter(body_bytes=HALF), "*.gguf")
    with pytest.raises(DownloadInterrupted):
        await fetch(worker(tries=1), wire.plan(**changes))
    assert [part.stat().st_size for part in wire.parts()] == [HALF]
    wire.hub.forget_requests()


@pytest.mark.parametrize("reset", [False, True])
async def test_a_cut_connection_goes_on_where_it_was(model: Wire, reset: bool) -> None:
    model.hub.fault(CutAfter(body_bytes=HALF, reset=reset), "*.gguf")
    await fetch(worker(), model.plan())
    first, second = ranges(model)
    assert first is None
    assert second is not None
    assert arrived(model)


async def test_a_connection_that_is_cut_each_time_still_ends_when_each_brings_something(model: Wire) -> None:
    model.hub.fault(CutAfter(body_bytes=MIB // 8), "*.gguf", times=6)
    await fetch(worker(tries=2), model.plan())
    assert arrived(model)


async def test_a_download_interrupted_for_good_keeps_its_part_and_resumes(model: Wire) -> None:
    await interrupted(model)
    steps = await fetch(worker(), model.plan())
    assert ranges(model) == [f"bytes={HALF}-"]
    assert steps[0].done_bytes >= HALF
    assert arrived(model)


async def test_a_hub_that_is_down_interrupts(model: Wire) -> None:
    model.hub.go_down()
    with pytest.raises(DownloadInterrupted) as caught:
        await fetch(worker(), model.plan())
    assert SOURCE in str(caught.value)


async def test_a_stalled_connection_is_given_up_and_resumed(model: Wire) -> None:
    model.hub.fault(StallAfter(body_bytes=HALF), "*.gguf")
    await fetch(worker(stall_s=0.2), model.plan())
    assert ranges(model) == [None, f"bytes={HALF}-"]
    assert arrived(model)


async def test_500_is_tried_again(model: Wire) -> None:
    model.hub.fault(failing(500), "*.gguf", times=2)
    await fetch(worker(), model.plan())
    assert len(ranges(model)) == 3
    assert arrived(model)


async def test_500_that_stays_is_told_with_its_status(model: Wire) -> None:
    model.hub.fault(failing(500), "*.gguf", times=None)
    with pytest.raises(UpstreamFailed, match="500"):
        await fetch(worker(), model.plan())
    assert len(ranges(model)) == 3


async def test_429_waits_as_long_as_it_is_told_and_says_so(model: Wire) -> None:
    model.hub.fault(failing(429, retry_after_s=1), "*.gguf")
    steps = await fetch(worker(), model.plan())
    waits = [step.wait_s for step in steps if step.phase is DownloadPhase.WAITING]
    assert waits
    assert max(wait for wait in waits if wait is not None) == 1.0
    assert arrived(model)


async def test_429_that_asks_for_an_hour_is_an_error_with_the_seconds(model: Wire) -> None:
    model.hub.fault(failing(429, retry_after_s=3600), "*.gguf")
    with pytest.raises(SourceBusy) as caught:
        await fetch(worker(longest_told_wait_s=60), model.plan())
    assert caught.value.parameters["retry_after_s"] == 3600


async def test_429_without_end_is_an_error(model: Wire) -> None:
    model.hub.fault(failing(429, retry_after_s=0), "*.gguf", times=None)
    with pytest.raises(SourceBusy):
        await fetch(worker(), model.plan())


async def test_416_for_a_part_that_is_complete_ends_the_download(model: Wire) -> None:
    await interrupted(model, size_bytes=None)
    with model.parts()[0].open("ab") as part:
        part.write(model.contents["model.gguf"][HALF:])
    await fetch(worker(), model.plan(size_bytes=None))
    assert ranges(model) == [f"bytes={MIB}-"]
    assert arrived(model)


async def test_416_for_a_part_that_is_not_complete_starts_anew(model: Wire) -> None:
    await interrupted(model)
    model.hub.fault(failing(416), "*.gguf")
    await fetch(worker(), model.plan())
    assert ranges(model) == [f"bytes={HALF}-", None]
    assert arrived(model)


async def test_a_server_without_ranges_starts_anew(model: Wire) -> None:
    await interrupted(model)
    model.hub.fault(NoRanges(), "*.gguf")
    await fetch(worker(), model.plan())
    assert arrived(model)


async def test_a_range_from_another_place_starts_anew(model: Wire) -> None:
    await interrupted(model)
    body = model.contents["model.gguf"][1:]
    headers = {"Content-Range": f"bytes 1-{MIB - 1}/{MIB}"}
    model.hub.fault(Answers(reply=Reply(status=206, headers=headers, content=body, count=len(body))), "*.gguf")
    await fetch(worker(), model.plan())
    assert ranges(model) == [f"bytes={HALF}-", None]
    assert arrived(model)


@pytest.mark.parametrize("by", [-10, 10])
async def test_a_size_other_than_the_promised_one_is_refused_before_a_byte_is_kept(model: Wire, by: int) -> None:
    with pytest.raises(SizeMismatch) as caught:
        await fetch(worker(), model.plan(size_bytes=MIB + by))
    assert caught.value.parameters["received_bytes"] == MIB
    assert caught.value.parameters["expected_bytes"] == MIB + by
    assert not (model.folder / "model.gguf").exists()


@pytest.mark.parametrize("by", [-10, 10])
async def test_a_content_length_that_lies_is_never_installed(model: Wire, by: int) -> None:
    model.hub.fault(WrongLength(by=by), "*.gguf", times=None)
    with pytest.raises(SizeMismatch):
        await fetch(worker(), model.plan())
    assert not (model.folder / "model.gguf").exists()


@pytest.mark.parametrize("length", [9, 11])
async def test_a_chunked_body_of_another_size_is_refused(
    scripted: Callable[..., ScriptedServer], wire: Wire, length: int
) -> None:
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (length, b"x" * length)
    server = scripted(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
    file = FileToFetch(url=f"{server.url}/file", target=wire.folder / "file", size_bytes=10, sha256=None)
    with pytest.raises(SizeMismatch) as caught:
        await fetch(worker(), DownloadPlan(files=(file,), source=SOURCE))
    assert caught.value.parameters["received_bytes"] == length
    assert list(wire.folder.iterdir()) == []


async def test_a_chunked_body_cut_in_the_middle_is_fetched_again(
    scripted: Callable[..., ScriptedServer], wire: Wire
) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    server = scripted(head + b"a\r\n01234", head + b"a\r\n0123456789\r\n0\r\n\r\n")
    file = FileToFetch(url=f"{server.url}/file", target=wire.folder / "file", size_bytes=None, sha256=None)
    await fetch(worker(), DownloadPlan(files=(file,), source=SOURCE))
    assert file.target.read_bytes() == b"0123456789"


async def test_a_wrong_byte_is_found_and_the_file_deleted(model: Wire) -> None:
    model.hub.fault(WrongByte(at=HALF), "*.gguf")
    with pytest.raises(ChecksumMismatch, match=r"model\.gguf"):
        await fetch(worker(), model.plan())
    assert list(model.folder.iterdir()) == []


async def test_a_part_spoiled_on_the_disk_is_found_on_resume(model: Wire) -> None:
    await interrupted(model)
    with model.parts()[0].open("r+b") as part:
        part.write(b"spoiled")
    with pytest.raises(ChecksumMismatch):
        await fetch(worker(), model.plan())
    assert list(model.folder.iterdir()) == []


@pytest.mark.parametrize("sha256", ["known", None])
async def test_a_file_that_changed_at_the_source_is_never_joined_to_an_old_part(
    model: Wire, sha256: str | None
) -> None:
    main: dict[str, Any] = {"url": f"{model.hub.url}/org/Model-GGUF/resolve/main/model.gguf"}
    if sha256 is None:
        main["sha256"] = None
    await interrupted(model, **main)
    changed = some_bytes(MIB, seed=2)
    model.hub.replace_file("org/Model-GGUF", "model.gguf", changed)
    if sha256:
        with pytest.raises(ChecksumMismatch):
            await fetch(worker(), model.plan(**main))
        assert not (model.folder / "model.gguf").exists()
    else:
        await fetch(worker(), model.plan(**main))
        assert (model.folder / "model.gguf").read_bytes() == changed
    assert model.hub.requests_for("*.gguf")[0].headers["if-range"]


async def test_a_server_that_ignores_if_range_is_seen_by_its_etag(model: Wire) -> None:
    await interrupted(model)
    other = some_bytes(HALF, seed=3)
    headers = {"Content-Range": f"bytes {HALF}-{MIB - 1}/{MIB}", "ETag": '"another"'}
    model.hub.fault(Answers(reply=Reply(status=206, headers=headers, content=other, count=HALF)), "*.gguf")
    await fetch(worker(), model.plan())
    assert ranges(model) == [f"bytes={HALF}-", None]
    assert arrived(model)


async def test_a_part_with_nothing_to_vouch_for_it_is_not_resumed(
    scripted: Callable[..., ScriptedServer], wire: Wire
) -> None:
    head = b'HTTP/1.1 200 OK\r\nContent-Length: 10\r\nETag: W/"weak"\r\n\r\n'
    server = scripted(head + b"old", head + b"0123456789")
    file = FileToFetch(url=f"{server.url}/file", target=wire.folder / "file", size_bytes=10, sha256=None)
    await fetch(worker(), DownloadPlan(files=(file,), source=SOURCE))
    assert b"Range" not in server.requests[1]
    assert file.target.read_bytes() == b"0123456789"


async def test_a_sign_in_page_costs_nothing_that_has_arrived(model: Wire) -> None:
    await interrupted(model)
    model.hub.fault(html(), "*.gguf")
    with pytest.raises(SizeMismatch):
        await fetch(worker(), model.plan())
    assert [part.stat().st_size for part in model.parts()] == [HALF]
    await fetch(worker(), model.plan())
    assert arrived(model)


async def test_a_plan_for_another_version_does_not_take_up_the_part(model: Wire) -> None:
    await interrupted(model, sha256=None, etag='"one"')
    await fetch(worker(), model.plan(sha256=None, etag='"two"'))
    assert ranges(model) == [None]


async def test_a_signed_address_that_has_run_out_is_asked_for_again(wire_with_cdn: Wire) -> None:
    wire = wire_with_cdn
    wire.publish(model__gguf=some_bytes(MIB))
    wire.hub.fault(failing(403), "*.gguf", side="cdn")
    await fetch(worker(), wire.plan())
    assert arrived(wire)


async def test_redirects_in_a_circle_end(model: Wire) -> None:
    circle = Answers(reply=Reply(status=302, headers={"Location": model.plan().files[0].url}))
    model.hub.fault(circle, "*.gguf", times=None)
    with pytest.raises(SourceChanged):
        await fetch(worker(), model.plan())


async def test_a_redirect_away_from_this_machine_is_refused_to_who_works_offline(model: Wire) -> None:
    elsewhere = Reply(status=302, headers={"Location": "http://files.example/model.gguf"})
    model.hub.fault(Answers(reply=elsewhere), "*.gguf", times=None)
    with pytest.raises(StayingOffline):
        await fetch(DownloadWorker(limits=limits(), offline=Offline(lambda: True)), model.plan())


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://127.0.0.1:notaport/", "http://[", ""]
)
async def test_a_redirect_to_something_else_than_http_is_refused(model: Wire, location: str) -> None:
    model.hub.fault(Answers(reply=Reply(status=302, headers={"Location": location})), "*.gguf", times=None)
    with pytest.raises(SourceChanged):
        await fetch(worker(), model.plan())
