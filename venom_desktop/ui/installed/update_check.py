"""Keeps the toolbar in step with what the registries said about newer versions, and fetches them all."""

from collections.abc import Callable

from venom_desktop.core.registry.model import ModelKey, ModelProvider
from venom_desktop.core.registry.registry import ModelRegistry
from venom_desktop.core.registry.updates import UpdateStatus
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.installed.presenter import unfinished
from venom_desktop.ui.installed.update_bar import UpdateAll, UpdateBar

CHECK = "check for updates"


class UpdateCheck:
    """`on_checked` shows the rows with what was found, and this; `on_error` hears why an update does not begin."""

    def __init__(
        self,
        registry: ModelRegistry,
        bridge: Bridge,
        bar: UpdateBar,
        update_all: UpdateAll,
        *,
        on_checked: Callable[[], None],
        on_error: Callable[[Exception], None],
    ) -> None:
        self._registry = registry
        self._bridge = bridge
        self._bar = bar
        self._all = update_all
        self._on_checked = on_checked
        self._on_error = on_error
        self._checking = False
        bar.wanted.connect(self.check)
        update_all.pressed.connect(self.fetch_all)

    def check(self) -> None:
        """Ask the registries, unless they are being asked."""
        if not self._checking:
            self._checking = True
            self.show()
            self._bridge.start(CHECK, self._check(), on_error=self._on_error)

    def fetch_all(self) -> None:
        self._all.hide()
        self._bridge.start("fetch all updates", self._fetch(self._ready()), on_error=self._on_error)

    def show(self) -> None:
        updates = self._registry.updates
        inventory = self._registry.inventory.snapshot
        asks = any(
            model.runtime in inventory.stores and model.provider is not ModelProvider.LOCAL
            for model in inventory.models
        )
        self._bar.show_found(updates, checking=self._checking, asks=asks)
        self._all.show_updates(updates, frozenset() if self._checking else self._ready())

    async def _check(self) -> None:
        try:
            await self._registry.check_updates()
        finally:
            self._checking = False
            self._on_checked()

    def _ready(self) -> frozenset[ModelKey]:
        """Those with a newer version on which nothing is being done, in stores that answer."""
        busy = unfinished(self._registry.operations.operations)
        stores = self._registry.inventory.snapshot.stores
        return frozenset(
            key
            for key, state in self._registry.updates.items()
            if state.status is UpdateStatus.AVAILABLE and key not in busy and stores[key.runtime].reachable
        )

    async def _fetch(self, keys: frozenset[ModelKey]) -> None:
        for key in sorted(keys, key=lambda one: one.name):
            await self._registry.update_model(key.name, key.runtime)
