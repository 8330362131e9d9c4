"""Writes a file so that a crash at any point leaves the old version or the new one, never a mixture."""

import contextlib
import errno
import os
import shutil
import sys
from pathlib import Path

from venom_desktop.core.errors import DiskFull, StorageFailed, VenomError

_FULL = (errno.ENOSPC, errno.EDQUOT)


def write_atomically(path: Path, content: bytes, *, keep_previous: bool = True, mode: int | None = None) -> None:
    """Replace `path` with `content`, on disk when this returns; blocks, so call it in a thread.

    The version it replaces stays beside it as `<name>.previous` unless `keep_previous` is false.
    `mode` None keeps the mode of the file it replaces. A link is followed, not replaced.
    Raises `DiskFull` or `StorageFailed`; the old version is then untouched.
    """
    target = path.resolve() if path.is_symlink() else path
    temporary = target.with_name(f".{target.name}.{os.urandom(6).hex()}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _write_through(temporary, content, mode if mode is not None else _mode_of(target))
        if keep_previous:
            _keep_beside(target)
        temporary.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        raise write_failure(target, error) from error
    finally:
        _discard(temporary)


def previous_version_of(path: Path) -> Path:
    """Where `write_atomically` keeps the version before the last one."""
    return path.with_name(f"{path.name}.previous")


def remove_leftovers(path: Path) -> None:
    """Delete what writes of `path` that were killed left behind; only for the one process that may write it."""
    for leftover in path.parent.glob(f".{path.name}.*.tmp"):
        leftover.unlink(missing_ok=True)


def _write_through(path: Path, content: bytes, mode: int | None) -> None:
    """Create `path` with `content` and wait until the disk has it; never readable by more than `mode` allows."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode or 0o666)
    with os.fdopen(descriptor, "wb") as stream:
        if mode is not None:
            # The umask may have taken away what was asked for.
            path.chmod(mode)
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _mode_of(path: Path) -> int | None:
    try:
        return path.stat().st_mode & 0o777
    except FileNotFoundError:
        return None


def _keep_beside(target: Path) -> None:
    """Give the current version a second name; `target` itself is there at every moment."""
    if not target.exists():
        return
    temporary = target.with_name(f".{target.name}.{os.urandom(6).hex()}.tmp")
    try:
        try:
            temporary.hardlink_to(target)
        except OSError:
            # FAT, some network shares and some containers have no hard links.
            shutil.copy2(target, temporary)
        temporary.replace(previous_version_of(target))
    finally:
        _discard(temporary)


def _discard(path: Path) -> None:
    # The failure that brought us here is the one to tell about.
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make the rename itself survive a power cut; Windows has no such call and does not need it."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_failure(path: Path, error: OSError) -> VenomError:
    """`DiskFull` or `StorageFailed`, by what the system said."""
    if error.errno in _FULL:
        return DiskFull()
    return StorageFailed(path=path, problem=error.strerror or str(error))
