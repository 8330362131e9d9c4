"""The whole window with its tabs over the real core, for tests of what all tabs have in common."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from shiboken6 import delete

from tests.support.nowhere import NOWHERE
from tests.ui.workbench import turns
from venom_desktop.app.api_switch import ApiSwitch
from venom_desktop.app.compose import build
from venom_desktop.app.furnish import Furniture, Supplies
from venom_desktop.app.paths import Paths
from venom_desktop.core.notices import Notices
from venom_desktop.core.secrets.masking import Redactor
from venom_desktop.core.services import Services
from venom_desktop.core.settings.ui_state import UiState
from venom_desktop.core.tasks import TaskScope
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.main_window import MainWindow
from venom_desktop.ui.settings.places import Places


@dataclass
class Furnished:
    """`errors` are those that no tab took."""

    window: MainWindow
    services: Services
    furniture: Furniture
    errors: list[Exception] = field(default_factory=list)


@asynccontextmanager
async def open_furnished(folder: Path, **environ: str) -> AsyncIterator[Furnished]:
    environment = {**NOWHERE, "VENOM_HOME": str(folder), **environ}
    paths = Paths.from_environment(environment)
    paths.make_private()
    composition = build(paths, environment, redactor=Redactor())
    services = composition.services
    await composition.lifecycle.start()
    scope = TaskScope("window")
    errors: list[Exception] = []
    bridge = Bridge(scope)
    bridge.on_error = errors.append
    window = MainWindow()
    api = ApiSwitch(services, paths.token_file, redactor=composition.redactor)
    supplies = Supplies(
        services=services,
        ollama=composition.ollama,
        vllm=composition.vllm,
        bridge=bridge,
        ui_state=UiState(paths.config / "window.json"),
        places=Places(models=services.registry.manifest.models_dir, config=paths.config, log=paths.log),
        account=composition.account,
        api=api,
        notices=Notices([]),
        login=None,
        quit_=lambda: None,
    )
    furniture = Furniture(window, supplies)
    furniture.place()
    window.show()
    try:
        yield Furnished(window, services, furniture, errors)
    finally:
        await turns()
        delete(window)
        await scope.close()
        await api.stop()
        await composition.lifecycle.stop()
