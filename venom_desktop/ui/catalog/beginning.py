"""The first minutes: ties the first-run page to what it suggests and to the server it found."""

from collections.abc import Sequence

from PySide6.QtCore import QObject
from PySide6.QtCore import Signal as QtSignal

from venom_desktop.core.catalog.run_on import OLLAMA
from venom_desktop.core.host.sample import HostSample
from venom_desktop.core.operations.operation import ModelOperation
from venom_desktop.core.registry.inventory import InventorySnapshot
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.runtimes.base import RuntimeSnapshot
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.catalog.first_run import FirstRunPage
from venom_desktop.ui.catalog.first_start import FirstStart
from venom_desktop.ui.catalog.found_server import FoundServer
from venom_desktop.ui.catalog.parts import CatalogParts


class Beginning(QObject):
    """`choose_wanted`: the server has several models, so somebody has to say which one."""

    choose_wanted = QtSignal()

    def __init__(self, bridge: Bridge, parts: CatalogParts) -> None:
        super().__init__()
        registry = parts.registry
        self.page = FirstRunPage()
        self._first = FirstStart(
            registry,
            bridge,
            parts.catalogs[ModelProvider.HUGGINGFACE],
            parts.recommended,
            operations=lambda: registry.operations.operations,
        )
        self._found = FoundServer(
            registry,
            bridge,
            inventory=lambda: registry.inventory.snapshot,
            last_model=lambda: parts.active.snapshot.last_models.get(OLLAMA),
        )
        bridge.listen(self._first.changed, self.page, self.page.show_start)
        bridge.listen(self._found.changed, self.page, self.page.show_found)
        self.page.install_wanted.connect(self._first.press)
        self.page.use_wanted.connect(self._use)
        for runtime in parts.runtimes.values():
            self._found.server_changed(runtime.snapshot)

    @property
    def is_under_way(self) -> bool:
        """True while one of the clicks is being carried out."""
        found = self._found.found
        return self._first.start.is_under_way or (found is not None and found.is_under_way)

    def host_changed(self, host: HostSample) -> None:
        self._first.host_changed(host)

    def server_changed(self, snapshot: RuntimeSnapshot) -> None:
        self._found.server_changed(snapshot)

    def inventory_changed(self) -> None:
        self._found.look()

    def operations_changed(self, operations: Sequence[ModelOperation]) -> None:
        for operation in operations:
            self._first.operation_changed(operation)
            self._found.operation_changed(operation)

    def look_again(self) -> None:
        self._first.look_again()

    def _use(self) -> None:
        if not self._found.press():
            self.choose_wanted.emit()


def is_first_time(inventory: InventorySnapshot) -> bool:
    """True while nothing was installed or activated here; models that a server of others keeps do not count."""
    return inventory.active is None and all(model.runtime == OLLAMA for model in inventory.models)
