"""The kinds of value that a setting takes, checked by hand: a start need not import a validation library (9 MB)."""

import dataclasses
import json
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

MOST_VARIABLES = 100
MOST_FOLDERS = 50
LONGEST_VARIABLE = 4096

_TEXTS_OF_BOOLS = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}


def _as_it_is(text: str) -> object:
    return text


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`check` takes plain JSON and bends no types; `spelled` makes plain JSON of text. Both raise `ValueError`."""

    check: Callable[[object], Any]
    spelled: Callable[[str], object] = _as_it_is


def on_or_off() -> Kind:
    return Kind(check=_checked_bool, spelled=lambda text: _TEXTS_OF_BOOLS.get(text.lower(), text))


def one_of(names: type[StrEnum]) -> Kind:
    return Kind(check=names)


def number(*, above: float, most: float) -> Kind:
    """A number as float; neither an infinite one nor none at all is in the range."""

    def check(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError("no number")  # noqa: TRY004 - one kind of failure for who asks
        if not above < value <= most:
            raise ValueError("out of range")
        return float(value)

    return Kind(check=check, spelled=float)


def whole(*, least: int, most: int) -> Kind:
    def check(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError("no whole number in the range")
        return value

    return Kind(check=check, spelled=int)


def or_none(kind: Kind) -> Kind:
    """None besides what `kind` takes."""
    return Kind(check=lambda value: None if value is None else kind.check(value), spelled=kind.spelled)


def variables(prefix: str) -> Kind:
    """Names of environment variables that begin with `prefix`, and the text each is to have: sorted pairs.

    A JSON object outside, since a dictionary would be no fit default of a frozen dataclass.
    """
    name = re.compile(rf"{re.escape(prefix)}[A-Z0-9_]{{1,60}}")

    def check(value: object) -> tuple[tuple[str, str], ...]:
        if not isinstance(value, Mapping) or len(value) > MOST_VARIABLES:
            raise ValueError("no mapping")
        for key, text in value.items():
            if not (isinstance(key, str) and name.fullmatch(key) and isinstance(text, str)):
                raise ValueError("no variable")
            if "\0" in _storable(text) or len(text) > LONGEST_VARIABLE:
                raise ValueError("no value of a variable")
        return tuple(sorted(value.items()))

    return Kind(check=check, spelled=json.loads)


def absolute_path() -> Kind:
    """None stays None; `~` is the user's folder."""
    return Kind(check=_checked_path)


class Folders(tuple[Path, ...]):
    """Folders in the order in which they were named, each once; a list of texts outside."""

    __slots__ = ()


NO_FOLDERS = Folders()


def folders() -> Kind:
    """Absolute ones."""

    def check(value: object) -> Folders:
        if not isinstance(value, list | tuple) or len(value) > MOST_FOLDERS:
            raise ValueError("no list of folders")
        paths = [_checked_path(str(one) if isinstance(one, Path) else one) for one in value]
        if None in paths:
            raise ValueError("no folder")
        return Folders(dict.fromkeys(path for path in paths if path is not None))

    return Kind(check=check, spelled=json.loads)


def text_as(normalise: Callable[[str], str]) -> Kind:
    """What `normalise` makes of a text; it raises `ValueError`."""

    def check(value: object) -> str:
        if not isinstance(value, str):
            raise ValueError("no text")  # noqa: TRY004 - one kind of failure for who asks
        return normalise(_storable(value))

    return Kind(check=check)


def _checked_bool(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("neither true nor false")  # noqa: TRY004 - one kind of failure for who asks
    return value


def _checked_path(value: object) -> Path | None:
    if value is None:
        return None
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("no path")
    try:
        path = Path(_storable(value)).expanduser()
    except RuntimeError as error:
        raise ValueError("no such user") from error
    if not path.is_absolute():
        raise ValueError("not an absolute path")
    return path


def _storable(text: str) -> str:
    """The settings file is UTF-8, which has no room for half a character. Raises `UnicodeEncodeError`."""
    text.encode()
    return text
