"""The versions of Ollama in our folder, and the marker that says which of them is used."""

import contextlib
import json
import shutil
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from venom_desktop.core.errors import StorageFailed
from venom_desktop.core.files import remove_leftovers, resolve_under, sync_folder, write_atomically
from venom_desktop.core.runtimes.ollama_setup.versions import parse_version

PROGRAM = "ollama.exe" if sys.platform == "win32" else "ollama"
_MARKER = "current"
_UNPACKING = ".unpacking"
_ASIDE = ".replaced"
_DOWNLOADS = ".downloads"


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """Versions that are there with their program; None where there is none."""

    current: str | None = None
    previous: str | None = None


class Shelf:
    """`<folder>/<version>/{bin,lib}` beside the marker `current`. Everything blocks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    @property
    def unpacking(self) -> Path:
        """Where a version is unpacked before it is one."""
        return self.folder / _UNPACKING

    @property
    def unpacked_program(self) -> Path:
        return self.unpacking / "bin" / PROGRAM

    def downloads(self, version: str) -> Path:
        return resolve_under(self.folder, _DOWNLOADS, version)

    def program(self, version: str) -> Path:
        """Where the program of a version is or would be. Raises `InvalidName`."""
        return resolve_under(self.folder, version) / "bin" / PROGRAM

    def version_of(self, program: Path) -> str | None:
        """The version of ours that a program on the disk belongs to; None for another's."""
        try:
            inside = program.resolve().relative_to(self.folder.resolve())
        except (OSError, RuntimeError, ValueError):
            return None
        return parse_version(inside.parts[0]) if inside.parts else None

    def read(self) -> Marker:
        """What the marker says and the disk confirms; a damaged marker counts as none. Raises nothing."""
        try:
            told = json.loads((self.folder / _MARKER).read_bytes())
        except (OSError, ValueError):
            return Marker()
        if not isinstance(told, dict):
            return Marker()
        current, previous = self._confirmed(told.get("current")), self._confirmed(told.get("previous"))
        return Marker(current=current, previous=previous if previous != current else None)

    def mark(self, marker: Marker) -> None:
        """When this returns, `marker` holds whatever happens to the machine. Raises `DiskFull`, `StorageFailed`."""
        text = json.dumps({"current": marker.current, "previous": marker.previous})
        write_atomically(self.folder / _MARKER, text.encode() + b"\n", keep_previous=False)

    def put(self, version: str) -> None:
        """Give what was unpacked its place, instead of what may stand there. Raises `StorageFailed`, `InvalidName`."""
        target = resolve_under(self.folder, version)
        with _storage_errors(target):
            if target.exists():
                self._remove(self.folder / _ASIDE)
                target.rename(self.folder / _ASIDE)
            self.unpacking.rename(target)
            sync_folder(self.folder)
            self._remove(self.folder / _ASIDE)

    def clear_unpacking(self) -> None:
        """Delete what was half unpacked. Raises `StorageFailed`."""
        with _storage_errors(self.unpacking):
            self._remove(self.unpacking)

    def has_downloads(self) -> bool:
        return (self.folder / _DOWNLOADS).is_dir()

    def clear_downloads(self, version: str | None = None) -> None:
        """Delete archives, of one version or of all. Raises `StorageFailed`."""
        place = self.folder / _DOWNLOADS if version is None else self.downloads(version)
        with _storage_errors(place):
            self._remove(place)

    def clear(self, keep: Collection[str]) -> None:
        """Delete every version but these, and what killed runs left. Raises `StorageFailed`."""
        with _storage_errors(self.folder):
            remove_leftovers(self.folder / _MARKER)
            for place in self.folder.iterdir() if self.folder.is_dir() else ():
                old = parse_version(place.name) == place.name and place.name not in keep
                if old or place.name in (_UNPACKING, _ASIDE):
                    self._remove(place)

    def _confirmed(self, told: object) -> str | None:
        if not isinstance(told, str) or parse_version(told) != told:
            return None
        return told if self.program(told).is_file() else None

    def _remove(self, place: Path) -> None:
        """A link in its place is removed, never what it leads to."""
        if place.is_symlink() or place.is_file():
            place.unlink()
        else:
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(place)


@contextmanager
def _storage_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageFailed(path=str(path), problem=error.strerror or str(error)) from error
