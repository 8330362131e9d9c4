"""The table of installed models as Qt sees it."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QPersistentModelIndex, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from tests.ui.installed.test_presenter import GB, LLAMA, RUNTIMES, TINY, model
from venom_desktop.core.registry.inventory import InventorySnapshot
from venom_desktop.ui.installed.presenter import Group, Row, list_rows
from venom_desktop.ui.installed.table import Column, InstalledModel, InstalledTable

INVENTORY = InventorySnapshot(
    models=(TINY, model("org/two:Q8_0"), model("gemma3:4b", runtime="ollama")), active=TINY.key
)


def rows(inventory: InventorySnapshot = INVENTORY, text: str = "") -> tuple[Group | Row, ...]:
    return list_rows(inventory, RUNTIMES, (), text=text)


@pytest.fixture
def table(themed: QApplication, qtbot: QtBot) -> InstalledTable:
    shown = InstalledModel()
    result = InstalledTable(shown)
    qtbot.addWidget(result)
    shown.setParent(result)
    shown.show_rows(rows())
    result.resize(900, 500)
    result.show()
    return result


def test_the_model_keeps_qts_rules_through_every_change(themed: QApplication, qtmodeltester: ModelTester) -> None:
    shown = InstalledModel()
    qtmodeltester.check(shown)  # type: ignore[no-untyped-call]
    for text in ("", "org", "nothing like it", ""):
        shown.show_rows(rows(text=text))
    shown.show_rows(rows(replace(INVENTORY, active=None)))
    qtmodeltester.check(shown)  # type: ignore[no-untyped-call]


def test_a_change_repaints_its_row_alone(table: InstalledTable, qtbot: QtBot) -> None:
    shown = table.model()
    assert isinstance(shown, InstalledModel)
    kept = QPersistentModelIndex(shown.index(2, 0))
    with qtbot.waitSignal(shown.dataChanged) as told:
        shown.show_rows(rows(replace(INVENTORY, active=None)))
    assert (told.args[0].row(), told.args[1].row()) == (1, 1)
    assert kept.isValid()


def test_the_same_list_again_tells_nothing(table: InstalledTable, qtbot: QtBot) -> None:
    shown = table.model()
    assert isinstance(shown, InstalledModel)
    with qtbot.assertNotEmitted(shown.dataChanged), qtbot.assertNotEmitted(shown.modelReset):
        shown.show_rows(rows())


def test_a_heading_is_passed_over_by_selection_and_keys(table: InstalledTable) -> None:
    assert table.selected_row is not None
    assert table.selected_row.model.name == TINY.name
    for key, expected in (
        (Qt.Key.Key_Down, "org/two:Q8_0"),
        (Qt.Key.Key_Down, "gemma3:4b"),
        (Qt.Key.Key_Up, "org/two:Q8_0"),
        (Qt.Key.Key_Home, TINY.name),
        (Qt.Key.Key_Up, TINY.name),
        (Qt.Key.Key_End, "gemma3:4b"),
    ):
        QTest.keyClick(table, key)
        assert table.selected_row is not None
        assert table.selected_row.model.name == expected


def test_the_selected_model_stays_selected_when_others_come_and_go(table: InstalledTable) -> None:
    shown = table.model()
    assert isinstance(shown, InstalledModel)
    table.select_model(model("org/two:Q8_0").key)
    more = replace(INVENTORY, models=(model("a/first:Q2_K"), *INVENTORY.models))
    shown.show_rows(rows(more))
    assert table.selected_row is not None
    assert table.selected_row.model.name == "org/two:Q8_0"
    shown.show_rows(rows(replace(INVENTORY, models=(TINY,))))
    assert table.selected_row is not None
    assert table.selected_row.model.name == TINY.name


def test_headings_are_lower_than_rows_and_span_the_table(table: InstalledTable) -> None:
    assert (table.rowHeight(0), table.rowHeight(1)) == (36, 54)
    assert table.columnSpan(0, 0) == len(Column)


def test_rows_and_headings_read_as_sentences(table: InstalledTable) -> None:
    role = Qt.ItemDataRole.AccessibleTextRole
    texts = [str(table.model().index(place, 0).data(role)).replace("\u00a0", " ") for place in (0, 1)]
    assert texts == [f"{LLAMA.title}, 2 models · 4.0 GB, Running", "tiny:Q4_K_M, llama.cpp, 2.0 GB, Active"]


def test_narrow_keeps_the_name_the_state_and_the_size(table: InstalledTable) -> None:
    table.set_narrow(True)
    shown = [column for column in Column if not table.isColumnHidden(column)]
    assert shown == [Column.MODEL, Column.STATE, Column.SIZE]


def test_ten_thousand_models_are_listed_without_a_widget_each(table: InstalledTable) -> None:
    shown = table.model()
    assert isinstance(shown, InstalledModel)
    many = tuple(model(f"org/model-{number:05}:Q4_K_M", size_bytes=GB) for number in range(10_000))
    shown.show_rows(rows(InventorySnapshot(models=many)))
    assert shown.rowCount() == 10_001
    assert table.indexWidget(shown.index(5, 0)) is None


def test_a_model_that_stands_where_a_group_stood_is_as_high_as_the_others(table: InstalledTable) -> None:
    shown = table.model()
    assert isinstance(shown, InstalledModel)
    others = (TINY, model("gemma3:4b", runtime="ollama"), model("phi4:latest", runtime="ollama"))
    shown.show_rows(rows(replace(INVENTORY, models=others)))
    models = {table.rowHeight(place) for place in range(shown.rowCount()) if shown.row(place) is not None}
    heads = {table.rowHeight(place) for place in range(shown.rowCount()) if shown.row(place) is None}
    assert len(models) == len(heads) == 1
    assert models != heads
