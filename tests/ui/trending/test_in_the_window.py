"""The Trending tab in the window: its key, and where its cures lead."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.fakes.hub import HubServer
from tests.ui.furnished import open_furnished
from tests.ui.workbench import until
from venom_desktop.core.catalog.trending import LISTED, Trend
from venom_desktop.core.errors import Cure
from venom_desktop.ui.tab_bar import TabName
from venom_desktop.ui.trending.tab import TrendingTab


async def test_f5_asks_the_sources_anew_and_a_cure_leads_to_its_tab(
    themed: QApplication, hub: HubServer, tmp_path: Path
) -> None:
    hub.many_repos(20)

    def asked() -> int:
        return sum(request.last("sort") == "trendingScore" for request in hub.requests_for("/api/models"))

    async with open_furnished(tmp_path, HF_ENDPOINT=hub.url) as desk:
        tab = desk.window.show_tab(TabName.TRENDING)
        assert isinstance(tab, TrendingTab)
        sections = tab.page.sections
        await until(lambda: all(section.cards.rowCount() == LISTED for section in sections.values()))
        # Nobody listens at the library's address: its lists are those that came with the program.
        assert "dated 21 August 2026" in sections[Trend.OLLAMA_NEWEST].banner.sentence
        assert asked() == 1
        desk.window.activateWindow()
        await until(desk.window.isActiveWindow)

        QTest.keyClick(desk.window, Qt.Key.Key_F5)
        await until(lambda: asked() == 2)

        tab.cure_wanted.emit(Cure.FREE_SPACE)
        assert desk.window.current_tab is TabName.INSTALLED
        assert desk.errors == []
