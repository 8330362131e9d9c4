"""The shell: tabs are built when they are first shown, keys reach the page, room is given up in order."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from venom_desktop.core.errors import NoActiveModel
from venom_desktop.core.host.sample import GpuSample, HostSample
from venom_desktop.core.runtimes.base import RuntimeState
from venom_desktop.ui.main_window import MainWindow
from venom_desktop.ui.status_bar import StatusBar
from venom_desktop.ui.tab_bar import TabName


class Page(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    def set_narrow(self, narrow: bool) -> None:
        self.calls.append(f"narrow {narrow}")

    def focus_search(self) -> None:
        self.calls.append("search")

    def refresh(self) -> None:
        self.calls.append("refresh")

    def go_back(self) -> bool:
        self.calls.append("back")
        return True


class Operations(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.toggled = 0

    def toggle(self) -> None:
        self.toggled += 1


class Shell:
    """A window over pages that remember what they were asked."""

    def __init__(self, qtbot: QtBot) -> None:
        self.built: list[TabName] = []
        self.operations = Operations()
        self.window = MainWindow({name: self.maker(name) for name in TabName}, operations=self.operations)
        qtbot.addWidget(self.window)
        with qtbot.waitActive(self.window):
            self.window.show()

    def maker(self, name: TabName) -> Callable[[], QWidget]:
        def make() -> QWidget:
            self.built.append(name)
            return Page()

        return make

    def page(self) -> Page:
        page = self.window.page()
        assert isinstance(page, Page)
        return page


@pytest.fixture
def shell(themed: QApplication, qtbot: QtBot) -> Shell:
    return Shell(qtbot)


def test_a_tab_is_built_when_it_is_first_shown_and_only_then(shell: Shell) -> None:
    assert shell.built == [TabName.CATALOG]
    shell.window.show_tab(TabName.RUNTIME)
    shell.window.show_tab(TabName.CATALOG)
    shell.window.show_tab(TabName.RUNTIME)
    assert shell.built == [TabName.CATALOG, TabName.RUNTIME]


@pytest.mark.parametrize("number", range(1, 7))
def test_control_and_a_digit_choose_a_tab(shell: Shell, number: int) -> None:
    key = Qt.Key(Qt.Key.Key_0.value + number)
    QTest.keyClick(shell.window, key, Qt.KeyboardModifier.ControlModifier)
    assert shell.window.current_tab is list(TabName)[number - 1]
    assert shell.window.page().isVisible()


def test_the_keys_of_a_page_reach_the_page_in_front(shell: Shell) -> None:
    shell.window.show_tab(TabName.INSTALLED)
    control = Qt.KeyboardModifier.ControlModifier
    QTest.keyClick(shell.window, Qt.Key.Key_F5)
    QTest.keyClick(shell.window, Qt.Key.Key_F, control)
    QTest.keyClick(shell.window, Qt.Key.Key_Escape)
    QTest.keyClick(shell.window, Qt.Key.Key_J, control)
    assert shell.page().calls[1:] == ["refresh", "search", "back"]
    assert shell.operations.toggled == 1


def test_a_page_without_the_optional_methods_is_left_alone(themed: QApplication, qtbot: QtBot) -> None:
    window = MainWindow(dict.fromkeys(TabName, QWidget))
    qtbot.addWidget(window)
    with qtbot.waitActive(window):
        window.show()
    for key in (Qt.Key.Key_F5, Qt.Key.Key_Escape):
        QTest.keyClick(window, key)
    QTest.keyClick(window, Qt.Key.Key_J, Qt.KeyboardModifier.ControlModifier)
    assert window.isVisible()


def test_pages_learn_that_room_is_short_also_when_they_are_built_later(shell: Shell, qtbot: QtBot) -> None:
    with qtbot.waitSignal(shell.window.narrow_changed) as told:
        shell.window.resize(1000, 700)
    assert told.args == [True]
    assert shell.page().calls[-1] == "narrow True"
    shell.window.show_tab(TabName.PAPERS)
    assert shell.page().calls == ["narrow True"]


def test_the_window_is_never_smaller_than_what_was_designed(shell: Shell) -> None:
    shell.window.resize(100, 100)
    assert (shell.window.width(), shell.window.height()) == (960, 600)


def test_the_operations_take_at_most_45_percent_of_the_height(shell: Shell) -> None:
    shell.window.resize(1280, 800)
    assert shell.operations.maximumHeight() == 360


def test_a_tab_reserves_the_width_of_its_bold_title(shell: Shell) -> None:
    before = [shell.window.tabs.tabRect(index).left() for index in range(6)]
    shell.window.show_tab(TabName.SETTINGS)
    assert [shell.window.tabs.tabRect(index).left() for index in range(6)] == before


def test_no_tab_wears_a_focus_ring_before_a_key_asks_for_it(shell: Shell) -> None:
    assert not shell.window.tabs.hasFocus()


def test_an_error_without_a_place_is_told_over_the_page_and_esc_takes_it_away(shell: Shell) -> None:
    shell.window.report(NoActiveModel())
    assert shell.window.notice.isVisible()
    QTest.keyClick(shell.window, Qt.Key.Key_Escape)
    assert not shell.window.notice.isVisible()
    assert "back" not in shell.page().calls


def test_a_window_that_may_not_close_stays(shell: Shell) -> None:
    shell.window.may_close = lambda: False
    assert not shell.window.close()
    shell.window.may_close = lambda: True
    assert shell.window.close()


def sample(*gpus: GpuSample) -> HostSample:
    return HostSample(
        taken_at=datetime.now(UTC),
        cpu_percent=18,
        cpu_count=8,
        memory_total_bytes=64_000_000_000,
        memory_available_bytes=42_600_000_000,
        gpus=gpus,
    )


@pytest.fixture
def status(themed: QApplication, qtbot: QtBot) -> StatusBar:
    bar = StatusBar()
    qtbot.addWidget(bar)
    bar.show()
    return bar


def test_a_machine_without_a_graphics_card_is_told_so(status: StatusBar) -> None:
    status.show_host(sample())
    assert status.no_graphics.isVisible()
    assert not status.graphics.isVisible()
    assert status.processor.text == "18\u00a0%"
    assert status.memory.text == "21.4 / 64\u00a0GB"


def test_amounts_give_way_to_percents_when_room_is_short(status: StatusBar) -> None:
    card = GpuSample(
        index=0, name="x", load_percent=None, memory_used_bytes=6_400_000_000, memory_total_bytes=12_000_000_000
    )
    status.show_host(sample(card))
    assert (status.graphics.text, status.graphics_memory.text) == ("unknown", "6.4 / 12\u00a0GB")
    status.set_narrow(True)
    assert (status.memory.text, status.graphics_memory.text) == ("33\u00a0%", "53\u00a0%")


def test_the_state_of_the_runtime_is_said_in_words(status: StatusBar) -> None:
    assert status.runtime.label == "No model running"
    status.show_runtime("llama.cpp", "gemma", RuntimeState.EXITED)
    assert status.runtime.accessibleName() == "llama.cpp · gemma · Exited"
    status.show_runtime("llama.cpp", "gemma", RuntimeState.RUNNING, "47 tok/s")
    assert status.detail.text() == "Ready · 47 tok/s"
