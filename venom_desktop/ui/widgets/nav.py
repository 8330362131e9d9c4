"""The list at the start of the settings: icon and word, one chosen."""

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QStyleOptionViewItem

from venom_desktop.ui import icons, theme
from venom_desktop.ui.theme_tokens import FontRole
from venom_desktop.ui.widgets.delegate import Cell, RowDelegate


class NavigationList(QListWidget):
    """`chosen(int)` tells the row; arrows move, 36 px a row."""

    chosen = QtSignal(int)

    def __init__(self, meaning: str, items: Sequence[tuple[str, str]]) -> None:
        """`items` are pairs of icon and word."""
        super().__init__()
        self.setAccessibleName(meaning)
        self.setItemDelegate(_NavigationDelegate(self))
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for icon, word in items:
            item = QListWidgetItem(word, self)
            item.setData(Qt.ItemDataRole.UserRole, icon)
        self.setCurrentRow(0)
        self.currentRowChanged.connect(self.chosen)


class _NavigationDelegate(RowDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(100, max(36, theme.metrics("medium").height() + 16))

    def paint_ground(self, cell: Cell) -> None:
        if not cell.selected:
            return
        cell.painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        cell.painter.setPen(Qt.PenStyle.NoPen)
        cell.painter.setBrush(theme.color("accent_soft"))
        cell.painter.drawRoundedRect(cell.rect.adjusted(8, 1, -8, -1), 7, 7)

    def paint_cell(self, cell: Cell) -> None:
        rect = cell.mirrored(QRectF(cell.rect.left() + 18, cell.rect.center().y() - 9, 18, 18))
        icons.paint(cell.painter, str(cell.value), rect, "accent_text" if cell.selected else "text2")
        word = str(cell.index.data(Qt.ItemDataRole.DisplayRole))
        role: FontRole = "medium" if cell.selected else "body"
        cell.text(word, role, tone="text" if cell.selected else "text2", within=cell.inner(46, 14))
