"""Walks over the bytes of a GGUF header and trusts none of them."""

import struct
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from venom_desktop.core.errors import UnreadableModelFile

MAX_HEADER_BYTES: Final = 64 << 20
MAX_TEXT_BYTES: Final = 4 << 20
MAX_ARRAY_ELEMENTS: Final = 4_000_000
KEPT_ARRAY_ELEMENTS: Final = 1_024
"""Longer arrays (vocabularies) are walked over and not kept."""

Plain = bool | int | float | str
KeyValue = Plain | tuple[Plain, ...]

_STRING, ARRAY = 8, 9
_BOOL = 7
_FIXED: Mapping[int, struct.Struct] = MappingProxyType(
    {
        number: struct.Struct(f"<{letter}")
        for number, letter in {
            0: "B",
            1: "b",
            2: "H",
            3: "h",
            4: "I",
            5: "i",
            6: "f",
            _BOOL: "B",
            10: "Q",
            11: "q",
            12: "d",
        }.items()
    }
)
_U32 = struct.Struct("<I")
_U64 = struct.Struct("<Q")


class NeedMoreBytes(Exception):
    """The header goes on behind the bytes at hand; `wanted_bytes` of the file are needed at least."""

    def __init__(self, wanted_bytes: int) -> None:
        super().__init__(wanted_bytes)
        self.wanted_bytes = wanted_bytes


class GgufCursor:
    """Walks over the bytes; every step is checked against their end and against the limits."""

    __slots__ = ("_complete", "_data", "_file_name", "_offset")

    def __init__(self, data: bytes | bytearray, *, complete: bool, file_name: str) -> None:
        self._data = data
        self._complete = complete
        self._file_name = file_name
        self._offset = 0

    def unreadable(self, problem: str) -> UnreadableModelFile:
        return UnreadableModelFile(file_name=self._file_name, problem=problem)

    def take(self, length: int) -> bytes:
        start = self._advance(length)
        return bytes(self._data[start : self._offset])

    def number(self) -> int:
        start = self._advance(_U32.size)
        return int(_U32.unpack_from(self._data, start)[0])

    def count(self, limit: int, what: str) -> int:
        start = self._advance(_U64.size)
        found = int(_U64.unpack_from(self._data, start)[0])
        if found > limit:
            raise self.unreadable(f"it claims {found} {what}")
        return found

    def text(self, limit: int) -> str:
        length = self.count(limit, "bytes of text")
        try:
            return self.take(length).decode()
        except UnicodeDecodeError as error:
            raise self.unreadable("one of its texts is not UTF-8") from error

    def value(self, kind: int) -> KeyValue | None:
        """The value, or None for an array too long to keep."""
        if kind == ARRAY:
            return self._array()
        if kind == _STRING:
            return self.text(MAX_TEXT_BYTES)
        return self._fixed(kind, 1)[0]

    def peek_array_length(self) -> int:
        """How many elements the array here has, without walking over it."""
        start = self._offset
        self.number()
        length = self.count(MAX_ARRAY_ELEMENTS, "elements in one list")
        self._offset = start
        return length

    def _array(self) -> tuple[Plain, ...] | None:
        kind = self.number()
        count = self.count(MAX_ARRAY_ELEMENTS, "elements in one list")
        kept = count <= KEPT_ARRAY_ELEMENTS
        if kind == _STRING:
            if kept:
                return tuple(self.text(MAX_TEXT_BYTES) for _ in range(count))
            self._skip_texts(count)
            return None
        if not kept:
            self._advance(self._layout(kind).size * count)
            return None
        return self._fixed(kind, count)

    def _fixed(self, kind: int, count: int) -> tuple[Plain, ...]:
        layout = self._layout(kind)
        start = self._advance(layout.size * count)
        found: tuple[Plain, ...] = struct.unpack_from(f"<{count}{layout.format[1:]}", self._data, start)
        return tuple(bool(flag) for flag in found) if kind == _BOOL else found

    def _layout(self, kind: int) -> struct.Struct:
        layout = _FIXED.get(kind)
        if layout is None:
            raise self.unreadable(f"the value type {kind} is not known here")
        return layout

    def _skip_texts(self, count: int) -> None:
        # A vocabulary has some 250,000 of them, so this loop does without the other methods' calls.
        data, last, offset = self._data, len(self._data) - _U64.size, self._offset
        unpack = _U64.unpack_from
        for _ in range(count):
            if offset > last:
                self._advance(offset + _U64.size - self._offset)
            length = unpack(data, offset)[0]
            if length > MAX_TEXT_BYTES:
                raise self.unreadable(f"it claims {length} bytes of text")
            offset += _U64.size + length
        self._advance(offset - self._offset)

    def _advance(self, length: int) -> int:
        start, stop = self._offset, self._offset + length
        if stop > MAX_HEADER_BYTES:
            raise self.unreadable("its header is larger than 64 MB")
        if stop > len(self._data):
            if self._complete:
                raise self.unreadable("it ends in the middle of its header")
            raise NeedMoreBytes(stop)
        self._offset = stop
        return start
