"""Disks without room for Ollama: real small file systems."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.runtimes.ollama_setup.conftest import MIB, NEW, OLD, ZST, open_desk
from tests.fakes.ollama_archives import Entry, compressed, release_archive, release_entries, tar_of
from tests.fakes.ollama_releases import ReleaseServer
from venom_desktop.core.errors import DiskFull
from venom_desktop.core.runtimes.ollama_setup.limits import UnpackLimits
from venom_desktop.core.runtimes.ollama_setup.unpack_job import UnpackJob
from venom_desktop.core.runtimes.ollama_setup.unpacking import unpacked


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", place], check=False, capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", place], check=True)


def _enlarge(place: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=64m", place], check=True)


def _inflating(version: str) -> bytes:
    """A few KB that unpack to 8 MiB."""
    return compressed(tar_of([*release_entries(version), Entry(name="./lib/ollama/zeros", content=bytes(8 * MIB))]))


async def test_too_little_room_is_told_before_anything_is_fetched(
    tmp_path: Path, small_disk: Path, page: ReleaseServer
) -> None:
    page.publish(NEW, {ZST: release_archive(NEW, library_bytes=3 * MIB)})
    async with open_desk(tmp_path / "home", page, folder=small_disk / "ollama") as desk:
        failed = await desk.install()
        assert failed.reason_code == "NO_ROOM_FOR_PROGRAM"
        assert str(failed.error).startswith(f"Not enough space. Ollama {NEW} needs 9\u00a0MB and 4\u00a0MB are free")
        assert page.requests_for(f"*{ZST}", method="GET") == []


async def test_too_little_room_to_unpack_is_told_before_anything_is_written(
    tmp_path: Path, small_disk: Path, page: ReleaseServer
) -> None:
    async with open_desk(tmp_path / "home", page, folder=small_disk / "ollama") as desk:
        await desk.install()
        page.publish(NEW, {ZST: _inflating(NEW)})
        failed = await desk.install()
        assert failed.reason_code == "NO_ROOM_FOR_PROGRAM"
        assert (desk.setup.installed_version, await desk.told_version()) == (OLD, OLD)
        assert desk.versions == {OLD, ".downloads"}
        _enlarge(small_disk)
        page.forget_requests()
        desk.operations.retry(failed.operation_id)
        assert (await desk.operations.wait(failed.operation_id)).error is None
        assert await desk.told_version() == NEW
        assert page.requests == []


async def test_the_reserve_stays_free(tmp_path: Path, small_disk: Path, page: ReleaseServer) -> None:
    page.publish(NEW, {ZST: release_archive(NEW)})
    async with open_desk(tmp_path / "home", page, folder=small_disk / "ollama", reserve_bytes=5 * MIB) as desk:
        assert (await desk.install()).reason_code == "NO_ROOM_FOR_PROGRAM"


async def test_a_disk_that_fills_up_meanwhile_is_told(tmp_path: Path, small_disk: Path) -> None:
    archive = tmp_path / ZST
    archive.write_bytes(_inflating(NEW))
    # A reserve below nothing stands for room that was there when it was looked at.
    job = UnpackJob(
        archives=(archive,), folder=small_disk / "new", title="Ollama", limits=UnpackLimits(), reserve_bytes=-16 * MIB
    )
    with pytest.raises(DiskFull):
        async for _ in unpacked(job):
            pass
