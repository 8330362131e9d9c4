"""Unpacks an archive that may be hostile: everything is read and judged before the first byte is written."""

import os
import tarfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, cast

from venom_desktop.core.errors import UnsafeArchive
from venom_desktop.core.runtimes.ollama_setup.compressed import BoundedStream, opened, reading
from venom_desktop.core.runtimes.ollama_setup.limits import UnpackLimits

Parts = tuple[str, ...]

_LARGEST_HEADER_BYTES = 1 << 16
_LONGEST_NAME = 512
_CHUNK_BYTES = 1 << 20
_EXTRA_HEADERS = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What archives unpack to, in bytes and entries."""

    total_bytes: int
    entries: int


class _Header(tarfile.TarInfo):
    """Says no to a header that would be read into memory as a whole and is no header by its size."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "_Header":
        header = super().frombuf(buf, encoding, errors)
        if header.type in _EXTRA_HEADERS and header.size > _LARGEST_HEADER_BYTES:
            raise tarfile.ReadError("a header of that size")
        return header


def measure(archives: Sequence[Path], folder: Path, *, limits: UnpackLimits) -> Contents:
    """Read `archives` to their ends and judge every entry, as if they were unpacked into `folder`; writes nothing.

    Blocks. Raises `UnsafeArchive`, `OSError`.
    """
    total = entries = 0
    for archive in archives:
        with _entries(archive, folder, limits=limits) as found:
            for member, _, _ in found:
                entries += 1
                total += member.size
                if entries > limits.entries or total > limits.total_bytes:
                    raise _refusal(archive, "it holds more than a release can")
    return Contents(total_bytes=total, entries=entries)


def unpack(archives: Sequence[Path], folder: Path, *, limits: UnpackLimits, on_bytes: Callable[[int], None]) -> None:
    """Unpack into `folder`, which must not exist; `on_bytes` hears of what was written. On disk when this returns.

    Links are made last, so that nothing is ever written through one. Blocks. Raises `UnsafeArchive`, `OSError`; what
    was written by then is the caller's to delete.
    """
    folder.mkdir(parents=True)
    links: dict[Path, tuple[str, Path]] = {}
    for archive in archives:
        with _entries(archive, folder, limits=limits) as found:
            for member, parts, content in found:
                target = folder.joinpath(*parts)
                with _one_place(archive, member):
                    if member.issym():
                        links[target] = (member.linkname, archive)
                    else:
                        links.pop(target, None)
                        _write(member, target, content, folder=folder, on_bytes=on_bytes)
    _make_links(links, folder)
    _flush(folder)


@contextmanager
def _entries(
    archive: Path, folder: Path, *, limits: UnpackLimits
) -> Iterator[Iterator[tuple[tarfile.TarInfo, Parts, IO[bytes] | None]]]:
    """Every entry that may be unpacked, with its place; raises `UnsafeArchive` at the first that may not."""

    def judged(
        tar: tarfile.TarFile, stream: BoundedStream
    ) -> Iterator[tuple[tarfile.TarInfo, Parts, IO[bytes] | None]]:
        while (member := tar.next()) is not None:
            # tarfile remembers all it has seen.
            tar.members = []  # type: ignore[attr-defined]  # not in the stubs
            parts = _place(archive, member)
            if parts:
                yield _filtered(archive, member, folder), parts, tar.extractfile(member) if member.isreg() else None
        # Behind the last entry stands the decompressor's own checksum.
        stream.drain()

    most_bytes = limits.total_bytes + limits.entries * 2 * _LARGEST_HEADER_BYTES
    with (
        reading(archive),
        opened(archive, most_bytes) as stream,
        tarfile.open(
            fileobj=cast(IO[bytes], stream), mode="r|", bufsize=_CHUNK_BYTES, tarinfo=_Header, errorlevel=1
        ) as tar,
    ):
        yield judged(tar, stream)


def _place(archive: Path, member: tarfile.TarInfo) -> Parts:
    """The parts of an entry's path below the folder; empty for the folder itself."""
    parts = _inside(member.name)
    if parts is None:
        raise _refusal(archive, f"it holds the path {_shown(member.name)}")
    if not (member.isreg() or member.isdir() or member.issym() or member.islnk()) or member.sparse is not None:
        raise _refusal(archive, f"{_shown(member.name)} is neither a file nor a folder nor a link")
    if not parts and not member.isdir():
        raise _refusal(archive, f"it holds the path {_shown(member.name)}")
    if member.islnk() and not _inside(member.linkname):
        raise _refusal(archive, f"{_shown(member.name)} is a link that leads out of it")
    if member.issym() and not _stays_inside(parts, member.linkname):
        raise _refusal(archive, f"{_shown(member.name)} is a link that leads out of it")
    return parts


def _inside(name: str) -> Parts | None:
    """The parts of a path that stays below its folder, None for any other."""
    if name.startswith("/") or "\\" in name or len(name) > _LONGEST_NAME or not name.isprintable():
        return None
    parts = PurePosixPath(name).parts
    return None if ".." in parts else parts


def _stays_inside(parts: Parts, linkname: str) -> bool:
    """By its text alone; that it does so on the disk too is looked at when it is made."""
    if not linkname or linkname.startswith("/") or "\\" in linkname or not linkname.isprintable():
        return False
    way = os.path.normpath("/".join((*parts[:-1], linkname)))
    return way not in ("", ".", "..") and not way.startswith("../")


def _filtered(archive: Path, member: tarfile.TarInfo, folder: Path) -> tarfile.TarInfo:
    """As Python's own rules for data see it: no odd modes, and a second opinion on paths and links."""
    try:
        return tarfile.data_filter(member, str(folder))
    except tarfile.FilterError as error:
        raise _refusal(archive, f"{_shown(member.name)} would leave its folder") from error


def _write(
    member: tarfile.TarInfo,
    target: Path,
    content: IO[bytes] | None,
    *,
    folder: Path,
    on_bytes: Callable[[int], None],
) -> None:
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    # A second entry of one name replaces the first, and must not write into what a link shares.
    target.unlink(missing_ok=True)
    if member.islnk():
        os.link(folder.joinpath(*(_inside(member.linkname) or ())), target, follow_symlinks=False)
        return
    if content is None:
        return
    executable = (member.mode or 0) & 0o100
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o755 if executable else 0o644)
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        while block := content.read(_CHUNK_BYTES):
            file.write(block)
            on_bytes(len(block))


def _make_links(links: dict[Path, tuple[str, Path]], folder: Path) -> None:
    top = folder.resolve()
    for link, (to, archive) in links.items():
        with _one_place(archive, link.name):
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(to)
    for link, (_, archive) in links.items():
        # One link may lead through another, which its text does not show.
        try:
            end = link.resolve()
        except RuntimeError as error:
            raise _refusal(archive, f"{_shown(link.name)} is a link that leads nowhere") from error
        if not end.is_relative_to(top):
            raise _refusal(archive, f"{_shown(link.name)} is a link that leads out of it")


def _flush(folder: Path) -> None:
    """The marker that names this version must not survive a power cut that its files did not."""
    for place, _, names in os.walk(folder):
        for path in (Path(place), *(Path(place, name) for name in names)):
            if path.is_symlink():
                continue
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


@contextmanager
def _one_place(archive: Path, entry: tarfile.TarInfo | str) -> Iterator[None]:
    """An entry in the place of another kind of entry, below a file, or a hard link to what is not there."""
    try:
        yield
    except (FileExistsError, FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        name = entry if isinstance(entry, str) else entry.name
        raise _refusal(archive, f"{_shown(name)} does not fit with its other entries") from error


def _refusal(archive: Path, problem: str) -> UnsafeArchive:
    return UnsafeArchive(file_name=archive.name, problem=problem)


def _shown(name: str) -> str:
    """For a sentence: short, and nothing that a screen or a database would choke on."""
    text = "".join(letter if letter.isprintable() else "?" for letter in name)
    return text if len(text) <= 80 else f"{text[:80]}…"
