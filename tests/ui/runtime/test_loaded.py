"""The table of loaded models: what it shows of several, how the time runs out, and the keyboard's way through it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtCore import QPersistentModelIndex, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from tests.ui.runtime.plain_server import OLLAMA, RUNNING, PlainServer, in_memory
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.ui.runtime.loaded import LoadedTable
from venom_desktop.ui.runtime.loaded_rows import Column, LoadedModels, LoadedRow, expiry_words, loaded_rows

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def table(themed: QApplication, qtbot: QtBot, clock: Clock) -> LoadedTable:
    table = LoadedTable(clock)
    qtbot.addWidget(table)
    table.resize(868, 140)
    return table


def row(name: str, *, minutes: float | None = 4, vram: float = 1.0, keeps: bool = True) -> LoadedRow:
    loaded = in_memory(name, vram=vram)
    loaded = replace(loaded, expires_at=None if minutes is None else NOW + timedelta(minutes=minutes))
    key = ModelKey(name=name, runtime=OLLAMA)
    return LoadedRow(key=key, runtime_title="Ollama", loaded=loaded, active=False, keeps=keeps)


def cell(table: LoadedTable, place: int, column: Column) -> str:
    return str(table.rows.index(place, column).data()).replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(minutes=4), "in 4 min"),
        (timedelta(minutes=3, seconds=1), "in 4 min"),
        (timedelta(seconds=60), "in 1 min"),
        (timedelta(seconds=59), "in 59 s"),
        (timedelta(seconds=1.5), "in 1 s"),
        (timedelta(seconds=0.5), "now"),
        (timedelta(minutes=-2), "now"),
        (timedelta(hours=2, minutes=5), "in 2 h 5 min"),
    ],
)
def test_the_time_that_is_left_reads_in_whole_steps(left: timedelta, words: str) -> None:
    assert expiry_words(NOW + left, NOW).replace("\u00a0", " ") == words


def test_the_countdown_runs_on_without_asking_the_server(table: LoadedTable, clock: Clock) -> None:
    table.show_rows([row("a:1", minutes=4), row("b:1", minutes=None)])
    assert cell(table, 0, Column.EXPIRY) == "in 4 min"
    assert cell(table, 1, Column.EXPIRY) == "stays"
    changed: list[tuple[int, int]] = []
    table.rows.dataChanged.connect(lambda first, last: changed.append((first.row(), first.column())))
    table.rows.tick()
    assert changed == []
    clock.move(minutes=2, seconds=30)
    table.rows.tick()
    assert cell(table, 0, Column.EXPIRY) == "in 2 min"
    assert changed == [(0, Column.EXPIRY)]


def test_the_clock_ticks_only_while_something_runs_out_on_the_screen(table: LoadedTable) -> None:
    table.show_rows([row("a:1", minutes=None)])
    table.show()
    assert not table.is_counting
    counted = []
    for minutes, shown in ((4, True), (4, False), (4, True), (None, True)):
        table.show_rows([row("a:1", minutes=minutes)])
        table.setVisible(shown)
        counted.append(table.is_counting)
    assert counted == [True, False, True, False]


def test_several_models_show_their_memory_and_what_of_it_is_graphics_memory(table: LoadedTable) -> None:
    table.show_rows([row("a:1"), row("b:1", vram=0.5)])
    assert cell(table, 1, Column.MEMORY) == "4.9 GB"
    assert cell(table, 1, Column.VRAM) in {"2.4 GB", "2.5 GB"}
    assert not table.table.isColumnHidden(Column.VRAM)
    table.show_rows([row("a:1", vram=0)])
    assert table.table.isColumnHidden(Column.VRAM)


def test_what_an_engine_of_one_model_holds_has_no_time_and_no_pin(table: LoadedTable) -> None:
    table.show_rows([row("a:1", minutes=None, keeps=False)])
    assert table.table.isColumnHidden(Column.EXPIRY)
    assert table.table.isColumnHidden(Column.PIN)
    assert [action.text() for action in table.menu_for(table.rows.index(0, 0)).actions()] == ["Unload"]


def test_the_keyboard_unloads_and_pins_the_chosen_row(table: LoadedTable) -> None:
    told: list[object] = []
    table.unload_wanted.connect(lambda key: told.append(("unload", key.name)))
    table.pin_wanted.connect(lambda key, pinned: told.append(("pin", key.name, pinned)))
    table.show_rows([row("a:1"), row("b:1", minutes=None)])
    table.show()
    table.table.select_row(0)
    QTest.keyClick(table.table, Qt.Key.Key_Space)
    QTest.keyClick(table.table, Qt.Key.Key_Down)
    QTest.keyClick(table.table, Qt.Key.Key_Space)
    QTest.keyClick(table.table, Qt.Key.Key_Delete)
    assert told == [("pin", "a:1", True), ("pin", "b:1", False), ("unload", "b:1")]


def test_a_chosen_row_stays_chosen_when_its_figures_change(table: LoadedTable) -> None:
    table.show_rows([row("a:1"), row("b:1")])
    table.table.select_row(1)
    chosen = QPersistentModelIndex(table.rows.index(1, 0))
    table.show_rows([row("a:1"), row("b:1", minutes=30)])
    assert table.table.selected_index() == chosen
    assert cell(table, 1, Column.EXPIRY) == "in 30 min"


def test_the_menu_and_the_pin_in_the_row_say_what_they_do(table: LoadedTable) -> None:
    told: list[object] = []
    table.pin_wanted.connect(lambda key, pinned: told.append((key.name, pinned)))
    table.show_rows([row("a:1"), row("b:1", minutes=None)])
    table.show()
    words = [[action.text() for action in table.menu_for(table.rows.index(at, 0)).actions()] for at in (0, 1)]
    assert words == [["Unload", "Keep in memory"], ["Unload", "Let it unload by itself"]]
    place = table.table.visualRect(table.rows.index(0, Column.PIN)).center()
    QTest.mouseClick(table.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert told == [("a:1", True)]


def test_a_row_is_a_sentence_for_a_screen_reader(table: LoadedTable) -> None:
    table.show_rows([row("a:1"), row("b:1", minutes=None)])
    sentences = [
        str(table.rows.index(at, 0).data(Qt.ItemDataRole.AccessibleTextRole)).replace("\u00a0", " ") for at in (0, 1)
    ]
    assert sentences == [
        "a:1, Ollama, 4.9 GB, 4.9 GB in graphics memory, context 32 768, unloads in 4 min, loaded",
        "b:1, Ollama, 4.9 GB, 4.9 GB in graphics memory, context 32 768, stays in memory, loaded",
    ]


def test_every_model_of_a_server_has_its_row(qtmodeltester: ModelTester) -> None:
    server = PlainServer(replace(RUNNING, loaded=(in_memory("a:1"), in_memory("b:1", minutes=None))))
    rows = loaded_rows({OLLAMA: server}, ModelKey(name="b:1", runtime=OLLAMA))
    assert [(one.key.name, one.active, one.pinned) for one in rows] == [("a:1", False, False), ("b:1", True, True)]
    model = LoadedModels()
    model.show_rows(rows)
    qtmodeltester.check(model)  # type: ignore[no-untyped-call]
