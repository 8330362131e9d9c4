"""Ollama's version numbers: read from tags and file names, compared, and safe as the name of a folder."""

import re

_VERSION = re.compile(
    r"v?((?:0|[1-9][0-9]{0,5})(?:\.(?:0|[1-9][0-9]{0,5})){2}(?:-[0-9A-Za-z]{1,16}(?:\.[0-9]{1,4})?)?)"
)
_PART = re.compile(r"[0-9]+|[A-Za-z]+")

_Part = tuple[int, int, str]


def parse_version(text: str) -> str | None:
    """`0.16.3` of `v0.16.3`; None for what is no version. The answer never holds a separator of paths."""
    match = _VERSION.fullmatch(text.strip())
    return match[1] if match else None


def is_newer(version: str, than: str) -> bool:
    """Both as `parse_version` gives them; a release candidate comes before its release."""
    return _order(version) > _order(than)


def _order(version: str) -> tuple[tuple[int, ...], bool, tuple[_Part, ...]]:
    numbers, _, candidate = version.partition("-")
    parts = tuple(_part(part) for part in _PART.findall(candidate))
    return tuple(int(number) for number in numbers.split(".")), not candidate, parts


def _part(text: str) -> _Part:
    return (1, int(text), "") if text.isdigit() else (0, 0, text.lower())
