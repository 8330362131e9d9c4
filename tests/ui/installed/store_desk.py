"""The Installed tab over an Ollama server: one that stands there already, or a program that can be started."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.fakes.oci_registry import OciRegistryServer
from tests.fakes.ollama_process import install_ollama
from tests.fakes.ollama_server import OllamaStandIn
from tests.ui.installed.desk import Desk, on_screen
from tests.ui.workbench import open_workbench, until
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.runtimes.base import RuntimeState, ServerRuntime
from venom_desktop.core.runtimes.control.ports import free_port
from venom_desktop.ui.installed.presenter import Group, Row

OLLAMA = "ollama"
KEPT = {"OLLAMA_NOPRUNE": "1"}


def key(name: str) -> ModelKey:
    return ModelKey(name=name, runtime=OLLAMA)


class StoreDesk(Desk):
    """A `Desk` with what is asked of the server's models."""

    @property
    def server(self) -> ServerRuntime:
        found = self.bench.services.runtimes[OLLAMA]
        assert isinstance(found, ServerRuntime)
        return found

    @property
    def group(self) -> Group:
        (found,) = self._groups()
        return found

    def _groups(self) -> list[Group]:
        return [row for row in self.tab.list.rows.rows if isinstance(row, Group) and row.runtime == OLLAMA]

    def row(self, name: str) -> Row:
        place = self.tab.list.rows.place_of(key(name))
        row = self.tab.list.rows.row(place)
        assert row is not None
        return row

    def select(self, name: str) -> None:
        self.tab.select_model(key(name))

    async def listed(self, *names: str) -> None:
        await until(lambda: set(names) <= set(self.names))

    async def described(self, name: str) -> None:
        """Until the server has told what it can do."""
        await self.listed(name)
        await until(lambda: self.row(name).capabilities.max_context_length)
        self.select(name)

    async def seen_down(self) -> None:
        self.tab.refresh()
        await until(lambda: self.group.is_old)

    async def seen_running(self) -> None:
        running = RuntimeState.RUNNING
        await until(lambda: self.server.snapshot.state is running and not any(one.is_old for one in self._groups()))


@asynccontextmanager
async def open_store_desk(folder: Path, ollama: OllamaStandIn, **environ: str) -> AsyncIterator[StoreDesk]:
    """Over a server of somebody else's."""
    async with (
        open_workbench(folder / "home", OLLAMA_HOST=ollama.url, **environ) as bench,
        on_screen(bench, StoreDesk) as desk,
    ):
        yield desk


@asynccontextmanager
async def open_desk_with_program(folder: Path, *models: str) -> AsyncIterator[StoreDesk]:
    """Over a program that has these models and does not run."""
    programs = folder / "programs"
    programs.mkdir()
    install_ollama(programs)
    store = folder / "store"
    with OllamaStandIn(store, environment=KEPT) as earlier:
        for name in models:
            earlier.add_model(name, seed=name)
    environ = {
        "PATH": str(programs),
        "OLLAMA_HOST": f"127.0.0.1:{free_port()}",
        "OLLAMA_MODELS": str(store),
        **KEPT,
    }
    async with open_workbench(folder / "home", **environ) as bench, on_screen(bench, StoreDesk) as desk:
        await until(lambda: desk.server.snapshot.state is RuntimeState.STOPPED)
        try:
            yield desk
        finally:
            await desk.server.stop()


def publish(library: OciRegistryServer, ollama: OllamaStandIn, name: str, *, seed: str) -> None:
    """Offer a model under a name; another seed than the installed one's is a newer version."""
    manifest = ollama.publish(name, seed=seed).manifest_bytes
    library.publish_manifest(f"library/{name}", manifest)
