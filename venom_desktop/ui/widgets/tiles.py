"""Square tiles with the first letter of a name, in one of six soft hues keyed by the publisher."""

import zlib

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from venom_desktop.ui import theme
from venom_desktop.ui.theme_tokens import TILE_HUES
from venom_desktop.ui.widgets.pictures import paint_kept


class Tile(QWidget):
    """A tile of `size` pixels: 32 in rows, 40 in panels."""

    def __init__(self, name: str = "", publisher: str = "", *, size: int = 40) -> None:
        super().__init__()
        self._name = name
        self._publisher = publisher
        self.setFixedSize(size, size)

    def show_name(self, name: str, publisher: str) -> None:
        self._name, self._publisher = name, publisher
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        paint_tile(QPainter(self), QRectF(self.rect()), self._name, self._publisher)


def paint_tile(painter: QPainter, rect: QRectF, name: str, publisher: str, *, selected: bool = False) -> None:
    """Draw the tile of `name`; on a selected row its ground is `surface`."""
    # crc32 and not hash(): the hue of a publisher must be the same tomorrow.
    hue = zlib.crc32(publisher.casefold().encode()) % len(TILE_HUES)
    letter = next((character for character in name if character.isalnum()), "?").upper()
    paint_kept(
        painter,
        rect,
        (letter, hue, selected),
        lambda brush, place: _paint(brush, place, letter, hue, selected=selected),
    )


def _paint(painter: QPainter, rect: QRectF, text: str, hue: int, *, selected: bool) -> None:
    ground, letter = theme.tile_colors(hue)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("surface") if selected else ground)
    painter.drawRoundedRect(rect, 7, 7)
    painter.setPen(letter)
    painter.setFont(theme.font("strong"))
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)
    painter.restore()
