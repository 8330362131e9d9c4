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
    if not _lies_on_pixels(painter, rect):
        paint(painter, rect)
        return
    key = (look, *_dress(painter, rect))
    picture = _kept.get(key)
    if picture is None:
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        picture = _kept[key] = _painted(painter, rect, paint)
    painter.drawPixmap(rect.topLeft(), picture)


class RowPictures:
    """As `paint_kept`, for what is large and shown by one view alone: of each row the picture of how it looks now."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[object, QPixmap]] = {}

    def paint(
        self, painter: QPainter, row: int, rect: QRectF, look: object, paint: Callable[[QPainter, QRectF], None]
    ) -> None:
        if not _lies_on_pixels(painter, rect):
            paint(painter, rect)
            return
        key = (look, *_dress(painter, rect))
        found = self._kept.get(row)
        if found is None or found[0] != key:
            found = self._kept[row] = (key, _painted(painter, rect, paint))
        painter.drawPixmap(rect.topLeft(), found[1])


def _lies_on_pixels(painter: QPainter, rect: QRectF) -> bool:
    scale = painter.device().devicePixelRatioF()
    return all(side.is_integer() for side in (rect.left(), rect.top(), rect.width(), rect.height(), scale))


def _dress(painter: QPainter, rect: QRectF) -> tuple[Hashable, ...]:
    """What else a picture depends on."""
    scale = painter.device().devicePixelRatioF()
    return theme.generation(), rect.width(), rect.height(), scale, painter.layoutDirection()


def _painted(painter: QPainter, rect: QRectF, paint: Callable[[QPainter, QRectF], None]) -> QPixmap:
    scale = painter.device().devicePixelRatioF()
    picture = QPixmap((rect.size() * scale).toSize())
    picture.setDevicePixelRatio(scale)
    picture.fill(Qt.GlobalColor.transparent)
    with QPainter(picture) as brush:
        brush.setLayoutDirection(painter.layoutDirection())
        paint(brush, QRectF(QPointF(0, 0), rect.size()))
    return picture
