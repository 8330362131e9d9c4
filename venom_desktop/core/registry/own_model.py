"""Looks at a GGUF file of the user's own: whether it holds a model, and of how many parts."""

import os
from dataclasses import dataclass
from pathlib import Path

from venom_desktop.core.catalog.gguf_header import GgufHeader, read_gguf_header, whole_number
from venom_desktop.core.errors import FileMissing, InvalidInput, StorageUnreadable
from venom_desktop.core.registry.own_files import bare_name, require_parts

RUNTIME = "llama_cpp"
"""The only runtime of this version that takes a file as it is."""
PROJECTOR_ARCHITECTURE = "clip"
LONGEST_TITLE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnModel:
    """Its files, first part first, and their size together."""

    parts: tuple[Path, ...]
    header: GgufHeader
    size_bytes: int


def look_at(path: Path) -> OwnModel:
    """Blocks. Raises `FileMissing`, `UnreadableModelFile`, `InvalidInput`, `StorageUnreadable`."""
    if not path.is_file():
        raise FileMissing(model_name=path.name, path=path)
    parts = require_parts(Path(os.path.abspath(path)))  # noqa: PTH100 - links stay: their target may move
    header = read_gguf_header(parts[0])
    _require_model(header, parts)
    try:
        size_bytes = sum(part.stat().st_size for part in parts)
    except OSError as error:
        raise StorageUnreadable(path=parts[0].parent, problem=error.strerror) from error
    return OwnModel(parts=parts, header=header, size_bytes=size_bytes)


def title_of(header: GgufHeader, first: Path) -> str:
    """What the file calls its model, in one line; else the file's own name."""
    return " ".join((header.name or "").split())[:LONGEST_TITLE] or bare_name(first)


def _require_model(header: GgufHeader, parts: tuple[Path, ...]) -> None:
    name = parts[0].name
    if header.architecture == PROJECTOR_ARCHITECTURE:
        raise InvalidInput(problem=f"{name} is only the vision part of a model. Choose the model's own file.")
    if not header.architecture or not header.tensor_count:
        raise InvalidInput(problem=f"{name} holds no model weights. Choose the model's own file.")
    count = whole_number(header.keys.get("split.count")) or 1
    if count > 1 and count != len(parts):
        raise InvalidInput(
            problem=f"{name} is one of {count} files of a model and was renamed. Give them their first names back."
        )
