"""The Trending tab: what many look at now, beside the same panel that the catalog has."""

from collections.abc import Collection, Sequence

from PySide6.QtCore import QByteArray, QTimer
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from venom_desktop.core.catalog.base import CatalogEntry
from venom_desktop.core.catalog.trending import Trend, Trending, TrendingList
from venom_desktop.core.registry.inventory import InventorySnapshot
from venom_desktop.ui.bridge import Bridge, Named
from venom_desktop.ui.catalog.model_panel import ModelPanel
from venom_desktop.ui.catalog.parts import PanelParts, make_in_view, make_run_with
from venom_desktop.ui.catalog.run_with import keys_here
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.trending.page import TrendingPage
from venom_desktop.ui.widgets import SideSplitter, column

NAME = "trending"
IN_VIEW_KEY = "cards in view"


class TrendingTab(QWidget):
    """`cure_wanted` carries the cures that lie in other tabs. The panel is there once a card was opened."""

    cure_wanted = QtSignal(object)

    def __init__(self, bridge: Bridge, parts: PanelParts, trending: Trending) -> None:
        super().__init__()
        self._starter = Named(bridge, NAME)
        self._trending, self._inventory, self._host = trending, parts.registry.inventory, parts.host
        self._run_with = make_run_with(parts)
        self._in_view = make_in_view(parts, self._take_judged, self._run_with)
        self._here = keys_here(self._inventory.snapshot)
        self.panel = ModelPanel(bridge, parts, self._run_with, name=NAME, closable=True)
        self.page = TrendingPage([one.trend for one in trending.lists])
        self.details = self.panel.details
        self.splitter = SideSplitter(self.page, self.details)
        self.details.hide()
        self.setLayout(column(self.splitter, spacing=0))
        self.setAccessibleName(tr("Trending"))
        self._connect()
        bridge.listen(trending.changed, self, self._show_lists)
        bridge.listen(self._inventory.changed, self, self._take_inventory)
        bridge.listen(parts.settings.changed, self, lambda _: self._prefer_runtimes())
        bridge.listen(parts.host, self, trending.set_memory)
        self._prefer_runtimes()
        self._show_lists(trending.lists)
        trending.open()

    @property
    def is_open(self) -> bool:
        """True while the panel shows."""
        return not self.details.isHidden()

    def refresh(self) -> None:
        """Ask the sources that are shown anew."""
        self._refresh(self.page.shown_trends)

    def go_back(self) -> bool:
        """Close the panel; False when there was none."""
        was_open = self.is_open
        self._close()
        return was_open

    def set_narrow(self, narrow: bool) -> None:
        self.page.set_narrow(narrow)
        self.details.set_narrow(narrow)

    def state(self) -> QByteArray:
        """Where the line between cards and panel stands, to be kept between runs."""
        return self.splitter.state()

    def restore(self, state: QByteArray) -> None:
        self.splitter.restore(state)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        # Somebody may have chosen another runtime in the catalog.
        self._prefer_runtimes()

    def _connect(self) -> None:
        self.page.card_changed.connect(self._follow)
        self.page.opened.connect(self._open)
        self.page.enter_pressed.connect(self._press_enter)
        self.page.refresh_wanted.connect(self._refresh)
        self.page.settled.connect(self._judge_in_view)
        self.details.closed.connect(self._close)
        self.panel.cure_wanted.connect(self.cure_wanted)
        self.panel.another_wanted.connect(self.page.focus_cards)
        self.panel.runtime_chosen.connect(self._prefer_runtimes)
        self.panel.judged.connect(self._take_judged)

    def _refresh(self, trends: Collection[Trend]) -> None:
        self._trending.refresh(trends)

    def _open(self) -> None:
        self.panel.select(self.page.selected)
        if self.is_open:
            return
        self.details.show()
        self.splitter.fit()
        # Fewer cards stand in a row now: the one that was opened may be lower than the page shows.
        QTimer.singleShot(0, self.page, self.page.reveal)

    def _close(self) -> None:
        if not self.is_open:
            return
        if self.page.sees_selected:
            QTimer.singleShot(0, self.page, self.page.reveal)
        self.details.hide()
        self.page.focus_cards()

    def _follow(self) -> None:
        if self.is_open:
            self.panel.select(self.page.selected)

    def _press_enter(self) -> None:
        """The first press opens the panel: nothing is installed that nobody has seen the size of."""
        if self.is_open:
            self.panel.press_primary()
        else:
            self._open()

    def _show_lists(self, lists: Sequence[TrendingList]) -> None:
        self.page.show_lists(lists, self._here)

    def _take_inventory(self, inventory: InventorySnapshot) -> None:
        here = keys_here(inventory)
        if here != self._here:
            self._here = here
            self._show_lists(self._trending.lists)

    def _take_judged(self, entry: CatalogEntry) -> None:
        self._trending.replace_entries([entry])

    def _prefer_runtimes(self) -> None:
        self._trending.prefer_runtimes(self._run_with.preferred)

    def _judge_in_view(self) -> None:
        host = self._host.last
        if host is not None:
            self._starter.start(IN_VIEW_KEY, self._in_view.judge(self.page.in_view, host))
