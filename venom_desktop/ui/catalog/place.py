"""Where the reader of a list is, so that rows that come in between move nothing under their eyes."""

from dataclasses import dataclass

from venom_desktop.core.catalog.base import CatalogEntry
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.ui.catalog.table import CatalogModel, CatalogTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The first row in view and how far it is scrolled under the head; `top` is None at the very beginning."""

    top: tuple[ModelProvider, str] | None
    under_px: int = 0
    selected: CatalogEntry | None = None

    @classmethod
    def of(cls, table: CatalogTable, rows: CatalogModel) -> "Place":
        selected = rows.entry(table.currentIndex().row())
        first = table.rowAt(0)
        entry = rows.entry(first)
        if entry is None or table.verticalScrollBar().value() == 0:
            return cls(top=None, selected=selected)
        return cls(top=entry.key, under_px=table.rowViewportPosition(first), selected=selected)

    def restore(self, table: CatalogTable, rows: CatalogModel) -> None:
        """Scroll back to it; a row that is gone leaves the view where it is."""
        bar = table.verticalScrollBar()
        if self.top is None:
            bar.setValue(0)
            return
        row = rows.row_of(self.top, everywhere=True)
        if row >= 0:
            table.updateGeometries()
            bar.setValue(table.verticalHeader().sectionPosition(row) - self.under_px)
