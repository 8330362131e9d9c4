"""SHA-256 beside the work: of files in slices, and of a stream in a thread of its own."""

import queue
import threading
from collections.abc import Callable
from hashlib import sha1, sha256
from pathlib import Path
from typing import Protocol

from venom_desktop.core.downloads.base import FileToFetch

READ_BYTES = 1024 * 1024
# 8 MiB at the transfer's block size: enough to ride out a pause, little enough to forget on a cancel.
_WAITING_BLOCKS = 32


class Digest(Protocol):
    def update(self, data: bytes | memoryview, /) -> None: ...

    def hexdigest(self) -> str: ...


def new_digest() -> Digest:
    return sha256()


def git_digest(size_bytes: int) -> Digest:
    """What git names a file of so many bytes by: SHA-1 over a head with its size, then its bytes."""
    digest = sha1(usedforsecurity=False)
    digest.update(b"blob %d\0" % size_bytes)
    return digest


def add_file(
    digest: Digest, path: Path, *, start: int = 0, end: int | None = None, enough: Callable[[], bool] = lambda: False
) -> int:
    """Add the bytes from `start` to `end` (None: all there are) until `enough`; returns the place it came to.

    A place at or before `start` means that the file ends there.
    """
    buffer = bytearray(READ_BYTES)
    view = memoryview(buffer)
    place = start
    with path.open("rb", buffering=0) as file:
        file.seek(start)
        while end is None or place < end:
            wanted = READ_BYTES if end is None else min(READ_BYTES, end - place)
            count = file.readinto(view[:wanted])
            if not count:
                break
            digest.update(view[:count])
            place += count
            if enough():
                break
    return place


def digest_for(file: FileToFetch) -> Digest | None:
    """What the bytes of `file` are added to; None when nobody tells what they should be."""
    if file.sha256 is not None:
        return new_digest()
    if file.git_sha is None or file.size_bytes is None:
        return None
    return git_digest(file.size_bytes)


def is_named_by(digest: str, file: FileToFetch) -> bool:
    """Whether a finished `digest_for(file)` is what the publisher tells."""
    return digest == (file.sha256 or file.git_sha or "").lower()


class StreamDigest:
    """Takes blocks in order and hashes them in a thread, so that the network need not wait for the arithmetic."""

    def __init__(self, digest: Digest) -> None:
        self._digest = digest
        self._blocks: queue.Queue[bytes | None] = queue.Queue(_WAITING_BLOCKS)
        self._thread = threading.Thread(target=self._run, name="checksum", daemon=True)
        self._thread.start()

    def add(self, block: bytes) -> None:
        self._blocks.put(block)

    def finish(self) -> str:
        """The checksum of everything added, in lower-case hex. Nothing can be added afterwards."""
        self._blocks.put(None)
        self._thread.join()
        return self._digest.hexdigest()

    def _run(self) -> None:
        while (block := self._blocks.get()) is not None:
            self._digest.update(block)
