"""Cards of runtimes in one line while they fit, on more lines when they would become too narrow."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from venom_desktop.ui.runtime.card_grid import LEAST_WIDTH, CardLayout
from venom_desktop.ui.widgets import column, wrapped


def grid(qtbot: QtBot, *cards: QWidget, width: int) -> QWidget:
    inner = QWidget()
    inner.setLayout(CardLayout(*cards))
    page = wrapped(column(inner, None))
    qtbot.addWidget(page)
    page.resize(width, 600)
    page.show()
    return page


def cards(count: int) -> list[QLabel]:
    labels = [QLabel("text " * (10 + 30 * (number == 1))) for number in range(count)]
    for label in labels:
        label.setWordWrap(True)
    return labels


def places(shown: list[QLabel]) -> list[tuple[int, int]]:
    """Column and line of each card."""
    lefts = sorted({card.x() for card in shown})
    tops = sorted({card.y() for card in shown})
    return [(lefts.index(card.x()), tops.index(card.y())) for card in shown]


def test_three_cards_stand_in_one_line_at_the_widths_of_the_design(themed: QApplication, qtbot: QtBot) -> None:
    for width in (868, 928):
        shown = cards(3)
        page = grid(qtbot, *shown, width=width)
        assert places(shown) == [(0, 0), (1, 0), (2, 0)]
        assert shown[-1].geometry().right() == page.width() - 1
        assert len({card.height() for card in shown}) == 1


def test_a_card_below_its_least_width_goes_onto_the_next_line(themed: QApplication, qtbot: QtBot) -> None:
    shown = cards(3)
    page = grid(qtbot, *shown, width=3 * LEAST_WIDTH + 2 * 12 - 1)
    assert places(shown) == [(0, 0), (1, 0), (0, 1)]
    assert shown[2].y() == shown[0].height() + 12
    assert page.isVisible()


def test_a_card_that_needs_more_room_makes_fewer_columns(themed: QApplication, qtbot: QtBot) -> None:
    shown = cards(2)
    shown[0].setMinimumWidth(450)
    page = grid(qtbot, *shown, width=868)
    assert places(shown) == [(0, 0), (0, 1)]
    assert page.isVisible()


def test_the_first_card_stands_at_the_start_edge_of_the_reading_direction(themed: QApplication, qtbot: QtBot) -> None:
    shown = cards(2)
    page = grid(qtbot, *shown, width=868)
    page.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    qtbot.waitUntil(lambda: shown[0].x() > shown[1].x())
