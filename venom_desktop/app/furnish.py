"""Fills the window: builds each tab from the services it needs, and leads from one tab to another."""

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from venom_desktop.core.catalog.recommended import read_recommended
from venom_desktop.core.errors import Cure
from venom_desktop.core.operations.operation import ModelOperation
from venom_desktop.core.resources import resource
from venom_desktop.core.services import Services
from venom_desktop.core.settings.ui_state import UiState
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.catalog.tab import CatalogTab
from venom_desktop.ui.main_window import MainWindow
from venom_desktop.ui.operations.panel import OperationsPanel
from venom_desktop.ui.tab_bar import TabName


class Furniture:
    """The tabs and panels of one window."""

    def __init__(self, window: MainWindow, services: Services, bridge: Bridge, ui_state: UiState) -> None:
        self._window = window
        self._services = services
        self._bridge = bridge
        self._ui_state = ui_state

    def place(self) -> None:
        services = self._services
        self._window.set_pages({name: self._factories().get(name, QWidget) for name in TabName})
        self._window.set_operations(
            OperationsPanel(services.registry, services.settings, self._bridge, on_cure=self._cure_operation)
        )

    def _factories(self) -> dict[TabName, Callable[[], QWidget]]:
        return {TabName.CATALOG: self._catalog}

    def _catalog(self) -> QWidget:
        services = self._services
        tab = CatalogTab(
            self._bridge,
            search=services.search,
            catalog=services.hugging_face,
            registry=services.registry,
            host=services.host,
            recommended=lambda: read_recommended(resource("recommended.json")),
        )
        return tab

    def _cure_operation(self, cure: Cure, operation: ModelOperation) -> None: ...
