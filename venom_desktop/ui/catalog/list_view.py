"""The left side of the tab: search, order, filters, what the sources have to say, and the rows."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout

from venom_desktop.core.catalog.base import CatalogEntry, Sort
from venom_desktop.core.catalog.search import CatalogState
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.ui.catalog.filters import FilterBar
from venom_desktop.ui.catalog.place import Place
from venom_desktop.ui.catalog.source_banners import SourceBanners
from venom_desktop.ui.catalog.source_words import search_words, sort_choices
from venom_desktop.ui.catalog.table import CatalogModel, CatalogTable
from venom_desktop.ui.i18n import number, tr
from venom_desktop.ui.widgets import (
    Bar,
    Button,
    Choice,
    EmptyState,
    Frame,
    SearchField,
    ToolButton,
    column,
    row,
)

SHOW_LOADING_AFTER_MS = 300
BAR_HEIGHT = 3


class CatalogList(Frame):
    """Shows a `CatalogState`; tells what is typed, chosen and wanted."""

    text_changed = QtSignal(str)
    sort_chosen = QtSignal(object)
    filters_changed = QtSignal()
    refresh_wanted = QtSignal()
    again_wanted = QtSignal(object)
    """The source that failed is to be asked again; None means all of them."""
    more_wanted = QtSignal()
    settled = QtSignal()
    """The rows in view have been the same for a moment."""

    def __init__(self, providers: Sequence[ModelProvider]) -> None:
        self.search = SearchField(search_words(providers))
        self.sort = Choice(tr("Order"), sort_choices())
        self._refresh = Button(
            tr("Refresh catalog"), "quiet", icon="refresh", on_click=lambda: self.refresh_wanted.emit()
        )
        self._small_refresh = ToolButton("refresh", tr("Refresh catalog"), on_click=lambda: self.refresh_wanted.emit())
        self.filters = FilterBar(providers)
        self.banners = SourceBanners(providers)
        self.loading, self.loading_more = Bar(tr("Loading"), height=BAR_HEIGHT), Bar(tr("Loading"), height=BAR_HEIGHT)
        self.rows = CatalogModel()
        self.table = CatalogTable(self.rows)
        self.empty = EmptyState(
            "search", "", "", Button(tr("Clear filters"), on_click=self.clear), Button("", on_click=self._try_again)
        )
        self._stack = QStackedWidget()
        self._patience = QTimer()
        self._rest = QTimer()
        self._state = CatalogState()
        super().__init__("panel", self._placed())
        self._connect()
        self.set_narrow(False)

    def show_state(self, state: CatalogState) -> None:
        """Take a new snapshot; a row that stays selected stays in its place."""
        before, self._state = self._state, state
        same = (before.text, before.sort, before.filters) == (state.text, state.sort, state.filters)
        self._show_rows(state, same_question=same)
        self.table.show_sort(state.sort)
        self._show_loading(state)
        self.banners.show_sources(state.sources)
        self.filters.tell_reach("" if state.among is None else _among(state.among))
        self._show_emptiness(state)
        self._rest.start()

    @property
    def selected(self) -> CatalogEntry | None:
        return self.rows.entry(self.table.currentIndex().row())

    @property
    def in_view(self) -> tuple[CatalogEntry, ...]:
        entries = (self.rows.entry(place) for place in self.table.visible_rows())
        return tuple(entry for entry in entries if entry is not None)

    def clear(self) -> bool:
        """Empty the search, then take the filters off; False when there was nothing to clear."""
        if self.search.text():
            self.search.clear()
            return True
        was_on = self.filters.is_on
        self.filters.clear()
        return was_on

    def focus_search(self) -> None:
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def set_narrow(self, narrow: bool) -> None:
        self._refresh.setVisible(not narrow)
        self._small_refresh.setVisible(narrow)
        self.filters.set_narrow(narrow)
        self.table.set_narrow(narrow)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up and Down move through the rows while the search field has the keys, Enter goes there."""
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
            if step is not None:
                last = self.rows.rowCount() - 1
                self.table.select_row(min(max(self.table.currentIndex().row() + step, min(0, last)), last))
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.rows.rowCount():
                self.table.setFocus(Qt.FocusReason.TabFocusReason)
                return True
        return super().eventFilter(watched, event)

    def _placed(self) -> QVBoxLayout:
        self.search.setMinimumWidth(200)
        self.search.setMaximumWidth(520)
        self.sort.setMinimumWidth(150)
        tools = row((self.search, 4), None, self.sort, self._refresh, self._small_refresh, margins=(16, 14, 12, 0))
        for bar in (self.loading, self.loading_more):
            policy = bar.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            bar.setSizePolicy(policy)
            bar.show_progress(None)
            bar.hide()
        self._stack.addWidget(self.table)
        self._stack.addWidget(self.empty)
        below = (self.loading, (self._stack, 1), self.loading_more)
        return column(tools, self.filters, self.banners, *below, spacing=0)

    def _connect(self) -> None:
        for timer, pause_ms in ((self._patience, SHOW_LOADING_AFTER_MS), (self._rest, 2 * SHOW_LOADING_AFTER_MS)):
            timer.setParent(self)
            timer.setSingleShot(True)
            timer.setInterval(pause_ms)
        self._patience.timeout.connect(self._show_bars)
        self._rest.timeout.connect(self.settled)
        self.search.installEventFilter(self)
        self.search.textChanged.connect(self.text_changed)
        self.sort.chosen.connect(self.sort_chosen)
        self.table.sort_wanted.connect(self._take_sort)
        self.filters.changed.connect(self.filters_changed)
        self.table.near_end.connect(self.more_wanted)
        self.banners.again_wanted.connect(self.again_wanted)
        self.table.verticalScrollBar().valueChanged.connect(lambda _: self._rest.start())

    def _take_sort(self, sort: Sort) -> None:
        self.sort.choose(sort)
        # Qt has turned the arrow already; the order has one direction.
        self.table.show_sort(self._state.sort)

    def _show_rows(self, state: CatalogState, *, same_question: bool) -> None:
        place = Place.of(self.table, self.rows)
        moved = self.rows.show_entries(state.rows, same_question=same_question)
        self._keep(place.selected, everywhere=same_question)
        if moved and same_question:
            place.restore(self.table, self.rows)

    def _keep(self, selected: CatalogEntry | None, *, everywhere: bool) -> None:
        kept = self.rows.entry(self.table.currentIndex().row())
        if kept is not None and selected is not None and kept.key == selected.key:
            return
        found = self.rows.row_of(selected.key, everywhere=everywhere) if selected else -1
        if found >= 0 or not self._state.loading:
            self.table.select_row(max(found, 0) if self.rows.rowCount() else -1)

    def _show_loading(self, state: CatalogState) -> None:
        if not state.loading:
            self._patience.stop()
            self.loading.hide()
            self.loading_more.hide()
        elif not self._patience.isActive() and self.loading.isHidden() and self.loading_more.isHidden():
            self._patience.start()

    def _show_bars(self) -> None:
        at_end = bool(self._state.rows) and self.rows.rowCount() - 1 in self.table.visible_rows()
        self.loading_more.setVisible(at_end)
        self.loading.setVisible(not at_end)

    def _show_emptiness(self, state: CatalogState) -> None:
        nothing = not state.rows and not state.loading
        self._stack.setCurrentWidget(self.empty if nothing else self.table)
        if not nothing:
            return
        narrowed = bool(state.text.strip()) or self.filters.is_on
        clear, again = self.empty.findChildren(Button)
        clear.setVisible(narrowed)
        again.setVisible(not narrowed)
        again.set_content(tr("Try again"), "refresh")
        if narrowed:
            self.empty.tell(tr("No model fits these filters"), tr("Clear them, or search for something else."))
        else:
            self.empty.tell(tr("Nothing to show"), tr("No source gave a list. Check the connection and try again."))

    def _try_again(self) -> None:
        self.again_wanted.emit(None)


def _among(count: int) -> str:
    return tr("among {count} loaded", count=number(count))
