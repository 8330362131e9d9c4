"""The installed models as Qt sees them: groups and rows, told row by row."""

from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from venom_desktop.core.registry.model import ModelKey
from venom_desktop.ui.i18n import facts, tr
from venom_desktop.ui.installed import words
from venom_desktop.ui.installed.groups import Group
from venom_desktop.ui.installed.presenter import Row

Index = QModelIndex | QPersistentModelIndex
NOWHERE: Final = QModelIndex()


class Column(IntEnum):
    MODEL = 0
    STATE = 1
    QUANTIZATION = 2
    SIZE = 3
    CONTEXT = 4
    CAN_DO = 5
    LAST_USED = 6


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
        for first, last in _changed_runs(before, rows):
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(Column) - 1))

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
                return name_of(shown) if index.column() == Column.MODEL else None
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
            state = words.runtime_look(shown.state, shown.runtime).text
            parts = (name_of(shown), words.group_detail(shown), state, words.group_age(shown))
            return ", ".join(part for part in parts if part)
        groups = (row for row in self._rows if isinstance(row, Group) and row.runtime == shown.model.runtime)
        title = next((group.title for group in groups), None)
        return words.row_sentence(shown, words.runtime_title(shown.model.runtime, title))


def _are_the_same(before: Sequence[Group | Row], after: Sequence[Group | Row]) -> bool:
    """True when the same things stand in the same places, whatever is told of them."""
    if len(before) != len(after):
        return False
    return all(old is new or _identity(old) == _identity(new) for old, new in zip(before, after, strict=True))


def _changed_runs(before: Sequence[Group | Row], after: Sequence[Group | Row]) -> Iterator[tuple[int, int]]:
    """First and last place of each run of things that changed: a store that went down changes all its rows at once."""
    first = None
    for place, (old, new) in enumerate(zip(before, after, strict=True)):
        if old is not new and old != new:
            first = place if first is None else first
        elif first is not None:
            yield first, place - 1
            first = None
    if first is not None:
        yield first, len(after) - 1


def _identity(row: Group | Row) -> object:
    return row.runtime if isinstance(row, Group) else row.key


def name_of(row: Group | Row) -> str:
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
        case Column.STATE:
            return words.update_look().text if row.has_update else ""
        case Column.CAN_DO:
            return facts(*words.ability_names(row.capabilities))
        case _:
            return ""
