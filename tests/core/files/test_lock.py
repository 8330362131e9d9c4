"""Folder locks: one holder over all processes, named, and free again when the holder dies."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from venom_desktop.core.errors import FolderLocked, StorageFailed
from venom_desktop.core.files import FolderLock

_HOLD = """
import sys
from pathlib import Path
from venom_desktop.core.files import FolderLock
lock = FolderLock(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def _holder(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_second_process_is_refused_with_the_holders_number(tmp_path: Path) -> None:
    with _holder(tmp_path) as holder:
        lock = FolderLock(tmp_path)
        with pytest.raises(FolderLocked) as refused:
            lock.acquire()
        assert refused.value.parameters == {"pid": holder.pid}
        assert str(holder.pid) in str(refused.value)
        assert not lock.held


def test_the_folder_is_free_when_its_holder_was_killed(tmp_path: Path) -> None:
    with _holder(tmp_path) as holder:
        holder.kill()
        holder.wait()
        with FolderLock(tmp_path) as lock:
            assert lock.held


def test_a_second_lock_in_the_same_process_is_refused_too(tmp_path: Path) -> None:
    with FolderLock(tmp_path), pytest.raises(FolderLocked) as refused:
        FolderLock(tmp_path).acquire()
    assert refused.value.parameters == {"pid": os.getpid()}


def test_a_released_folder_can_be_taken_again(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    lock.acquire()
    lock.release()
    lock.release()
    with FolderLock(tmp_path) as other:
        assert other.held


def test_a_program_we_start_does_not_inherit_the_lock(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    lock.acquire()
    child = subprocess.Popen(
        [sys.executable, "-c", "import sys; print('up', flush=True); sys.stdin.read()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        close_fds=False,
    )
    try:
        assert child.stdout is not None
        child.stdout.readline()
        lock.release()
        FolderLock(tmp_path).acquire()
    finally:
        child.kill()
        child.communicate()


def test_a_folder_that_cannot_be_used_is_a_named_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageFailed):
        FolderLock(tmp_path / "file").acquire()
