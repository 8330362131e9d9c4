"""Finds what is typed among many rows, at the speed of typing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from venom_desktop.core.catalog.base import CatalogEntry
from venom_desktop.core.catalog.filters import Row


class Selection(Sequence[CatalogEntry]):
    """Some of many rows, in their order. Nothing is copied: 100,000 entries are touched only when they are read."""

    __slots__ = ("_places", "_rows")

    def __init__(self, rows: Sequence[Row], places: Sequence[int]) -> None:
        self._rows = rows
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> CatalogEntry: ...
    @overload
    def __getitem__(self, index: slice) -> "Selection": ...
    def __getitem__(self, index: int | slice) -> "CatalogEntry | Selection":
        if isinstance(index, slice):
            return Selection(self._rows, self._places[index])
        return self._rows[self._places[index]].entry

    def __iter__(self) -> Iterator[CatalogEntry]:
        rows = self._rows
        return (rows[place].entry for place in self._places)

    def rows(self) -> list[Row]:
        """The rows behind the entries."""
        return [self._rows[place] for place in self._places]


@dataclass(frozen=True, slots=True, eq=False)
class _Typed:
    text: str
    places: Sequence[int]


class Narrowing:
    """A letter more narrows the last result, a letter fewer finds the one before it again."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        # Split from one text the keys lie one behind the other in memory, in the order in which they are read.
        self._keys = "\n".join(row.key.replace("\n", " ") for row in rows).split("\n") if rows else []
        self._typed = [_Typed("", range(len(rows)))]

    def found(self, text: str) -> Selection:
        """The rows that hold every word of `text`, in any order and case."""
        text, keys = text.lower(), self._keys
        while not text.startswith(self._typed[-1].text):
            self._typed.pop()
        last = self._typed[-1]
        if last.text != text:
            places = last.places
            for word in set(text.split()).difference(last.text.split()):
                places = [place for place in places if word in keys[place]]
            self._typed.append(_Typed(text, places))
        return Selection(self._rows, self._typed[-1].places)
