"""Ten thousand rows: every keystroke shows exactly what holds the words, and the selection stays true."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.ui.catalog.rows import NOW, entry
from venom_desktop.core.catalog.base import CatalogEntry, CatalogPage, CatalogQuery, CatalogUpdate
from venom_desktop.core.catalog.search import CatalogSearch
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.signals import Signal
from venom_desktop.ui.catalog.list_view import CatalogList

ROWS = 10_000
FAMILIES = ("Llama", "Qwen", "Gemma", "Mistral", "Phi")


class Shelf:
    """A catalog that gives all its rows on one page."""

    provider = ModelProvider.HUGGINGFACE

    def __init__(self) -> None:
        self.updated: Signal[CatalogUpdate] = Signal()
        template = entry()
        self.entries = tuple(
            CatalogEntry(
                provider=ModelProvider.HUGGINGFACE,
                model_name=f"org{number % 97}/{FAMILIES[number % 5]}-{number}-GGUF",
                display_name=f"{FAMILIES[number % 5]} {number}",
                quantizations=template.quantizations,
                downloads=ROWS - number,
                license="mit" if number % 3 else "gemma",
            )
            for number in range(ROWS)
        )

    async def list_models(self, query: CatalogQuery, *, refresh: bool = False) -> CatalogPage:
        return CatalogPage(entries=self.entries, read_at=NOW)

    async def details(self, model_name: str, *, refresh: bool = False) -> CatalogEntry:
        raise NotImplementedError


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
async def view(themed: QApplication, qtbot: QtBot, shelf: Shelf) -> AsyncIterator[CatalogList]:
    """A list that shows all rows; nobody asks the source again for a minute after a keystroke."""
    view = CatalogList([ModelProvider.HUGGINGFACE])
    qtbot.addWidget(view)
    view.resize(892, 676)
    view.show()
    search = CatalogSearch([shelf], typing_pause_s=60)
    search.changed.subscribe(view.show_state)
    view.text_changed.connect(search.set_text)
    view.filters_changed.connect(lambda: search.set_filters(view.filters.filters))
    there = asyncio.Event()
    end = search.changed.subscribe(lambda state: there.set() if state.rows and not state.loading else None)
    search.open()
    await there.wait()
    end()
    yield view
    await search.close()


def names(view: CatalogList) -> list[str]:
    return [row.model_name for row in view.rows.entries]


def expected(shelf: Shelf, text: str) -> list[str]:
    words = text.lower().split()
    return [one.model_name for one in shelf.entries if all(word in one.model_name.lower() for word in words)]


async def test_every_keystroke_shows_what_holds_the_words(view: CatalogList, shelf: Shelf) -> None:
    typed = ""
    for character in "qwen 12":
        QTest.keyClicks(view.search, character)
        typed += character
        assert names(view) == expected(shelf, typed)

    for length in range(len(typed) - 1, -1, -1):
        QTest.keyClick(view.search, Qt.Key.Key_Backspace)
        assert names(view) == expected(shelf, typed[:length])
    assert len(names(view)) == ROWS


async def test_a_selected_row_stays_selected_while_it_is_found(view: CatalogList, shelf: Shelf) -> None:
    place = names(view).index("org34/Qwen-1101-GGUF")
    view.table.select_row(place)

    view.search.setText("qwen-11")

    assert view.selected is not None
    assert view.selected.model_name == "org34/Qwen-1101-GGUF"


async def test_filters_and_words_narrow_together(view: CatalogList, shelf: Shelf) -> None:
    view.filters.license.choose("gemma")
    view.search.setText("phi")

    licenses = {one.model_name: one.license for one in shelf.entries}
    assert names(view) == [name for name in expected(shelf, "phi") if licenses[name] == "gemma"]
