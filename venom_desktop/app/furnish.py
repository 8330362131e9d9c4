"""Fills the window: builds each tab from the services it needs, and leads from one to another."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from PySide6.QtCore import QByteArray
from PySide6.QtWidgets import QWidget

from venom_desktop.app.compose_ollama import OllamaParts
from venom_desktop.app.compose_vllm import VllmParts
from venom_desktop.app.furnish_catalog import catalog_parts
from venom_desktop.core.catalog.hub_account import HubAccount
from venom_desktop.core.errors import Cure, VenomError
from venom_desktop.core.login_start import LoginStart
from venom_desktop.core.notices import Notices
from venom_desktop.core.operations.operation import ModelOperation
from venom_desktop.core.services import Services
from venom_desktop.core.settings.ui_state import UiState
from venom_desktop.ui.about import HeaderMenu
from venom_desktop.ui.alerts import Alerts
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.catalog.tab import CatalogTab
from venom_desktop.ui.main_window import MainWindow
from venom_desktop.ui.operations.panel import OperationsPanel
from venom_desktop.ui.settings.api_control import ApiControl
from venom_desktop.ui.settings.places import Places
from venom_desktop.ui.switcher import Switcher
from venom_desktop.ui.tab_bar import TabName

if TYPE_CHECKING:
    from venom_desktop.ui.runtime.tab import RuntimeTab
    from venom_desktop.ui.settings.tab import SettingsTab


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplies:
    """What the tabs are built from."""

    services: Services
    ollama: OllamaParts
    vllm: VllmParts
    bridge: Bridge
    ui_state: UiState
    places: Places
    account: HubAccount
    api: ApiControl
    notices: Notices
    login: LoginStart | None
    quit_: Callable[[], object]


class HasSplitter(Protocol):
    """A tab whose line between list and panel is remembered between runs."""

    def state(self) -> QByteArray: ...

    def restore(self, state: QByteArray) -> None: ...


Tab = TypeVar("Tab", bound=HasSplitter)


class Furniture:
    """The tabs and panels of one window; a tab is imported and built when it is first shown."""

    def __init__(self, window: MainWindow, supplies: Supplies) -> None:
        self._window = window
        self._supplies = supplies
        self._splitters: dict[TabName, HasSplitter] = {}

    def place(self) -> None:
        window, supplies, services = self._window, self._supplies, self._supplies.services
        window.set_operations(
            OperationsPanel(services.registry, services.settings, supplies.bridge, on_cure=self.cure_operation)
        )
        window.set_pages(self._factories())
        self._alerts = Alerts(supplies.bridge, supplies.notices, window.alerts_button, self.cure_notice)
        window.alerts_requested.connect(self._alerts.open)
        bridge, registry, status = supplies.bridge, services.registry, window.status
        self._switcher = Switcher(
            bridge, registry, status.runtime, browse=self.browse, on_cure=self.cure, allows=services.profiles.allows
        )
        window.switcher_requested.connect(self._switcher.open)
        self._menu = HeaderMenu(
            window,
            toggle_operations=self._toggle_operations,
            show_settings=lambda: window.show_tab(TabName.SETTINGS),
            show_about=self._show_about,
            quit_=supplies.quit_,
        )

    def cure(self, cure: Cure) -> None:
        """Lead to the place where an error is cured."""
        match cure:
            case (
                Cure.OPEN_TOKEN_SETTINGS
                | Cure.RAISE_LIMIT
                | Cure.OPEN_SETTINGS
                | Cure.OPEN_RUNTIME_SETTINGS
                | Cure.OPEN_REMOTES
            ):
                self._settings().show_cure(cure)
            case Cure.FREE_SPACE | Cure.ACTIVATE_MODEL:
                self._window.show_tab(TabName.INSTALLED)
            case Cure.START_RUNTIME | Cure.OPEN_LOG:
                self._runtime().cure(cure)
            case Cure.INSTALL_RUNTIME:
                self._runtime()
            case Cure.GO_ONLINE:
                online = self._supplies.services.settings.set("offline", False)
                self._supplies.bridge.start("go online", online, on_error=self._window.report)
            case Cure.LOWER_MEMORY | Cure.CHANGE_MODEL_SETTINGS:
                self._runtime().panel.cure(self._supplies.vllm.runtime.name, cure)
            case _:
                self._window.show_tab(TabName.CATALOG)

    def cure_notice(self, cure: Cure, notice: VenomError) -> None:
        """As `cure`, for what a notice is about."""
        services, name = self._supplies.services, str(notice.parameters.get("name", ""))
        if cure is Cure.ACTIVATE_AGAIN:
            again = services.registry.start_activation(str(notice.parameters["model_name"]), name)
            self._supplies.bridge.start("activate again", again, on_error=self._window.report)
        elif name not in services.runtimes or cure not in (Cure.START_RUNTIME, Cure.OPEN_LOG):
            self.cure(cure)
        elif cure is Cure.START_RUNTIME:
            self._runtime().start(name)
        else:
            self._runtime().show_log(name)

    def cure_operation(self, cure: Cure, operation: ModelOperation) -> None:
        """As `cure`, for an operation: its model's page is opened in the browser."""
        if cure is Cure.OPEN_MODEL_PAGE:
            from venom_desktop.ui.links import open_link

            repository = operation.model_name.partition(":")[0]
            open_link(f"{self._supplies.services.hugging_face.endpoint}/{repository}")
        else:
            self.cure(cure)

    def import_file(self, file: Path) -> None:
        from venom_desktop.ui.installed.tab import InstalledTab

        cast(InstalledTab, self._window.show_tab(TabName.INSTALLED)).import_file(file)

    def choose_file(self) -> None:
        """Ask for a file of the user's own, to be imported."""
        from venom_desktop.ui.installed.tab import InstalledTab

        cast(InstalledTab, self._window.show_tab(TabName.INSTALLED)).list.choose_file()

    def browse(self) -> None:
        cast(CatalogTab, self._window.show_tab(TabName.CATALOG)).browse()

    def show_operations(self) -> None:
        """Open the list of operations, if there is anything to list."""
        panel = self._window.operations
        if isinstance(panel, OperationsPanel) and not panel.is_expanded:
            panel.toggle()

    def _toggle_operations(self) -> None:
        panel = self._window.operations
        if isinstance(panel, OperationsPanel):
            panel.toggle()

    def _factories(self) -> Mapping[TabName, Callable[[], QWidget]]:
        return {
            TabName.CATALOG: self._make_catalog,
            TabName.TRENDING: self._make_trending,
            TabName.INSTALLED: self._make_installed,
            TabName.RUNTIME: self._make_runtime,
            TabName.PAPERS: self._make_papers,
            TabName.SETTINGS: self._make_settings,
        }

    def remember(self) -> None:
        """Note where the lines between lists and panels stand."""
        for name, tab in self._splitters.items():
            self._supplies.ui_state.put(_splitter_key(name), bytes(tab.state().toBase64().data()).decode())

    def _make_catalog(self) -> QWidget:
        parts = catalog_parts(self._supplies.services, self._supplies.ui_state)
        tab = CatalogTab(self._supplies.bridge, parts)
        tab.cure_wanted.connect(self.cure)
        tab.prompt_wanted.connect(lambda: self._runtime().open_prompt())
        tab.import_wanted.connect(self.choose_file)
        tab.installed_wanted.connect(lambda: self._window.show_tab(TabName.INSTALLED))
        return self._with_splitter(TabName.CATALOG, tab)

    def _make_trending(self) -> QWidget:
        from venom_desktop.ui.trending.tab import TrendingTab

        services = self._supplies.services
        parts = catalog_parts(services, self._supplies.ui_state)
        tab = TrendingTab(self._supplies.bridge, parts, services.trending)
        tab.cure_wanted.connect(self.cure)
        return self._with_splitter(TabName.TRENDING, tab)

    def _make_installed(self) -> QWidget:
        from venom_desktop.ui.installed.tab import InstalledTab

        services = self._supplies.services
        return InstalledTab(
            services.registry,
            self._supplies.bridge,
            runtimes=services.runtimes,
            model_settings=services.model_settings,
            settings=services.settings,
            change_quota=lambda: self.cure(Cure.RAISE_LIMIT),
            browse_catalog=self.browse,
            on_cure=self.cure,
        )

    def _make_runtime(self) -> QWidget:
        from venom_desktop.app.ollama_tools import ollama_tools
        from venom_desktop.app.vllm_tools import vllm_tools
        from venom_desktop.ui.installed.vllm_models import VllmModels
        from venom_desktop.ui.runtime.tab import RuntimeTab

        services, ollama, vllm = self._supplies.services, self._supplies.ollama, self._supplies.vllm
        models = VllmModels(
            runtimes=services.runtimes,
            registry=services.registry,
            model_settings=services.model_settings,
            window=self._window,
        )
        tab = RuntimeTab(
            self._supplies.bridge,
            runtimes=services.runtimes,
            registry=services.registry,
            active=services.active,
            ask=services.ask,
            host=services.host,
            ui_state=self._supplies.ui_state,
            load_settings=services.model_settings.get,
            crash_watch=services.crash_watch,
            settings=services.settings,
            tools={
                ollama.runtime.name: ollama_tools(ollama, services.settings),
                vllm.runtime.name: vllm_tools(vllm, services.settings),
            },
            mend=models.mend,
        )
        tab.cure_wanted.connect(self.cure)
        return self._with_splitter(TabName.RUNTIME, tab)

    def _make_papers(self) -> QWidget:
        from venom_desktop.ui.papers.tab import PapersTab

        return PapersTab(self.browse)

    def _make_settings(self) -> QWidget:
        from venom_desktop.ui.settings.tab import SettingsParts, SettingsTab

        supplies = self._supplies
        parts = SettingsParts(
            settings=supplies.services.settings,
            vault=supplies.services.vault,
            registry=supplies.services.registry,
            account=supplies.account,
            ui_state=supplies.ui_state,
            places=supplies.places,
            profiles=supplies.services.profiles,
            api=supplies.api,
            login=supplies.login,
            remotes=supplies.services.remotes,
            runtimes=supplies.services.runtimes,
        )
        return SettingsTab(supplies.bridge, parts, free_space=lambda: self.cure(Cure.FREE_SPACE))

    def _runtime(self) -> "RuntimeTab":
        return cast("RuntimeTab", self._window.show_tab(TabName.RUNTIME))

    def _settings(self) -> "SettingsTab":
        return cast("SettingsTab", self._window.show_tab(TabName.SETTINGS))

    def _show_about(self) -> None:
        from venom_desktop.ui.settings.tab import PageName

        self._settings().show_page(PageName.ABOUT)

    def _with_splitter(self, name: TabName, tab: Tab) -> Tab:
        self._splitters[name] = tab
        if isinstance(kept := self._supplies.ui_state.get(_splitter_key(name)), str):
            tab.restore(QByteArray.fromBase64(kept.encode("ascii", "ignore")))
        return tab


def _splitter_key(name: TabName) -> str:
    return f"splitter.{name.value}"
