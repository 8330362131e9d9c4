"""One list over two sources: their rows stand together, and what one of them cannot do is said without the other."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.ui.catalog.rows import entry
from tests.ui.catalog.shelf import Shelf
from tests.ui.workbench import until
from venom_desktop.core.catalog.base import CatalogEntry
from venom_desktop.core.catalog.search import CatalogSearch
from venom_desktop.core.errors import SourceChanged, SourceUnreachable
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.ui.catalog.list_view import CatalogList
from venom_desktop.ui.catalog.table import Column

OLLAMA, HUB = ModelProvider.OLLAMA, ModelProvider.HUGGINGFACE


@dataclass
class Desk:
    """A list over both shelves, as the tab ties them."""

    view: CatalogList
    search: CatalogSearch
    ollama: Shelf
    hub: Shelf

    @property
    def names(self) -> list[str]:
        return [one.model_name for one in self.view.rows.entries]

    @property
    def sources(self) -> list[ModelProvider]:
        return [one.provider for one in self.view.rows.entries]

    async def loaded(self) -> None:
        await until(lambda: self.names and not self.search.state.loading)


def of_ollama(name: str, downloads: int = 1_000_000) -> CatalogEntry:
    return entry(name, provider=OLLAMA, display_name=name.title(), publisher=None, downloads=downloads)


def of_hub(name: str, downloads: int = 1_000) -> CatalogEntry:
    return entry(name, downloads=downloads)


@pytest.fixture
async def desk(themed: QApplication, qtbot: QtBot) -> AsyncIterator[Desk]:
    view = CatalogList([OLLAMA, HUB])
    qtbot.addWidget(view)
    view.resize(892, 676)
    view.show()
    ollama = Shelf(OLLAMA, [of_ollama("gemma3", 9_000), of_ollama("qwen3", 5_000)])
    hub = Shelf(HUB, [of_hub("org/Gemma-GGUF", 7_000), of_hub("org/Phi-GGUF", 3_000)])
    search = CatalogSearch([ollama, hub], typing_pause_s=0)
    search.changed.subscribe(view.show_state)
    view.text_changed.connect(search.set_text)
    view.filters_changed.connect(lambda: search.set_filters(view.filters.filters))
    view.again_wanted.connect(search.try_again)
    view.more_wanted.connect(search.load_more)
    yield Desk(view, search, ollama, hub)
    await search.close()


async def test_rows_of_both_sources_stand_in_one_order(desk: Desk) -> None:
    desk.search.open()
    await desk.loaded()

    assert desk.names == ["gemma3", "org/Gemma-GGUF", "qwen3", "org/Phi-GGUF"]
    assert desk.view.search.placeholderText() == "Search Ollama and Hugging Face"


async def test_the_first_source_to_answer_is_shown_and_the_other_joins_it(desk: Desk) -> None:
    desk.ollama.open.clear()
    desk.search.open()
    await until(lambda: desk.names)
    assert desk.names == ["org/Gemma-GGUF", "org/Phi-GGUF"]

    desk.ollama.open.set()
    await desk.loaded()

    assert len(desk.names) == 4
    assert desk.view.table.currentIndex().row() == 0


async def test_a_row_that_was_chosen_stays_chosen_when_others_come_in_above_it(desk: Desk) -> None:
    desk.ollama.open.clear()
    desk.search.open()
    await until(lambda: desk.names)
    desk.view.table.select_row(1)

    desk.ollama.open.set()
    await desk.loaded()

    assert desk.view.selected is not None
    assert desk.view.selected.model_name == "org/Phi-GGUF"


async def test_rows_that_come_in_above_move_nothing_in_view(desk: Desk) -> None:
    desk.hub.entries = [of_hub(f"org/Model-{number}-GGUF", 1_000 - number) for number in range(50)]
    desk.ollama.entries = [of_ollama(f"model{number}", 1_001 - number) for number in range(40)]
    desk.ollama.open.clear()
    desk.search.open()
    await until(lambda: len(desk.names) == 50)
    table = desk.view.table
    table.select_row(2)
    table.verticalScrollBar().setValue(20 * table.rowHeight(0) + 11)

    def first_in_view() -> tuple[str, int]:
        row = table.rowAt(0)
        return desk.names[row], table.rowViewportPosition(row)

    before = first_in_view()
    desk.ollama.open.set()
    await desk.loaded()

    assert len(desk.names) == 90
    assert first_in_view() == before
    assert desk.view.selected is not None
    assert desk.view.selected.model_name == "org/Model-2-GGUF"


async def test_two_models_of_one_name_are_two_rows_told_apart_by_their_source(desk: Desk) -> None:
    desk.ollama.entries = [of_ollama("user/tiny", 10)]
    desk.hub.entries = [of_hub("user/tiny", 20)]
    desk.search.open()
    await desk.loaded()

    assert desk.names == ["user/tiny", "user/tiny"]
    assert desk.sources == [HUB, OLLAMA]
    assert not desk.view.table.isColumnHidden(Column.SOURCE)
    desk.view.table.select_row(0)
    desk.ollama.entries = [of_ollama("user/tiny", 30)]
    desk.search.refresh()
    await until(lambda: desk.sources == [OLLAMA, HUB])
    assert desk.view.selected is not None
    assert desk.view.selected.provider is HUB


async def test_a_source_that_fails_has_its_own_line_and_the_others_rows_stay(desk: Desk) -> None:
    desk.search.open()
    await desk.loaded()
    desk.ollama.error = SourceChanged(source="Ollama library")
    desk.hub.error = SourceUnreachable(source="Hugging Face")

    desk.search.refresh()
    await until(lambda: not desk.search.state.loading)

    banners = desk.view.banners
    assert banners.of(HUB).sentence.startswith("Hugging Face does not answer. Showing the list from ")
    assert banners.of(OLLAMA).sentence.startswith("Ollama library answered in a form this version does not understand.")
    assert banners.of(OLLAMA).toolTip() == "SOURCE_CHANGED"
    assert len(desk.names) == 4
    asked = len(desk.hub.asked)
    desk.ollama.error = None

    banners.of(OLLAMA).button.click()
    await until(banners.of(OLLAMA).isHidden)

    assert banners.of(HUB).isVisible()
    assert len(desk.hub.asked) == asked


async def test_a_source_that_gave_nothing_at_all_leaves_the_list_to_the_other(desk: Desk) -> None:
    desk.ollama.entries = []
    desk.ollama.error = SourceUnreachable(source="Ollama library")

    desk.search.open()
    await desk.loaded()

    assert desk.sources == [HUB, HUB]
    assert desk.view.banners.of(OLLAMA).sentence.startswith("Ollama library does not answer.")
    assert desk.view.banners.of(HUB).isHidden()


async def test_the_source_chip_leaves_one_source_and_no_line_about_the_other(desk: Desk) -> None:
    desk.ollama.error = SourceUnreachable(source="Ollama library")
    desk.search.open()
    await desk.loaded()
    assert desk.view.banners.of(OLLAMA).isVisible()

    desk.view.filters.source.choose(HUB)
    await until(lambda: desk.sources == [HUB, HUB])

    assert not desk.view.banners.isVisible()
    desk.view.filters.source.choose(OLLAMA)
    await until(lambda: desk.sources == [OLLAMA, OLLAMA])


async def test_a_name_with_its_tag_finds_the_model_that_has_the_tag(desk: Desk) -> None:
    desk.search.open()
    await desk.loaded()

    desk.view.search.setText("gemma3:q4_k_m")

    assert desk.names == ["gemma3"]
