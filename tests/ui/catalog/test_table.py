"""The rows of the catalog as Qt sees them."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QAbstractItemModel, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from tests.ui.catalog.rows import entry
from venom_desktop.core.catalog.base import Ability, Sort
from venom_desktop.ui.catalog.table import CatalogModel, CatalogTable, Column

ROWS = [entry(f"org/Model-{number}-GGUF", billions=1 + number) for number in range(60)]


def test_the_model_keeps_qts_rules_through_every_change(qtmodeltester: ModelTester) -> None:
    model = CatalogModel()
    qtmodeltester.check(model)  # type: ignore[no-untyped-call]
    model.show_entries(ROWS[:20])
    model.show_entries(ROWS[:40])
    model.show_entries([replace(ROWS[0], downloads=1), *ROWS[1:40]])
    model.show_entries(ROWS[10:20])
    model.show_entries([])
    qtmodeltester.check(model)  # type: ignore[no-untyped-call]


def test_more_rows_are_appended_and_a_selected_row_stays(qtbot: QtBot) -> None:
    model = CatalogModel()
    model.show_entries(ROWS[:20])
    kept = QPersistentModelIndex(model.index(7, 0))

    with qtbot.waitSignal(model.rowsInserted) as told:
        model.show_entries(ROWS[:40])

    assert told.args[1:] == [20, 39]
    assert kept.isValid()
    assert model.rowCount() == 40


def test_a_better_known_row_is_repainted_in_its_place(qtbot: QtBot) -> None:
    model = CatalogModel()
    model.show_entries(ROWS[:20])

    with qtbot.waitSignal(model.dataChanged) as told:
        model.show_entries([*ROWS[:5], replace(ROWS[5], downloads=1), *ROWS[6:20]])

    first, last = told.args[0], told.args[1]
    assert (first.row(), last.row()) == (5, 5)


def test_another_list_resets_the_model(qtbot: QtBot) -> None:
    model = CatalogModel()
    model.show_entries(ROWS[:20])

    with qtbot.waitSignal(model.modelReset):
        model.show_entries(ROWS[3:20])

    assert model.rowCount() == 17


def test_a_row_reads_as_one_sentence(themed: QApplication) -> None:
    model = CatalogModel()
    model.show_entries([entry(size_range_bytes=(3_300_000_000, 8_600_000_000), gated=True)])

    sentence = model.data(model.index(0, 0), Qt.ItemDataRole.AccessibleTextRole)

    expected = "Tiny 4B, Hugging Face, 3.3 – 8.6 GB, ≈ RAM only, licence must be accepted"
    assert str(sentence).replace("\u00a0", " ") == expected


def test_the_fit_cell_explains_its_number(themed: QApplication) -> None:
    model = CatalogModel()
    model.show_entries(ROWS[:1])

    tip = str(model.data(model.index(0, Column.FIT), Qt.ItemDataRole.ToolTipRole)).replace("\u00a0", " ")

    assert "of 12.0 GB free" in tip
    assert "±" in tip
    assert "context 8 192" in tip


def test_numbers_stand_at_the_right() -> None:
    model: QAbstractItemModel = CatalogModel()

    trailing = [
        bool(model.headerData(column, Qt.Orientation.Horizontal, Qt.ItemDataRole.TextAlignmentRole))
        for column in Column
    ]

    assert trailing == [False, False, True, True, False, True, False]


@pytest.fixture
def table(themed: QApplication, qtbot: QtBot) -> CatalogTable:
    model = CatalogModel()
    table = CatalogTable(model)
    qtbot.addWidget(table)
    table.resize(892, 500)
    return table


def shown(table: CatalogTable) -> CatalogModel:
    model = table.model()
    assert isinstance(model, CatalogModel)
    return model


def test_every_kind_of_row_can_be_painted(table: CatalogTable, qtbot: QtBot) -> None:
    bare = replace(ROWS[1], quantizations=None, parameters=None, downloads=None, fit=None, publisher=None)
    rich = replace(ROWS[2], abilities=frozenset(Ability), gated=True)
    shown(table).show_entries([ROWS[0], bare, rich, replace(ROWS[3], quantizations=())])
    table.select_row(0)
    with qtbot.waitExposed(table):
        table.show()

    assert not table.grab().isNull()


def test_more_rows_are_asked_for_near_the_end_and_not_before(table: CatalogTable, qtbot: QtBot) -> None:
    shown(table).show_entries(ROWS)
    with qtbot.waitExposed(table):
        table.show()
    asked: list[int] = []
    table.near_end.connect(lambda: asked.append(1))

    table.verticalScrollBar().setValue(54)
    assert not asked
    table.verticalScrollBar().setValue(table.verticalScrollBar().maximum())

    assert asked


def test_the_narrow_table_keeps_name_size_and_fit(table: CatalogTable) -> None:
    table.set_narrow(True)

    left = [column for column in Column if not table.isColumnHidden(column)]

    assert left == [Column.MODEL, Column.SIZE, Column.FIT]


def test_the_arrow_stands_over_the_sorted_column_or_nowhere(table: CatalogTable) -> None:
    table.show_sort(Sort.DOWNLOADS)
    assert table.horizontalHeader().sortIndicatorSection() == Column.DOWNLOADS
    table.show_sort(Sort.LIKES)
    assert table.horizontalHeader().sortIndicatorSection() == -1
