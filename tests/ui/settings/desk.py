"""The Settings tab over real core objects, a hub on a real socket and a keyring of the test's own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QWidget
from shiboken6 import delete

from tests.core.secrets.fake_backends import WorkingBackend
from tests.fakes.hub import HubServer
from venom_desktop.app.compose import build
from venom_desktop.app.paths import Paths
from venom_desktop.core.catalog.hub_account import HubAccount
from venom_desktop.core.errors import Conflict
from venom_desktop.core.http import make_client
from venom_desktop.core.login_start import LoginStart
from venom_desktop.core.registry.registry import ModelRegistry
from venom_desktop.core.runtimes.remotes import Remotes
from venom_desktop.core.secrets.base import HUGGING_FACE
from venom_desktop.core.secrets.environment_store import EnvironmentStore
from venom_desktop.core.secrets.keyring_store import KeyringStore
from venom_desktop.core.secrets.masking import Redactor
from venom_desktop.core.secrets.vault import Vault
from venom_desktop.core.settings.store import SettingsStore
from venom_desktop.core.settings.ui_state import UiState
from venom_desktop.core.signals import Signal
from venom_desktop.core.tasks import TaskScope
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.settings.places import Places
from venom_desktop.ui.settings.tab import SettingsParts, SettingsTab
from venom_desktop.ui.widgets import Pill

TOKEN = "hf_planted_0123456789"
API_TOKEN = "vd_0123456789abcdef0123456789abcdef"


class StandInApi:
    """As the real one, without a port."""

    def __init__(self) -> None:
        self.changed: Signal[bool] = Signal()
        self.running = False
        self.refusal: Conflict | None = None
        self.starts = 0

    @property
    def url(self) -> str | None:
        return "http://127.0.0.1:8642" if self.running else None

    @property
    def token(self) -> str | None:
        return API_TOKEN

    async def start(self) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.starts += 1
        self.running = True
        self.changed.publish(True)

    async def stop(self) -> None:
        self.running = False
        self.changed.publish(False)


@dataclass
class StandInPicker:
    """Chooses what the test says; None is a dialog that was closed."""

    answer: Path | None = None
    asked: list[str] = field(default_factory=list)

    async def folder(self, parent: QWidget, title: str, start: Path) -> Path | None:
        self.asked.append(title)
        return self.answer

    async def file(self, parent: QWidget, title: str, start: Path) -> Path | None:
        self.asked.append(title)
        return self.answer


@dataclass
class Desk:
    tab: SettingsTab
    hub: HubServer
    bridge: Bridge
    settings: SettingsStore
    vault: Vault
    registry: ModelRegistry
    ui_state: UiState
    api: StandInApi
    picker: StandInPicker
    went_to_free_space: list[bool]
    login: LoginStart
    remotes: Remotes
    remote_vault: Vault
    """Where the composed program keeps keys; `vault` is the hub page's own."""


@asynccontextmanager
async def open_desk(
    home: Path, hub: HubServer, environ: Mapping[str, str] | None = None, *, with_api: bool = True
) -> AsyncIterator[Desk]:
    told = {"VENOM_HOME": str(home), **(environ or {})}
    paths = Paths.from_environment(told)
    composition = build(paths, told, redactor=Redactor())
    services = composition.services
    await composition.lifecycle.start()
    scope = TaskScope("tab")
    bridge = Bridge(scope)
    backend = WorkingBackend()
    vault = Vault(EnvironmentStore(told), KeyringStore(lambda: backend), Redactor())
    ui_state = UiState(paths.ui_state_file)
    api, picker = StandInApi(), StandInPicker()
    went: list[bool] = []
    login = LoginStart(home / "autostart", ["venom-desktop"])
    async with make_client() as http:
        parts = SettingsParts(
            settings=services.settings,
            vault=vault,
            registry=services.registry,
            account=HubAccount(http, endpoint=lambda: hub.url, token=vault.reader(HUGGING_FACE)),
            ui_state=ui_state,
            places=Places(models=paths.models, config=paths.config, log=paths.log),
            profiles=services.profiles,
            api=api if with_api else None,
            picker=picker,
            login=login,
            remotes=services.remotes,
            runtimes=services.runtimes,
        )
        tab = SettingsTab(bridge, parts, free_space=lambda: went.append(True))
        tab.resize(1280, 700)
        tab.show()
        try:
            registry = services.registry
            made = (tab, hub, bridge, services.settings, vault, registry, ui_state, api, picker, went, login)
            yield Desk(*made, services.remotes, services.vault)
        finally:
            delete(tab)
            await scope.close()
            await composition.lifecycle.stop()


def said_by(root: QWidget) -> str:
    """Everything that can be read, heard or hovered below a widget, and what its fields hold."""
    said: list[str] = []
    for widget in (root, *root.findChildren(QWidget)):
        said += [widget.accessibleName(), widget.accessibleDescription(), widget.toolTip(), widget.statusTip()]
        said += [widget.whatsThis(), widget.windowTitle(), widget.objectName()]
        match widget:
            case QLabel() | QLineEdit():
                said.append(widget.text())
            case Pill():
                said.append(widget.look.text)
            case _:
                pass
    return "\n".join(said)


async def until(fact: Callable[[], object], *, within_s: float = 60.0) -> None:
    """Let Qt and the loop work until `fact()` holds."""
    async with asyncio.timeout(within_s):
        while not fact():
            QApplication.processEvents()
            await asyncio.sleep(0.002)
