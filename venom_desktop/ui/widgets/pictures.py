"""Keeps what is painted over and over, a pill or a tile, as a picture: to shape it anew costs twenty times as much."""

from collections.abc import Callable, Hashable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPixmap

from venom_desktop.ui import theme

_MOST_KEPT = 256
_kept: dict[Hashable, QPixmap] = {}


def paint_kept(painter: QPainter, rect: QRectF, look: Hashable, paint: Callable[[QPainter, QRectF], None]) -> None:
    """Paint what `look` names into `rect`: by `paint` at first, which gets the painter and the place, then again.

    Where `rect` lies between two pixels it is painted each time: a picture cannot be moved by half a pixel.
    """
    scale = painter.device().devicePixelRatioF()
    sides = (rect.left(), rect.top(), rect.width(), rect.height(), scale)
    if not all(side.is_integer() for side in sides):
        paint(painter, rect)
        return
    direction = painter.layoutDirection()
    key = (look, theme.generation(), rect.width(), rect.height(), scale, direction)
    picture = _kept.get(key)
    if picture is None:
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        picture = _kept[key] = _painted(rect, scale, direction, paint)
    painter.drawPixmap(rect.topLeft(), picture)


def _painted(
    rect: QRectF, scale: float, direction: Qt.LayoutDirection, paint: Callable[[QPainter, QRectF], None]
) -> QPixmap:
    picture = QPixmap((rect.size() * scale).toSize())
    picture.setDevicePixelRatio(scale)
    picture.fill(Qt.GlobalColor.transparent)
    with QPainter(picture) as painter:
        painter.setLayoutDirection(direction)
        paint(painter, QRectF(QPointF(0, 0), rect.size()))
    return picture
