"""The cards of one list: a model over its rows, each with its words made once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from venom_desktop.core.catalog.base import CatalogEntry
from venom_desktop.core.catalog.filters import Key
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.ui.catalog.words import ABILITY_ICONS, abilities_of, row_fit_look, row_sentence, size_words
from venom_desktop.ui.i18n import count_short, facts, parameters, tr
from venom_desktop.ui.widgets import PillLook

Index = QModelIndex | QPersistentModelIndex
NOWHERE: Final = QModelIndex()
_MOST_ICONS: Final = 3


@dataclass(frozen=True, kw_only=True)
class Card:
    """A model at its place in the list, from 1 on. Its words are made when they are first shown or read out.

    "" and () are what the source tells nothing of.
    """

    entry: CatalogEntry
    place: int
    is_installed: bool

    @property
    def publisher(self) -> str:
        return self.entry.publisher or self.entry.model_name

    @cached_property
    def size(self) -> str:
        billions = None if self.entry.parameters is None else parameters(self.entry.parameters)
        return facts(billions, size_words(self.entry))

    @cached_property
    def icons(self) -> tuple[str, ...]:
        gate = ("lock",) if self.entry.gated else ()
        return (*(ABILITY_ICONS[ability] for ability in abilities_of(self.entry)), *gate)[:_MOST_ICONS]

    @cached_property
    def fit(self) -> PillLook:
        return row_fit_look(self.entry)

    @cached_property
    def downloads(self) -> str:
        return "" if self.entry.downloads is None else count_short(self.entry.downloads)

    @cached_property
    def likes(self) -> str:
        return "" if self.entry.likes is None else count_short(self.entry.likes)

    @property
    def sentence(self) -> str:
        """What a screen reader says of it."""
        words = [
            row_sentence(self.entry),
            tr("number {place}", place=self.place),
            tr("{count} downloads", count=self.downloads) if self.downloads else "",
            tr("{count} likes", count=self.likes) if self.likes else "",
            tr("installed") if self.is_installed else "",
        ]
        return ", ".join(word for word in words if word)

    @property
    def tip(self) -> str:
        return "\n".join(line for line in (self.entry.model_name, self.fit.tip) if line)


class CardModel(QAbstractListModel):
    """Shows the entries it is given; those that stayed in their places are kept, and with them what is selected."""

    def __init__(self) -> None:
        super().__init__()
        self._cards: tuple[Card, ...] = ()

    @property
    def entries(self) -> tuple[CatalogEntry, ...]:
        return tuple(card.entry for card in self._cards)

    def show_entries(self, entries: Sequence[CatalogEntry], here: Collection[Key]) -> None:
        """Take the rows of a list; `here` are the models installed, by the names of their repositories."""
        old = self._cards
        cards = tuple(self._card(entry, place, here) for place, entry in enumerate(entries, start=1))
        if [card.entry.key for card in old] != [card.entry.key for card in cards]:
            self.beginResetModel()
            self._cards = cards
            self.endResetModel()
            return
        self._cards = cards
        changed = [row for row, card in enumerate(cards) if card is not old[row]]
        if changed:
            self.dataChanged.emit(self.index(changed[0]), self.index(changed[-1]))

    def make_words_anew(self) -> None:
        """After a change of the language."""
        self._cards = tuple(replace(card) for card in self._cards)
        if self._cards:
            self.dataChanged.emit(self.index(0), self.index(len(self._cards) - 1))

    def row_of(self, key: tuple[ModelProvider, str]) -> int:
        """The row of a model, -1 when it is not in the list."""
        return next((row for row, card in enumerate(self._cards) if card.entry.key == key), -1)

    def entry(self, row: int) -> CatalogEntry | None:
        return self._cards[row].entry if 0 <= row < len(self._cards) else None

    def rowCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._cards)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._cards):
            return None
        card = self._cards[index.row()]
        match role:
            case Qt.ItemDataRole.UserRole:
                return card
            case Qt.ItemDataRole.DisplayRole:
                return card.entry.display_name
            case Qt.ItemDataRole.AccessibleTextRole:
                return card.sentence
            case Qt.ItemDataRole.ToolTipRole:
                return card.tip
            case _:
                return None

    def _card(self, entry: CatalogEntry, place: int, here: Collection[Key]) -> Card:
        installed = entry.key in here
        old = self._cards[place - 1] if place <= len(self._cards) else None
        if old is not None and old.entry is entry and old.is_installed == installed:
            return old
        return Card(entry=entry, place=place, is_installed=installed)
