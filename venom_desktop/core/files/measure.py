"""Measures files and disks: free space, space used, whether two paths share a volume, and checksums."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

_CHUNK_BYTES = 1 << 20


def free_bytes(path: Path) -> int:
    """Bytes a normal user may still write on the volume where `path` is or would be."""
    return shutil.disk_usage(_nearest_existing(path)).free


def same_volume(first: Path, second: Path) -> bool:
    """Whether both paths are, or would be, on one volume, so that a rename between them is possible."""
    return _nearest_existing(first).stat().st_dev == _nearest_existing(second).stat().st_dev


def disk_use(*folders: Path) -> int:
    """Bytes of all files below `folders`, each inode once however many names it has.

    A link to a file counts as the file; links to folders are not entered. What vanishes or cannot be
    read meanwhile counts nothing. Blocks: call it in a thread.
    """
    seen = {(status.st_dev, status.st_ino): status.st_size for _, status in files_below(*folders)}
    return sum(seen.values())


def sha256_of(path: Path, on_progress: Callable[[int], None] | None = None) -> str:
    """Hexadecimal SHA-256 of a file, read once; `on_progress` hears the bytes done and may raise to stop it."""
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(_CHUNK_BYTES))
    done = 0
    with path.open("rb", buffering=0) as stream:
        while count := stream.readinto(buffer):
            digest.update(buffer[:count])
            done += count
            if on_progress is not None:
                on_progress(done)
    return digest.hexdigest()


def _nearest_existing(path: Path) -> Path:
    absolute = path.absolute()
    return next((parent for parent in (absolute, *absolute.parents) if parent.exists()), Path(absolute.anchor))


def files_below(*folders: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Every file with its status, links to files followed; see `disk_use` for what is left out."""
    waiting = [os.fspath(folder) for folder in folders]
    while waiting:
        try:
            entries = os.scandir(waiting.pop())
        except OSError:
            continue
        with entries:
            for entry in entries:
                try:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    elif entry.is_file():
                        # DirEntry.stat has no inode on Windows.
                        yield entry.path, os.stat(entry.path)  # noqa: PTH116 - a Path per file doubles the time
                except OSError:
                    continue
