"""The Trending tab over two shelves: from a card to an install, and what is asked of whom."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from shiboken6 import delete

from tests.ui.catalog.two_runtimes import GEMMA, TINY, Shop, open_shop
from tests.ui.runtime.plain_server import RUNNING
from tests.ui.trending.lists import rows_of
from tests.ui.workbench import plain, turns, until
from venom_desktop.core.catalog.base import FitGrade, Sort
from venom_desktop.core.catalog.trending import LISTED, Trend, Trending
from venom_desktop.core.errors import Cure, SourceUnreachable
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.ui.catalog.parts import RUNTIME_STATE
from venom_desktop.ui.trending.section import Section
from venom_desktop.ui.trending.tab import TrendingTab

POPULAR, NEWEST, HUB = Trend


@dataclass
class Desk(Shop):
    tab: TrendingTab
    trending: Trending

    @property
    def button(self) -> str:
        return plain(self.tab.details.primary.label)

    def is_open(self) -> bool:
        return self.tab.is_open

    def section(self, trend: Trend) -> Section:
        return self.tab.page.sections[trend]

    async def open_card(self, trend: Trend, row: int) -> None:
        section = self.section(trend)
        place = section.grid.visualRect(section.cards.index(row)).center()
        QTest.mouseClick(section.grid.viewport(), Qt.MouseButton.LeftButton, pos=place)
        await until(lambda: self.tab.panel.chosen and not self.tab.panel.chosen.reading)

    def asked(self) -> list[tuple[ModelProvider, Sort]]:
        return [(shelf.provider, query.sort) for shelf in (self.ollama, self.hub) for query in shelf.asked]


@asynccontextmanager
async def open_desk(folder: Path, **wanted: Any) -> AsyncIterator[Desk]:
    known = {"rows": (GEMMA, *rows_of(POPULAR)), "hub_rows": (TINY, *rows_of(HUB)), "snapshot": RUNNING, **wanted}
    async with open_shop(folder, **known) as shop:
        trending = Trending(shop.parts.catalogs)
        tab = TrendingTab(shop.bench.bridge, shop.parts, trending)
        tab.resize(1280, 676)
        tab.show()
        desk = Desk(shop.bench, shop.parts, shop.server, shop.ollama, shop.hub, shop.registry, tab, trending)
        try:
            await until(lambda: not any(one.source.loading for one in trending.lists))
            yield desk
        finally:
            delete(tab)
            await trending.close()


async def test_a_click_opens_the_catalogs_panel_whose_one_button_installs(themed: QApplication, tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        assert not desk.is_open()

        await desk.open_card(HUB, 0)

        assert desk.is_open()
        assert desk.tab.details.table.rows.offers
        assert desk.button.startswith("Install Q4_K_M · ")
        desk.tab.details.primary.click()
        await until(lambda: desk.registry.asked)
        name = f"{TINY.model_name}:Q4_K_M"
        assert desk.registry.asked == [("install", name, ModelProvider.HUGGINGFACE, "llama_cpp")]


async def test_the_card_that_was_opened_is_in_view_when_fewer_stand_side_by_side(
    themed: QApplication, tmp_path: Path
) -> None:
    async with open_desk(tmp_path) as desk:
        grid = desk.section(NEWEST).grid
        assert grid.columns == 4
        desk.tab.resize(1280, 600)
        await turns()

        grid.select_row(LISTED - 1)
        QTest.keyClick(grid, Qt.Key.Key_Return)
        await until(lambda: grid.columns == 3)

        assert desk.tab.height() == 600
        await until(lambda: desk.tab.page.sees_selected)


async def test_enter_opens_the_panel_first_and_then_presses_its_button(themed: QApplication, tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        grid = desk.section(POPULAR).grid
        grid.select_row(1)
        assert not desk.is_open()
        QTest.keyClick(grid, Qt.Key.Key_Home)

        QTest.keyClick(grid, Qt.Key.Key_Return)
        assert desk.is_open()
        assert desk.registry.asked == []
        await until(lambda: desk.button.startswith("Install 4b"))
        QTest.keyClick(grid, Qt.Key.Key_Enter)

        await until(lambda: desk.registry.asked)
        assert desk.registry.asked == [("install", "gemma3:4b", ModelProvider.OLLAMA, "ollama")]


async def test_the_open_panel_follows_the_keys_and_goes_with_esc_or_its_own_button(
    themed: QApplication, tmp_path: Path
) -> None:
    async with open_desk(tmp_path) as desk:
        await desk.open_card(HUB, 0)
        grid = desk.section(HUB).grid

        QTest.keyClick(grid, Qt.Key.Key_Right)
        assert desk.tab.panel.chosen is not None
        assert desk.tab.panel.chosen.entry.key == rows_of(HUB)[0].key

        assert desk.tab.go_back()
        assert not desk.is_open()
        assert not desk.tab.go_back()
        assert desk.tab.page.selected is not None
        await desk.open_card(HUB, 2)
        desk.tab.details.closed.emit()
        assert not desk.is_open()


async def test_without_local_runtimes_the_lists_stay_readable_and_install_says_why_it_is_off(
    themed: QApplication, tmp_path: Path
) -> None:
    async with open_desk(tmp_path, environ={"VENOM_RUNTIME_PROFILE": "llm_off"}) as desk:
        assert [section.cards.rowCount() for section in desk.tab.page.sections.values()] == [LISTED] * 3

        await desk.open_card(HUB, 0)

        assert not desk.tab.details.primary.isEnabled()
        assert "llm_off" in desk.tab.details.primary.toolTip()
        assert "llm_off" in desk.tab.details.banner.sentence


async def test_a_source_that_fails_leaves_the_other_and_is_asked_again_by_its_own_button(
    themed: QApplication, tmp_path: Path
) -> None:
    async with open_desk(tmp_path) as desk:
        desk.ollama.error = SourceUnreachable(source="Ollama library")
        desk.tab.refresh()
        banner = desk.section(NEWEST).banner
        await until(banner.isVisible)
        await until(desk.section(POPULAR).banner.isVisible)
        assert desk.section(HUB).banner.isHidden()
        assert desk.section(NEWEST).cards.rowCount() == LISTED
        desk.ollama.error = None
        desk.ollama.asked.clear()
        desk.hub.asked.clear()

        banner.button.click()
        await until(banner.isHidden)

        assert desk.asked() == [(ModelProvider.OLLAMA, Sort.UPDATED)]
        assert desk.section(POPULAR).banner.isVisible()


async def test_nobody_is_asked_again_by_coming_back_to_the_tab_and_f5_asks_what_is_shown(
    themed: QApplication, tmp_path: Path
) -> None:
    async with open_desk(tmp_path) as desk:
        once = [
            (ModelProvider.OLLAMA, Sort.TRENDING),
            (ModelProvider.OLLAMA, Sort.UPDATED),
            (ModelProvider.HUGGINGFACE, Sort.TRENDING),
        ]
        assert desk.asked() == once
        assert (desk.ollama.refreshed, desk.hub.refreshed) == (0, 0)
        desk.tab.hide()
        desk.tab.show()
        await turns()
        assert desk.asked() == once

        desk.tab.page.source.choose(2)
        desk.tab.refresh()
        await until(lambda: len(desk.asked()) == 4)

        assert desk.asked()[3] == (ModelProvider.HUGGINGFACE, Sort.TRENDING)
        assert (desk.ollama.refreshed, desk.hub.refreshed) == (0, 1)


async def test_a_card_is_marked_when_its_model_is_installed(themed: QApplication, tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        card = desk.section(POPULAR).cards.index(0)
        assert not str(card.data(Qt.ItemDataRole.AccessibleTextRole)).endswith("installed")

        await desk.put("gemma3:4b")

        await until(lambda: str(card.data(Qt.ItemDataRole.AccessibleTextRole)).endswith(", installed"))


async def test_the_cards_in_view_get_exact_verdicts_one_after_the_other_and_hidden_ones_none(
    themed: QApplication, tmp_path: Path
) -> None:
    async with open_desk(tmp_path) as desk:

        def exact(trend: Trend) -> list[bool]:
            found = [entry.fit for entry in desk.section(trend).cards.entries]
            return [fit is not None and fit.grade is FitGrade.EXACT for fit in found]

        in_view = len(desk.section(NEWEST).grid.rows_in_view())
        assert 0 < in_view < LISTED
        # The same models stand in both lists of this shelf.
        await until(lambda: all(exact(POPULAR)))
        assert not any(exact(HUB))
        assert desk.ollama.most_judged_at_once == 1
        fits = desk.section(POPULAR).cards.index(0).data(Qt.ItemDataRole.UserRole).fit
        assert not fits.text.startswith("≈")

        desk.tab.hide()
        asked = len(desk.hub.judged)
        desk.tab.page.source.choose(2)
        desk.tab.page.settled.emit()
        await turns()
        assert len(desk.hub.judged) == asked


async def test_cards_out_of_view_are_judged_for_the_runtime_that_was_chosen_here_or_in_the_catalog(
    themed: QApplication, tmp_path: Path
) -> None:
    rows = [replace(row, runtimes=("llama_cpp", "ollama"), fit=None) for row in rows_of(HUB)]
    async with open_desk(tmp_path, hub_rows=rows) as desk:

        def runtime() -> str | None:
            fit = desk.section(HUB).cards.entries[-1].fit
            return None if fit is None else fit.runtime

        await until(lambda: runtime() == "llama_cpp")
        await desk.open_card(HUB, 0)
        desk.tab.details.runtime.choose("ollama")
        await until(lambda: runtime() == "ollama")

        desk.tab.hide()
        desk.parts.ui_state.put(RUNTIME_STATE, "llama_cpp")
        desk.tab.show()
        assert runtime() == "llama_cpp"


async def test_the_line_to_the_panel_is_remembered_though_the_panel_is_closed(
    themed: QApplication, tmp_path: Path
) -> None:
    async with open_desk(tmp_path) as desk:
        assert desk.tab.state() == QByteArray()
        await desk.open_card(HUB, 0)
        desk.tab.splitter.moveSplitter(800, 1)
        wide = desk.tab.details.width()
        assert wide == 1280 - 801
        desk.tab.go_back()
        kept = desk.tab.state()

        other = TrendingTab(desk.bench.bridge, desk.parts, desk.trending)
        other.resize(1280, 676)
        other.restore(kept)
        other.show()
        assert not other.is_open
        other.page.focus_cards()
        other.page.sections[HUB].grid.select_row(0)
        other.page.enter_pressed.emit()
        await until(lambda: other.details.width() == wide)
        delete(other)


async def test_what_cannot_be_cured_here_is_cured_elsewhere(themed: QApplication, tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        wanted: list[object] = []
        desk.tab.cure_wanted.connect(wanted.append)
        await desk.open_card(HUB, 0)

        desk.tab.details.cure_wanted.emit(Cure.FREE_SPACE)
        desk.tab.details.cure_wanted.emit(Cure.CHOOSE_ANOTHER)

        assert wanted == [Cure.FREE_SPACE]
