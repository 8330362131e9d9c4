"""What the wire, the archive and the machine can do to a setup; the version in use stays in use."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from tests.core.runtimes.ollama_setup.conftest import MIB, NEW, OLD, ZST, Desk, open_desk
from tests.fakes.hub_faults import CutAfter, Slow, StallAfter, WrongByte
from tests.fakes.ollama_archives import Entry, compressed, link, release_archive, release_entries, tar_of
from tests.fakes.ollama_releases import ReleaseServer, sums_of
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus
from venom_desktop.core.runtimes.ollama_setup.limits import UnpackLimits

ROOT = Path(__file__).resolve().parents[4]

# The program that is tried ends the process that tries it, once: between the unpacking and the marker.
_DEADLY = '#!/bin/sh\n[ -z "$KILLS_ITS_PARENT" ] || kill -9 $PPID\necho "Warning: client version is {version}"\n'
_INSTALLS = """
import asyncio, sys
from pathlib import Path
from types import SimpleNamespace
from tests.core.runtimes.ollama_setup.conftest import open_desk

async def main():
    async with open_desk(Path(sys.argv[1]), SimpleNamespace(url=sys.argv[2])) as desk:
        await desk.install()

asyncio.run(main())
"""


async def _update(desk: Desk, page: ReleaseServer, archive: bytes, **publishing: str) -> ModelOperation:
    """Install the old version, then what is published as the new one."""
    await desk.install()
    page.publish(NEW, {ZST: archive}, **publishing)  # type: ignore[arg-type]  # only `sums` is given here
    return await desk.install()


async def _still_old(desk: Desk) -> None:
    assert (await desk.setup.refresh()).installed == OLD
    assert desk.versions <= {OLD, ".downloads"}
    assert await desk.told_version() == OLD


def _fetched_files(desk: Desk) -> list[str]:
    return sorted(path.name for path in (desk.folder / ".downloads").rglob("*") if path.is_file())


async def test_an_archive_with_a_wrong_checksum_is_deleted_and_told(desk: Desk, page: ReleaseServer) -> None:
    failed = await _update(desk, page, release_archive(NEW), sums=sums_of({ZST: b"another archive"}))
    assert failed.reason_code == "CHECKSUM_MISMATCH"
    assert failed.error == f"The downloaded file {ZST} does not match the publisher's checksum. It was deleted."
    assert _fetched_files(desk) == []
    await _still_old(desk)


async def test_a_byte_changed_on_the_way_is_noticed_and_a_retry_mends_it(desk: Desk, page: ReleaseServer) -> None:
    page.fault(WrongByte(at=400), f"*{ZST}")
    failed = await desk.install()
    assert failed.reason_code == "CHECKSUM_MISMATCH"
    assert desk.setup.program is None
    desk.operations.retry(failed.operation_id)
    assert (await desk.operations.wait(failed.operation_id)).error is None
    assert await desk.told_version() == OLD


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        ([Entry(name="../outside", content=b"x")], "../outside"),
        ([link("./lib/out", "../../.."), Entry(name="./lib/out/outside", content=b"x")], "leads out"),
        ([Entry(name="./lib/device", kind=b"3")], "neither a file nor a folder"),
    ],
)
async def test_a_hostile_archive_writes_nothing_and_is_deleted(
    desk: Desk, page: ReleaseServer, entries: list[Entry], problem: str
) -> None:
    failed = await _update(desk, page, compressed(tar_of([*release_entries(NEW), *entries])))
    assert failed.reason_code == "UNSAFE_ARCHIVE"
    assert problem in str(failed.error)
    assert _fetched_files(desk) == []
    assert not list(desk.folder.parent.rglob("outside"))
    await _still_old(desk)


async def test_a_bomb_is_refused_before_it_goes_off(tmp_path: Path, page: ReleaseServer) -> None:
    page.publish(NEW, {ZST: compressed(tar_of([*release_entries(NEW), Entry(name="./big", content=bytes(8 * MIB))]))})
    async with open_desk(tmp_path / "home", page, limits=UnpackLimits(total_bytes=4 * MIB)) as desk:
        failed = await desk.install()
        assert failed.reason_code == "UNSAFE_ARCHIVE"
        assert "more than a release can" in str(failed.error)
        assert not list(desk.folder.rglob("big"))


async def test_bytes_that_are_no_archive_are_refused(desk: Desk, page: ReleaseServer) -> None:
    failed = await _update(desk, page, b"<!doctype html>" * 1000)
    assert failed.reason_code == "UNSAFE_ARCHIVE"
    await _still_old(desk)


async def test_a_cut_download_goes_on_where_it_stopped(desk: Desk, page: ReleaseServer) -> None:
    archive = release_archive(NEW, library_bytes=2 * MIB)
    page.publish(NEW, {ZST: archive})
    page.fault(CutAfter(body_bytes=MIB), f"*{ZST}", side="files")
    assert (await desk.install()).error is None
    ranges = [request.range for request in page.requests_for(f"*{ZST}", side="files", method="GET")]
    assert ranges[0] is None
    assert ranges[1:] == [f"bytes={MIB}-"]
    assert await desk.told_version() == NEW


async def test_a_paused_setup_goes_on_after_a_restart(tmp_path: Path, page: ReleaseServer) -> None:
    page.publish(NEW, {ZST: release_archive(NEW, library_bytes=2 * MIB)})
    stall = page.fault(StallAfter(body_bytes=MIB), f"*{ZST}", side="files")
    async with open_desk(tmp_path / "home", page) as desk:
        operation_id = await desk.setup.install()
        await asyncio.to_thread(stall.reached.wait, 20)
        await _until_parts_grow(desk, MIB)
        desk.operations.pause(operation_id)
        await desk.operations.wait(operation_id)
    stall.release()
    page.forget_requests()
    async with open_desk(tmp_path / "home", page) as desk:
        assert desk.operations.get(operation_id).status is OperationStatus.PAUSED
        desk.operations.resume(operation_id)
        assert (await desk.operations.wait(operation_id)).error is None
        assert [request.range for request in page.requests_for(f"*{ZST}", side="files")] == [f"bytes={MIB}-"]
        assert await desk.told_version() == NEW


async def test_a_cancelled_setup_leaves_nothing_but_what_was_there(desk: Desk, page: ReleaseServer) -> None:
    await desk.install()
    page.publish(NEW, {ZST: release_archive(NEW, library_bytes=2 * MIB)})
    slow = page.fault(Slow(bytes_per_second=MIB), f"*{ZST}", side="files")
    operation_id = await desk.setup.install()
    await asyncio.to_thread(slow.reached.wait, 20)
    await _until_parts_grow(desk, 1)
    desk.operations.cancel(operation_id)
    assert (await desk.operations.wait(operation_id)).status is OperationStatus.CANCELLED
    await desk.operations.close()
    assert _fetched_files(desk) == []
    await _still_old(desk)
    assert not psutil.Process().children(recursive=True)


async def test_a_crash_before_the_marker_leaves_the_old_version_and_can_go_on(
    tmp_path: Path, page: ReleaseServer
) -> None:
    async with open_desk(tmp_path / "home", page) as desk:
        await desk.install()
    page.publish(NEW, {ZST: release_archive(NEW, program=_DEADLY)})
    died = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _INSTALLS, str(tmp_path / "home"), page.url),
        cwd=ROOT,
        env={**os.environ, "KILLS_ITS_PARENT": "1"},
    )
    assert await died.wait() == -signal.SIGKILL
    assert (desk.folder / ".unpacking/bin/ollama").is_file()
    page.forget_requests()
    async with open_desk(tmp_path / "home", page) as desk:
        assert desk.setup.installed_version == OLD
        assert await desk.told_version() == OLD
        left = desk.operations.operations[0]
        assert (left.status, left.paused_by_restart) == (OperationStatus.PAUSED, True)
        desk.operations.resume(left.operation_id)
        assert (await desk.operations.wait(left.operation_id)).error is None
        assert (await desk.told_version(), desk.setup.snapshot.previous) == (NEW, OLD)
        # What had arrived was checked again, not fetched again.
        assert page.requests == []
        assert desk.versions == {OLD, NEW}


async def test_a_version_in_its_place_without_the_marker_is_not_in_use(tmp_path: Path, page: ReleaseServer) -> None:
    async with open_desk(tmp_path / "home", page) as desk:
        await desk.install()
        page.publish(NEW, {ZST: release_archive(NEW)})
        await desk.install()
        await desk.setup.roll_back()
    # As a crash between the two steps leaves it.
    (desk.folder / "current").write_text(f'{{"current": "{OLD}", "previous": null}}')
    (desk.folder / NEW / "lib/ollama/version").unlink()
    async with open_desk(tmp_path / "home", page) as desk:
        assert desk.setup.snapshot.previous is None
        assert await desk.told_version() == OLD
        assert (await desk.install()).error is None
        assert await desk.told_version() == NEW
        assert (desk.folder / NEW / "lib/ollama/version").is_file()


async def test_a_crash_after_the_marker_is_settled_by_going_on(tmp_path: Path, page: ReleaseServer) -> None:
    page.publish(NEW, {ZST: release_archive(NEW, program=_DEADLY)})
    died = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _INSTALLS, str(tmp_path / "home"), page.url),
        cwd=ROOT,
        env={**os.environ, "KILLS_ITS_PARENT": "1"},
    )
    await died.wait()
    folder = tmp_path / "home/ollama"
    (folder / ".unpacking").rename(folder / NEW)
    (folder / "current").write_text(f'{{"current": "{NEW}", "previous": null}}')
    async with open_desk(tmp_path / "home", page) as desk:
        left = desk.operations.operations[0]
        desk.operations.resume(left.operation_id)
        done = await desk.operations.wait(left.operation_id)
        assert (done.status, done.message) == (OperationStatus.COMPLETED, f"Installed {NEW}")
        assert desk.versions == {NEW}


async def test_an_old_failure_tried_again_does_not_go_back_in_versions(desk: Desk, page: ReleaseServer) -> None:
    page.fault(WrongByte(at=400), f"*{ZST}")
    failed = await desk.install()
    page.publish(NEW, {ZST: release_archive(NEW)})
    await desk.install()
    page.publish("0.17.0", {ZST: release_archive("0.17.0")})
    desk.operations.retry(failed.operation_id)
    assert (await desk.operations.wait(failed.operation_id)).error is None
    assert desk.setup.installed_version == "0.17.0"


async def test_what_a_dismissed_setup_had_fetched_is_deleted_at_the_next_start(
    tmp_path: Path, page: ReleaseServer
) -> None:
    page.publish(NEW, {ZST: release_archive(NEW, library_bytes=2 * MIB)})
    stall = page.fault(StallAfter(body_bytes=MIB), f"*{ZST}", side="files")
    async with open_desk(tmp_path / "home", page) as desk:
        operation_id = await desk.setup.install()
        await asyncio.to_thread(stall.reached.wait, 20)
        await _until_parts_grow(desk, MIB)
        page.go_down()
        failed = await desk.operations.wait(operation_id)
        assert failed.reason_code == "DOWNLOAD_INTERRUPTED"
    async with open_desk(tmp_path / "home", page) as desk:
        assert _fetched_files(desk) != []
        await desk.operations.forget(failed.operation_id)
    async with open_desk(tmp_path / "home", page) as desk:
        assert desk.versions == set()


async def test_a_start_without_ollama_writes_nothing(tmp_path: Path, page: ReleaseServer) -> None:
    async with open_desk(tmp_path / "home", page) as desk:
        assert list(desk.folder.iterdir()) == []


async def _until_parts_grow(desk: Desk, size_bytes: int) -> None:
    """Wait until so many bytes are on the disk; every report of the worker is a chance to look."""
    grown = asyncio.Event()

    def look(_: object) -> None:
        if sum(path.stat().st_size for path in desk.folder.rglob("*.part")) >= size_bytes:
            grown.set()

    end = desk.operations.changed.subscribe(look)
    async with asyncio.timeout(60):
        await grown.wait()
    end()
