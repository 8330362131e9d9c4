"""The table of what is in memory: model, memory, context, when it goes by itself, and the verbs on it."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRectF, QTimer
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView

from venom_desktop.ui import icons, theme
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.runtime.loaded_rows import Column, Index, LoadedModels, LoadedRow, pin_words
from venom_desktop.ui.theme_tokens import ColorRole
from venom_desktop.ui.widgets import Cell, Frame, Menu, RowDelegate, Table, column

ROW_HEIGHT = 36
TICK_MS = 1000
_WIDTHS = {
    Column.RUNTIME: 92,
    Column.MEMORY: 78,
    Column.VRAM: 78,
    Column.CONTEXT: 84,
    Column.EXPIRY: 104,
    Column.PIN: 36,
    Column.UNLOAD: 48,
}


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
        text = str(cell.index.data())
        match column_:
            case Column.MODEL:
                if row.active:
                    mark = QRectF(cell.rect.left() + 15, cell.rect.center().y() - 7, 14, 14)
                    icons.paint(cell.painter, "check", cell.mirrored(mark), "ok")
                cell.text(text, "medium", middle=True, within=cell.inner(37))
            case Column.PIN:
                if row.keeps:
                    cell.icon("pin", role="accent_text" if row.pinned else "text2")
            case Column.UNLOAD:
                cell.icon("eject")
            case Column.MEMORY | Column.VRAM | Column.CONTEXT:
                cell.text(text, trailing=True, tone="text2" if column_ is Column.CONTEXT else "text")
            case Column.RUNTIME | Column.EXPIRY:
                cell.text(text, tone="text2")


class LoadedTable(Frame):
    """A card that is there while something is loaded; `unload_wanted(ModelKey)`, `pin_wanted(ModelKey, bool)`."""

    unload_wanted = QtSignal(object)
    pin_wanted = QtSignal(object, bool)

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.rows = LoadedModels(now)
        self.table = Table(tr("Loaded models"), two_lines=False, row_height=ROW_HEIGHT, first_margin=17)
        super().__init__("card", column(self.table, spacing=0, margins=(1, 3, 1, 4)))
        self.table.setModel(self.rows)
        self._painter = LoadedDelegate(self.table)
        self.table.setItemDelegate(self._painter)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.set_column_widths({int(column_): width for column_, width in _WIDTHS.items()})
        self.table.clicked.connect(self._click)
        self.table.delete_pressed.connect(lambda: self._unload(self.table.selected_index()))
        self.table.space_pressed.connect(lambda: self._pin(self.table.selected_index()))
        self.table.menu_requested.connect(self._open_menu)
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self.rows.tick)
        self.hide()

    def show_rows(self, rows: Sequence[LoadedRow]) -> None:
        self.rows.show_rows(rows)
        self.table.setColumnHidden(Column.VRAM, not self.rows.knows_vram)
        self.table.setColumnHidden(Column.EXPIRY, not any(row.keeps or row.loaded.expires_at for row in rows))
        self.table.setColumnHidden(Column.PIN, not any(row.keeps for row in rows))
        self.table.fit_height_to_rows()
        self.setVisible(bool(rows))
        self._count_or_rest()

    def menu_for(self, index: Index) -> Menu:
        """The verbs on one row, with the keys that do the same."""
        row, chosen = self.rows.rows[index.row()], QPersistentModelIndex(index)
        menu = Menu(self)
        unload = menu.addAction(icons.icon("eject"), tr("Unload"), lambda: self._unload(chosen))
        unload.setShortcut("Del")
        if row.keeps:
            pin = menu.addAction(icons.icon("pin"), pin_words(row), lambda: self._pin(chosen))
            pin.setShortcut("Space")
        return menu

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.rows.tick()
        self._count_or_rest()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._count_or_rest()

    @property
    def is_counting(self) -> bool:
        return self._timer.isActive()

    def _count_or_rest(self) -> None:
        if not (self.isVisible() and self.rows.counts_down):
            self._timer.stop()
        elif not self._timer.isActive():
            self._timer.start()

    def _click(self, index: QModelIndex) -> None:
        match Column(index.column()):
            case Column.UNLOAD:
                self._unload(index)
            case Column.PIN:
                self._pin(index)
            case _:
                pass

    def _unload(self, index: Index) -> None:
        if index.isValid():
            self.unload_wanted.emit(self.rows.rows[index.row()].key)

    def _pin(self, index: Index) -> None:
        if index.isValid() and (row := self.rows.rows[index.row()]).keeps:
            self.pin_wanted.emit(row.key, not row.pinned)

    def _open_menu(self, index: QModelIndex, place: QPoint) -> None:
        menu = self.menu_for(index)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(place)
