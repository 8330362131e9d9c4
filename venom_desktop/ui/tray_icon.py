"""The picture in the tray: our mark, with a disc while something runs and a triangle when something needs the user."""

from functools import lru_cache
from typing import Final

from PySide6.QtCore import QByteArray, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap, QPolygonF
from PySide6.QtSvg import QSvgRenderer

from venom_desktop.ui import drawings, theme
from venom_desktop.ui.theme_tokens import DARK, LIGHT
from venom_desktop.ui.tray_menu import TrayState

SIZES: Final = (16, 20, 22, 24, 28, 32, 40, 44, 48, 56, 64)
"""Device pixels: what panels ask for, at their scale factors too."""
_GRID: Final = 26.0
_MARK: Final = QRectF(0.5, 0.5, 24, 24)
_BADGE: Final = QRectF(13, 13, 12, 12)
_GAP: Final = 2.0


def tray_icon(state: TrayState) -> QIcon:
    """The icon of a state, in the theme in use."""
    return _icon(state, theme.is_dark())


@lru_cache(maxsize=8)
def _icon(state: TrayState, dark: bool) -> QIcon:
    icon = QIcon()
    for size in SIZES:
        icon.addPixmap(_picture(state, size, dark=dark))
    return icon


def _picture(state: TrayState, size: int, *, dark: bool) -> QPixmap:
    tokens, other = (DARK, LIGHT) if dark else (LIGHT, DARK)
    picture = QPixmap(size, size)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(size / _GRID, size / _GRID)
    # A panel may be dark beside light windows: a rim in the other theme's ink keeps the mark in sight there.
    painter.setOpacity(0.7)
    QSvgRenderer(QByteArray(_rim(other["text"]))).render(painter, _MARK)
    painter.setOpacity(1.0)
    QSvgRenderer(QByteArray(drawings.svg("mark", tokens["text"]))).render(painter, _MARK)
    if state is not TrayState.IDLE:
        _paint_badge(painter, state, tokens["chart" if state is TrayState.BUSY else "seg3"])
    painter.end()
    return picture


def _rim(color: str) -> bytes:
    """The mark with strokes that reach beyond its own."""
    return (
        drawings.svg("mark", color)
        .replace(b'stroke-width="2.4"', b'stroke-width="3.8"')
        .replace(b'stroke-width="1.6"', b'stroke-width="3"')
    )


def _paint_badge(painter: QPainter, state: TrayState, color: str) -> None:
    """The shape, after a gap around it was cut out of the mark."""
    for mode, pen in (
        (QPainter.CompositionMode.CompositionMode_Clear, QPen(Qt.GlobalColor.black, 2 * _GAP)),
        (QPainter.CompositionMode.CompositionMode_SourceOver, QPen(Qt.PenStyle.NoPen)),
    ):
        painter.setCompositionMode(mode)
        painter.setPen(pen)
        painter.setBrush(QColor(color))
        if state is TrayState.BUSY:
            painter.drawEllipse(_BADGE)
        else:
            painter.drawPolygon(
                QPolygonF([QPointF(_BADGE.center().x(), _BADGE.top()), _BADGE.bottomRight(), _BADGE.bottomLeft()])
            )
