"""The user's own GGUF files: which files of a folder make one model."""

import re
from pathlib import Path

from venom_desktop.core.errors import InvalidInput

_SHARD = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})(?P<suffix>\.gguf)", re.IGNORECASE)


def named_parts(path: Path) -> tuple[Path, ...]:
    """Every part of the set that `path` is a part of by its name, first part first; `path` alone when it is whole.

    The parts need not exist.
    """
    match = _SHARD.fullmatch(path.name)
    if match is None:
        return (path,)
    count = int(match["count"])
    if not 1 <= int(match["number"]) <= count:
        return (path,)
    names = (f"{match['stem']}-{number:05}-of-{match['count']}{match['suffix']}" for number in range(1, count + 1))
    return tuple(path.with_name(name) for name in names)


def bare_name(path: Path) -> str:
    """The file's name without its suffix and without the number of the part."""
    match = _SHARD.fullmatch(path.name)
    return path.stem if match is None else match["stem"]


def require_parts(path: Path) -> tuple[Path, ...]:
    """As `named_parts`, all of them there. Raises `InvalidInput` that names the first missing one."""
    parts = named_parts(path)
    missing = [part.name for part in parts if not part.is_file()]
    if missing:
        raise InvalidInput(
            problem=f"{missing[0]} is missing: the model has {len(parts)} files. Put them all into one folder."
        )
    return parts
