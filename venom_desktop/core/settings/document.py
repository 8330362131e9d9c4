"""A JSON object in a file that survives damage: the previous good version returns, the bad one is kept."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from venom_desktop.core.errors import SettingsReset, SettingsRestored, StorageFailed, VenomError
from venom_desktop.core.files import previous_version_of, write_atomically

_LARGEST_BYTES = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The object in the file, unknown keys included; `notice` is what the user must be told."""

    values: Mapping[str, Any]
    notice: VenomError | None = None


def load(path: Path) -> Loaded:
    """Read and, when the file is damaged, repair it; a missing file is an empty object.

    Raises `StorageFailed` when the file is there and cannot be read, so that nothing is overwritten.
    """
    try:
        return Loaded(values=_read(path) or {})
    except ValueError:
        return _recover(path)


def peek(path: Path, key: str) -> object:
    """One value as it stands in the file, None where nothing can be read; nothing is repaired and nothing raised."""
    try:
        return (_read(path) or {}).get(key)
    except (ValueError, StorageFailed):
        return None


def save(path: Path, values: Mapping[str, Any]) -> None:
    """Write for the owner's eyes only; blocks. Raises `DiskFull` or `StorageFailed`."""
    text = json.dumps(values, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False)
    write_atomically(path, f"{text}\n".encode(), mode=0o600)


def _recover(path: Path) -> Loaded:
    """Put the bad file aside and bring back the version before it, if that one is good."""
    # Imported when there is damage: the first picture of the window waits for this module.
    from datetime import UTC, datetime

    kept = path.with_name(f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S%f}")
    try:
        path.rename(kept)
    except OSError as error:
        raise StorageFailed(path=path, problem=error.strerror or str(error)) from error
    try:
        values = _read(previous_version_of(path))
    except ValueError:
        values = None
    if values is None:
        return Loaded(values={}, notice=SettingsReset(path=path.name, kept=kept.name))
    save(path, values)
    return Loaded(values=values, notice=SettingsRestored(path=path.name, kept=kept.name))


def _read(path: Path) -> dict[str, Any] | None:
    """None for a missing file; `ValueError` for one that holds no JSON object."""
    try:
        with path.open("rb") as stream:
            content = stream.read(_LARGEST_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageFailed(path=path, problem=error.strerror or str(error)) from error
    if len(content) > _LARGEST_BYTES:
        raise ValueError("too large")
    try:
        values = json.loads(content)
    except RecursionError as error:
        raise ValueError("too deep") from error
    if not isinstance(values, dict):
        raise ValueError("no object")  # noqa: TRY004 - damage is one kind of failure here
    return values
