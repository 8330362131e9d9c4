"""The table of installed models: the painter of its columns, and the buttons in the heads of groups."""

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import QModelIndex, QRectF, Qt
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QTableView

from venom_desktop.core.registry.model import ModelKey
from venom_desktop.ui import icons, theme
from venom_desktop.ui.i18n import gigabytes, tokens_short, tr
from venom_desktop.ui.installed import words
from venom_desktop.ui.installed.group_button import GroupButton, cure_width
from venom_desktop.ui.installed.groups import Group, size_of
from venom_desktop.ui.installed.presenter import Row
from venom_desktop.ui.installed.states import State
from venom_desktop.ui.installed.table_model import Column as Column
from venom_desktop.ui.installed.table_model import InstalledModel as InstalledModel
from venom_desktop.ui.installed.table_model import name_of
from venom_desktop.ui.widgets import Cell, RowDelegate, Table, pill_size

GROUP_HEIGHT: Final = 36


_WIDTHS: Final[Mapping[Column, int]] = {
    Column.STATE: 156,
    Column.QUANTIZATION: 98,
    Column.SIZE: 72,
    Column.CONTEXT: 72,
    Column.CAN_DO: 66,
    Column.LAST_USED: 100,
}
_GONE_WHEN_NARROW: Final = (Column.QUANTIZATION, Column.CONTEXT, Column.CAN_DO, Column.LAST_USED)


class InstalledDelegate(RowDelegate):
    """Paints every column from the row; nothing of it is a widget."""

    def paint_cell(self, cell: Cell) -> None:
        if isinstance(cell.value, Group):
            if cell.column == Column.MODEL:
                _paint_group(cell, cell.value)
            return
        self._paint_model(cell, cell.value)

    def _paint_model(self, cell: Cell, row: Row) -> None:
        model, capabilities = row.model, row.capabilities
        match Column(cell.column):
            case Column.MODEL:
                cell.name(model.display_name, model.name, model.name.rpartition("/")[0] or model.display_name)
            case Column.STATE:
                _paint_state(cell, row)
            case Column.QUANTIZATION:
                cell.text(capabilities.quantization or "", tone="text")
            case Column.SIZE:
                size = size_of(model)
                cell.text(gigabytes(size), trailing=True, tone="text" if size is not None else "text3")
            case Column.CONTEXT:
                context = capabilities.max_context_length
                cell.text(tokens_short(context), trailing=True, tone="text" if context else "text3")
            case Column.CAN_DO:
                cell.icons(words.ability_icons(capabilities)[:3])
            case Column.LAST_USED:
                cell.text(words.last_used(model.last_used_at), tone="text2")


def _paint_state(cell: Cell, row: Row) -> None:
    """An update of a model whose state says something else is a sign beside the pill."""
    look = words.state_look(row.state)
    if look is None:
        return
    cell.pill(look)
    if row.has_update and row.state is not State.UPDATE_AVAILABLE:
        place = QRectF(cell.inner(8 + pill_size(look).width() + 6, 0).left(), cell.rect.center().y() - 8, 16, 16)
        icons.paint(cell.painter, "update", cell.mirrored(place), "part")


def _paint_group(cell: Cell, group: Group) -> None:
    title, detail, look = name_of(group), words.group_detail(group), words.runtime_look(group.state, group.runtime)
    cell.group(title, detail, look)
    age = words.group_age(group)
    if not age:
        return
    before = theme.metrics("strong").horizontalAdvance(title) + theme.metrics("small").horizontalAdvance(detail)
    start = 16 + before + 10 + 12 + pill_size(look).width() + 20
    end = 16 + (cure_width(group) + 8 if group.cure is not None else 0)
    cell.text(age, "small", tone="text2", within=cell.inner(start, end))


class InstalledTable(Table):
    """Keeps the selected model selected through every new list; `cure_wanted` carries the `Group` to be cured."""

    cure_wanted = QtSignal(object)

    def __init__(self, model: InstalledModel) -> None:
        super().__init__(tr("Installed models"))
        self._shown = model
        self._kept: ModelKey | None = None
        self._heads: list[int] = []
        self.setModel(model)
        self._painter = InstalledDelegate(self)
        self.setItemDelegate(self._painter)
        widths = {**_WIDTHS, Column.STATE: max(_WIDTHS[Column.STATE], words.widest_state() + 18)}
        self.set_column_widths({int(column): width for column, width in widths.items()})
        model.modelAboutToBeReset.connect(self._remember)
        model.modelReset.connect(self._lay_out)
        model.dataChanged.connect(lambda *_: self._place_cures())

    @property
    def selected_row(self) -> Row | None:
        index = self.selected_index()
        return self._shown.row(index.row()) if index.isValid() else None

    def select_model(self, key: ModelKey | None) -> None:
        """Select a model's row; None, or one that is not listed, selects the first."""
        place = self._shown.place_of(key)
        self.select_row(place if place >= 0 else 0)

    def select_row(self, row: int) -> None:
        """A group is passed over: the next model is meant."""
        count = self._shown.rowCount()
        models = (place for place in range(max(row, 0), count) if self._shown.row(place) is not None)
        super().select_row(-1 if row < 0 else next(models, -1))

    def set_narrow(self, narrow: bool) -> None:
        for column in _GONE_WHEN_NARROW:
            self.setColumnHidden(column, narrow)

    def moveCursor(self, action: QTableView.CursorAction, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        index = super().moveCursor(action, modifiers)
        if index.isValid() and self._shown.row(index.row()) is None:
            # Home and End, and Up from the first model: a heading is no place to stand on.
            near = [place for place in range(self._shown.rowCount()) if self._shown.row(place) is not None]
            place = min(near, key=lambda other: abs(other - index.row()), default=-1)
            return self._shown.index(place, 0) if place >= 0 else QModelIndex()
        return index

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    def _place_cures(self) -> None:
        """The button of a group that cannot be reached stands in its row; all other rows are painted."""
        for place in self._heads:
            group = self._shown.rows[place]
            if not isinstance(group, Group):
                continue
            index = self._shown.index(place, 0)
            shown = self.indexWidget(index)
            if isinstance(shown, GroupButton):
                shown.show_group(group)
            elif group.cure is not None:
                self.setIndexWidget(index, GroupButton(group, self.cure_wanted.emit))

    def _remember(self) -> None:
        row = self.selected_row
        self._kept = row.key if row is not None else None

    def _lay_out(self) -> None:
        self.clearSpans()
        usual = self.verticalHeader().defaultSectionSize()
        for place in self._heads:
            # Where a group stood a model may stand now.
            self.setRowHeight(place, usual)
        self._heads = [place for place, row in enumerate(self._shown.rows) if isinstance(row, Group)]
        height = max(GROUP_HEIGHT, theme.metrics("strong").height() + 16)
        for place in self._heads:
            self.setRowHeight(place, height)
            self.setSpan(place, 0, 1, len(Column))
        self._place_cures()
        if self._shown.rowCount():
            self.select_model(self._kept)
