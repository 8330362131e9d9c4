"""What was found on the disk and is on no list: the snapshots that travel to window, API and command line."""

import hashlib
import os
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from venom_desktop.core.catalog.gguf_header import GgufHeader
from venom_desktop.core.errors import VenomError
from venom_desktop.core.registry.model import ModelCapabilities, ModelKey

Identity = tuple[int, int]
"""Device and inode: two names of one file have one."""

MOST_PROBLEMS = 20


class Origin(StrEnum):
    """Whose folder a model lies in."""

    MODELS_FOLDER = "models_folder"
    """Our own, where it stands in no list."""
    HUGGING_FACE = "hugging_face"
    LM_STUDIO = "lm_studio"
    OLLAMA = "ollama"
    FOLDER = "folder"
    """One that the user named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """As it was when it was looked at; of a link what it points to is told."""

    path: Path
    size_bytes: int
    identity: Identity
    written_ns: int

    @classmethod
    def of(cls, path: Path, status: os.stat_result) -> "FoundFile":
        return cls(
            path=path,
            size_bytes=status.st_size,
            identity=(status.st_dev, status.st_ino),
            written_ns=status.st_mtime_ns,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundModel:
    """One model: a GGUF file with all its parts, or a folder of safetensors with what belongs to them.

    `path` is its first file or its folder, `name` what it would be called in the list. `header` tells how much memory
    it would take. `listed_as` is the row that holds the very same file under another path.
    """

    path: Path
    origin: Origin
    runtime: str
    name: str
    title: str
    files: tuple[FoundFile, ...]
    capabilities: ModelCapabilities
    projector: FoundFile | None = None
    ollama_names: tuple[str, ...] = ()
    """What Ollama calls it, where it lies in Ollama's store."""
    listed_as: ModelKey | None = None
    header: GgufHeader | None = field(default=None, compare=False)

    @property
    def found_id(self) -> str:
        """The same for the same path at every look; safe in an address and in a shell."""
        return hashlib.sha256(os.fsencode(self.path)).hexdigest()[:12]

    @property
    def all_files(self) -> tuple[FoundFile, ...]:
        return (*self.files, *((self.projector,) if self.projector else ()))

    @property
    def size_bytes(self) -> int:
        """Each inode once."""
        return sum({file.identity: file.size_bytes for file in self.all_files}.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """What a look passed over. `problems` are the first few reasons, as errors with their sentences."""

    broken: int = 0
    """Files that are called like a model and are none, or are cut off."""
    incomplete: int = 0
    """Models of which a part is missing."""
    unreadable: int = 0
    """Folders that may not be read or are gone."""
    cut_short: bool = False
    """True when there was more than a look goes through."""
    problems: tuple[VenomError, ...] = field(default=(), compare=False)

    def __add__(self, other: "Skipped") -> "Skipped":
        return Skipped(
            broken=self.broken + other.broken,
            incomplete=self.incomplete + other.incomplete,
            unreadable=self.unreadable + other.unreadable,
            cut_short=self.cut_short or other.cut_short,
            problems=(*self.problems, *other.problems)[:MOST_PROBLEMS],
        )


NOTHING_SKIPPED = Skipped()


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSnapshot:
    """`models` are offered; `dismissed` ones are not, until the user wants them back. In the order of their titles."""

    models: tuple[FoundModel, ...] = ()
    dismissed: tuple[FoundModel, ...] = ()
    skipped: Skipped = NOTHING_SKIPPED
    looking: bool = False
    looked_at: datetime | None = None

    @property
    def size_bytes(self) -> int:
        """Of those offered, each inode once."""
        return sum({file.identity: file.size_bytes for model in self.models for file in model.all_files}.values())
