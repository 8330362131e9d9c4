"""The cards of one list side by side, as many in a row as fit; as high as they are, so that the page scrolls them."""

from typing import Final

from PySide6.QtCore import QEvent, QModelIndex, QRect, QSize, Qt
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QListView

from venom_desktop.core.catalog.base import CatalogEntry
from venom_desktop.ui.trending.card_painter import GAP, CardPainter, card_height, columns_in
from venom_desktop.ui.trending.cards import CardModel, Index

_ENTER: Final = frozenset({Qt.Key.Key_Return, Qt.Key.Key_Enter})
_BY_KEY: Final = frozenset({Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason})


class CardGrid(QListView):
    """`card_changed` tells that another card, or none, is selected; `crossed` that an arrow key leaves the grid.

    `reveal_wanted` carries the place of a card that is to be seen.
    """

    card_changed = QtSignal()
    enter_pressed = QtSignal()
    crossed = QtSignal(int)
    reveal_wanted = QtSignal(QRect)

    def __init__(self, meaning: str, model: CardModel) -> None:
        super().__init__()
        self._cards = model
        self.setAccessibleName(meaning)
        self.setProperty("role", "cards")
        self._dress()
        self.setItemDelegate(CardPainter(self, lambda: self.columns))
        self.setModel(model)
        model.modelReset.connect(self.fit)
        self.selectionModel().currentChanged.connect(lambda *_: self.card_changed.emit())

    @property
    def columns(self) -> int:
        return columns_in(self.width())

    @property
    def selected(self) -> CatalogEntry | None:
        return self._cards.entry(self.currentIndex().row())

    def select_row(self, row: int) -> None:
        """Select a card; -1 selects none."""
        self.setCurrentIndex(self._cards.index(row) if row >= 0 else QModelIndex())
        if row < 0:
            self.clearSelection()
        self.scrollTo(self.currentIndex())

    def rows_in_view(self) -> range:
        """The cards of which something is seen."""
        seen = self.viewport().visibleRegion().boundingRect()
        step = self.gridSize().height()
        if seen.isEmpty() or step <= 0:
            return range(0)
        first, last = seen.top() // step, seen.bottom() // step
        return range(first * self.columns, min((last + 1) * self.columns, self._cards.rowCount()))

    def fit(self) -> None:
        """Take the height that the cards need at this width."""
        rows = -(-self._cards.rowCount() // self.columns)
        height = card_height() + GAP
        # Qt goes on to the next line where the last cell ends with the view.
        self.setGridSize(QSize((self.width() - 1) // self.columns, height))
        self.setFixedHeight(rows * height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.fit()
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.LanguageChange, QEvent.Type.LocaleChange):
            self._cards.make_words_anew()
        elif event.type() == QEvent.Type.FontChange and self.model() is not None:
            self.fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row, key = self.currentIndex().row(), Qt.Key(event.key())
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(key, 0)
        last_line = (self._cards.rowCount() - 1) // self.columns
        if key in _ENTER and row >= 0:
            self.enter_pressed.emit()
        elif step and row >= 0 and not 0 <= row // self.columns + step <= last_line:
            self.crossed.emit(step)
        else:
            super().keyPressEvent(event)
            self.scrollTo(self.currentIndex())

    def moveCursor(self, action: QListView.CursorAction, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        """Sideways goes on in the next row, as one reads; Home and End go to the first and the last card."""
        move = QListView.CursorAction
        aside = -1 if self.isRightToLeft() else 1
        lines = max(1, self.viewport().visibleRegion().boundingRect().height() // max(1, self.gridSize().height()))
        steps = {
            move.MoveLeft: -aside,
            move.MoveRight: aside,
            move.MoveUp: -self.columns,
            move.MoveDown: self.columns,
            move.MovePageUp: -self.columns * lines,
            move.MovePageDown: self.columns * lines,
        }
        last = self._cards.rowCount() - 1
        if action in (move.MoveNext, move.MovePrevious):
            # So Qt asks when the keys come here: that alone makes no card the current one.
            return self.currentIndex()
        if action in steps and self.currentIndex().isValid():
            row = min(max(self.currentIndex().row() + steps[action], 0), last)
        else:
            row = last if action == move.MoveEnd else 0
        return self._cards.index(row)

    def scrollTo(self, index: Index, hint: QListView.ScrollHint = QListView.ScrollHint.EnsureVisible) -> None:
        """All of the grid is laid out: what scrolls is the page around it."""
        if index.isValid():
            self.reveal_wanted.emit(self.visualRect(index))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() in _BY_KEY and not self.currentIndex().isValid() and self._cards.rowCount():
            self.select_row(0)

    def _dress(self) -> None:
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QListView.SelectionMode.SingleSelection)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        # Else Qt would bring a card that was clicked into view half a second later, wherever the page is by then.
        self.setAutoScroll(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.viewport().setAutoFillBackground(False)
