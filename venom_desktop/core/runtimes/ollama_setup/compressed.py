"""Opens `.tar.zst` and `.tgz` as one stream of bounded length, and tells what is broken in them."""

import gzip
import sys
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from venom_desktop.core.errors import UnsafeArchive

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_CHUNK_BYTES = 1 << 20
# A hostile header makes tarfile stumble in all these ways; zstd refuses a window over 128 MiB by itself.
_BROKEN = (
    *(tarfile.TarError, zstd.ZstdError, zlib.error, gzip.BadGzipFile, EOFError),
    *(ValueError, LookupError, ArithmeticError, RecursionError, MemoryError),
)


class BoundedStream:
    """Reads on until `most_bytes`; beyond them the archive is a bomb."""

    def __init__(self, source: IO[bytes], archive: Path, most_bytes: int) -> None:
        self._source = source
        self._archive = archive
        self._left = most_bytes

    def read(self, count: int = _CHUNK_BYTES) -> bytes:
        block = self._source.read(count)
        self._left -= len(block)
        if self._left < 0:
            raise UnsafeArchive(file_name=self._archive.name, problem="it holds more than a release can")
        return block

    def drain(self) -> None:
        while self.read():
            pass


@contextmanager
def opened(archive: Path, most_bytes: int) -> Iterator[BoundedStream]:
    """What `archive` decompresses to, by the end of its name. Raises `OSError`."""
    if archive.name.endswith(".zst"):
        source = cast(IO[bytes], zstd.ZstdFile(archive))
    else:
        source = cast(IO[bytes], gzip.GzipFile(archive))
    with source:
        yield BoundedStream(source, archive, most_bytes)


@contextmanager
def reading(archive: Path) -> Iterator[None]:
    """Raises `UnsafeArchive` for whatever shows that these bytes are no whole archive."""
    try:
        yield
    except _BROKEN as error:
        raise UnsafeArchive(file_name=archive.name, problem="it cannot be read to its end") from error
