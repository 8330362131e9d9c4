"""The table of installed models: a model of groups and rows, and the painter of its columns."""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QTableView

from venom_desktop.core.registry.model import ModelKey
from venom_desktop.ui import theme
from venom_desktop.ui.i18n import facts, gigabytes, tokens_short, tr
from venom_desktop.ui.installed import words
from venom_desktop.ui.installed.presenter import Group, Row, size_of
from venom_desktop.ui.widgets import Cell, RowDelegate, Table

Index = QModelIndex | QPersistentModelIndex
NOWHERE: Final = QModelIndex()
GROUP_HEIGHT: Final = 36


class Column(IntEnum):
    MODEL = 0
    STATE = 1
    QUANTIZATION = 2
    SIZE = 3
    CONTEXT = 4
    CAN_DO = 5
    LAST_USED = 6


_WIDTHS: Final[Mapping[Column, int]] = {
    Column.STATE: 156,
    Column.QUANTIZATION: 98,
    Column.SIZE: 72,
    Column.CONTEXT: 72,
    Column.CAN_DO: 66,
    Column.LAST_USED: 100,
}
_GONE_WHEN_NARROW: Final = (Column.QUANTIZATION, Column.CONTEXT, Column.CAN_DO, Column.LAST_USED)
_NUMBERS: Final = frozenset({Column.SIZE, Column.CONTEXT})


class InstalledModel(QAbstractTableModel):
    """Shows groups and rows; a new list of the same things is told as changes, so that selection and scroll stay."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: Sequence[Group | Row] = ()

    @property
    def rows(self) -> Sequence[Group | Row]:
        return self._rows

    def show_rows(self, rows: Sequence[Group | Row]) -> None:
        before = self._rows
        if not _are_the_same(before, rows):
            self.beginResetModel()
            self._rows = rows
            self.endResetModel()
            return
        self._rows = rows
        for place, (old, new) in enumerate(zip(before, rows, strict=True)):
            if old is not new and old != new:
                self.dataChanged.emit(self.index(place, 0), self.index(place, len(Column) - 1))

    def row(self, place: int) -> Row | None:
        """The model at a place; None for a group."""
        found = self._rows[place] if 0 <= place < len(self._rows) else None
        return found if isinstance(found, Row) else None

    def place_of(self, key: ModelKey | None) -> int:
        """-1 when it is not listed."""
        if key is None:
            return -1
        for place, row in enumerate(self._rows):
            if isinstance(row, Row) and row.model.name == key.name and row.model.runtime == key.runtime:
                return place
        return -1

    def rowCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(Column)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """A group is a heading: nothing to select, and the arrow keys pass over it."""
        if not index.isValid() or self.row(index.row()) is None:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or not 0 <= index.row() < len(self._rows):
            return None
        shown = self._rows[index.row()]
        match role:
            case Qt.ItemDataRole.UserRole:
                return shown
            case Qt.ItemDataRole.DisplayRole:
                return _name(shown) if index.column() == Column.MODEL else None
            case Qt.ItemDataRole.AccessibleTextRole:
                return self._sentence(shown)
            case Qt.ItemDataRole.ToolTipRole:
                return _tip(shown, Column(index.column())) if isinstance(shown, Row) else None
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

    def _sentence(self, shown: Group | Row) -> str:
        if isinstance(shown, Group):
            state = words.runtime_look(shown.state).text
            return ", ".join((words.runtime_title(shown.runtime, shown.title), words.group_detail(shown), state))
        groups = (row for row in self._rows if isinstance(row, Group) and row.runtime == shown.model.runtime)
        title = next((group.title for group in groups), None)
        return words.row_sentence(shown, words.runtime_title(shown.model.runtime, title))


def _are_the_same(before: Sequence[Group | Row], after: Sequence[Group | Row]) -> bool:
    """True when the same things stand in the same places, whatever is told of them."""
    if len(before) != len(after):
        return False
    return all(old is new or _identity(old) == _identity(new) for old, new in zip(before, after, strict=True))


def _identity(row: Group | Row) -> object:
    return row.runtime if isinstance(row, Group) else row.key


def _name(row: Group | Row) -> str:
    return words.runtime_title(row.runtime, row.title) if isinstance(row, Group) else row.model.display_name


def _title(column: Column) -> str:
    match column:
        case Column.MODEL:
            return tr("Model")
        case Column.STATE:
            return tr("State")
        case Column.QUANTIZATION:
            return tr("Quantization")
        case Column.SIZE:
            return tr("Size")
        case Column.CONTEXT:
            return tr("Context")
        case Column.CAN_DO:
            return tr("Can do")
        case Column.LAST_USED:
            return tr("Last used")


def _tip(row: Row, column: Column) -> str:
    match column:
        case Column.MODEL:
            return row.model.name
        case Column.CAN_DO:
            return facts(*words.ability_names(row.capabilities))
        case _:
            return ""


class InstalledDelegate(RowDelegate):
    """Paints every column from the row; nothing of it is a widget."""

    def paint_cell(self, cell: Cell) -> None:
        if isinstance(cell.value, Group):
            if cell.column == Column.MODEL:
                _paint_group(cell, cell.value)
            return
        self._paint_model(cell, cell.value)

    def _paint_model(self, cell: Cell, row: Row) -> None:
        model, capabilities = row.model, row.capabilities
        match Column(cell.column):
            case Column.MODEL:
                cell.name(model.display_name, model.name, model.name.rpartition("/")[0] or model.display_name)
            case Column.STATE:
                look = words.state_look(row.state)
                if look is not None:
                    cell.pill(look)
            case Column.QUANTIZATION:
                cell.text(capabilities.quantization or "", tone="text")
            case Column.SIZE:
                size = size_of(model)
                cell.text(gigabytes(size), trailing=True, tone="text" if size is not None else "text3")
            case Column.CONTEXT:
                context = capabilities.max_context_length
                cell.text(tokens_short(context), trailing=True, tone="text" if context else "text3")
            case Column.CAN_DO:
                cell.icons(words.ability_icons(capabilities)[:3])
            case Column.LAST_USED:
                cell.text(words.last_used(model.last_used_at), tone="text2")


def _paint_group(cell: Cell, group: Group) -> None:
    title = words.runtime_title(group.runtime, group.title)
    cell.group(title, words.group_detail(group), words.runtime_look(group.state))


class InstalledTable(Table):
    """Keeps the selected model selected through every new list."""

    def __init__(self, model: InstalledModel) -> None:
        super().__init__(tr("Installed models"))
        self._shown = model
        self._kept: ModelKey | None = None
        self.setModel(model)
        self._painter = InstalledDelegate(self)
        self.setItemDelegate(self._painter)
        widths = {**_WIDTHS, Column.STATE: max(_WIDTHS[Column.STATE], words.widest_state() + 18)}
        self.set_column_widths({int(column): width for column, width in widths.items()})
        model.modelAboutToBeReset.connect(self._remember)
        model.modelReset.connect(self._lay_out)

    @property
    def selected_row(self) -> Row | None:
        index = self.selected_index()
        return self._shown.row(index.row()) if index.isValid() else None

    def select_model(self, key: ModelKey | None) -> None:
        """Select a model's row; None, or one that is not listed, selects the first."""
        place = self._shown.place_of(key)
        self.select_row(place if place >= 0 else 0)

    def select_row(self, row: int) -> None:
        """A group is passed over: the next model is meant."""
        count = self._shown.rowCount()
        models = (place for place in range(max(row, 0), count) if self._shown.row(place) is not None)
        super().select_row(-1 if row < 0 else next(models, -1))

    def set_narrow(self, narrow: bool) -> None:
        for column in _GONE_WHEN_NARROW:
            self.setColumnHidden(column, narrow)

    def moveCursor(self, action: QTableView.CursorAction, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        index = super().moveCursor(action, modifiers)
        if index.isValid() and self._shown.row(index.row()) is None:
            # Home and End, and Up from the first model: a heading is no place to stand on.
            near = [place for place in range(self._shown.rowCount()) if self._shown.row(place) is not None]
            place = min(near, key=lambda other: abs(other - index.row()), default=-1)
            return self._shown.index(place, 0) if place >= 0 else QModelIndex()
        return index

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    def _remember(self) -> None:
        row = self.selected_row
        self._kept = row.key if row is not None else None

    def _lay_out(self) -> None:
        self.clearSpans()
        height = max(GROUP_HEIGHT, theme.metrics("strong").height() + 16)
        for place, row in enumerate(self._shown.rows):
            if isinstance(row, Group):
                self.setRowHeight(place, height)
                self.setSpan(place, 0, 1, len(Column))
        if self._shown.rowCount():
            self.select_model(self._kept)
