"""Trending and Papers say honestly that they are empty, and their one button goes to the catalog."""

import pytest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel
from pytestqt.qtbot import QtBot

from venom_desktop.ui.papers.tab import PapersTab
from venom_desktop.ui.trending.tab import TrendingTab


@pytest.mark.parametrize("kind", [TrendingTab, PapersTab])
def test_an_empty_tab_says_so_and_leads_to_the_catalog(
    themed: QApplication, qtbot: QtBot, kind: type[TrendingTab] | type[PapersTab]
) -> None:
    went: list[bool] = []
    tab = kind(lambda: went.append(True))
    qtbot.addWidget(tab)
    words = " ".join(label.text() for label in tab.findChildren(QLabel))
    assert "later version" in words
    (button,) = tab.findChildren(QAbstractButton)
    assert isinstance(button, QAbstractButton)
    button.click()
    assert went == [True]
