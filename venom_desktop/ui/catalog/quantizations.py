"""The radio table of the details panel: one row per quantization, with size, memory and fit."""

from collections.abc import Sequence
from dataclasses import replace
from enum import IntEnum
from typing import Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QRectF, Qt
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtGui import QResizeEvent

from venom_desktop.core.catalog.quantizations import LATEST
from venom_desktop.ui import icons, theme
from venom_desktop.ui.catalog.offers import Offer
from venom_desktop.ui.catalog.words import ABOUT
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.widgets import Cell, Frame, PillLook, RowDelegate, Table, column, fit_look, pill_size

Index = QModelIndex | QPersistentModelIndex
NOWHERE: Final = QModelIndex()
LABEL_START: Final = 31
"""Behind the radio button."""
STAR_SIZE: Final = 12
GAP: Final = 5


class Part(IntEnum):
    """The columns."""

    LABEL = 0
    SIZE = 1
    MEMORY = 2
    FIT = 3


class QuantizationModel(QAbstractTableModel):
    """Verdicts come and change one by one; the rows stay."""

    def __init__(self) -> None:
        super().__init__()
        self._offers: tuple[Offer, ...] = ()

    @property
    def offers(self) -> tuple[Offer, ...]:
        return self._offers

    def show_offers(self, offers: Sequence[Offer]) -> None:
        before, self_offers = [offer.label for offer in self._offers], tuple(offers)
        if before != [offer.label for offer in self_offers]:
            self.beginResetModel()
            self._offers = self_offers
            self.endResetModel()
        elif self_offers != self._offers:
            self._offers = self_offers
            self.dataChanged.emit(self.index(0, 0), self.index(len(self_offers) - 1, len(Part) - 1))

    def row_of(self, label: str | None) -> int:
        return next((row for row, offer in enumerate(self._offers) if offer.label == label), -1)

    def rowCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._offers)

    def columnCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(Part)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or not 0 <= index.row() < len(self._offers):
            return None
        offer = self._offers[index.row()]
        match role:
            case Qt.ItemDataRole.UserRole:
                return offer
            case Qt.ItemDataRole.DisplayRole:
                return offer.label if index.column() == Part.LABEL else None
            case Qt.ItemDataRole.AccessibleTextRole:
                return offer.sentence
            case Qt.ItemDataRole.ToolTipRole:
                return fit_look(offer.verdict).tip if index.column() >= Part.MEMORY else offer.tip
            case _:
                return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(Part):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return ("", tr("Size"), tr("Memory"), tr("Fit"))[section]
        if role == Qt.ItemDataRole.TextAlignmentRole and section in (Part.SIZE, Part.MEMORY):
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None


class _Painter(RowDelegate):
    def paint_ground(self, cell: Cell) -> None:
        ground = "accent_soft" if cell.selected else "hover" if cell.hovered else "surface"
        cell.painter.fillRect(cell.rect, theme.color(ground))

    def paint_cell(self, cell: Cell) -> None:
        offer: Offer = cell.value
        match Part(cell.column):
            case Part.LABEL:
                cell.radio()
                _paint_label(cell, offer)
            case Part.SIZE:
                cell.text(offer.size, trailing=True)
            case Part.MEMORY:
                cell.text(offer.memory, tone="text2", trailing=True)
            case Part.FIT:
                cell.pill(fit_look(offer.verdict))


def _paint_label(cell: Cell, offer: Offer) -> None:
    """The label; where there is room a star on the recommended one, and in a quieter tone what a tag stands for."""
    place = cell.inner(LABEL_START, 0)
    width = min(_label_width(offer), place.width())
    cell.text(offer.label, "medium", middle=True, within=QRectF(place.left(), place.top(), width, place.height()))
    left = place.left() + width + GAP
    if offer.is_recommended and place.right() - left >= STAR_SIZE:
        rect = QRectF(left, place.center().y() - STAR_SIZE / 2, STAR_SIZE, STAR_SIZE)
        icons.paint(cell.painter, "star", cell.mirrored(rect), "accent_text")
        left += STAR_SIZE + GAP
    if offer.beside and place.right() - left >= _beside_width(offer):
        cell.text(
            offer.beside, "small", tone="text2", within=QRectF(left, place.top(), place.right() - left, place.height())
        )


def _label_width(offer: Offer) -> int:
    return theme.metrics("medium").horizontalAdvance(offer.label) + 1


def _beside_width(offer: Offer) -> int:
    return theme.metrics("small").horizontalAdvance(offer.beside) + 1


def _wanted_width(offer: Offer) -> int:
    """Of the first column, with what must not be missing in it."""
    beside = _beside_width(offer) + GAP if offer.label == LATEST and offer.beside else 0
    return LABEL_START + _label_width(offer) + beside + GAP


def _widest(look: PillLook) -> int:
    """With the sign of an estimate, so that an exact verdict moves nothing."""
    return pill_size(replace(look, text=f"{ABOUT}{look.text.removeprefix(ABOUT)}")).width()


class QuantizationTable(Table):
    """As high as its rows."""

    label_chosen = QtSignal(str)

    def __init__(self) -> None:
        super().__init__(tr("Quantization"), two_lines=False, first_margin=10)
        self.rows = QuantizationModel()
        self.setModel(self.rows)
        self._painter = _Painter(self)
        self.setItemDelegate(self._painter)
        self._narrow = False
        self._wanted_width = 0
        self._fit_columns()
        self.row_changed.connect(self._tell)

    def show_offers(self, offers: Sequence[Offer], chosen: str | None) -> None:
        """Take rows and select one of them; tells nothing."""
        blocked = self.blockSignals(True)
        if offers_changed := tuple(offers) != self.rows.offers:
            self.rows.show_offers(offers)
        if offers_changed:
            self._fit_columns()
            self.fit_height_to_rows()
        if self.currentIndex().row() != self.rows.row_of(chosen):
            self.select_row(self.rows.row_of(chosen))
        self.blockSignals(blocked)

    def set_narrow(self, narrow: bool) -> None:
        self._narrow = narrow
        self._place_memory()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_memory()

    def _fit_columns(self) -> None:
        """As wide as the figures need: what is left belongs to labels such as UD-Q4_K_XL."""
        body = theme.metrics("body")
        offers = self.rows.offers
        widths = {
            Part.SIZE: [body.horizontalAdvance(offer.size) + 18 for offer in offers],
            Part.MEMORY: [body.horizontalAdvance(offer.memory) + 18 for offer in offers],
            Part.FIT: [_widest(fit_look(offer.verdict)) + 12 for offer in offers],
        }
        fixed = {int(part): max(found, default=66) for part, found in widths.items()}
        labels = [_wanted_width(offer) for offer in offers]
        self.set_column_widths(fixed)
        # A hidden column has no width of its own, and titles may be wider than figures.
        self.setColumnHidden(Part.MEMORY, False)
        self._wanted_width = max(labels, default=0) + sum(self.columnWidth(part) for part in fixed)
        self._place_memory()

    def _place_memory(self) -> None:
        """Memory is also in the bar below: it gives way before a label is cut."""
        crowded = self._wanted_width > self.viewport().width()
        self.setColumnHidden(Part.MEMORY, self._narrow or crowded)

    def _tell(self, index: QModelIndex) -> None:
        offer = index.data(Qt.ItemDataRole.UserRole)
        if isinstance(offer, Offer):
            self.label_chosen.emit(offer.label)


def in_card(table: QuantizationTable) -> Frame:
    return Frame("card", column(table, margins=(1, 4, 1, 4)))
