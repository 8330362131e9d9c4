"""Paints a card: name and place, publisher, size, what the model can do, whether it fits, how wanted it is."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from venom_desktop.ui import icons, theme
from venom_desktop.ui.catalog.words import hue_of
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.theme_tokens import ColorRole
from venom_desktop.ui.trending.cards import Card
from venom_desktop.ui.widgets import Cell, paint_tile, pill_size
from venom_desktop.ui.widgets.pictures import RowPictures

GAP: Final = 12
_LEAST_WIDTH: Final = 280
_LEAST_HEIGHT: Final = 124
_PADDING: Final = (14, 12)
_TILE: Final = 36
_ICON: Final = 14
_COUNTS_APART: Final = 10
_RADIUS: Final = 10
Index = QModelIndex | QPersistentModelIndex


def columns_in(width: int) -> int:
    """So many cards stand side by side, with a gap between two of them and none at the ends."""
    return max(1, (width + GAP) // (_LEAST_WIDTH + GAP))


def card_in(cell: QRect, place: int, columns: int) -> QRectF:
    """Where the card is in its cell: all cells are as wide, and the gaps are taken from each a little."""
    before, after = place * GAP // columns, GAP - (place + 1) * GAP // columns
    return QRectF(cell).adjusted(before, 0, -after, -GAP)


def card_height() -> int:
    """124 at the usual font."""
    return max(_LEAST_HEIGHT, 2 * _PADDING[1] + _head_height() + 25 + theme.metrics("small").height() + _pill_height())


class CardPainter(QStyledItemDelegate):
    """One for each view; nothing of a card is a widget."""

    def __init__(self, view: QListView, columns: Callable[[], int]) -> None:
        super().__init__(view)
        self._view = view
        self._columns = columns
        self._pictures = RowPictures()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return self._view.gridSize()

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        columns = self._columns()
        place = index.row() % columns
        if option.direction == Qt.LayoutDirection.RightToLeft:
            place = columns - 1 - place
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        focused = selected and self._view.hasFocus()

        def paint_anew(brush: QPainter, rect: QRectF) -> None:
            # The card of a model that is selected keeps its ground: its border says so.
            cell = Cell(brush, index, rect=rect, selected=False, hovered=hovered, direction=option.direction)
            brush.save()
            _paint_ground(cell, selected=selected, focused=focused)
            _paint_card(cell, cell.value)
            brush.restore()

        look = (index.data(Qt.ItemDataRole.UserRole), selected, hovered, focused)
        painter.setLayoutDirection(option.direction)
        self._pictures.paint(painter, index.row(), card_in(option.rect, place, columns), look, paint_anew)


def _paint_ground(cell: Cell, *, selected: bool, focused: bool) -> None:
    border: ColorRole = "focus" if focused else "accent" if selected else "line"
    width = 2 if focused else 1
    painter = cell.painter
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.color(border), width))
    painter.setBrush(theme.color("hover" if cell.hovered else "surface"))
    inset = width / 2
    painter.drawRoundedRect(cell.rect.adjusted(inset, inset, -inset, -inset), _RADIUS, _RADIUS)


def _paint_card(cell: Cell, card: Card) -> None:
    whole = cell.rect.adjusted(_PADDING[0], _PADDING[1], -_PADDING[0], -_PADDING[1])
    _paint_head(cell, card, QRectF(whole.left(), whole.top(), whole.width(), _head_height()))
    below = QRectF(whole.left(), whole.top() + _head_height() + 12, whole.width(), theme.metrics("small").height())
    free = _paint_icons(cell, card, below)
    cell.text(card.size, "small", tone="text2", within=free)
    _paint_foot(cell, card, QRectF(whole.left(), whole.bottom() - _pill_height(), whole.width(), _pill_height()))


def _paint_head(cell: Cell, card: Card, place: QRectF) -> None:
    entry = card.entry
    tile = cell.mirrored(QRectF(place.left(), place.top(), _TILE, _TILE))
    paint_tile(cell.painter, tile, entry.display_name, hue_of(entry))
    strong, small = theme.metrics("strong"), theme.metrics("small")
    beside = place.adjusted(_TILE + 12, 0, 0, 0)
    first = QRectF(beside.left(), beside.top(), beside.width(), strong.height())
    second = QRectF(beside.left(), first.bottom() + 1, beside.width(), small.height())
    cell.text(str(card.place), "strong", tone="text3", trailing=True, within=first)
    cell.text(entry.display_name, "strong", within=first.adjusted(0, 0, -theme.advance("00", "strong") - 8, 0))
    if card.is_installed:
        second = _paint_mark(cell, second, tr("Installed"), "check", "ok")
    cell.text(card.publisher, "small", tone="text2", within=second)


def _paint_icons(cell: Cell, card: Card, place: QRectF) -> QRectF:
    """What the model can do, at the end of the line; what is left of it."""
    size = 16
    left = place.right() + 6
    for name in reversed(card.icons):
        left -= size + 6
        icons.paint(cell.painter, name, cell.mirrored(QRectF(left, place.center().y() - size / 2, size, size)), "text2")
    return place.adjusted(0, 0, left - place.right() - 8 if card.icons else 0, 0)


def _paint_foot(cell: Cell, card: Card, place: QRectF) -> None:
    """The verdict, and as much of the counts as there is room for beside it: the likes give way first."""
    wide = pill_size(card.fit).width()
    line = QRectF(
        place.left() + wide + _COUNTS_APART, place.top(), place.width() - wide - _COUNTS_APART, place.height()
    )
    for text, icon in reversed(counts_within(card, line.width())):
        line = _paint_mark(cell, line, text, icon, "text3", text_tone="text2", gap=_COUNTS_APART)
    cell.move(0, place)
    cell.pill(card.fit, start=0)


def counts_within(card: Card, width: float) -> list[tuple[str, str]]:
    """Words and icons of the counts that find room."""
    counts = [(text, icon) for text, icon in ((card.downloads, "download"), (card.likes, "heart")) if text]
    while counts and sum(_mark_width(text) for text, _ in counts) + _COUNTS_APART * (len(counts) - 1) > width:
        counts.pop()
    return counts


def _paint_mark(
    cell: Cell,
    place: QRectF,
    text: str,
    icon: str,
    tone: ColorRole,
    *,
    text_tone: ColorRole | None = None,
    gap: int = 8,
) -> QRectF:
    """A small icon with a word behind it, at the end of the line; what is left of it."""
    left = place.right() - _mark_width(text)
    center = place.center().y()
    icons.paint(cell.painter, icon, cell.mirrored(QRectF(left, center - _ICON / 2, _ICON, _ICON)), tone)
    word = QRectF(left + _ICON + 4, place.top(), place.right() - left - _ICON - 4, place.height())
    cell.text(text, "small", tone=text_tone or tone, within=word)
    return place.adjusted(0, 0, -_mark_width(text) - gap, 0)


def _mark_width(text: str) -> int:
    # One pixel more, or rounding shortens the word.
    return _ICON + 4 + theme.advance(text, "small") + 1


def _head_height() -> int:
    return max(_TILE, theme.metrics("strong").height() + 1 + theme.metrics("small").height())


def _pill_height() -> int:
    return max(22, theme.metrics("small_medium").height() + 4)
