"""The Catalog tab over the whole real core, a hub on a real socket and a Qt loop that runs both."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import qasync
from PySide6.QtWidgets import QApplication
from shiboken6 import delete

from tests.fakes.gguf_files import write_tiny_llama
from tests.fakes.hub import HubServer
from tests.support.nowhere import NOWHERE
from venom_desktop.app.compose import build
from venom_desktop.app.paths import Paths
from venom_desktop.core.catalog.recommended import Recommendation
from venom_desktop.core.catalog.search import CatalogSearch
from venom_desktop.core.registry.model import NOTHING, ModelProvider
from venom_desktop.core.secrets.masking import Redactor
from venom_desktop.core.services import Services
from venom_desktop.core.settings.ui_state import UiState
from venom_desktop.core.tasks import TaskScope
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.catalog.parts import CatalogParts
from venom_desktop.ui.catalog.tab import CatalogTab
from venom_desktop.ui.garbage import GarbageOnThisThread
from venom_desktop.ui.server_watch import ServerWatch

TINY = "org/tiny-GGUF"
WAIT_S = 60.0


@dataclass
class Desk:
    """A tab on the screen with everything behind it."""

    hub: HubServer
    services: Services
    tab: CatalogTab
    search: CatalogSearch

    async def until(self, fact: Callable[[], object], *, within_s: float = WAIT_S) -> None:
        """Let Qt and the loop work until `fact` holds."""
        async with asyncio.timeout(within_s):
            while not fact():  # noqa: ASYNC110 - facts of widgets have no event to wait for
                await asyncio.sleep(0.005)

    @property
    def names(self) -> list[str]:
        return [entry.model_name for entry in self.tab.list.rows.entries]

    @property
    def button(self) -> str:
        return self.tab.details.primary.label.replace("\u00a0", " ")


def tiny_hub(hub: HubServer, folder: Path) -> None:
    """One repository that can really be installed and run, and many that can only be listed."""
    small = write_tiny_llama(folder / "tiny-Q8_0.gguf")
    hub.add_repo(
        TINY,
        {"tiny-Q8_0.gguf": small.read_bytes(), "tiny-Q4_K_M.gguf": small.read_bytes()},
        downloads=2_000_000,
        license="mit",
        gguf={"total": 1_000_000, "architecture": "llama", "context_length": 2048},
    )
    hub.many_repos(150)


def run_desk(
    app: QApplication,
    hub: HubServer,
    home: Path,
    scenario: Callable[[Desk], Awaitable[None]],
    *,
    recommended: Sequence[Recommendation] = (),
    environ: Mapping[str, str] = NOTHING,
) -> None:
    """Run `scenario` on a Qt loop with an open tab; everything is closed afterwards."""

    async def run() -> None:
        async with _open(hub, home, recommended, environ) as desk:
            await scenario(desk)

    # Closing the last window would end the loop before the core is closed.
    app.setQuitOnLastWindowClosed(False)
    garbage = GarbageOnThisThread()
    try:
        with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(app, already_running=False)) as runner:
            runner.run(run())
    finally:
        garbage.close()


@asynccontextmanager
async def _open(
    hub: HubServer, home: Path, recommended: Sequence[Recommendation], more: Mapping[str, str]
) -> AsyncIterator[Desk]:
    environ = {**NOWHERE, "VENOM_HOME": str(home), "HF_ENDPOINT": hub.url, **more}
    composition = build(Paths.from_environment(environ), environ, redactor=Redactor())
    services = composition.services
    await composition.lifecycle.start()
    scope = TaskScope("tab")
    # One source: what two of them make of it stands in test_two_sources.py.
    search = CatalogSearch([services.hugging_face])
    parts = CatalogParts(
        search=search,
        catalogs={ModelProvider.HUGGINGFACE: services.hugging_face},
        registry=services.registry,
        runtimes=services.runtimes,
        active=services.active,
        host=services.host,
        settings=services.settings,
        model_settings=services.model_settings,
        vault=services.vault,
        ui_state=UiState(home / "window.json"),
        recommended=lambda: recommended,
    )
    tab = CatalogTab(Bridge(scope), parts)
    watch = ServerWatch(tab, services.runtimes)
    tab.resize(1280, 676)
    tab.show()
    try:
        yield Desk(hub, services, tab, search)
    finally:
        # Its subscriptions end with the tab, before the scope that would run what they start.
        watch.close()
        delete(tab)
        await scope.close()
        await search.close()
        await composition.lifecycle.stop()


async def settled(desk: Desk) -> None:
    """The first page is there and its first row was read."""
    desk.tab.browse()
    await desk.until(lambda: desk.names)
    await desk.until(lambda: "·" in desk.button)
