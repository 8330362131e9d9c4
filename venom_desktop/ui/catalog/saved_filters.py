"""Searches that the user keeps: text, order and filters under a name, in the window's state."""

from collections.abc import Mapping
from typing import Any, Final

from PySide6.QtCore import QObject

from venom_desktop.core.catalog.base import Sort
from venom_desktop.core.settings.ui_state import UiState
from venom_desktop.ui.catalog.list_view import CatalogList
from venom_desktop.ui.i18n import facts

STATE: Final = "catalog.saved"
MOST: Final = 20


class SavedFilters(QObject):
    """Belongs to the list and serves its "Filters"; what is saved again under its name takes the first place."""

    def __init__(self, view: CatalogList, ui_state: UiState) -> None:
        super().__init__(view)
        self._view, self._ui_state = view, ui_state
        more = view.filters.more
        more.save_wanted.connect(self._save)
        more.saved_chosen.connect(self._choose)
        more.saved_forgotten.connect(self._forget)
        view.filters.changed.connect(self._show)
        view.text_changed.connect(lambda _: self._show())
        self._show()

    @property
    def _saved(self) -> list[Mapping[str, Any]]:
        kept = self._ui_state.get(STATE)
        rows = kept if isinstance(kept, list) else []
        return [row for row in rows if isinstance(row, Mapping) and isinstance(row.get("name"), str)]

    @property
    def _name(self) -> str:
        text = self._view.search.text().strip()
        return facts(f"\u201c{text}\u201d" if text else None, self._view.filters.name)

    def _save(self) -> None:
        view, name = self._view, self._name
        row = {
            "name": name,
            "text": view.search.text().strip(),
            "sort": view.sort.value,
            "filters": view.filters.kept(),
        }
        self._keep([row, *(other for other in self._saved if other["name"] != name)][:MOST])

    def _choose(self, place: int) -> None:
        row = self._saved[place]
        filters, text, sort = row.get("filters"), row.get("text"), row.get("sort")
        self._view.search.setText(text if isinstance(text, str) else "")
        if sort in set(Sort):
            self._view.sort.choose(Sort(sort))
        self._view.filters.take(filters if isinstance(filters, Mapping) else {})

    def _forget(self, place: int) -> None:
        self._keep([row for number, row in enumerate(self._saved) if number != place])

    def _keep(self, rows: list[Mapping[str, Any]]) -> None:
        self._ui_state.put(STATE, rows)
        self._show()

    def _show(self) -> None:
        self._view.filters.more.show_saved([row["name"] for row in self._saved], can_save=bool(self._name))
