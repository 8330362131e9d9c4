"""The header's menu leads where it says, and the list of keys tells the keys that are bound."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from venom_desktop.ui.about import HeaderMenu, KeysDialog, keys_by_group
from venom_desktop.ui.main_window import MainWindow

# The offscreen platform knows neither stacking nor grabs, and says so.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


class Shell:
    def __init__(self, qtbot: QtBot) -> None:
        self.window = MainWindow()
        self.asked: list[str] = []
        self.menu = HeaderMenu(
            self.window,
            toggle_operations=lambda: self.asked.append("operations"),
            show_settings=lambda: self.asked.append("settings"),
            show_about=lambda: self.asked.append("about"),
            quit_=lambda: self.asked.append("quit"),
        )
        qtbot.addWidget(self.window)
        with qtbot.waitActive(self.window):
            self.window.show()


@pytest.fixture
def shell(themed: QApplication, qtbot: QtBot) -> Shell:
    return Shell(qtbot)


def test_every_entry_leads_where_it_says(shell: Shell) -> None:
    entries = {action.text().partition("\t")[0]: action for action in shell.window.menu.actions() if action.text()}
    for name in ("Operations panel", "Settings", "About Venom Desktop", "Quit"):
        entries[name].trigger()
    assert shell.asked == ["operations", "settings", "about", "quit"]


def test_the_menu_opens_inside_the_window(shell: Shell) -> None:
    shell.window.menu_button.click()
    assert shell.window.menu.isVisible()
    assert shell.window.geometry().contains(shell.window.menu.geometry())
    shell.window.menu.close()


def test_f1_shows_the_keys_and_esc_closes_them(shell: Shell, qtbot: QtBot) -> None:
    QTest.keyClick(shell.window, Qt.Key.Key_F1)
    dialog = shell.window.findChild(KeysDialog)
    assert isinstance(dialog, KeysDialog)
    assert "Ctrl+K" in [label.text() for label in dialog.findChildren(QLabel)]
    with qtbot.waitSignal(dialog.finished):
        QTest.keyClick(dialog, Qt.Key.Key_Escape)


def test_the_keys_told_for_everywhere_are_bound(shell: Shell) -> None:
    bound = {shortcut.key().toString() for shortcut in shell.window.findChildren(QShortcut)}
    _, everywhere = keys_by_group()[0]
    told = {part.strip() for keys, _ in everywhere for part in keys.split("…")}
    assert {QKeySequence(keys).toString() for keys in told} <= bound


def test_control_q_quits(shell: Shell) -> None:
    QTest.keyClick(shell.window, Qt.Key.Key_Q, Qt.KeyboardModifier.ControlModifier)
    assert shell.asked == ["quit"]
