"""Reads installed files again and compares them with the publisher's checksums."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path

from venom_desktop.core.downloads.base import DownloadPhase, DownloadProgress
from venom_desktop.core.downloads.checksum import Digest, add_file, new_digest
from venom_desktop.core.errors import FileDamaged, FileMissing, StorageUnreadable

_SLICE_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class FileToCheck:
    """An installed file and the checksum that it must have."""

    path: Path
    sha256: str


async def check_files(files: Sequence[FileToCheck], *, model_name: str) -> AsyncGenerator[DownloadProgress]:
    """Yield about four times a second while the files are read; a normal end means that all of them match.

    Reads in threads, in slices short enough that closing the iterator ends the work at once. Deletes nothing.
    Raises `FileMissing`, `FileDamaged` and `StorageUnreadable`.
    """
    sizes = await asyncio.to_thread(lambda: [_size_of(file.path, model_name) for file in files])
    done_bytes = 0
    for file, size in zip(files, sizes, strict=True):
        digest = new_digest()
        place = 0
        while place < size:
            place = await asyncio.to_thread(_add_slice, digest, file.path, place=place, size=size)
            yield DownloadProgress(
                phase=DownloadPhase.CHECKING,
                done_bytes=done_bytes + place,
                total_bytes=sum(sizes),
                file_name=file.path.name,
            )
        if digest.hexdigest() != file.sha256.lower():
            raise FileDamaged(file_name=file.path.name)
        done_bytes += size


def _size_of(path: Path, model_name: str) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError as error:
        raise FileMissing(model_name=model_name, path=str(path)) from error
    except OSError as error:
        raise _unreadable(path, error) from error


def _add_slice(digest: Digest, path: Path, *, place: int, size: int) -> int:
    """Hash for a moment; returns the place it came to."""
    deadline = time.monotonic() + _SLICE_S
    try:
        reached = add_file(digest, path, start=place, end=size, enough=lambda: time.monotonic() > deadline)
    except OSError as error:
        raise _unreadable(path, error) from error
    if reached == place:
        raise FileDamaged(file_name=path.name)
    return reached


def _unreadable(path: Path, error: OSError) -> StorageUnreadable:
    return StorageUnreadable(path=str(path), problem=error.strerror or str(error))
