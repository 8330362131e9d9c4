"""The table of what is in memory: model, runtime, memory, context, and the way out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QPoint, QRectF, Qt
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QAbstractItemView

from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.runtimes.base import LoadedModel, Runtime
from venom_desktop.ui import icons, theme
from venom_desktop.ui.i18n import gigabytes, tokens, tr
from venom_desktop.ui.runtime.prompt_words import short_name
from venom_desktop.ui.theme_tokens import ColorRole
from venom_desktop.ui.widgets import Cell, Frame, Menu, RowDelegate, Table, column

Index = QModelIndex | QPersistentModelIndex
NOWHERE: Final = QModelIndex()
ROW_HEIGHT = 36


class Column(IntEnum):
    MODEL = 0
    RUNTIME = 1
    MEMORY = 2
    CONTEXT = 3
    UNLOAD = 4


_WIDTHS = {Column.RUNTIME: 100, Column.MEMORY: 84, Column.CONTEXT: 90, Column.UNLOAD: 48}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedRow:
    key: ModelKey
    runtime_title: str
    loaded: LoadedModel
    active: bool


def loaded_rows(runtimes: Mapping[str, Runtime], active: ModelKey | None) -> tuple[LoadedRow, ...]:
    """Every model in memory, in the order of the runtimes."""
    rows = []
    for name, runtime in runtimes.items():
        for loaded in runtime.snapshot.loaded:
            key = ModelKey(name=loaded.name, runtime=name)
            rows.append(LoadedRow(key=key, runtime_title=runtime.snapshot.title, loaded=loaded, active=key == active))
    return tuple(rows)


class LoadedModels(QAbstractTableModel):
    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[LoadedRow, ...] = ()

    @property
    def rows(self) -> tuple[LoadedRow, ...]:
        return self._rows

    def show_rows(self, rows: Sequence[LoadedRow]) -> None:
        if tuple(rows) != self._rows:
            self.beginResetModel()
            self._rows = tuple(rows)
            self.endResetModel()

    def rowCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(Column)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row, column_ = self._rows[index.row()], Column(index.column())
        match role:
            case Qt.ItemDataRole.UserRole:
                return row
            case Qt.ItemDataRole.DisplayRole:
                return _text(row, column_)
            case Qt.ItemDataRole.AccessibleTextRole:
                return _sentence(row)
            case Qt.ItemDataRole.ToolTipRole:
                return tr("Unload") if column_ is Column.UNLOAD else row.key.name
            case _:
                return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(Column):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _title(Column(section))
        if role == Qt.ItemDataRole.TextAlignmentRole and section in (Column.MEMORY, Column.CONTEXT):
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None


def _title(column_: Column) -> str:
    match column_:
        case Column.MODEL:
            return tr("Loaded model")
        case Column.RUNTIME:
            return tr("Runtime")
        case Column.MEMORY:
            return tr("Memory")
        case Column.CONTEXT:
            return tr("Context")
        case Column.UNLOAD:
            return ""


def _text(row: LoadedRow, column_: Column) -> str:
    match column_:
        case Column.MODEL:
            return short_name(row.key.name)
        case Column.RUNTIME:
            return row.runtime_title
        case Column.MEMORY:
            return gigabytes(row.loaded.memory_bytes)
        case Column.CONTEXT:
            return tokens(row.loaded.context)
        case Column.UNLOAD:
            return ""


def _sentence(row: LoadedRow) -> str:
    state = tr("active") if row.active else tr("loaded")
    amounts = (_text(row, Column.MEMORY), tr("context {tokens}", tokens=_text(row, Column.CONTEXT)))
    return ", ".join((row.key.name, row.runtime_title, *amounts, state))


class LoadedDelegate(RowDelegate):
    def paint_ground(self, cell: Cell) -> None:
        super().paint_ground(cell)
        if cell.index.row() == cell.index.model().rowCount() - 1:
            # The card's own edge is the line below the last row.
            ground: ColorRole = "accent_soft" if cell.selected else "hover" if cell.hovered else "surface"
            line = QRectF(cell.rect.left(), cell.rect.bottom() - 1, cell.rect.width(), 1)
            cell.painter.fillRect(line, theme.color(ground))

    def paint_cell(self, cell: Cell) -> None:
        row: LoadedRow = cell.value
        column_ = Column(cell.column)
        match column_:
            case Column.MODEL:
                if row.active:
                    mark = QRectF(cell.rect.left() + 15, cell.rect.center().y() - 7, 14, 14)
                    icons.paint(cell.painter, "check", cell.mirrored(mark), "ok")
                cell.text(_text(row, column_), "medium", middle=True, within=cell.inner(37))
            case Column.UNLOAD:
                cell.icon("eject")
            case Column.MEMORY | Column.CONTEXT:
                cell.text(_text(row, column_), trailing=True, tone="text" if column_ is Column.MEMORY else "text2")
            case Column.RUNTIME:
                cell.text(_text(row, column_), tone="text2")


class LoadedTable(Frame):
    """A card that is there while something is loaded; `unload_wanted(ModelKey)`."""

    unload_wanted = QtSignal(object)

    def __init__(self) -> None:
        self.rows = LoadedModels()
        self.table = Table(tr("Loaded models"), two_lines=False, row_height=ROW_HEIGHT, first_margin=17)
        super().__init__("card", column(self.table, spacing=0, margins=(1, 3, 1, 4)))
        self.table.setModel(self.rows)
        self._painter = LoadedDelegate(self.table)
        self.table.setItemDelegate(self._painter)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.set_column_widths({int(column_): width for column_, width in _WIDTHS.items()})
        self.table.clicked.connect(self._click)
        self.table.delete_pressed.connect(lambda: self._unload(self.table.selected_index()))
        self.table.menu_requested.connect(self._open_menu)
        self.hide()

    def show_rows(self, rows: Sequence[LoadedRow]) -> None:
        self.rows.show_rows(rows)
        self.table.fit_height_to_rows()
        self.setVisible(bool(rows))

    def _click(self, index: QModelIndex) -> None:
        if index.column() == Column.UNLOAD:
            self._unload(index)

    def _unload(self, index: Index) -> None:
        if index.isValid():
            self.unload_wanted.emit(self.rows.rows[index.row()].key)

    def _open_menu(self, index: QModelIndex, place: QPoint) -> None:
        menu = Menu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chosen = QPersistentModelIndex(index)
        menu.addAction(icons.icon("eject"), tr("Unload"), lambda: self._unload(chosen))
        menu.popup(place)
