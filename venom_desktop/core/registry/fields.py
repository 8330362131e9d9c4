"""Reads typed values out of a JSON object of another program or version, without losing what it cannot read."""

import math
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeVar

from venom_desktop.core.registry.model import NOTHING

_Word = TypeVar("_Word", bound=StrEnum)


class Fields:
    """Reads the fields of one JSON object; what has the wrong type is unknown to us and kept in `unknown`."""

    __slots__ = ("_raw", "unknown")

    def __init__(self, raw: dict[str, Any], known: frozenset[str]) -> None:
        self._raw = raw
        self.unknown: dict[str, Any] = {field: raw[field] for field in raw.keys() - known}

    def refuse(self, field: str) -> None:
        self.unknown[field] = self._raw[field]

    def text(self, field: str) -> str | None:
        value = self._raw.get(field)
        if value is None or type(value) is str:
            return value
        self.refuse(field)
        return None

    def flag(self, field: str) -> bool | None:
        value = self._raw.get(field)
        if value is None or type(value) is bool:
            return value
        self.refuse(field)
        return None

    def whole(self, field: str) -> int | None:
        value = self._raw.get(field)
        if value is None or (type(value) is int and value >= 0):
            return value
        self.refuse(field)
        return None

    def number(self, field: str) -> float | None:
        value = self._raw.get(field)
        if value is None or (type(value) in (int, float) and value >= 0 and math.isfinite(value)):
            return value
        self.refuse(field)
        return None

    def word(self, field: str, words: Mapping[str, _Word]) -> _Word | None:
        value = self._raw.get(field)
        known = words.get(value) if type(value) is str else None
        if known is None and value is not None:
            self.refuse(field)
        return known

    def moment(self, field: str) -> datetime | None:
        """A time without offset is one of the old system's: local time."""
        text = self.text(field)
        if text is None:
            return None
        try:
            moment = datetime.fromisoformat(text)
            return moment if moment.tzinfo is not None else moment.astimezone()
        except (ValueError, OverflowError, OSError):
            self.refuse(field)
            return None

    def texts(self, field: str) -> tuple[str, ...] | None:
        value = self._raw.get(field)
        if value is None:
            return None
        if type(value) is list and all(type(text) is str for text in value):
            return tuple(value)
        self.refuse(field)
        return None

    def text_by_text(self, field: str) -> Mapping[str, str]:
        value = self._raw.get(field)
        if not value and (value is None or type(value) is dict):
            return NOTHING
        if type(value) is dict and all(type(text) is str for text in value.values()):
            return MappingProxyType(value)
        self.refuse(field)
        return NOTHING

    def mapping(self, field: str) -> dict[str, Any] | None:
        value = self._raw.get(field)
        if value is None or type(value) is dict:
            return value
        self.refuse(field)
        return None
