"""What is kept painted looks as if it were painted anew, and follows theme and font."""

import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter
from PySide6.QtWidgets import QApplication

from venom_desktop.ui import theme
from venom_desktop.ui.theme import ThemeChoice
from venom_desktop.ui.widgets import PillLook
from venom_desktop.ui.widgets.pictures import RowPictures, paint_kept
from venom_desktop.ui.widgets.pills import paint_pill

LOOK = PillLook(text="Fits GPU", glyph="disc", state="ok")


def painted(rect: QRectF, *, scale: float = 1.0) -> QImage:
    image = QImage(round(200 * scale), round(60 * scale), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(scale)
    image.fill(Qt.GlobalColor.white)
    with QPainter(image) as painter:
        paint_pill(painter, rect, LOOK)
    return image


@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("top", [10, 10.5])
def test_the_second_time_looks_like_the_first(themed: QApplication, scale: float, top: float) -> None:
    rect = QRectF(8, top, 90, 22)
    assert painted(rect, scale=scale) == painted(rect, scale=scale)


def test_what_is_kept_is_painted_once_and_again_after_the_theme_changed(themed: QApplication) -> None:
    painted_in: list[QColor] = []

    def paint(painter: QPainter, place: QRectF) -> None:
        painted_in.append(QColor(theme.color("surface")))
        painter.fillRect(place, theme.color("surface"))

    image = QImage(40, 40, QImage.Format.Format_RGB32)
    for choice in (ThemeChoice.LIGHT, ThemeChoice.LIGHT, ThemeChoice.DARK):
        if choice is not ThemeChoice.LIGHT:
            theme.apply(themed, choice)
        for _ in range(3):
            with QPainter(image) as painter:
                paint_kept(painter, QRectF(4, 4, 20, 20), "a square", paint)
    assert len(painted_in) == 2
    assert image.pixelColor(10, 10) == QColor(theme.color("surface"))


def test_another_font_is_painted_anew(themed: QApplication) -> None:
    before = painted(QRectF(8, 10, 90, 22))
    larger = QFont(themed.font())
    larger.setPointSizeF(larger.pointSizeF() * 1.4)
    themed.setFont(larger)
    assert painted(QRectF(8, 10, 90, 22)) != before


def test_the_picture_of_a_row_is_painted_anew_when_that_row_looks_another_way(themed: QApplication) -> None:
    pictures, painted_looks = RowPictures(), []
    image = QImage(40, 60, QImage.Format.Format_RGB32)

    def show(*looks: str, width: int = 20) -> QColor:
        with QPainter(image) as painter:
            for row, look in enumerate(looks):

                def paint(brush: QPainter, place: QRectF, look: str = look) -> None:
                    painted_looks.append(look)
                    brush.fillRect(place, QColor(look))

                pictures.paint(painter, row, QRectF(4, 4 + 25 * row, width, 20), look, paint)
        return image.pixelColor(10, 40)

    assert show("red", "green") == show("red", "green") == QColor("green")
    assert painted_looks == ["red", "green"]
    assert show("red", "blue") == QColor("blue")
    show("red", "blue", width=21)
    theme.apply(themed, ThemeChoice.DARK)
    show("red", "blue", width=21)

    assert painted_looks[2:] == ["blue", "red", "blue", "red", "blue"]
