"""Measures of files and disks."""

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from venom_desktop.core.files import disk_use, free_bytes, same_volume, sha256_of


def test_blobs_shared_by_links_count_once(tmp_path: Path) -> None:
    store, models = tmp_path / "store", tmp_path / "models"
    store.mkdir()
    (models / "deep").mkdir(parents=True)
    (store / "blob").write_bytes(b"x" * 1_000)
    os.link(store / "blob", models / "hard")
    (models / "deep" / "soft").symlink_to(store / "blob")
    (models / "own").write_bytes(b"y" * 10)
    assert disk_use(models) == 1_010
    assert disk_use(models, store, store) == 1_010


def test_broken_links_and_loops_of_folders_count_nothing(tmp_path: Path) -> None:
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere")
    (tmp_path / "again").symlink_to(tmp_path)
    (tmp_path / "file").write_bytes(b"x" * 7)
    assert disk_use(tmp_path) == 7
    assert disk_use(tmp_path / "nowhere") == 0


def test_a_link_to_a_folder_elsewhere_is_not_entered(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_bytes(b"x" * 7)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "link").symlink_to(tmp_path / "elsewhere")
    assert disk_use(tmp_path / "models") == 0


def test_free_space_is_told_for_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    there = shutil.disk_usage(tmp_path).total
    assert 0 < free_bytes(tmp_path / "a" / "b" / "c") <= there


def test_two_folders_of_one_disk_share_a_volume(tmp_path: Path) -> None:
    assert same_volume(tmp_path / "a", tmp_path / "b" / "c")
    assert not same_volume(tmp_path, Path("/proc"))


def test_a_checksum_tells_its_progress(tmp_path: Path) -> None:
    content = os.urandom(2_500_000)
    (tmp_path / "file").write_bytes(content)
    heard: list[int] = []
    assert sha256_of(tmp_path / "file", heard.append) == hashlib.sha256(content).hexdigest()
    assert heard[-1] == len(content)
    assert heard == sorted(heard)


def test_a_checksum_stops_when_its_listener_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 3_000_000)
    heard: list[int] = []

    class Cancelled(Exception):
        pass

    def stop(done_bytes: int) -> None:
        heard.append(done_bytes)
        raise Cancelled

    with pytest.raises(Cancelled):
        sha256_of(tmp_path / "file", stop)
    assert len(heard) == 1
