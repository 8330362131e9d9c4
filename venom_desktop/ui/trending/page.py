"""The left side of the tab: which sources are shown, their lists one below the other, and the card that is selected."""

from collections.abc import Collection, Sequence
from functools import partial

from PySide6.QtCore import QEvent, QObject, QRect, QTimer
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from venom_desktop.core.catalog.base import CatalogEntry
from venom_desktop.core.catalog.filters import Key
from venom_desktop.core.catalog.trending import Trend, TrendingList
from venom_desktop.ui.catalog.list_view import BAR_HEIGHT, SHOW_LOADING_AFTER_MS
from venom_desktop.ui.catalog.words import provider_words
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.trending.section import Section
from venom_desktop.ui.widgets import Bar, Button, Segmented, ToolButton, column, row, scrolling, wrapped

AGES_SHOWN_EVERY_MS = 30_000
_END_PX = 12
_AROUND_PX = 48
"""So much above and below a card is brought into view with it: its list's name, where it is the first."""


class TrendingPage(QWidget):
    """`card_changed` tells that another card is selected, `opened` that one was clicked.

    `refresh_wanted` carries the lists to be asked for anew. `settled`: the cards in view stay the same for a moment.
    """

    card_changed = QtSignal()
    opened = QtSignal()
    enter_pressed = QtSignal()
    refresh_wanted = QtSignal(object)
    settled = QtSignal()

    def __init__(self, trends: Sequence[Trend]) -> None:
        super().__init__()
        self.sections = {trend: Section(trend) for trend in trends}
        self._providers = list(dict.fromkeys(trend.provider for trend in trends))
        words = [tr("All sources"), *(provider_words(provider) for provider in self._providers)]
        self.source = Segmented(words, meaning=tr("Source"))
        self.refresh = Button(tr("Refresh trending"), "quiet", icon="refresh", on_click=self._refresh_shown)
        self.small_refresh = ToolButton("refresh", tr("Refresh trending"), on_click=self._refresh_shown)
        self.loading = Bar(tr("Loading"), height=BAR_HEIGHT)
        self._current: Section | None = None
        self._lists: Sequence[TrendingList] = ()
        self._patience, self._rest, self.ages = QTimer(self), QTimer(self), QTimer(self)
        self._place()
        self._connect()
        self._set_stops()
        self.set_narrow(False)

    @property
    def shown(self) -> tuple[Section, ...]:
        """The lists of the source that was chosen."""
        chosen = self.source.current
        return tuple(
            section
            for section in self.sections.values()
            if chosen == 0 or section.trend.provider is self._providers[chosen - 1]
        )

    @property
    def shown_trends(self) -> tuple[Trend, ...]:
        return tuple(section.trend for section in self.shown)

    @property
    def selected(self) -> CatalogEntry | None:
        return self._current.grid.selected if self._current is not None else None

    @property
    def sees_selected(self) -> bool:
        grid = self._current.grid if self._current is not None else None
        return grid is not None and grid.currentIndex().row() in grid.rows_in_view()

    @property
    def in_view(self) -> tuple[CatalogEntry, ...]:
        entries = (section.cards.entry(place) for section in self.shown for place in section.grid.rows_in_view())
        return tuple(entry for entry in entries if entry is not None)

    def show_lists(self, lists: Sequence[TrendingList], here: Collection[Key]) -> None:
        """Take a new snapshot of every list; `here` is what is installed."""
        self._lists = lists
        for one in lists:
            self.sections[one.trend].show_list(one, here)
        self._set_stops()
        self._show_loading()
        self._rest.start()

    def focus_cards(self) -> None:
        """Give the keys to the cards, to the selected one if there is one."""
        stop = self._stop()
        if stop is not None:
            stop.grid.setFocus()

    def reveal(self) -> None:
        """Bring the selected card into view, as after the cards were laid out anew."""
        if self._current is not None:
            self._current.grid.scrollTo(self._current.grid.currentIndex())

    def set_narrow(self, narrow: bool) -> None:
        self.refresh.setVisible(not narrow)
        self.small_refresh.setVisible(narrow)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show_ages()
        self.ages.start()
        self._rest.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.ages.stop()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._rest.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Show, QEvent.Type.Hide):
            self._keep_width(with_bar=event.type() == QEvent.Type.Show)
        return super().eventFilter(watched, event)

    def _keep_width(self, *, with_bar: bool) -> None:
        """The cards are as wide with a scroll bar as without: beside the panel, at 1280 px, three just fit."""
        self._lanes.setContentsMargins(0, 6, _END_PX - (self.area.verticalScrollBar().width() if with_bar else 0), 8)

    def _place(self) -> None:
        policy = self.loading.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.loading.setSizePolicy(policy)
        self.loading.show_progress(None)
        self.loading.hide()
        tools = row(self.source, None, self.refresh, self.small_refresh, margins=(16, 14, 12, 6))
        self._lanes = column(*self.sections.values(), None, spacing=4)
        self._content = wrapped(self._lanes)
        self.area = scrolling(self._content)
        self.area.verticalScrollBar().installEventFilter(self)
        self._keep_width(with_bar=False)
        self.setLayout(column(tools, self.loading, (self.area, 1), spacing=0))

    def _connect(self) -> None:
        self.source.chosen.connect(self._show_source)
        for section in self.sections.values():
            section.refresh_wanted.connect(partial(self._refresh_one, section))
            section.grid.clicked.connect(self._open)
            section.grid.card_changed.connect(partial(self._take_card, section))
            section.grid.enter_pressed.connect(self.enter_pressed)
            section.grid.crossed.connect(partial(self._cross, section))
            section.grid.reveal_wanted.connect(partial(self._reveal, section))
        for timer, pause_ms in ((self._patience, SHOW_LOADING_AFTER_MS), (self._rest, 2 * SHOW_LOADING_AFTER_MS)):
            timer.setSingleShot(True)
            timer.setInterval(pause_ms)
        self._patience.timeout.connect(self.loading.show)
        self._rest.timeout.connect(self.settled)
        self.ages.setInterval(AGES_SHOWN_EVERY_MS)
        self.ages.timeout.connect(self._show_ages)
        self.area.verticalScrollBar().valueChanged.connect(lambda _: self._rest.start())

    def _refresh_shown(self) -> None:
        self.refresh_wanted.emit(self.shown_trends)

    def _refresh_one(self, section: Section) -> None:
        self.refresh_wanted.emit((section.trend,))

    def _open(self) -> None:
        self.opened.emit()

    def _show_source(self) -> None:
        shown = self.shown
        for section in self.sections.values():
            section.setVisible(section in shown)
        self.area.verticalScrollBar().setValue(0)
        self._set_stops()
        self._show_loading()
        self._rest.start()

    def _take_card(self, section: Section) -> None:
        """One card of all the lists is selected."""
        if section.grid.selected is None:
            if self._current is section:
                self._current = None
            return
        before, self._current = self._current, section
        if before is not None and before is not section:
            before.grid.select_row(-1)
        self._set_stops()
        self.card_changed.emit()

    def _with_cards(self) -> list[Section]:
        return [section for section in self.shown if section.cards.rowCount()]

    def _stop(self) -> Section | None:
        """The list at which the Tab key stops: that of the selected card, else the first one."""
        full = self._with_cards()
        return self._current if self._current in full else next(iter(full), None)

    def _set_stops(self) -> None:
        stop = self._stop()
        for section in self.sections.values():
            section.set_stop(stops=section is stop)

    def _cross(self, section: Section, step: int) -> None:
        """On to the list above or below, in the same column."""
        full = self._with_cards()
        place = full.index(section) + step
        if not 0 <= place < len(full):
            return
        column_of = section.grid.currentIndex().row() % section.grid.columns
        grid, last = full[place].grid, full[place].cards.rowCount() - 1
        line = 0 if step > 0 else last // grid.columns
        grid.select_row(min(line * grid.columns + column_of, last))
        grid.setFocus()

    def _reveal(self, section: Section, place: QRect) -> None:
        middle = section.grid.mapTo(self._content, place.center()).y()
        self.area.ensureVisible(0, middle, 0, place.height() // 2 + _AROUND_PX)

    def _show_loading(self) -> None:
        loads = any(one.source.loading for one in self._lists if one.trend in self.shown_trends)
        if not loads:
            self._patience.stop()
            self.loading.hide()
        elif not self._patience.isActive() and self.loading.isHidden():
            self._patience.start()

    def _show_ages(self) -> None:
        for section in self.sections.values():
            section.show_age()
