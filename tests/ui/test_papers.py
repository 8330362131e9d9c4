"""Papers says honestly that it is empty, and its one button goes to the catalog."""

from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel
from pytestqt.qtbot import QtBot

from venom_desktop.ui.papers.tab import PapersTab


def test_an_empty_tab_says_so_and_leads_to_the_catalog(themed: QApplication, qtbot: QtBot) -> None:
    went: list[bool] = []
    tab = PapersTab(lambda: went.append(True))
    qtbot.addWidget(tab)
    words = " ".join(label.text() for label in tab.findChildren(QLabel))
    assert "later version" in words
    (button,) = tab.findChildren(QAbstractButton)
    assert isinstance(button, QAbstractButton)
    button.click()
    assert went == [True]
