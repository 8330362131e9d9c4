"""The chips of the catalog, what stands in "Filters", and searches that were saved."""

import json
from pathlib import Path

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from venom_desktop.core.catalog.base import Ability, Sort
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.settings.ui_state import UiState
from venom_desktop.ui.catalog.filters import PARAMETERS, SIZES, FilterBar
from venom_desktop.ui.catalog.list_view import CatalogList
from venom_desktop.ui.catalog.more_filters import MoreFilters
from venom_desktop.ui.catalog.saved_filters import STATE, SavedFilters

HOME = (ModelProvider.HUGGINGFACE, "org/name")
FACTS = " \u00b7 "


@pytest.fixture
def bar(themed: QApplication, qtbot: QtBot) -> FilterBar:
    bar = FilterBar([ModelProvider.HUGGINGFACE])
    qtbot.addWidget(bar)
    return bar


def test_chips_become_filters(bar: FilterBar) -> None:
    told: list[int] = []
    bar.changed.connect(lambda: told.append(1))
    assert not bar.is_on

    bar.fits.setChecked(True)
    bar.ability.choose(Ability.VISION)
    bar.download_size.choose(SIZES[1])
    bar.quantization.choose("Q4_K_M")

    filters = bar.filters
    assert filters.fits_here
    assert filters.abilities == {Ability.VISION}
    assert filters.size_bytes == SIZES[1]
    assert filters.quantizations == {"Q4_K_M"}
    assert len(told) == 4


def test_clearing_the_chips_is_told_once(bar: FilterBar) -> None:
    bar.fits.setChecked(True)
    bar.license.choose("mit")
    told: list[int] = []
    bar.changed.connect(lambda: told.append(1))

    bar.clear()

    assert not bar.is_on
    assert told == [1]


def test_what_has_no_room_is_in_the_menu_of_the_last_chip(bar: FilterBar) -> None:
    bar.set_narrow(True)
    menu = bar.more.menu_now()

    titles = [action.text() for action in menu.actions()]
    assert titles[:7] == ["Can do", "Size", "Quantization", "Licence", "Parameters", "Access", "Installed"]
    inner = menu.actions()[3].menu()
    assert inner is not None
    next(action for action in inner.actions() if action.text() == "MIT").trigger()  # type: ignore[attr-defined]

    assert bar.filters.licenses == {"mit"}
    assert bar.more.text() == "Filters: 1"


def test_what_has_no_chip_of_its_own_is_in_the_menu_of_a_wide_window_too(bar: FilterBar) -> None:
    titles = [action.text() for action in bar.more.menu_now().actions()]
    assert titles == ["Parameters", "Access", "Installed", "", "Save these filters"]

    bar.parameters.choose(PARAMETERS[2])
    bar.access.choose(False)
    bar.show_home(frozenset({HOME}))
    bar.installed.choose(True)

    filters = bar.filters
    assert filters.parameters == (5_000_000_000, 10_000_000_000)
    assert (filters.gated, filters.installed, filters.home) == (False, True, frozenset({HOME}))
    assert bar.more.text() == "Filters: 3"


def test_what_is_installed_is_filtered_anew_only_while_it_is_asked_for(bar: FilterBar) -> None:
    told: list[int] = []
    bar.changed.connect(lambda: told.append(1))
    bar.show_home(frozenset({HOME}))
    assert told == []
    assert bar.filters.home == frozenset()

    bar.installed.choose(False)
    bar.show_home(frozenset())
    assert len(told) == 2


def test_what_was_kept_is_chosen_again_and_nothing_else(bar: FilterBar) -> None:
    bar.fits.setChecked(True)
    bar.ability.choose(Ability.TOOLS)
    bar.download_size.choose(SIZES[1])
    bar.access.choose(True)
    kept = json.loads(json.dumps(bar.kept()))
    wanted = bar.filters
    assert bar.name == FACTS.join(("Fits here", "Tools", "2.0\u00a0GB to 5.0\u00a0GB", "Gated"))

    bar.clear()
    bar.license.choose("mit")
    told: list[int] = []
    bar.changed.connect(lambda: told.append(1))
    bar.take({**kept, "quantization": "Q99", "runtime": "vllm", "unheard": 1})

    assert bar.filters == wanted
    assert told == [1]


def test_a_search_is_saved_chosen_again_and_forgotten(bar: FilterBar, qtbot: QtBot, tmp_path: Path) -> None:
    state = UiState(tmp_path / "state.json")
    view = CatalogList([ModelProvider.HUGGINGFACE])
    qtbot.addWidget(view)
    SavedFilters(view, state)
    more = view.filters.more
    assert not action_of(more, "Save these filters").isEnabled()

    view.search.setText("qwen")
    view.sort.choose(Sort.FIT)
    view.filters.ability.choose(Ability.VISION)
    action_of(more, "Save these filters").trigger()
    view.clear()
    view.clear()
    view.sort.choose(Sort.DOWNLOADS)
    action_of(more, f"\u201cqwen\u201d{FACTS}Vision").trigger()

    assert view.search.text() == "qwen"
    assert view.sort.value is Sort.FIT
    assert view.filters.filters.abilities == {Ability.VISION}
    assert [row["name"] for row in state.get(STATE)] == [f"\u201cqwen\u201d{FACTS}Vision"]

    forget = action_of(more, "Forget").menu()
    assert forget is not None
    forget.actions()[0].trigger()  # type: ignore[attr-defined]
    assert state.get(STATE) == []


def test_a_damaged_note_of_what_was_saved_harms_nothing(bar: FilterBar, qtbot: QtBot, tmp_path: Path) -> None:
    state = UiState(tmp_path / "state.json")
    state.put(STATE, [1, {"name": 2}, {"name": "Odd", "filters": [], "sort": "none", "text": 3}])
    view = CatalogList([ModelProvider.HUGGINGFACE])
    qtbot.addWidget(view)
    SavedFilters(view, state)

    action_of(view.filters.more, "Odd").trigger()

    assert not view.filters.is_on


def action_of(more: MoreFilters, text: str) -> QAction:
    return next(action for action in more.menu_now().actions() if action.text() == text)
