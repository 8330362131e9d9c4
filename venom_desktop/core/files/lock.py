"""A lock on a folder that holds across processes, names its holder and is released when the holder dies."""

import os
import sys
import time
from pathlib import Path
from typing import Self

from venom_desktop.core.errors import FolderLocked, StorageFailed

_NAME_WAIT_S = 0.2
"""How long a holder may take between locking the file and writing its number into it."""


class FolderLock:
    """One holder per folder, in this process and all others.

    The kernel owns the lock, so a killed holder needs no cleaning up; the file's text is only for the refused ones.
    """

    def __init__(self, folder: Path, name: str = ".lock") -> None:
        self._path = folder / name
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        return self._descriptor is not None

    def acquire(self) -> None:
        """Take the lock, at once or not at all. Raises `FolderLocked` with the holder's PID, or `StorageFailed`."""
        if self._descriptor is not None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise StorageFailed(path=self._path, problem=error.strerror or str(error)) from error
        try:
            taken = _try_lock(descriptor)
            if taken:
                os.ftruncate(descriptor, 0)
                os.write(descriptor, f"{os.getpid()}\n".encode())
        except OSError as error:
            os.close(descriptor)
            raise StorageFailed(path=self._path, problem=error.strerror or str(error)) from error
        if not taken:
            os.close(descriptor)
            raise FolderLocked(pid=self._read_holder() or "unknown")
        self._descriptor = descriptor

    def release(self) -> None:
        """Give it back; harmless when it is not held."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        try:
            os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _read_holder(self) -> int | None:
        """The number of the process that refused us, or None when it never wrote it."""
        deadline = time.monotonic() + _NAME_WAIT_S
        while True:
            try:
                holder = int(self._path.read_text(encoding="ascii"))
            except (OSError, ValueError):
                holder = None
            if holder is not None and _is_alive(holder):
                return holder
            if time.monotonic() > deadline:
                return holder
            time.sleep(0.005)


if sys.platform == "win32":
    import msvcrt

    import psutil

    # Locks bind readers too on Windows: the locked byte stands far behind the text that others read.
    _LOCKED_BYTE = 1 << 30

    def _try_lock(descriptor: int) -> bool:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
        return True

    def _is_alive(pid: int) -> bool:
        return psutil.pid_exists(pid)

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _is_alive(pid: int) -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True
