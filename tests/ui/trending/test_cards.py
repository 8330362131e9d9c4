"""The cards: what they say, how many stand side by side, and where the keys lead."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from tests.ui.catalog.rows import inventory
from tests.ui.trending.lists import row
from tests.ui.workbench import plain
from venom_desktop.core.catalog.base import Ability, CatalogEntry
from venom_desktop.core.catalog.filters import Key
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.ui import theme
from venom_desktop.ui.catalog.run_with import keys_here
from venom_desktop.ui.theme_tokens import ColorRole
from venom_desktop.ui.trending.card_painter import GAP, card_in, columns_in, counts_within
from venom_desktop.ui.trending.cards import Card, CardModel
from venom_desktop.ui.trending.grid import CardGrid

NOBODY = frozenset[Key]()
MakeGrid = Callable[..., CardGrid]


@pytest.fixture
def make(themed: QApplication, qtbot: QtBot) -> MakeGrid:
    def grid(count: int = 12, width: int = 900, **of_each: Any) -> CardGrid:
        model = CardModel()
        model.show_entries([replace(row(number), **of_each) for number in range(count)], NOBODY)
        made = CardGrid("Hugging Face, trending", model)
        qtbot.addWidget(made)
        made.resize(width, 100)
        made.show()
        return made

    return grid


def sentence(entry: CatalogEntry, *, installed: bool = False) -> str:
    return plain(Card(entry=entry, place=2, is_installed=installed).sentence)


def test_a_card_is_read_out_as_a_sentence() -> None:
    one = replace(row(1), gated=True)

    assert sentence(one) == (
        "Model 1, Hugging Face, ≈ 1.6 – 8.0 GB, ≈ RAM only, licence must be accepted, number 2, 12.4 M downloads, "
        "1 235 likes"
    )
    assert sentence(one, installed=True).endswith(", installed")


def test_what_a_source_does_not_tell_is_left_out_and_not_called_nothing() -> None:
    one = replace(
        row(1, ModelProvider.OLLAMA), likes=None, downloads=None, parameters=None, quantizations=None, fit=None
    )

    assert sentence(one) == "Model 1, Ollama, size unknown, Fit unknown, number 2"
    assert plain(Card(entry=one, place=1, is_installed=False).size) == "unknown"
    assert plain(Card(entry=row(1), place=1, is_installed=False).size) == "4.0 B · ≈ 1.6 – 8.0 GB"


def test_the_model_of_the_cards_keeps_qts_rules(qtmodeltester: ModelTester, themed: QApplication) -> None:
    model = CardModel()
    qtmodeltester.check(model)  # type: ignore[no-untyped-call]
    model.show_entries([row(number) for number in range(3)], NOBODY)
    model.show_entries([row(number) for number in range(5)], NOBODY)
    qtmodeltester.check(model)  # type: ignore[no-untyped-call]


def test_a_verdict_that_becomes_exact_changes_its_card_and_leaves_the_others(make: MakeGrid) -> None:
    grid, model = make(3), CardModel()
    entries = [row(number) for number in range(3)]
    model.show_entries(entries, NOBODY)
    changed: list[tuple[int, int]] = []
    model.dataChanged.connect(lambda first, last, _: changed.append((first.row(), last.row())))
    resets: list[bool] = []
    model.modelReset.connect(lambda: resets.append(True))

    model.show_entries([entries[0], replace(entries[1], downloads=1), entries[2]], NOBODY)

    assert (changed, resets) == ([(1, 1)], [])
    assert grid.isVisible()


@pytest.mark.parametrize(
    ("listed", "installed"),
    [
        ([("model1:4b", "ollama")], True),
        ([("model1", "ollama")], True),
        ([("model11:4b", "ollama")], False),
        ([("org/Model-1-GGUF:Q4_K_M", "llama_cpp")], False),
        ([("model1:4b", "llama_cpp")], False),
    ],
)
def test_a_model_is_marked_as_installed_by_the_name_its_runtime_has_for_it(
    themed: QApplication, listed: list[tuple[str, str]], *, installed: bool
) -> None:
    entry = replace(row(1, ModelProvider.OLLAMA), runtimes=("ollama",))
    model = CardModel()

    model.show_entries([entry], keys_here(inventory(*listed)))

    assert model.index(0).data(Qt.ItemDataRole.UserRole).is_installed is installed


def test_a_repository_of_the_hub_is_installed_under_either_name() -> None:
    entry = replace(row(1), runtimes=("llama_cpp", "ollama", "vllm"))
    model = CardModel()
    names = [
        ("org/Model-1-GGUF:Q8_0", "llama_cpp"),
        ("hf.co/org/Model-1-GGUF:Q8_0", "ollama"),
        (entry.model_name, "vllm"),
    ]
    for name in names:
        model.show_entries([entry], keys_here(inventory(name)))
        assert model.index(0).data(Qt.ItemDataRole.UserRole).is_installed, name


@pytest.mark.parametrize(("width", "columns"), [(200, 1), (571, 1), (572, 2), (864, 3), (1252, 4), (1900, 6)])
def test_so_many_cards_stand_side_by_side_as_fit(make: MakeGrid, width: int, columns: int) -> None:
    assert columns_in(width) == columns
    grid = make(width=width)

    tops = {grid.visualRect(grid.model().index(place, 0)).top() for place in range(12)}

    assert grid.columns == columns
    assert len(tops) == -(-12 // columns)
    assert grid.height() == len(tops) * (124 + GAP)


def test_cards_are_as_wide_as_each_other_with_the_same_gap_and_none_at_the_ends(make: MakeGrid) -> None:
    grid = make(width=1252)
    cards = [card_in(grid.visualRect(grid.model().index(place, 0)), place, 4) for place in range(4)]

    assert cards[0].left() == 0
    assert {one.width() for one in cards} == {cards[0].width()}
    assert {after.left() - before.right() for before, after in pairwise(cards)} == {GAP}
    assert 1252 - 5 < cards[3].right() <= 1252


def test_the_likes_give_way_before_the_downloads_where_the_verdict_needs_the_room(themed: QApplication) -> None:
    card = Card(entry=row(1), place=1, is_installed=False)

    assert [icon for _, icon in counts_within(card, 200)] == ["download", "heart"]
    assert [icon for _, icon in counts_within(card, 90)] == ["download"]
    assert counts_within(card, 20) == []


def test_the_arrow_keys_go_over_the_cards_and_sideways_on_to_the_next_row(make: MakeGrid) -> None:
    grid = make(width=900)
    assert grid.columns == 3
    grid.select_row(0)
    way = []

    for key in ("Right", "Right", "Right", "Down", "Left", "Up", "End", "Home"):
        QTest.keyClick(grid, getattr(Qt.Key, f"Key_{key}"))
        way.append(grid.currentIndex().row())

    assert way == [1, 2, 3, 6, 5, 2, 11, 0]


def test_an_arrow_key_that_leaves_the_grid_says_in_which_direction(make: MakeGrid) -> None:
    grid = make(count=11, width=900)
    left: list[int] = []
    grid.crossed.connect(left.append)

    grid.select_row(1)
    QTest.keyClick(grid, Qt.Key.Key_Up)
    grid.select_row(8)
    QTest.keyClick(grid, Qt.Key.Key_Down)
    assert (left, grid.currentIndex().row()) == ([-1], 10)
    QTest.keyClick(grid, Qt.Key.Key_Down)

    assert left == [-1, 1]


def test_the_tab_key_selects_the_first_card_and_a_click_between_cards_leaves_the_selected_one(
    make: MakeGrid, qtbot: QtBot
) -> None:
    grid = make(count=4, width=900)
    with qtbot.waitActive(grid):
        grid.activateWindow()
    grid.clearFocus()
    grid.setFocus(Qt.FocusReason.TabFocusReason)
    assert grid.currentIndex().row() == 0

    QTest.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(880, grid.height() - 20))

    assert grid.currentIndex().row() == 0
    assert grid.selectionModel().isSelected(grid.currentIndex())


def test_the_wheel_goes_on_to_the_page_around_the_cards(make: MakeGrid) -> None:
    grid = make(count=40, width=900)

    assert grid.verticalScrollBar().maximum() == grid.verticalScrollBar().minimum()
    assert not grid.verticalScrollBar().isVisible()


def test_what_a_card_is_can_be_seen(make: MakeGrid) -> None:
    grid = make(count=2, width=580, abilities=frozenset({Ability.VISION}))

    def picture() -> QImage:
        return grid.grab().toImage()

    def has(image: QImage, role: ColorRole, left: int) -> bool:
        wanted = QColor(theme.color(role)).rgb()
        return any(image.pixel(x, y) == wanted for x in range(left, left + 270) for y in range(124))

    before = picture()
    assert not has(before, "accent", 0)
    assert not has(before, "ok", 0)
    grid.select_row(0)
    assert has(picture(), "accent", 0)
    assert not has(picture(), "accent", 296)
    here = keys_here(inventory("org/Model-0-GGUF:Q8_0"))
    cards = grid.model()
    assert isinstance(cards, CardModel)
    cards.show_entries(cards.entries, here)
    assert has(picture(), "ok", 0)
    assert not has(picture(), "ok", 296)
