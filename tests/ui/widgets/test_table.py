"""The table: selection, hover, keys, and rows that mirror."""

import pytest
from PySide6.QtCore import QPoint, QStringListModel, Qt
from PySide6.QtGui import QColor, QPaintEvent, QStandardItem, QStandardItemModel
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTableView, QWidget
from pytestqt.qtbot import QtBot

from venom_desktop.ui import theme
from venom_desktop.ui.widgets import Cell, DetailsPanel, Frame, PillLook, RowDelegate, SideSplitter, Table


class Names(RowDelegate):
    def paint_cell(self, cell: Cell) -> None:
        text = str(cell.index.data())
        cell.name(text, text, text)


class Everything(RowDelegate):
    def paint_cell(self, cell: Cell) -> None:
        cell.text("text", trailing=True)
        cell.pill(PillLook(text="Fits GPU", glyph="disc", state="ok"), start=100)
        cell.icons(("vision", "tools"))
        cell.icon("more")
        cell.bar(0.4)
        cell.radio()
        cell.group("Ollama", "4 models", PillLook(text="Running"))


@pytest.fixture
def table(themed: QApplication, qtbot: QtBot) -> Table:
    table = Table("Models")
    qtbot.addWidget(table)
    table.setModel(QStringListModel(["one", "two", "three", "four"], table))
    table.setItemDelegate(Names(table))
    table.set_column_widths({}, stretch=0)
    table.resize(400, 300)
    with qtbot.waitExposed(table):
        table.show()
    return table


def test_the_arrows_walk_the_rows_and_tell_each(table: Table) -> None:
    told: list[int] = []
    table.row_changed.connect(lambda index: told.append(index.row()))
    table.select_row(0)
    QTest.keyClick(table, Qt.Key.Key_Down)
    QTest.keyClick(table, Qt.Key.Key_End)
    table.select_row(-1)
    assert told == [0, 1, 3, -1]


@pytest.mark.parametrize(
    ("key", "name"),
    [(Qt.Key.Key_Return, "enter_pressed"), (Qt.Key.Key_Space, "space_pressed"), (Qt.Key.Key_Delete, "delete_pressed")],
)
def test_the_keys_of_a_row_are_told_when_a_row_is_selected(table: Table, key: Qt.Key, name: str) -> None:
    told: list[bool] = []
    getattr(table, name).connect(lambda: told.append(True))
    QTest.keyClick(table, key)
    assert told == []
    table.select_row(1)
    QTest.keyClick(table, key)
    assert told == [True]


def test_the_whole_row_is_lit_under_the_pointer(table: Table, qtbot: QtBot) -> None:
    QTest.mouseMove(table.viewport(), QPoint(20, table.rowViewportPosition(2) + 10))
    # On a real screen the pointer is really moved, and the news of it come from there.
    qtbot.waitUntil(lambda: table.hover_row == 2)
    picture = table.viewport().grab().toImage()
    for x in (2, 200, 380):
        assert picture.pixelColor(x, table.rowViewportPosition(2) + 4) == QColor(theme.color("hover"))


def test_the_selected_row_has_a_bar_at_its_start_edge(table: Table) -> None:
    table.select_row(1)
    picture = table.viewport().grab().toImage()
    y = table.rowViewportPosition(1) + 20
    assert picture.pixelColor(1, y) == QColor(theme.color("accent"))
    assert picture.pixelColor(6, y) == QColor(theme.color("accent_soft"))


def test_a_right_to_left_row_mirrors_tile_and_bar(table: Table) -> None:
    table.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    table.select_row(1)
    picture = table.viewport().grab().toImage()
    y = table.rowViewportPosition(1) + 20
    right = table.viewport().width() - 2
    assert picture.pixelColor(right, y) == QColor(theme.color("accent"))
    assert picture.pixelColor(1, y) == QColor(theme.color("accent_soft"))


@pytest.mark.parametrize("direction", [Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft])
def test_every_brush_of_a_cell_paints(table: Table, direction: Qt.LayoutDirection) -> None:
    table.setLayoutDirection(direction)
    table.setItemDelegate(Everything(table))
    table.select_row(0)
    assert not table.viewport().grab().isNull()


def test_the_menu_key_offers_the_verbs_of_the_selected_row(table: Table) -> None:
    asked: list[int] = []
    table.menu_requested.connect(lambda index, _: asked.append(index.row()))
    table.select_row(2)
    table.customContextMenuRequested.emit(QPoint(-1, -1))
    assert asked == [2]


def test_a_column_is_never_narrower_than_its_title(themed: QApplication, qtbot: QtBot) -> None:
    table = Table("Models")
    qtbot.addWidget(table)
    model = QStandardItemModel(1, 2, table)
    model.setHorizontalHeaderLabels(["Model", "A rather long title"])
    table.setModel(model)
    table.set_column_widths({1: 40})
    assert table.columnWidth(1) > theme.metrics("small_medium").horizontalAdvance("A rather long title")


@pytest.mark.parametrize(("total", "panel"), [(1000, 344), (1280, 388), (1700, 440)])
def test_the_panel_takes_the_width_that_the_window_allows(
    themed: QApplication, qtbot: QtBot, total: int, panel: int
) -> None:
    side = DetailsPanel("Details")
    splitter = SideSplitter(Frame("panel"), side)
    qtbot.addWidget(splitter)
    splitter.resize(total, 500)
    with qtbot.waitExposed(splitter):
        splitter.show()
    assert side.width() == panel - 1


def test_a_dragged_line_is_kept_and_an_untouched_one_is_not(themed: QApplication, qtbot: QtBot) -> None:
    def splitter() -> SideSplitter:
        result = SideSplitter(QWidget(), DetailsPanel("Details"))
        qtbot.addWidget(result)
        result.resize(1280, 500)
        result.show()
        return result

    first, second = splitter(), splitter()
    assert first.state().isEmpty()
    first.moveSplitter(700, 1)
    second.restore(first.state())
    second.resize(1281, 500)
    assert abs(second.sizes()[0] - 700) <= 2


class Cells(Table):
    """As Qt paints a table: cell by cell."""

    def paintEvent(self, event: QPaintEvent) -> None:
        QTableView.paintEvent(self, event)


@pytest.mark.parametrize("direction", [Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft])
@pytest.mark.parametrize("hidden", [False, True])
def test_a_row_painted_at_once_looks_like_its_cells_painted_one_by_one(
    themed: QApplication, qtbot: QtBot, direction: Qt.LayoutDirection, hidden: bool
) -> None:
    pictures = []
    for kind in (Table, Cells):
        table = kind("Models")
        qtbot.addWidget(table)
        table.setLayoutDirection(direction)
        model = QStandardItemModel(6, 3, table)
        for row in range(6):
            for column in range(3):
                model.setItem(row, column, QStandardItem(f"row {row} column {column}"))
        table.setModel(model)
        table.setItemDelegate(Names(table))
        table.set_column_widths({1: 90, 2: 70}, stretch=0)
        table.setSpan(2, 0, 1, 3)
        table.setColumnHidden(1, hidden)
        table.resize(600, 240)
        with qtbot.waitExposed(table):
            table.show()
        table.select_row(1)
        table.verticalScrollBar().setValue(20)
        table.hover_row = 3
        pictures.append(table.viewport().grab().toImage())
    assert pictures[0] == pictures[1]
