"""The base of every row delegate: grounds, hairlines and the brush with which a tab paints its cells."""

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from venom_desktop.ui import icons, theme
from venom_desktop.ui.theme_tokens import ColorRole, FontRole
from venom_desktop.ui.widgets.bars import paint_bar
from venom_desktop.ui.widgets.pills import PillLook, paint_pill, pill_size
from venom_desktop.ui.widgets.tiles import paint_tile

Index = QModelIndex | QPersistentModelIndex
TILE = 32
_SELECTED = QStyle.StateFlag.State_Selected.value
"""As a number: to combine two flags of Qt costs more than to fill a cell's ground."""


class Cell:
    """One cell being painted. Offsets are logical (from the start edge), so right-to-left mirrors by itself."""

    def __init__(
        self,
        painter: QPainter,
        index: Index,
        *,
        rect: QRectF,
        selected: bool,
        hovered: bool,
        direction: Qt.LayoutDirection,
    ) -> None:
        self.painter = painter
        self.rect = rect
        self.row = index.row()
        self.column = index.column()
        self.value: Any = index.data(Qt.ItemDataRole.UserRole)
        """The row's snapshot."""
        self.selected = selected
        self.hovered = hovered
        self._index = index
        self._direction = direction

    @property
    def index(self) -> Index:
        return self._index if self._index.column() == self.column else self._index.sibling(self.row, self.column)

    def move(self, column: int, rect: QRectF) -> None:
        """Go on to another cell of the row."""
        self.column, self.rect = column, rect

    def inner(self, start: float = 8, end: float = 8) -> QRectF:
        """The cell's rectangle without its margins, in logical coordinates."""
        return self.rect.adjusted(start, 0, -end, 0)

    def text(
        self,
        text: str,
        role: FontRole = "body",
        *,
        tone: ColorRole = "text",
        trailing: bool = False,
        middle: bool = False,
        within: QRectF | None = None,
    ) -> None:
        """One line, elided at the end or in the `middle`; `trailing` aligns numbers at the end edge."""
        place = self.mirrored(self.inner() if within is None else within)
        font = theme.font(role)
        laid_out = theme.laid_out(text, role, width=int(place.width()), middle=middle)
        size = laid_out.size()
        at_the_end = trailing != (self._direction == Qt.LayoutDirection.RightToLeft)
        left = place.right() - size.width() if at_the_end else place.left()
        self.painter.setFont(font)
        self.painter.setPen(theme.color(tone))
        self.painter.drawStaticText(QPointF(left, place.top() + (place.height() - size.height()) / 2), laid_out)

    def two_lines(
        self, first: str, second: str, *, start: float = 8, tone: ColorRole = "text2", middle: bool = False
    ) -> None:
        """A name in medium and a second line in small."""
        upper, lower = theme.metrics("medium").height(), theme.metrics("small").height()
        place = self.inner(start)
        top = place.top() + (place.height() - upper - lower - 2) / 2
        self.text(first, "medium", within=QRectF(place.left(), top, place.width(), upper))
        below = QRectF(place.left(), top + upper + 2, place.width(), lower)
        self.text(second, "small", tone=tone, middle=middle, within=below)

    def name(self, title: str, second: str, publisher: str, *, middle: bool = True) -> None:
        """The first column of a list: tile, name, second line (its end stays readable)."""
        tile = QRectF(self.rect.left() + 16, self.rect.center().y() - TILE / 2, TILE, TILE)
        paint_tile(self.painter, self.mirrored(tile), title, publisher, selected=self.selected)
        self.two_lines(title, second, start=60, middle=middle)

    def pill(self, look: PillLook, *, start: float = 8) -> None:
        """A pill at the start edge, cut where the column ends."""
        size = pill_size(look)
        place = self.inner(start)
        rect = QRectF(
            place.left(),
            place.center().y() - size.height() / 2,
            min(size.width(), place.width() + 8),
            size.height(),
        )
        self.painter.setLayoutDirection(self._direction)
        paint_pill(self.painter, self.mirrored(rect), look, selected=self.selected)

    def icons(self, names: Sequence[str], *, role: ColorRole = "text2", size: int = 16) -> None:
        """Small icons side by side."""
        for position, name in enumerate(names):
            left = self.inner().left() + position * (size + 6)
            rect = QRectF(left, self.rect.center().y() - size / 2, size, size)
            icons.paint(self.painter, name, self.mirrored(rect), role)

    def icon(self, name: str, *, role: ColorRole = "text2", size: int = 16) -> None:
        """One icon in the middle of the cell."""
        center = self.rect.center()
        icons.paint(self.painter, name, QRectF(center.x() - size / 2, center.y() - size / 2, size, size), role)

    def bar(self, fraction: float | None, *, paused: bool = False) -> None:
        place = self.inner()
        self.painter.setLayoutDirection(self._direction)
        rect = QRectF(place.left(), place.center().y() - 3, place.width(), 6)
        paint_bar(self.painter, self.mirrored(rect), fraction, paused=paused)

    def radio(self) -> None:
        """The mark of a one-of-many table, filled on the selected row."""
        self.painter.save()
        self.painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.painter.setPen(QPen(theme.color("accent" if self.selected else "control"), 1.5))
        self.painter.setBrush(theme.color("surface"))
        rect = self.mirrored(QRectF(self.rect.left() + 9.5, self.rect.center().y() - 6.5, 13, 13))
        self.painter.drawEllipse(rect)
        if self.selected:
            self.painter.setPen(Qt.PenStyle.NoPen)
            self.painter.setBrush(theme.color("accent"))
            self.painter.drawEllipse(rect.adjusted(3.3, 3.3, -3.3, -3.3))
        self.painter.restore()

    def group(self, title: str, detail: str, look: PillLook | None = None) -> None:
        """A group row over the whole width (`Table.setSpan`): name, counts, state."""
        self.painter.fillRect(self.rect, theme.color("sunken"))
        self.painter.fillRect(QRectF(self.rect.left(), self.rect.bottom(), self.rect.width(), 1), theme.color("line"))
        self.text(title, "strong", within=self.inner(16))
        start = 16 + theme.metrics("strong").horizontalAdvance(title) + 10
        self.text(detail, "small", tone="text2", within=self.inner(start))
        if look is not None:
            self.pill(look, start=start + theme.metrics("small").horizontalAdvance(detail) + 12)

    def mirrored(self, rect: QRectF) -> QRectF:
        """The place on screen of a logical rectangle of this cell."""
        if self._direction != Qt.LayoutDirection.RightToLeft:
            return rect
        left = self.rect.left() + self.rect.right() - rect.right()
        return QRectF(left, rect.top(), rect.width(), rect.height())


class RowDelegate(QStyledItemDelegate):
    """Paints the row's ground; a tab overrides `paint_cell` and draws from `cell.value`, the snapshot in `UserRole`."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        cell = Cell(
            painter,
            index,
            rect=QRectF(option.rect),
            selected=bool(option.state.value & _SELECTED),
            hovered=getattr(option.widget, "hover_row", -1) == index.row(),
            direction=option.direction,
        )
        self.paint_ground(cell)
        self.paint_cell(cell)
        painter.restore()

    def paint_row(self, row: Cell, places: Mapping[int, QRectF]) -> None:
        """Paint a whole row, `row` being as wide as all its cells: a third of what its cells cost one by one."""
        self.paint_ground(row)
        for column, rect in places.items():
            row.move(column, rect)
            self.paint_cell(row)

    def paint_cell(self, cell: Cell) -> None:
        """Draw one cell; compare `cell.column`."""
        raise NotImplementedError

    def paint_ground(self, cell: Cell) -> None:
        """Hover, selection, hairline. The line stands at the row's top: the next row would cover one at its bottom."""
        ground: ColorRole = "accent_soft" if cell.selected else "hover" if cell.hovered else "surface"
        painter, rect = cell.painter, cell.rect
        painter.fillRect(rect, theme.color(ground))
        if cell.row:
            painter.fillRect(QRectF(rect.left(), rect.top(), rect.width(), 1), theme.color("line"))
        if cell.row == cell.index.model().rowCount() - 1:
            painter.fillRect(QRectF(rect.left(), rect.bottom() - 1, rect.width(), 1), theme.color("line"))
        if cell.selected and cell.column == 0:
            self._paint_mark(cell)

    @staticmethod
    def _paint_mark(cell: Cell) -> None:
        line = 1 if cell.row else 0
        mark = QRectF(cell.rect.left(), cell.rect.top() + line, 3, cell.rect.height() - line)
        cell.painter.fillRect(cell.mirrored(mark), theme.color("accent"))
