"""The table of the catalog: a model over the rows that were loaded, and the painter of its columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import islice
from typing import Final

from PySide6.QtCore import QAbstractTableModel, QEvent, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QAbstractItemView

from venom_desktop.core.catalog.base import CatalogEntry, Sort
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.ui.catalog.words import (
    ABILITY_ICONS,
    abilities_of,
    ability_words,
    hue_of,
    provider_words,
    row_fit_look,
    row_sentence,
    size_words,
)
from venom_desktop.ui.i18n import count_short, facts, parameters, tr
from venom_desktop.ui.widgets import Cell, PillLook, RowDelegate, Table, widest_fit_pill

Index = QModelIndex | QPersistentModelIndex
NOWHERE: Final = QModelIndex()


class Column(IntEnum):
    MODEL = 0
    SOURCE = 1
    PARAMETERS = 2
    SIZE = 3
    CAN_DO = 4
    DOWNLOADS = 5
    FIT = 6


_NUMBERS: Final = frozenset({Column.PARAMETERS, Column.SIZE, Column.DOWNLOADS})
_WIDTHS: Final[Mapping[Column, int]] = {
    Column.SOURCE: 102,
    Column.PARAMETERS: 84,
    Column.SIZE: 124,
    Column.CAN_DO: 72,
    Column.DOWNLOADS: 96,
}
_GONE_WHEN_NARROW: Final = (Column.SOURCE, Column.PARAMETERS, Column.CAN_DO, Column.DOWNLOADS)
_SORTED: Final[Mapping[Sort, Column]] = {Sort.DOWNLOADS: Column.DOWNLOADS, Sort.SIZE: Column.SIZE}
_LOAD_ROWS_AHEAD: Final = 20
_LOOKED_THROUGH: Final = 500
_ROWS_IN_WORDS: Final = 500
_MOST_ICONS: Final = 3


class CatalogModel(QAbstractTableModel):
    """Shows the entries it is given; rows that stayed are kept, so that selection and scroll position stay too."""

    def __init__(self) -> None:
        super().__init__()
        self._entries: Sequence[CatalogEntry] = ()

    @property
    def entries(self) -> Sequence[CatalogEntry]:
        return self._entries

    def show_entries(self, entries: Sequence[CatalogEntry], *, same_question: bool = True) -> bool:
        """Take the rows of a new snapshot: more behind the old ones, changed ones in place, or another list.

        With `same_question` False nothing is compared: the answer to another question is another list. True when the
        rows that stayed are in other places now.
        """
        old = self._entries
        if not same_question or not _goes_on(old, entries):
            self.beginResetModel()
            self._entries = entries
            self.endResetModel()
            return True
        more = len(entries) > len(old)
        if more:
            self.beginInsertRows(NOWHERE, len(old), len(entries) - 1)
        self._entries = entries
        if more:
            self.endInsertRows()
        self._tell_changes(old)
        return False

    def row_of(self, key: tuple[ModelProvider, str] | None, *, everywhere: bool = False) -> int:
        """The row of a model of one source; -1 when it is not among the first hundreds, or nowhere."""
        # Whoever types must not wait for a look at a hundred thousand rows that nobody scrolls through.
        near = islice(self._entries, None if everywhere else _LOOKED_THROUGH)
        return next((row for row, entry in enumerate(near) if entry.key == key), -1)

    def entry(self, row: int) -> CatalogEntry | None:
        return self._entries[row] if 0 <= row < len(self._entries) else None

    def rowCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._entries)

    def columnCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(Column)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        entry = self.entry(index.row()) if index.isValid() else None
        if entry is None:
            return None
        match role:
            case Qt.ItemDataRole.UserRole:
                return entry
            case Qt.ItemDataRole.DisplayRole:
                return entry.display_name if index.column() == Column.MODEL else None
            case Qt.ItemDataRole.AccessibleTextRole:
                return row_sentence(entry)
            case Qt.ItemDataRole.ToolTipRole:
                return _tip(entry, Column(index.column()))
            case _:
                return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(Column):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _title(Column(section))
        if role == Qt.ItemDataRole.TextAlignmentRole and section in _NUMBERS:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def _tell_changes(self, old: Sequence[CatalogEntry]) -> None:
        changed = [row for row, entry in enumerate(old) if entry is not self._entries[row]]
        if changed:
            self.dataChanged.emit(self.index(changed[0], 0), self.index(changed[-1], len(Column) - 1))


def _goes_on(old: Sequence[CatalogEntry], new: Sequence[CatalogEntry]) -> bool:
    """True when the new rows are the old ones, some of them better known, and perhaps more behind them."""
    if not old or len(new) < len(old):
        return False
    return all(one is other or one.key == other.key for one, other in zip(old, new, strict=False))


def _title(column: Column) -> str:
    match column:
        case Column.MODEL:
            return tr("Model")
        case Column.SOURCE:
            return tr("Source")
        case Column.PARAMETERS:
            return tr("Parameters")
        case Column.SIZE:
            return tr("Size")
        case Column.CAN_DO:
            return tr("Can do")
        case Column.DOWNLOADS:
            return tr("Downloads")
        case Column.FIT:
            return tr("On this machine")


def _tip(entry: CatalogEntry, column: Column) -> str:
    match column:
        case Column.MODEL:
            return entry.model_name
        case Column.CAN_DO:
            gate = tr("Gated: its licence must be accepted") if entry.gated else None
            return facts(*(ability_words(ability) for ability in abilities_of(entry)), gate)
        case Column.FIT:
            return row_fit_look(entry).tip
        case _:
            return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """An entry in words and icons, as its row is painted."""

    entry: CatalogEntry
    source: str
    parameters: str
    size: str
    icons: tuple[str, ...]
    downloads: str
    fit: PillLook

    @classmethod
    def of(cls, entry: CatalogEntry) -> "_Shown":
        gate = ("lock",) if entry.gated else ()
        return cls(
            entry=entry,
            source=provider_words(entry.provider),
            parameters=parameters(entry.parameters),
            size=size_words(entry),
            icons=(*(ABILITY_ICONS[ability] for ability in abilities_of(entry)), *gate)[:_MOST_ICONS],
            downloads=count_short(entry.downloads),
            fit=row_fit_look(entry),
        )


class CatalogDelegate(RowDelegate):
    """Paints every column from the entry; nothing of it is a widget. Words are made once for a row in view."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._shown: dict[int, _Shown] = {}

    def forget_words(self) -> None:
        """After a change of the language."""
        self._shown.clear()

    def paint_cell(self, cell: Cell) -> None:
        shown = self._words(cell.value)
        entry = shown.entry
        match cell.column:
            case Column.MODEL:
                cell.name(entry.display_name, entry.model_name, hue_of(entry))
            case Column.SOURCE:
                cell.text(shown.source, tone="text2")
            case Column.PARAMETERS:
                _number(cell, shown.parameters, known=entry.parameters is not None)
            case Column.SIZE:
                _number(cell, shown.size, known=entry.quantizations != () or bool(entry.runtimes))
            case Column.CAN_DO:
                cell.icons(shown.icons)
            case Column.DOWNLOADS:
                _number(cell, shown.downloads, known=entry.downloads is not None)
            case _:
                cell.pill(shown.fit)

    def _words(self, entry: CatalogEntry) -> _Shown:
        # By identity: an entry is never changed, and to hash one would read all of it.
        found = self._shown.get(id(entry))
        if found is None or found.entry is not entry:
            if len(self._shown) >= _ROWS_IN_WORDS:
                self._shown.clear()
            found = self._shown[id(entry)] = _Shown.of(entry)
        return found


def _number(cell: Cell, text: str, *, known: bool) -> None:
    cell.text(text, trailing=True, tone="text" if known else "text3")


class CatalogTable(Table):
    """Asks for more rows when the last ones come near."""

    near_end = QtSignal()
    sort_wanted = QtSignal(object)

    def __init__(self, model: CatalogModel) -> None:
        super().__init__(tr("Models"), sortable=True)
        self.setModel(model)
        self._painter = CatalogDelegate(self)
        self.setItemDelegate(self._painter)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        widths = {**_WIDTHS, Column.FIT: widest_fit_pill() + 18}
        self.set_column_widths({int(column): width for column, width in widths.items()}, arrows=set(_SORTED.values()))
        self.horizontalHeader().sectionClicked.connect(self._ask_to_sort)
        self.verticalScrollBar().valueChanged.connect(self.look_ahead)

    def set_narrow(self, narrow: bool) -> None:
        for column in _GONE_WHEN_NARROW:
            self.setColumnHidden(column, narrow)

    def show_sort(self, sort: Sort) -> None:
        """Put the arrow over the column the list is sorted by, or nowhere."""
        column = _SORTED.get(sort)
        self.horizontalHeader().setSortIndicator(-1 if column is None else column, Qt.SortOrder.DescendingOrder)

    def look_ahead(self) -> None:
        """Tell when fewer than a page of rows is left below."""
        bottom = self.rowAt(self.viewport().height() - 1)
        last = self.model().rowCount() - 1
        if bottom < 0 or bottom + _LOAD_ROWS_AHEAD >= last:
            self.near_end.emit()

    def visible_rows(self) -> range:
        """The rows in view."""
        count = self.model().rowCount()
        first, last = self.rowAt(0), self.rowAt(self.viewport().height() - 1)
        return range(max(first, 0), count if last < 0 else last + 1)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.LanguageChange, QEvent.Type.LocaleChange):
            self._painter.forget_words()

    def _ask_to_sort(self, section: int) -> None:
        for sort, column in _SORTED.items():
            if column == section:
                self.sort_wanted.emit(sort)
