"""Brings the files of one import to their places: linked, renamed, or copied with progress; and takes them back."""

import os
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from venom_desktop.core.errors import StorageUnreadable, VenomError
from venom_desktop.core.files import sync_folder, write_failure
from venom_desktop.core.import_errors import ChangedMeanwhile, FindGone
from venom_desktop.core.registry.imports.record import Way

SLICE_S: Final = 0.2
_PIECE_BYTES: Final = 1 << 20
_UNFINISHED: Final = ".part"
"""As downloads call theirs: it counts as an unfinished one while it is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One file on its way. MOVE is a rename here: what is to go to another disk is copied, and deleted at the end."""

    source: Path
    target: Path
    size_bytes: int
    written_ns: int
    way: Way

    @property
    def unfinished(self) -> Path:
        return self.target.with_name(self.target.name + _UNFINISHED)


@dataclass
class Transfer:
    """Every step is short and may be made in a thread; after `take_back` no further one does anything."""

    pieces: tuple[Piece, ...]
    slice_s: float = SLICE_S
    _at: int = 0
    _place: int = 0
    _done_bytes: int = 0
    _ended: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def total_bytes(self) -> int:
        """What has to be written."""
        return sum(piece.size_bytes for piece in self.pieces if piece.way is Way.COPY)

    @property
    def current(self) -> Piece | None:
        """The one that is on its way; None when all stand in their places."""
        return self.pieces[self._at] if self._at < len(self.pieces) else None

    def advance(self) -> int:
        """Work for a moment; returns the bytes written so far. Blocks.

        Raises `FindGone`, `ChangedMeanwhile`, `StorageUnreadable`, `StorageFailed`, `DiskFull`.
        """
        with self._lock:
            piece = self.current
            if piece is None or self._ended:
                return self._done_bytes
            if not self._place:
                _require_unchanged(piece)
            if self._bring(piece):
                self._at, self._place = self._at + 1, 0
            return self._done_bytes

    def take_back(self) -> None:
        """Put everything back where it was, as far as it was brought. Blocks. Raises `StorageFailed`."""
        with self._lock:
            self._ended = True
            take_back(self.pieces)

    def _bring(self, piece: Piece) -> bool:
        """True when the whole file stands in its place."""
        try:
            piece.target.parent.mkdir(parents=True, exist_ok=True)
            if self._place == 0 and os.path.lexists(piece.target):
                raise FileExistsError(None, "another file is there")
            match piece.way:
                case Way.LINK:
                    piece.target.hardlink_to(piece.source)
                case Way.MOVE:
                    piece.source.rename(piece.target)
                case _ if not self._copy_on(piece):
                    return False
                case _:
                    _require_unchanged(piece)
                    piece.unfinished.rename(piece.target)
            sync_folder(piece.target.parent)
        except OSError as error:
            raise write_failure(piece.target, error) from error
        return True

    def _copy_on(self, piece: Piece) -> bool:
        """True when all of it is on the disk. What was deleted meanwhile is not begun anew."""
        with _readable(piece.source) as source, piece.unfinished.open("r+b" if self._place else "wb") as target:
            until = time.monotonic() + self.slice_s
            target.seek(self._place)
            while self._place < piece.size_bytes:
                block = _block(source, self._place, most=piece.size_bytes - self._place)
                if not block:
                    raise ChangedMeanwhile(file_name=piece.source.name)
                target.write(block)
                self._place += len(block)
                self._done_bytes += len(block)
                if time.monotonic() >= until and self._place < piece.size_bytes:
                    return False
            target.flush()
            os.fsync(target.fileno())
        return True


def take_back(pieces: Iterable[Piece]) -> None:
    """As `Transfer.take_back`, also for what another run of the program left. Raises `StorageFailed`.

    What has become the only one left stays where it is.
    """
    for piece in reversed(tuple(pieces)):
        try:
            piece.unfinished.unlink(missing_ok=True)
            if piece.way is not Way.MOVE:
                if is_spare(piece):
                    piece.target.unlink(missing_ok=True)
            elif piece.target.exists() and not os.path.lexists(piece.source):
                piece.source.parent.mkdir(parents=True, exist_ok=True)
                piece.target.rename(piece.source)
        except OSError as error:
            raise write_failure(piece.target, error) from error


def is_spare(piece: Piece) -> bool:
    """Whether what it was made of is still there as it was."""
    try:
        if piece.way is Way.LINK:
            return piece.target.samefile(piece.source)
        status = piece.source.stat()
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) == (piece.size_bytes, piece.written_ns)


def _require_unchanged(piece: Piece) -> None:
    try:
        status = piece.source.stat()
    except OSError as error:
        raise _not_readable(piece.source, error) from error
    if (status.st_size, status.st_mtime_ns) != (piece.size_bytes, piece.written_ns):
        raise ChangedMeanwhile(file_name=piece.source.name)


def _readable(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise _not_readable(path, error) from error


def _block(source: BinaryIO, place: int, *, most: int) -> bytes:
    try:
        source.seek(place)
        return source.read(min(_PIECE_BYTES, most))
    except OSError as error:
        raise _not_readable(Path(source.name), error) from error


def _not_readable(path: Path, error: OSError) -> VenomError:
    if isinstance(error, FileNotFoundError):
        return FindGone(path=path)
    return StorageUnreadable(path=path, problem=error.strerror or str(error))
