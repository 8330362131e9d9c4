"""A file that is still incomplete: its bytes, what they belong to, and the way into its place."""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from venom_desktop.core.downloads.base import FileToFetch
from venom_desktop.core.errors import DiskFull, StorageFailed
from venom_desktop.core.files import sync_folder

_LOCK_WAIT_S = 5.0
_FLUSH_EVERY_S = 1.0
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def part_path(file: FileToFetch) -> Path:
    """Where the bytes stand while `file` is incomplete."""
    name = file.sha256 or hashlib.sha256(file.target.name.encode()).hexdigest()
    return file.target.with_name(f"{name}.part")


def sidecar_path(file: FileToFetch) -> Path:
    """The note beside the bytes that says what they belong to."""
    part = part_path(file)
    return part.with_name(f"{part.name}.json")


@contextlib.contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Tell a failing disk in our words; raises `DiskFull` and `StorageFailed`."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFull from error
        raise StorageFailed(path=str(path), problem=error.strerror or str(error)) from error


class PartialFile:
    """The open part of one file, locked against a second worker. `length` counts its bytes.

    `etag` is the validator of the answer that they came from, None when there was no strong one.
    """

    def __init__(self, file: FileToFetch, *, reserve_bytes: int = 0) -> None:
        self.path = part_path(file)
        self._sidecar = sidecar_path(file)
        self._target = file.target
        self._reserve_bytes = reserve_bytes
        self._size_bytes = file.size_bytes
        self._identity = {"sha256": file.sha256, "size_bytes": file.size_bytes, "planned_etag": file.etag}
        if file.git_sha is not None:
            self._identity["git_sha"] = file.git_sha
        self._is_checked = file.is_checked
        self.etag: str | None = None
        self.length = 0
        with storage_errors(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = _open_locked(self.path)
            self._adopt()
        self._background = _BackgroundFlush(self._descriptor)

    @property
    def can_resume(self) -> bool:
        """True when a server that takes a range cannot slip in bytes of another file unnoticed."""
        return self.length > 0 and (self.etag is not None or self._is_checked)

    def restart(self, etag: str | None) -> None:
        """Forget the bytes; those to come belong to the answer with this validator."""
        with storage_errors(self.path):
            # Emptied first: a crash in between leaves no bytes under another file's note.
            os.ftruncate(self._descriptor, 0)
            self.length = 0
            self.etag = etag
            self._write_note()

    def append(self, block: bytes) -> None:
        """Hand the bytes to the system at once, so that a killed worker loses none; raises `DiskFull`."""
        with storage_errors(self.path):
            self._keep_reserve(len(block))
            rest = memoryview(block)
            while rest:
                written = os.pwrite(self._descriptor, rest, self.length)
                self.length += written
                rest = rest[written:]

    def place(self) -> None:
        """Move the complete file to its target so that a power cut cannot undo it."""
        with storage_errors(self._target):
            self._background.stop()
            os.fsync(self._descriptor)
            self.path.replace(self._target)
            self._sidecar.unlink(missing_ok=True)
            sync_folder(self._target.parent)
        self.close()

    def remove(self) -> None:
        """Delete bytes that are worth nothing."""
        with storage_errors(self.path):
            self.path.unlink(missing_ok=True)
            self._sidecar.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Let go; the bytes stay for a later run."""
        if self._descriptor < 0:
            return
        with contextlib.suppress(OSError):
            self._background.stop()
        os.close(self._descriptor)
        self._descriptor = -1

    def _adopt(self) -> None:
        self.length = os.fstat(self._descriptor).st_size
        note = self._read_note()
        too_long = self._size_bytes is not None and self.length > self._size_bytes
        if too_long or any(note.get(key, "missing") != value for key, value in self._identity.items()):
            self.restart(None)
            return
        self.etag = note["etag"] if isinstance(note.get("etag"), str) else None

    def _read_note(self) -> dict[str, Any]:
        try:
            note = json.loads(self._sidecar.read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        return note if isinstance(note, dict) else {}

    def _write_note(self) -> None:
        fresh = self._sidecar.with_name(f"{self._sidecar.name}.new")
        fresh.write_text(json.dumps({**self._identity, "etag": self.etag}), encoding="utf-8")
        fresh.replace(self._sidecar)

    def _keep_reserve(self, more_bytes: int) -> None:
        if self._reserve_bytes <= 0:
            return
        volume = os.fstatvfs(self._descriptor)
        if volume.f_bavail * volume.f_frsize - more_bytes < self._reserve_bytes:
            raise DiskFull


class _BackgroundFlush:
    """Carries written bytes to the disk once a second, so that little is left to wait for at the end.

    The kernel tells a failed write-back to one flush alone, so the failure is kept and raised by `stop`.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._failure: OSError | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="flush", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        while not self._ended.wait(_FLUSH_EVERY_S):
            try:
                os.fdatasync(self._descriptor)
            except OSError as error:
                self._failure = error
                return


def _open_locked(path: Path) -> int:
    """Open the part; an earlier worker that is being ended gets a moment to let go."""
    deadline = time.monotonic() + _LOCK_WAIT_S
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(descriptor, path):
                return descriptor
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(descriptor)
                raise
        except OSError:
            os.close(descriptor)
            raise
        os.close(descriptor)
        time.sleep(0.05)


def _is_at(descriptor: int, path: Path) -> bool:
    """False when the locked file was moved to its target while we waited."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
