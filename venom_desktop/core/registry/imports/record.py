"""What is noted about an import, so that it can be undone and a crash in its middle leaves nothing half done."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from venom_desktop.core.json_values import count_in, text_in
from venom_desktop.core.registry.model import ModelKey


class Way(StrEnum):
    """How a found model comes into the list."""

    IN_PLACE = "in_place"
    LINK = "link"
    MOVE = "move"
    COPY = "copy"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedFile:
    """`source` is the file itself; where it was found as a link to it, `link` is that name and `link_text` its text.

    `target` is relative to the models folder. Of a finished import `target_written_ns` tells how the file was left.
    """

    source: str
    target: str
    size_bytes: int
    written_ns: int
    link: str | None = None
    link_text: str | None = None
    target_written_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRecord:
    """`found` is the path under which the model was found. Not `done`: it is under way, or was cut off.

    `has_projector`: the last file is the vision part.
    """

    name: str
    runtime: str
    title: str
    way: Way
    found: str
    files: tuple[ImportedFile, ...]
    has_projector: bool = False
    done: bool = False

    @property
    def key(self) -> ModelKey:
        return ModelKey(name=self.name, runtime=self.runtime)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "way": self.way.value, "files": [asdict(file) for file in self.files]}


def record_from_json(told: Mapping[str, Any]) -> ImportRecord:
    """Raises `ValueError`, `TypeError` or `KeyError` for what is no record."""
    files = tuple(_file(file) for file in told["files"])
    texts = [text_in(told[name]) for name in ("name", "runtime", "title", "found")]
    flags = (told["has_projector"], told["done"])
    if None in texts or not files or not all(type(flag) is bool for flag in flags):
        raise ValueError("no record of an import")
    return ImportRecord(
        name=str(texts[0]),
        runtime=str(texts[1]),
        title=str(texts[2]),
        way=Way(told["way"]),
        found=str(texts[3]),
        files=files,
        has_projector=flags[0],
        done=flags[1],
    )


def _file(told: Mapping[str, Any]) -> ImportedFile:
    file = ImportedFile(**told)
    texts = (file.source, file.target)
    if None in map(text_in, texts) or None in map(count_in, (file.size_bytes, file.written_ns)):
        raise ValueError("no file of an import")
    return file
