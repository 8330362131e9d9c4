"""The Catalog tab: places list, panel and first-run page, and ties them to core."""

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QByteArray
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from venom_desktop.core.catalog.base import Sort
from venom_desktop.core.catalog.search import CatalogState
from venom_desktop.core.errors import Cure
from venom_desktop.core.host.sample import HostSample
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus
from venom_desktop.core.registry.inventory import InventorySnapshot
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.runtimes.base import RuntimeSnapshot
from venom_desktop.core.runtimes.live import RuntimeNews
from venom_desktop.core.secrets.base import HUGGING_FACE, CredentialSource
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.catalog.beginning import Beginning, is_first_time
from venom_desktop.ui.catalog.details import CatalogDetails
from venom_desktop.ui.catalog.going_on import GoingOn
from venom_desktop.ui.catalog.list_view import CatalogList
from venom_desktop.ui.catalog.offers import exact_size
from venom_desktop.ui.catalog.parts import CatalogParts, make_in_view, make_run_with, make_selection
from venom_desktop.ui.catalog.presenter import NextStep, Step, next_step
from venom_desktop.ui.catalog.primary import impossible
from venom_desktop.ui.catalog.run_with import readiness_in
from venom_desktop.ui.catalog.selection import Chosen
from venom_desktop.ui.links import open_link
from venom_desktop.ui.messages import message_of, message_of_operation
from venom_desktop.ui.widgets import SideSplitter

PRIMARY_KEY = "catalog primary"
VAULT_KEY = "catalog vault"
IN_VIEW_KEY = "catalog rows in view"
_AGAIN = frozenset({Cure.TRY_AGAIN, Cure.RETRY, Cure.DOWNLOAD_AGAIN})


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
        self._next = NextStep(step=Step.READING)
        self._token_asked = False
        self._run_with = make_run_with(parts)
        self._selection = make_selection(parts, bridge, self._run_with)
        self._in_view = make_in_view(parts, self._run_with)
        self._going_on = GoingOn(parts.registry, parts.model_settings, parts.runtimes)
        self._beginning = Beginning(bridge, parts)
        self.list = CatalogList([provider for provider in ModelProvider if provider in parts.catalogs])
        self.details = CatalogDetails()
        self.first_run = self._beginning.page
        self.splitter = SideSplitter(self.list, self.details)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.splitter)
        self._stack.addWidget(self.first_run)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._stack)
        self._connect_list()
        self._connect_details()
        self._connect_first_run()
        self._listen()
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
        self.list.again_wanted.connect(self._search.try_again)
        self.list.more_wanted.connect(self._search.load_more)
        self.list.settled.connect(self._judge_in_view)
        self.list.table.row_changed.connect(lambda _: self._selection.select(self.list.selected))
        self.list.table.enter_pressed.connect(self._press_primary)

    def _connect_details(self) -> None:
        self.details.quantization_chosen.connect(self._selection.choose_quantization)
        self.details.context_chosen.connect(self._selection.choose_context)
        self.details.runtime_chosen.connect(self._choose_runtime)
        self.details.primary_pressed.connect(self._press_primary)
        self.details.page_wanted.connect(self._open_page)
        self.details.again_wanted.connect(self._selection.read_again)
        self.details.cure_wanted.connect(self._cure)

    def _connect_first_run(self) -> None:
        self.first_run.look_wanted.connect(self.refresh)
        self.first_run.import_wanted.connect(self.import_wanted)
        self.first_run.browse_wanted.connect(self.browse)
        self.first_run.prompt_wanted.connect(self.prompt_wanted)
        self._beginning.choose_wanted.connect(self.installed_wanted)

    def _listen(self) -> None:
        bridge, registry = self._bridge, self._registry
        bridge.listen(self._search.changed, self, self._show_state)
        bridge.listen(self._selection.changed, self, self._show_chosen)
        bridge.listen(self._selection.judged, self, lambda entry: self._search.replace_entries([entry]))
        bridge.listen(RuntimeNews(self._parts.runtimes), self, self._take_runtime)
        bridge.listen(registry.inventory.changed, self, self._take_inventory)
        bridge.listen_merged(
            registry.operations.changed, self, self._take_operations, key=lambda operation: operation.operation_id
        )
        bridge.listen(self._parts.vault.changed, self, self._take_secret)
        bridge.listen(self._parts.settings.changed, self, lambda _: self._take_settings())
        bridge.listen(self._host, self, self._take_host)
        for news in (self._parts.model_settings.changed, self._parts.learned):
            bridge.listen(news, self, lambda _: self._selection.settings_changed())

    def _show_state(self, state: CatalogState) -> None:
        self.list.show_state(state)
        bundled = next((source.read_at for source in state.sources if source.bundled), None)
        self.first_run.show_list(bundled)

    def _show_chosen(self, chosen: Chosen | None) -> None:
        self.details.show_chosen(chosen)
        self._show_next()
        if chosen is not None and chosen.entry.gated and not self._token_asked:
            # Only now: a keyring may ask for its password.
            self._token_asked = True
            self._bridge.start(VAULT_KEY, self._look_for_token())

    async def _look_for_token(self) -> None:
        status = await self._parts.vault.status(HUGGING_FACE)
        self.details.show_token(status.source is not CredentialSource.NONE)

    def _take_secret(self, name: str) -> None:
        chosen = self._selection.chosen
        if name == HUGGING_FACE and self._token_asked:
            self._bridge.start(VAULT_KEY, self._look_for_token())
            if chosen is not None and chosen.entry.gated:
                self._selection.read_again()

    def _show_next(self) -> None:
        chosen = self._selection.chosen
        if chosen is None:
            return
        self._next = next_step(
            chosen.entry,
            chosen.quantization,
            reading=chosen.reading,
            runtime=chosen.runtime,
            inventory=self._registry.inventory.snapshot,
            operations=self._registry.operations.operations,
            context_moved=chosen.context_moved,
            readiness=readiness_in(self._parts.runtimes, chosen.runtime),
            possible=impossible(chosen) is None,
        )
        if chosen.quantization is not None:
            size = exact_size(chosen.quantization, chosen.verdict)
            self._next = replace(self._next, size_bytes=size)
        self.details.show_runtimes({name for name in chosen.offered if self._run_with.has(chosen.entry, name)})
        self.details.show_next(self._next)

    def _take_sort(self, sort: object) -> None:
        if isinstance(sort, Sort):
            self._search.set_sort(sort)

    def _take_host(self, host: HostSample) -> None:
        self._search.set_memory(host)
        self._selection.host_changed(host)
        self.first_run.show_host(host)
        if self.is_first_run:
            self._beginning.host_changed(host)

    def _take_runtime(self, snapshot: RuntimeSnapshot) -> None:
        self._beginning.server_changed(snapshot)
        self._show_next()

    def _take_settings(self) -> None:
        self.list.filters.offer_runtimes(self._run_with.runs_safetensors)
        self._search.prefer_runtimes(self._run_with.preferred)
        self._selection.runtimes_changed()

    def _choose_runtime(self, name: str) -> None:
        self._selection.choose_runtime(name)
        self._search.prefer_runtimes(self._run_with.preferred)

    def _take_inventory(self, inventory: InventorySnapshot) -> None:
        self._show_next()
        self._beginning.inventory_changed()
        if self.is_first_run and not is_first_time(inventory) and not self._beginning.is_under_way:
            self._stack.setCurrentWidget(self.splitter)

    def _take_operations(self, operations: Sequence[ModelOperation]) -> None:
        self._beginning.operations_changed(operations)
        for operation in operations:
            failed = operation.status is OperationStatus.FAILED
            if failed and operation.model_name == self._next.model_name:
                self.details.show_failure(message_of_operation(operation))
        self._show_next()

    def _judge_in_view(self) -> None:
        host = self._host.last
        if host is not None and self.list.isVisible():
            self._bridge.start(IN_VIEW_KEY, self._in_view.judge(self.list.in_view, host))

    def _press_primary(self) -> None:
        if not self.details.primary.isEnabled():
            return
        self.details.show_failure(None)
        if self._next.step is Step.GET_RUNTIME:
            self.cure_wanted.emit(Cure.INSTALL_RUNTIME)
        else:
            going_on = self._going_on.go_on(self._next, self._selection.chosen)
            self._bridge.start(PRIMARY_KEY, going_on, on_error=self._show_failure)

    def _show_failure(self, error: Exception) -> None:
        self.details.show_failure(message_of(error))

    def _open_page(self) -> None:
        chosen = self._selection.chosen
        if chosen is not None and chosen.entry.page_url:
            open_link(chosen.entry.page_url)

    def _cure(self, cure: Cure) -> None:
        if cure is Cure.OPEN_MODEL_PAGE:
            self._open_page()
        elif cure is Cure.CHOOSE_ANOTHER:
            self.list.focus_search()
        elif cure in _AGAIN and self._selection.chosen is not None and self._selection.chosen.error is not None:
            self._selection.read_again()
        elif cure in _AGAIN:
            self._press_primary()
        else:
            self.cure_wanted.emit(cure)
