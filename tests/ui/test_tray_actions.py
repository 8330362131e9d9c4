"""The menu follows its rows: words change in place, an open menu stays as it is, a click does what the row says."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from tests.ui.tray_facts import GEMMA, QWEN, operation, told
from tests.ui.workbench import plain
from venom_desktop.core.registry.inventory import InventorySnapshot
from venom_desktop.core.runtimes.active import ActiveModel
from venom_desktop.ui.tray_actions import TrayMenu
from venom_desktop.ui.tray_menu import TrayRow, Verb, tray_rows

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


class Chosen:
    def __init__(self) -> None:
        self.rows: list[TrayRow] = []
        self.menu = TrayMenu(self.rows.append)

    def texts(self, menu: QMenu | None = None) -> list[str]:
        return [plain(action.text()) for action in (menu or self.menu).actions() if not action.isSeparator()]

    def action(self, text: str, menu: QMenu | None = None) -> QAction:
        return next(action for action in (menu or self.menu).actions() if plain(action.text()) == text)

    @property
    def models(self) -> QMenu:
        menu = self.menu.submenu("models")
        assert menu is not None
        return menu


@pytest.fixture
def chosen(themed: QApplication, qtbot: QtBot) -> Chosen:
    made = Chosen()
    qtbot.addWidget(made.menu)
    made.menu.show_rows(tray_rows(told(operations=(operation(),))))
    return made


def test_a_new_percentage_changes_the_words_of_the_same_action(chosen: Chosen) -> None:
    before = chosen.menu.actions()
    chosen.menu.show_rows(tray_rows(told(operations=(operation(progress=44.0),))))
    assert chosen.menu.actions() == before
    assert "Installing qwen3:8b · 44 %" in chosen.texts()


def test_another_structure_is_built_anew_and_leaves_nothing_behind(chosen: Chosen) -> None:
    for _ in range(5):
        chosen.menu.show_rows(tray_rows(told()))
        chosen.menu.show_rows(tray_rows(told(operations=(operation(),))))
        QApplication.sendPostedEvents(None, 52)
    assert len(chosen.menu.findChildren(QMenu)) == 2
    assert "Pause all downloads" in chosen.texts()


def test_an_open_menu_does_not_move_under_the_pointer(chosen: Chosen, qtbot: QtBot) -> None:
    chosen.menu.popup(QPoint(50, 50))
    assert chosen.menu.isVisible()
    before = chosen.menu.actions()
    done = tray_rows(told(active=ActiveModel(key=QWEN.key)))
    chosen.menu.show_rows(done)
    assert chosen.menu.isVisible()
    assert chosen.menu.actions() == before
    assert not chosen.action("Installing qwen3:8b · 43 %").isEnabled()
    assert "Ollama · qwen2.5-coder:7b" in chosen.texts()
    assert chosen.action("qwen2.5-coder:7b", chosen.models).isChecked()
    chosen.menu.hide()
    assert "Installing qwen3:8b · 43 %" not in chosen.texts()
    assert chosen.action("Quit").isEnabled()


def test_a_click_tells_the_row_and_leaves_the_mark_where_it_belongs(chosen: Chosen) -> None:
    active = chosen.action("gemma3:4b", chosen.models)
    active.trigger()
    other = chosen.action("qwen2.5-coder:7b", chosen.models)
    other.trigger()
    assert [(row.verb, row.key) for row in chosen.rows] == [(Verb.SWITCH, GEMMA.key), (Verb.SWITCH, QWEN.key)]
    assert (active.isChecked(), other.isChecked()) == (True, False)
    chosen.menu.show_rows(tray_rows(told(active=ActiveModel(key=QWEN.key), operations=(operation(),))))
    assert (active.isChecked(), other.isChecked()) == (False, True)


def test_an_ampersand_is_no_shortcut(chosen: Chosen) -> None:
    named = replace(GEMMA, display_name="Rock & roll")
    chosen.menu.show_rows(tray_rows(told(inventory=InventorySnapshot(models=(named,)))))
    assert chosen.texts(chosen.models) == ["Rock && roll"]


def test_the_menu_can_go_while_it_is_open(themed: QApplication) -> None:
    made = Chosen()
    made.menu.show_rows(tray_rows(told()))
    made.menu.popup(QPoint(50, 50))
    delete(made.menu)
