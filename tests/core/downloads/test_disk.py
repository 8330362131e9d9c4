"""Disks that fill up, keep a reserve, or cannot be written; full disks are real small file systems."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.downloads.conftest import MIB, Wire, fetch, some_bytes, worker
from venom_desktop.core.downloads.base import DownloadPlan, FileToFetch
from venom_desktop.core.errors import DiskFull, StorageFailed


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], check=False, capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", place], check=True)


def enlarge(place: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=16m", place], check=True)


async def test_a_disk_that_fills_up_keeps_what_has_arrived(wire: Wire, small_disk: Path) -> None:
    wire.folder = small_disk / "models"
    wire.publish(model__gguf=some_bytes(4 * MIB))
    with pytest.raises(DiskFull):
        await fetch(worker(), wire.plan())
    kept = wire.parts()[0].stat().st_size
    assert kept > MIB
    assert not (wire.folder / "model.gguf").exists()
    enlarge(small_disk)
    wire.hub.forget_requests()
    await fetch(worker(), wire.plan())
    assert [request.range for request in wire.hub.requests] == [f"bytes={kept}-"]
    assert (wire.folder / "model.gguf").read_bytes() == wire.contents["model.gguf"]


async def test_the_reserve_stays_free(wire: Wire, small_disk: Path) -> None:
    wire.folder = small_disk / "models"
    wire.publish(model__gguf=some_bytes(3 * MIB // 2))
    with pytest.raises(DiskFull):
        await fetch(worker(), wire.plan(reserve_bytes=MIB))
    volume = os.statvfs(small_disk)
    assert volume.f_bavail * volume.f_frsize >= MIB
    assert wire.parts()
    await fetch(worker(), wire.plan(reserve_bytes=MIB // 4))
    assert (wire.folder / "model.gguf").read_bytes() == wire.contents["model.gguf"]


async def test_a_folder_that_cannot_be_made_is_named(wire: Wire, tmp_path: Path) -> None:
    wire.publish(model__gguf=b"x")
    (tmp_path / "models").write_bytes(b"a file in the way")
    with pytest.raises(StorageFailed, match="models"):
        await fetch(worker(), wire.plan())


async def test_a_link_in_the_place_of_the_part_is_not_followed(wire: Wire, tmp_path: Path) -> None:
    wire.publish(model__gguf=some_bytes(MIB))
    mine = tmp_path / "mine"
    mine.write_bytes(b"mine")
    plan = wire.plan()
    wire.folder.mkdir()
    (wire.folder / f"{plan.files[0].sha256}.part").symlink_to(mine)
    with pytest.raises(StorageFailed):
        await fetch(worker(), plan)
    assert mine.read_bytes() == b"mine"


async def test_a_relative_target_is_meant_from_the_programs_own_folder(
    wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire.publish(model__gguf=b"bytes")
    monkeypatch.chdir(tmp_path)
    file = wire.file("model.gguf", target=Path("models") / "model.gguf")
    assert isinstance(file, FileToFetch)
    await fetch(worker(), DownloadPlan(files=(file,), source="Hugging Face"))
    assert (tmp_path / "models" / "model.gguf").read_bytes() == b"bytes"


@pytest.mark.parametrize("note", ["", "[]", "{", '{"sha256": 1}', '{"etag": 5}'])
async def test_a_damaged_note_beside_the_part_only_costs_the_part(wire: Wire, note: str) -> None:
    wire.publish(model__gguf=some_bytes(MIB))
    plan = wire.plan()
    wire.folder.mkdir()
    part = wire.folder / f"{plan.files[0].sha256}.part"
    part.write_bytes(b"old" * MIB)
    part.with_name(f"{part.name}.json").write_text(note)
    await fetch(worker(), plan)
    assert (wire.folder / "model.gguf").read_bytes() == wire.contents["model.gguf"]
    assert wire.leftovers() == []
