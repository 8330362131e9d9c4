"""The icon tells its state by a shape, in both themes and at every size a panel asks for."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication

from venom_desktop.ui import theme
from venom_desktop.ui.theme import ThemeChoice
from venom_desktop.ui.tray_icon import SIZES, tray_icon
from venom_desktop.ui.tray_menu import TrayState


def picture(state: TrayState, size: int, scale: float = 1.0) -> QImage:
    return tray_icon(state).pixmap(QSize(size, size), scale).toImage().convertToFormat(QImage.Format.Format_ARGB32)


def covered(image: QImage) -> set[tuple[int, int]]:
    """Where something is painted at all."""
    places = ((x, y) for x in range(image.width()) for y in range(image.height()))
    return {(x, y) for x, y in places if image.pixelColor(x, y).alpha() > 100}


@pytest.mark.parametrize("size", [16, 22, 32])
def test_the_states_differ_by_shape_not_by_colour_alone(themed: QApplication, size: int) -> None:
    shapes = {state: covered(picture(state, size)) for state in TrayState}
    least = size * size // 100
    assert len(shapes[TrayState.BUSY] ^ shapes[TrayState.IDLE]) > 4 * least
    assert len(shapes[TrayState.NEEDS_YOU] ^ shapes[TrayState.IDLE]) > 4 * least
    assert len(shapes[TrayState.BUSY] ^ shapes[TrayState.NEEDS_YOU]) > 2 * least


def test_the_mark_keeps_its_place_in_every_state(themed: QApplication) -> None:
    left_half = {state: {place for place in covered(picture(state, 32)) if place[0] < 12} for state in TrayState}
    assert left_half[TrayState.IDLE] == left_half[TrayState.BUSY] == left_half[TrayState.NEEDS_YOU]


def test_it_follows_the_theme(themed: QApplication) -> None:
    def ink() -> QColor:
        image = picture(TrayState.IDLE, 32)
        return min(
            (image.pixelColor(QPoint(*place)) for place in covered(image)),
            key=lambda color: -color.alpha() * 1000 + abs(color.lightness() - theme.color("text").lightness()),
        )

    light = ink()
    theme.apply(themed, ThemeChoice.DARK)
    try:
        dark = ink()
    finally:
        theme.apply(themed, ThemeChoice.LIGHT)
    assert light.lightness() < 60
    assert dark.lightness() > 200


def test_it_is_sharp_at_every_scale(themed: QApplication) -> None:
    for scale in (1.0, 1.5, 2.0):
        image = tray_icon(TrayState.BUSY).pixmap(QSize(24, 24), scale)
        assert image.width() == round(24 * scale)
    assert {size.width() for size in tray_icon(TrayState.IDLE).availableSizes()} == set(SIZES)


def test_a_picture_for_people(themed: QApplication, pictures: Path) -> None:
    for dark in (False, True):
        theme.apply(themed, ThemeChoice.DARK if dark else ThemeChoice.LIGHT)
        sheet = QImage(360, 150, QImage.Format.Format_RGB32)
        painter = QPainter(sheet)
        for row, ground in enumerate((theme.tokens()["window"], "#202124", "#F3F4F7")):
            painter.fillRect(0, row * 50, 360, 50, QColor(ground))
            for column, state in enumerate(TrayState):
                for place, size in enumerate((16, 24, 32)):
                    tray_icon(state).paint(
                        painter, column * 120 + place * 40, row * 50 + 8, size, size, Qt.AlignmentFlag.AlignCenter
                    )
        painter.end()
        assert sheet.save(str(pictures / f"tray-icon-{'dark' if dark else 'light'}.png"))
    theme.apply(themed, ThemeChoice.LIGHT)
