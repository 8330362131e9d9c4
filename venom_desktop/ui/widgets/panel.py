"""The right side of a tab: a details panel with a fixed foot, and the splitter that holds it."""

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from venom_desktop.ui.widgets.frames import Frame, hairline, scrolling
from venom_desktop.ui.widgets.layouts import column

NARROW_BELOW = 1100
WIDE_FROM = 1600


class DetailsPanel(Frame):
    """Add to `body` (it scrolls) and to `foot` (it stays: the primary button's place)."""

    def __init__(self, meaning: str) -> None:
        super().__init__("panel")
        self.setAccessibleName(meaning)
        content = QWidget()
        self.body: QVBoxLayout = column(spacing=0, margins=(20, 18, 20, 16))
        content.setLayout(self.body)
        self.foot: QVBoxLayout = column(spacing=10, margins=(20, 12, 20, 14))
        self._foot = Frame("panel", self.foot)
        self._line = hairline()
        self.area = scrolling(content)
        self.setLayout(column((self.area, 1), self._line, self._foot, spacing=0))
        self.setMinimumWidth(300)

    def show_foot(self, visible: bool) -> None:
        self._foot.setVisible(visible)
        self._line.setVisible(visible)


class SideSplitter(QSplitter):
    """List and panel: the panel is 388 wide, 344 under 1100 px, 440 from 1600 px, until the user drags the line."""

    def __init__(self, main: QWidget, side: QWidget, *, width: int = 388, narrow: int = 344, wide: int = 440) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._widths = (narrow, width, wide)
        self._dragged = False
        self._side = side
        self.setHandleWidth(1)
        self.setChildrenCollapsible(False)
        self.addWidget(main)
        self.addWidget(side)
        self.setStretchFactor(0, 1)
        self.setStretchFactor(1, 0)
        self.splitterMoved.connect(self._remember)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def fit(self) -> None:
        """Give the panel its width, as after it was hidden; where the user dragged the line, the line stays."""
        if not self._dragged:
            self._place()

    def state(self) -> QByteArray:
        """What to keep between runs; empty while the user has not moved the line."""
        return self.saveState() if self._dragged else QByteArray()

    def restore(self, state: QByteArray) -> None:
        """Take back what `state` gave."""
        self._dragged = not state.isEmpty() and self.restoreState(state)

    def _place(self) -> None:
        narrow, usual, wide = self._widths
        total = self.width()
        width = narrow if total < NARROW_BELOW else wide if total >= WIDE_FROM else usual
        # The line itself is the panel's first pixel.
        self.setSizes([total - width, width - self.handleWidth()])

    def _remember(self) -> None:
        self._dragged = True
