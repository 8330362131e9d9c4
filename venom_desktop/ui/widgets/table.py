"""The table of every list: full-row hover, one selected row, the whole keyboard."""

from collections.abc import Collection, Mapping

from PySide6.QtCore import QEvent, QItemSelection, QModelIndex, QPoint, QRect, QRectF, Qt
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHeaderView, QTableView

from venom_desktop.ui import theme
from venom_desktop.ui.widgets.delegate import Cell, RowDelegate
from venom_desktop.ui.widgets.header import Header


class Table(QTableView):
    """Rows of 54 px (`two_lines=True`) or dense ones, painted by a `RowDelegate`.

    Signals: `row_changed(QModelIndex)` for the selected row (invalid when none), `enter_pressed`, `space_pressed`,
    `delete_pressed`, `menu_requested(QModelIndex, QPoint)` at a right click or Shift+F10, global position.
    Models give a sentence per row as `AccessibleTextRole`.
    """

    row_changed = QtSignal(QModelIndex)
    enter_pressed = QtSignal()
    space_pressed = QtSignal()
    delete_pressed = QtSignal()
    menu_requested = QtSignal(QModelIndex, QPoint)

    def __init__(
        self,
        meaning: str,
        *,
        two_lines: bool = True,
        row_height: int = 34,
        first_margin: int = 16,
        sortable: bool = False,
    ) -> None:
        super().__init__()
        self.hover_row = -1
        self._two_lines = two_lines
        self._row_height = row_height
        self._widths: dict[int, int] = {}
        self._stretch = 0
        self._arrows: tuple[int, ...] = ()
        self.setAccessibleName(meaning)
        self._header = Header(first_margin)
        self.setHorizontalHeader(self._header)
        self._header.setSortIndicatorShown(sortable)
        self._header.setSectionsClickable(sortable)
        self._dress()
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._ask_for_menu)

    def _dress(self) -> None:
        self.verticalHeader().hide()
        self.verticalHeader().setMinimumSectionSize(20)
        self.verticalHeader().setDefaultSectionSize(self._height())
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.setEditTriggers(QTableView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QTableView.Shape.NoFrame)

    def set_column_widths(self, widths: Mapping[int, int], *, stretch: int = 0, arrows: Collection[int] = ()) -> None:
        """Fix columns at max(width, what the title needs); `stretch` takes the rest. Call it with a model set.

        `arrows` are the columns that can be sorted and so need room for the arrow.
        """
        self._widths, self._stretch, self._arrows = dict(widths), stretch, tuple(arrows)
        self._header.setSectionResizeMode(stretch, QHeaderView.ResizeMode.Stretch)
        for section, width in self._widths.items():
            self._header.setSectionResizeMode(section, QHeaderView.ResizeMode.Fixed)
            needed = self._header.width_for(section, arrow=section in self._arrows)
            self.setColumnWidth(section, max(width, needed))

    def fit_height_to_rows(self) -> None:
        """Make the table as high as its rows, for short tables inside panels; call it when rows change."""
        rows = sum(self.rowHeight(row) for row in range(self.model().rowCount()))
        head = 0 if self._header.isHidden() else self._header.height()
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedHeight(rows + head)

    def select_row(self, row: int) -> None:
        """Select a row and bring it into view; -1 selects none."""
        if row < 0:
            self.clearSelection()
            self.setCurrentIndex(QModelIndex())
            return
        index = self.model().index(row, 0)
        self.setCurrentIndex(index)
        self.scrollTo(index)

    def selected_index(self) -> QModelIndex:
        """The first cell of the selected row, invalid when there is none."""
        rows = self.selectionModel().selectedRows()
        return rows[0] if rows else QModelIndex()

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        self.row_changed.emit(self.selected_index())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint row by row: Qt would ask Python anew for every cell."""
        delegate = self.itemDelegate()
        if not isinstance(delegate, RowDelegate):
            super().paintEvent(event)
            return
        sections = self._sections()
        with QPainter(self.viewport()) as painter:
            for row in self._rows_in(event.rect()):
                painter.save()
                self._paint_row(painter, delegate, row, sections)
                painter.restore()

    def _paint_row(
        self, painter: QPainter, delegate: RowDelegate, row: int, sections: Mapping[int, tuple[int, int]]
    ) -> None:
        top, height = self.rowViewportPosition(row), self.rowHeight(row)
        left = min(start for start, _ in sections.values())
        whole = QRectF(left, top, sum(width for _, width in sections.values()), height)
        if self.columnSpan(row, 0) > 1:
            places = {0: whole}
        else:
            places = {column: QRectF(start, top, width, height) for column, (start, width) in sections.items()}
        cell = Cell(
            painter,
            self.model().index(row, 0),
            rect=whole,
            selected=self.selectionModel().isRowSelected(row, QModelIndex()),
            hovered=self.hover_row == row,
            direction=self.layoutDirection(),
        )
        delegate.paint_row(cell, places)

    def _sections(self) -> dict[int, tuple[int, int]]:
        """Start and width of every column that shows."""
        columns = range(self._header.count())
        shown = (column for column in columns if not self.isColumnHidden(column))
        return {column: (self.columnViewportPosition(column), self.columnWidth(column)) for column in shown}

    def _rows_in(self, rect: QRect) -> range:
        first, last = self.rowAt(rect.top()), self.rowAt(rect.bottom())
        if first < 0:
            return range(0)
        return range(first, self.verticalHeader().count() if last < 0 else last + 1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        signals = {
            Qt.Key.Key_Return: self.enter_pressed,
            Qt.Key.Key_Enter: self.enter_pressed,
            Qt.Key.Key_Space: self.space_pressed,
            Qt.Key.Key_Delete: self.delete_pressed,
        }
        signal = signals.get(Qt.Key(event.key())) if plain else None
        if signal is None or not self.selected_index().isValid():
            super().keyPressEvent(event)
            return
        signal.emit()

    def moveCursor(self, action: QTableView.CursorAction, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        """Home and End go to the first and last row: columns mean nothing where rows are selected."""
        last = self.model().rowCount() - 1
        if action == QTableView.CursorAction.MoveHome:
            return self.model().index(0, 0)
        if action == QTableView.CursorAction.MoveEnd:
            return self.model().index(last, 0)
        return super().moveCursor(action, modifiers)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        by_key = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        if by_key and self.verticalHeader().count() and not self.selected_index().isValid():
            self.select_row(0)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self.rowAt(event.position().toPoint().y()))
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(-1)
        super().leaveEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_header"):
            self.verticalHeader().setDefaultSectionSize(self._height())
            if self._widths:
                self.set_column_widths(self._widths, stretch=self._stretch, arrows=self._arrows)

    def _height(self) -> int:
        return theme.two_line_height() if self._two_lines else theme.dense_height(self._row_height)

    def _hover(self, row: int) -> None:
        if row == self.hover_row:
            return
        before, self.hover_row = self.hover_row, row
        for changed in (before, row):
            if changed >= 0:
                top = self.rowViewportPosition(changed)
                self.viewport().update(QRect(0, top, self.viewport().width(), self.rowHeight(changed)))

    def _ask_for_menu(self, position: QPoint) -> None:
        index = self.indexAt(position)
        selected = self.selected_index()
        if not index.isValid() and selected.isValid():
            index, position = selected, self.visualRect(selected).bottomLeft()
        if index.isValid():
            self.setCurrentIndex(index)
            self.menu_requested.emit(index, self.viewport().mapToGlobal(position))
