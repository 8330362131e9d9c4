"""The Settings tab: the list of pages and the page that is chosen, built when it is first shown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from PySide6.QtWidgets import QApplication, QStackedWidget, QWidget

from venom_desktop.core.catalog.hub_account import HubAccount
from venom_desktop.core.errors import Cure
from venom_desktop.core.login_start import LoginStart
from venom_desktop.core.registry.registry import ModelRegistry
from venom_desktop.core.runtimes.base import Runtime
from venom_desktop.core.runtimes.profile_change import ChangeProfile
from venom_desktop.core.runtimes.remotes import Remotes
from venom_desktop.core.secrets.vault import Vault
from venom_desktop.core.settings.schema import Theme
from venom_desktop.core.settings.store import SettingsStore
from venom_desktop.core.settings.ui_state import UiState
from venom_desktop.ui import theme
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.settings.about_page import AboutPage
from venom_desktop.ui.settings.api_control import ApiControl
from venom_desktop.ui.settings.general import GeneralPage
from venom_desktop.ui.settings.hub import HubPage
from venom_desktop.ui.settings.local_api import LocalApiPage
from venom_desktop.ui.settings.picking import DialogPicker, Picker
from venom_desktop.ui.settings.places import Places
from venom_desktop.ui.settings.remotes import RemotesPage
from venom_desktop.ui.settings.runtimes import RuntimesPage
from venom_desktop.ui.settings.storage import StoragePage
from venom_desktop.ui.theme import ThemeChoice
from venom_desktop.ui.widgets import Frame, NavigationList, column, row

NAVIGATION_WIDTH = 220
THEME_STATE = "theme"
"""The last theme in the window's state: the first picture of the next start is painted before the settings are read."""


class PageName(StrEnum):
    GENERAL = "general"
    STORAGE = "storage"
    RUNTIMES = "runtimes"
    REMOTES = "remotes"
    HUGGING_FACE = "hugging_face"
    LOCAL_API = "local_api"
    ABOUT = "about"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsParts:
    """What the pages work on. Without `api` there is no page for it; without `login` the system has no such thing."""

    settings: SettingsStore
    vault: Vault
    registry: ModelRegistry
    account: HubAccount
    ui_state: UiState
    places: Places
    profiles: ChangeProfile
    api: ApiControl | None = None
    picker: Picker | None = None
    remotes: Remotes | None = None
    runtimes: Mapping[str, Runtime] = field(default_factory=dict)
    login: LoginStart | None = None


class SettingsTab(QWidget):
    """`free_space` leads to where models are removed."""

    def __init__(self, bridge: Bridge, parts: SettingsParts, *, free_space: Callable[[], object]) -> None:
        super().__init__()
        self._bridge = bridge
        self._parts = parts
        self._free_space = free_space
        self._picker = parts.picker or DialogPicker()
        self._factories = self._make_factories()
        self._names = list(self._factories)
        self._built: dict[PageName, QWidget] = {}
        self._stack = QStackedWidget()
        self.navigation = NavigationList(tr("Settings"), [_look(name) for name in self._names])
        side = Frame("side-start", column(self.navigation, spacing=0, margins=(0, 12, 0, 12)))
        side.setFixedWidth(NAVIGATION_WIDTH)
        self.setLayout(row(side, (self._stack, 1), spacing=0))
        self.navigation.chosen.connect(lambda index: self._show(self._names[index]))
        self._show(PageName.GENERAL)

    def page(self, name: PageName) -> QWidget:
        """The page of a name, built now if it was not shown yet."""
        if name not in self._built:
            self._built[name] = self._factories[name]()
            self._stack.addWidget(self._built[name])
        return self._built[name]

    def show_page(self, name: PageName) -> QWidget:
        """Bring a page to the front. Raises `ValueError` for the API's page where there is no API."""
        self.navigation.setCurrentRow(self._names.index(name))
        return self.page(name)

    def show_cure(self, cure: Cure) -> None:
        """Lead to the place where an error is cured, ready to type or to press."""
        match cure:
            case Cure.OPEN_TOKEN_SETTINGS:
                page = self.show_page(PageName.HUGGING_FACE)
                if isinstance(page, HubPage):
                    page.token.focus()
            case Cure.RAISE_LIMIT:
                page = self.show_page(PageName.STORAGE)
                if isinstance(page, StoragePage):
                    page.focus_quota()
            case Cure.OPEN_REMOTES if PageName.REMOTES in self._names:
                self.show_page(PageName.REMOTES)
            case Cure.OPEN_RUNTIME_SETTINGS:
                self.show_page(PageName.RUNTIMES)
            case _:
                self.show_page(PageName.GENERAL)

    def refresh(self) -> None:
        self._bridge.start("settings.refresh", self._parts.registry.inventory.refresh())

    def _show(self, name: PageName) -> None:
        self._stack.setCurrentWidget(self.page(name))

    def _make_factories(self) -> Mapping[PageName, Callable[[], QWidget]]:
        bridge, parts, api = self._bridge, self._parts, self._parts.api
        factories: dict[PageName, Callable[[], QWidget]] = {
            PageName.GENERAL: lambda: GeneralPage(bridge, parts.settings, self._dress, parts.login),
            PageName.STORAGE: lambda: StoragePage(
                bridge,
                parts.settings,
                parts.registry,
                picker=self._picker,
                models_dir=parts.places.models,
                free_space=self._free_space,
            ),
            PageName.RUNTIMES: lambda: RuntimesPage(bridge, parts.settings, self._picker, parts.profiles),
        }
        remotes = parts.remotes
        if remotes is not None:
            factories[PageName.REMOTES] = lambda: RemotesPage(bridge, remotes, parts.runtimes, self._picker)
        factories[PageName.HUGGING_FACE] = lambda: HubPage(bridge, parts.settings, parts.vault, parts.account)
        if api is not None:
            factories[PageName.LOCAL_API] = lambda: LocalApiPage(bridge, parts.settings, api)
        factories[PageName.ABOUT] = lambda: AboutPage(parts.places)
        return factories

    def _dress(self, chosen: Theme) -> None:
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply(app, ThemeChoice(chosen.value))
        self._parts.ui_state.put(THEME_STATE, chosen.value)


def _look(name: PageName) -> tuple[str, str]:
    """Icon and word."""
    match name:
        case PageName.GENERAL:
            return "settings", tr("General")
        case PageName.STORAGE:
            return "disk", tr("Storage")
        case PageName.RUNTIMES:
            return "runtime", tr("Runtimes")
        case PageName.REMOTES:
            return "cloud", tr("Remote servers")
        case PageName.HUGGING_FACE:
            return "globe", tr("Hugging Face")
        case PageName.LOCAL_API:
            return "log", tr("Local API")
        case PageName.ABOUT:
            return "info", tr("About")
