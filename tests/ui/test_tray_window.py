"""The window beside a tray: it hides only where something shows the way back, and comes back when that goes."""

from dataclasses import dataclass, field

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from venom_desktop.ui.main_window import MainWindow
from venom_desktop.ui.tray_presence import TrayPresence
from venom_desktop.ui.tray_window import TrayWindow

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


class Presence(TrayPresence):
    """A tray that comes and goes when the test says."""

    def __init__(self, *, there: bool) -> None:
        super().__init__()
        self.close()
        self.there = there

    def look(self, *, wait: bool = False) -> None:
        """Ask nobody."""

    def become(self, there: bool) -> None:
        self.there = there
        self.changed.emit(there)


@dataclass
class Place:
    window: MainWindow
    presence: Presence
    wanted: bool = True
    quits: list[bool] = field(default_factory=list)

    def make(self, *, begun_hidden: bool = False) -> TrayWindow:
        return TrayWindow(
            self.window,
            self.presence,
            wanted=lambda: self.wanted,
            quit_=lambda: self.quits.append(True),
            begun_hidden=begun_hidden,
        )


@pytest.fixture
def place(themed: QApplication, qtbot: QtBot) -> Place:
    window = MainWindow()
    qtbot.addWidget(window)
    return Place(window, Presence(there=True))


def test_closing_hides_the_window_where_the_user_wants_it_and_a_tray_is_there(place: Place) -> None:
    place.make()
    place.window.show()
    place.window.close()
    assert not place.window.isVisible()
    assert place.quits == []


@pytest.mark.parametrize(("wanted", "there"), [(False, True), (True, False), (False, False)])
def test_closing_quits_in_every_other_case(place: Place, *, wanted: bool, there: bool) -> None:
    place.wanted, place.presence.there = wanted, there
    place.make()
    place.window.show()
    place.window.close()
    assert place.quits == [True]


def test_a_tray_that_vanishes_brings_the_hidden_window_back(place: Place) -> None:
    place.make()
    place.window.show()
    place.window.close()
    place.presence.become(False)
    assert place.window.isVisible()
    assert not place.window.isMinimized()


def test_started_minimised_it_waits_in_the_tray(place: Place) -> None:
    place.make(begun_hidden=True)
    assert not place.window.isVisible()


def test_started_minimised_without_a_tray_it_stands_in_the_task_bar_until_a_late_tray_takes_it(place: Place) -> None:
    place.presence.there = False
    place.make(begun_hidden=True)
    assert place.window.isVisible()
    assert place.window.isMinimized()
    place.presence.become(True)
    assert not place.window.isVisible()
    place.presence.become(False)
    assert place.window.isVisible()


def test_a_late_tray_leaves_a_window_alone_that_was_opened_meanwhile(place: Place) -> None:
    place.presence.there = False
    made = place.make(begun_hidden=True)
    made.show()
    place.window.showMinimized()
    place.presence.become(True)
    assert place.window.isVisible()


def test_it_comes_back_as_large_as_it_was(place: Place) -> None:
    made = place.make()
    place.window.showMaximized()
    place.window.close()
    made.show()
    assert place.window.isMaximized()
    place.window.showMinimized()
    made.show()
    assert not place.window.isMinimized()


def test_a_click_opens_a_hidden_window_and_hides_the_one_in_front(place: Place, qtbot: QtBot) -> None:
    made = place.make()
    made.toggle()
    qtbot.waitUntil(place.window.isActiveWindow, timeout=10_000)
    made.toggle()
    assert not place.window.isVisible()
    made.toggle()
    assert place.window.isVisible()


def test_without_a_tray_a_click_never_hides(place: Place, qtbot: QtBot) -> None:
    made = place.make()
    made.show()
    qtbot.waitUntil(place.window.isActiveWindow, timeout=10_000)
    place.presence.there = False
    made.toggle()
    assert place.window.isVisible()


def test_at_the_end_nothing_hides_or_comes_back(place: Place) -> None:
    made = place.make()
    place.window.hide()
    made.close()
    place.presence.become(False)
    assert not place.window.isVisible()
    place.presence.become(True)
    place.window.show()
    place.window.close()
    assert place.quits == [True]
