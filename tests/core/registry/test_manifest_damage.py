"""Damaged manifests: the good version comes back, the bad one is kept, and the user is told."""

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.core.registry.rows import SEED_MANIFEST, model
from tests.support.counts import count
from venom_desktop.core.errors import ManifestBroughtBack, ManifestLost, ManifestRestored
from venom_desktop.core.files import previous_version_of
from venom_desktop.core.registry.manifest import Manifest

_GOOD = json.dumps(SEED_MANIFEST).encode()
_DAMAGED = {
    "truncated": _GOOD[: len(_GOOD) // 2],
    "empty": b"",
    "zeroed": bytes(len(_GOOD)),
    "not JSON": b"models: llama3",
    "another kind": b'["llama3"]',
    "models of the wrong type": b'{"models": {"llama3:latest": {}}}',
    "no models": b'{"updated_at": "2024-12-17T10:00:00"}',
    "not UTF-8": b'{"models": [{"name": "\xff\xfe"}]}',
    "bottomless": b"[" * 100_000,
}


def _open(folder: Path) -> Manifest:
    manifest = Manifest(folder)
    manifest.open()
    return manifest


def _kept(folder: Path) -> list[Path]:
    return sorted(folder.glob("manifest.damaged-*.json"))


@pytest.mark.parametrize("kind", _DAMAGED)
def test_the_good_version_is_restored_and_the_bad_one_kept(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "manifest.json"
    path.write_bytes(_DAMAGED[kind])
    previous_version_of(path).write_bytes(_GOOD)
    manifest = _open(tmp_path)
    assert [key.name for key in manifest] == ["llama3:latest"]
    assert isinstance(manifest.notice, ManifestRestored)
    assert manifest.notice.parameters["kept"] == _kept(tmp_path)[0]
    assert _kept(tmp_path)[0].read_bytes() == _DAMAGED[kind]
    assert path.read_bytes() == _GOOD
    manifest.release()
    again = _open(tmp_path)
    assert again.notice is None
    assert len(again) == 1
    again.release()


@pytest.mark.parametrize("kind", _DAMAGED)
async def test_without_a_good_version_the_list_starts_empty_and_works(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "manifest.json"
    path.write_bytes(_DAMAGED[kind])
    previous_version_of(path).write_bytes(_DAMAGED["truncated"])
    manifest = _open(tmp_path)
    assert len(manifest) == 0
    assert isinstance(manifest.notice, ManifestLost)
    assert [kept.read_bytes() for kept in _kept(tmp_path)].count(_DAMAGED[kind]) >= 1
    await manifest.put(model())
    await manifest.close()
    again = _open(tmp_path)
    assert [key.name for key in again] == ["org/tiny:Q4_K_M"]
    assert again.notice is None
    again.release()


def test_a_manifest_cut_at_any_byte_gives_the_whole_list(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    step = max(1, len(_GOOD) // count(25, len(_GOOD)))
    for cut in range(0, len(_GOOD), step):
        path.write_bytes(_GOOD[:cut])
        previous_version_of(path).write_bytes(_GOOD)
        manifest = _open(tmp_path)
        assert len(manifest) == 1
        manifest.release()


def test_a_missing_file_comes_back_from_the_version_before(tmp_path: Path) -> None:
    """What a kill between setting a damaged file aside and restoring the good one leaves behind."""
    previous_version_of(tmp_path / "manifest.json").write_bytes(_GOOD)
    manifest = _open(tmp_path)
    assert isinstance(manifest.notice, ManifestBroughtBack)
    assert len(manifest) == 1
    assert (tmp_path / "manifest.json").read_bytes() == _GOOD
    manifest.release()


def test_a_fresh_folder_needs_no_notice(tmp_path: Path) -> None:
    manifest = _open(tmp_path / "new" / "models")
    assert len(manifest) == 0
    assert manifest.notice is None
    manifest.release()


def test_two_damaged_files_of_one_second_are_both_kept(tmp_path: Path) -> None:
    for content in (b"first", b"second"):
        (tmp_path / "manifest.json").write_bytes(content)
        _open(tmp_path).release()
    assert {kept.read_bytes() for kept in _kept(tmp_path)} == {b"first", b"second"}


def test_a_reader_beside_a_writer_repairs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    writer = _open(tmp_path)
    path.write_bytes(b"")
    previous_version_of(path).write_bytes(_GOOD)
    reader = _open(tmp_path)
    assert len(reader) == 1
    assert isinstance(reader.notice, ManifestRestored)
    assert path.read_bytes() == b""
    assert _kept(tmp_path) == []
    writer.release()


async def test_a_disk_too_full_to_restore_still_shows_the_list(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_bytes(b"{")
    previous_version_of(path).write_bytes(_GOOD)
    with _no_file_longer_than(len(_GOOD) // 2):
        manifest = _open(tmp_path)
    assert isinstance(manifest.notice, ManifestRestored)
    assert len(manifest) == 1
    await manifest.put(model())
    assert previous_version_of(path).read_bytes() == _GOOD
    assert _kept(tmp_path)[0].read_bytes() == b"{"
    await manifest.close()
    again = _open(tmp_path)
    assert len(again) == 2
    again.release()


@contextmanager
def _no_file_longer_than(size_bytes: int) -> Iterator[None]:
    """A write beyond it fails as on a full disk, for the superuser too."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
