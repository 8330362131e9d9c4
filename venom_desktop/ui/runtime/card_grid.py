"""Cards side by side, all as wide and as high as each other; too narrow ones go onto the next line."""

from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget

LEAST_WIDTH = 270
SPACING = 12


class CardLayout(QLayout):
    """As many columns as fit at 270 px or at what the widest card needs."""

    def __init__(self, *cards: QWidget) -> None:
        super().__init__()
        self._items: list[QLayoutItem] = []
        self.setSpacing(SPACING)
        self.setContentsMargins(0, 0, 0, 0)
        for card in cards:
            self.addWidget(card)

    def columns(self, width: int) -> int:
        """How many cards stand in one line of this width."""
        least = max([LEAST_WIDTH, *(item.minimumSize().width() for item in self._shown())])
        return max(1, min(len(self._shown()), (width + SPACING) // (least + SPACING)))

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._arrange(QRect(0, 0, width, 0), place=False)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        size = QSize()
        for item in self._shown():
            size = size.expandedTo(item.minimumSize())
        return size

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._arrange(rect, place=True)

    def _shown(self) -> list[QLayoutItem]:
        return [item for item in self._items if not item.isEmpty()]

    def _arrange(self, rect: QRect, *, place: bool) -> int:
        shown = self._shown()
        if not shown:
            return 0
        columns, top = self.columns(rect.width()), rect.top()
        width = (rect.width() - (columns - 1) * SPACING) // columns
        for start in range(0, len(shown), columns):
            line = shown[start : start + columns]
            height = max(_height(item, width) for item in line)
            for at, item in enumerate(line):
                # The last one takes what the division left over, so that the line ends where the page does.
                end = rect.width() if at == columns - 1 else at * (width + SPACING) + width
                left = at * (width + SPACING)
                if place:
                    item.setGeometry(self._mirrored(QRect(QPoint(rect.x() + left, top), QSize(end - left, height))))
            top += height + SPACING
        return top - SPACING - rect.top()

    def _mirrored(self, rect: QRect) -> QRect:
        parent = self.parentWidget()
        if parent is None or not parent.isRightToLeft():
            return rect
        within = self.geometry()
        return QRect(within.right() - (rect.right() - within.left()), rect.y(), rect.width(), rect.height())


def _height(item: QLayoutItem, width: int) -> int:
    wanted = item.heightForWidth(width) if item.hasHeightForWidth() else item.sizeHint().height()
    return max(wanted, item.minimumSize().height())
