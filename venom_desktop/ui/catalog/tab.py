"""The Catalog tab: places list, panel and first-run page, and ties them to core."""

from PySide6.QtCore import QByteArray
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from venom_desktop.core.catalog.base import CatalogEntry, Sort
from venom_desktop.core.catalog.search import CatalogState
from venom_desktop.core.errors import Cure
from venom_desktop.core.host.sample import HostSample
from venom_desktop.core.registry.inventory import InventorySnapshot
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.runtimes.live import RuntimeNews
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.catalog.beginning import Beginning, is_first_time
from venom_desktop.ui.catalog.list_view import CatalogList
from venom_desktop.ui.catalog.model_panel import ModelPanel
from venom_desktop.ui.catalog.parts import CatalogParts, make_in_view, make_run_with
from venom_desktop.ui.catalog.run_with import keys_here
from venom_desktop.ui.catalog.saved_filters import SavedFilters
from venom_desktop.ui.widgets import SideSplitter

IN_VIEW_KEY = "catalog rows in view"


class CatalogTab(QWidget):
    """`cure_wanted` carries the cures that lie in other tabs; `prompt_wanted` asks for the Runtime tab's prompt.

    `import_wanted` asks for the Installed tab's choice of a file, `installed_wanted` for that tab.
    """

    cure_wanted = QtSignal(object)
    prompt_wanted = QtSignal()
    import_wanted = QtSignal()
    installed_wanted = QtSignal()

    def __init__(self, bridge: Bridge, parts: CatalogParts) -> None:
        super().__init__()
        self._bridge, self._parts = bridge, parts
        self._search, self._registry, self._host = parts.search, parts.registry, parts.host
        self._offline = False
        self._run_with = make_run_with(parts)
        self._in_view = make_in_view(parts, self._take_judged, self._run_with)
        self._beginning = Beginning(bridge, parts)
        self.panel = ModelPanel(bridge, parts, self._run_with, name="catalog")
        self.list = CatalogList([provider for provider in ModelProvider if provider in parts.catalogs])
        self.details = self.panel.details
        self.first_run = self._beginning.page
        self.splitter = SideSplitter(self.list, self.details)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.splitter)
        self._stack.addWidget(self.first_run)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._stack)
        self._connect_list()
        self._connect_panel()
        self._connect_first_run()
        self._listen()
        SavedFilters(self.list, parts.ui_state)
        self.list.filters.show_home(keys_here(self._registry.inventory.snapshot))
        begins = is_first_time(self._registry.inventory.snapshot)
        self._stack.setCurrentWidget(self.first_run if begins else self.splitter)
        self._take_settings()
        self._search.open()

    @property
    def is_first_run(self) -> bool:
        return self._stack.currentWidget() is self.first_run

    def set_narrow(self, narrow: bool) -> None:
        self.list.set_narrow(narrow)
        self.details.set_narrow(narrow)

    def focus_search(self) -> None:
        self.browse()
        self.list.focus_search()

    def refresh(self) -> None:
        self._search.refresh()
        if self.is_first_run:
            self._beginning.look_again()

    def go_back(self) -> bool:
        return not self.is_first_run and self.list.clear()

    def browse(self) -> None:
        """Show the catalog, were nothing installed."""
        self._stack.setCurrentWidget(self.splitter)
        self.list.search.setFocus()

    def state(self) -> QByteArray:
        """Where the line between list and panel stands, to be kept between runs."""
        return self.splitter.state()

    def restore(self, state: QByteArray) -> None:
        self.splitter.restore(state)

    def _connect_list(self) -> None:
        self.list.text_changed.connect(self._search.set_text)
        self.list.sort_chosen.connect(self._take_sort)
        self.list.filters_changed.connect(lambda: self._search.set_filters(self.list.filters.filters))
        self.list.refresh_wanted.connect(self._search.refresh)
        self.list.again_wanted.connect(self._try_again)
        self.list.more_wanted.connect(self._search.load_more)
        self.list.settled.connect(self._judge_in_view)
        self.list.table.row_changed.connect(lambda _: self.panel.select(self.list.selected))
        self.list.table.enter_pressed.connect(self.panel.press_primary)

    def _connect_panel(self) -> None:
        self.panel.cure_wanted.connect(self.cure_wanted)
        self.panel.another_wanted.connect(self.list.focus_search)
        self.panel.runtime_chosen.connect(self._prefer_runtimes)
        self.panel.judged.connect(self._take_judged)

    def _connect_first_run(self) -> None:
        self.first_run.look_wanted.connect(self.refresh)
        self.first_run.import_wanted.connect(self.import_wanted)
        self.first_run.browse_wanted.connect(self.browse)
        self.first_run.prompt_wanted.connect(self.prompt_wanted)
        self._beginning.choose_wanted.connect(self.installed_wanted)

    def _listen(self) -> None:
        bridge, registry = self._bridge, self._registry
        bridge.listen(self._search.changed, self, self._show_state)
        bridge.listen(RuntimeNews(self._parts.runtimes), self, self._beginning.server_changed)
        bridge.listen(registry.inventory.changed, self, self._take_inventory)
        bridge.listen_merged(
            registry.operations.changed, self, self._beginning.operations_changed, key=lambda one: one.operation_id
        )
        bridge.listen(self._parts.settings.changed, self, lambda _: self._take_settings())
        bridge.listen(self._host, self, self._take_host)

    def _show_state(self, state: CatalogState) -> None:
        self.list.show_state(state)
        bundled = next((source.read_at for source in state.sources if source.bundled), None)
        self.first_run.show_list(bundled)

    def _take_sort(self, sort: object) -> None:
        if isinstance(sort, Sort):
            self._search.set_sort(sort)

    def _take_judged(self, entry: CatalogEntry) -> None:
        self._search.replace_entries([entry])

    def _take_host(self, host: HostSample) -> None:
        self._search.set_memory(host)
        self.first_run.show_host(host)
        if self.is_first_run:
            self._beginning.host_changed(host)

    def _try_again(self, provider: object) -> None:
        """Who works offline goes online first, and then all sources are asked."""
        if self._offline:
            self.cure_wanted.emit(Cure.GO_ONLINE)
        else:
            self._search.try_again(provider if isinstance(provider, ModelProvider) else None)

    def _take_settings(self) -> None:
        was_offline, self._offline = self._offline, self._parts.settings.snapshot.offline
        if was_offline and not self._offline:
            self._search.try_again()
        self.list.filters.offer_runtimes(self._run_with.runs_safetensors)
        self._prefer_runtimes()

    def _prefer_runtimes(self) -> None:
        self._search.prefer_runtimes(self._run_with.preferred)

    def _take_inventory(self, inventory: InventorySnapshot) -> None:
        self._beginning.inventory_changed()
        self.list.filters.show_home(keys_here(inventory))
        if self.is_first_run and not is_first_time(inventory) and not self._beginning.is_under_way:
            self._stack.setCurrentWidget(self.splitter)

    def _judge_in_view(self) -> None:
        host = self._host.last
        if host is not None and self.list.isVisible():
            self._bridge.start(IN_VIEW_KEY, self._in_view.judge(self.list.in_view, host))
