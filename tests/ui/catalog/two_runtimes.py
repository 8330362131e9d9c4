"""A tab over two shelves and two runtimes, one of them a server in memory; installs are noted, not made."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from shiboken6 import delete

from tests.ui.catalog.rows import entry
from tests.ui.catalog.shelf import Shelf
from tests.ui.runtime.plain_server import OLLAMA, STOPPED, PlainServer
from tests.ui.workbench import Workbench, open_workbench
from venom_desktop.core.catalog.base import CatalogEntry, Quantization, RemoteFile
from venom_desktop.core.catalog.recommended import Recommendation
from venom_desktop.core.catalog.search import CatalogSearch
from venom_desktop.core.operations.operation import OperationType
from venom_desktop.core.operations.service import Kind
from venom_desktop.core.registry.model import ModelMetadata, ModelProvider
from venom_desktop.core.registry.registry import ModelRegistry
from venom_desktop.core.runtimes.base import RuntimeSnapshot
from venom_desktop.core.settings.ui_state import UiState
from venom_desktop.ui.catalog.parts import CatalogParts
from venom_desktop.ui.catalog.tab import CatalogTab
from venom_desktop.ui.server_watch import ServerWatch

GB = 10**9
DIGEST = "a2af6cc3eb7fa8be8504abaf9b04e88f17a119ec3f04a3addf55f92841195f5a"


def tag(label: str, size_bytes: int, level: str, same_as: str | None = None) -> Quantization:
    file = RemoteFile(name=label, size_bytes=size_bytes)
    return Quantization(label=label, files=(file,), level=level, digest=DIGEST, same_as=same_as, context_length=32_768)


GEMMA = entry(
    "gemma3",
    provider=ModelProvider.OLLAMA,
    display_name="Gemma3",
    publisher=None,
    downloads=9_000,
    runtimes=("ollama",),
    quantizations=(tag("latest", 3 * GB, "Q4_K_M", "4b"), tag("1b", GB, "Q4_K_M"), tag("4b", 3 * GB, "Q4_K_M")),
)
CLOUD = entry(
    "kimi",
    provider=ModelProvider.OLLAMA,
    downloads=8_000,
    runtimes=(),
    quantizations=(),
    parameters=None,
    only_cloud=True,
)
TINY = entry("org/Tiny-4B-GGUF", downloads=7_000, runtimes=("llama_cpp", "ollama"))


@dataclass
class Noting:
    """The registry with two verbs that only note what was asked; all else is the real one."""

    real: ModelRegistry
    asked: list[tuple[object, ...]] = field(default_factory=list)
    refusal: Exception | None = None

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)

    async def install_model(self, model_name: str, provider: ModelProvider, runtime: str) -> str:
        self.asked.append(("install", model_name, provider, runtime))
        return await self.real.operations.start(OperationType.INSTALL, model_name, runtime=runtime)

    async def start_activation(self, model_name: str, runtime: str | None = None) -> str:
        self.asked.append(("activate", model_name, runtime))
        if self.refusal is not None:
            raise self.refusal
        return await self.real.operations.start(OperationType.ACTIVATE, model_name, runtime=runtime)


@dataclass
class Shop:
    """What a tab over both shelves is built from."""

    bench: Workbench
    parts: CatalogParts
    server: PlainServer
    ollama: Shelf
    hub: Shelf
    registry: Noting

    async def put(self, name: str, runtime: str = OLLAMA) -> None:
        model = ModelMetadata(name=name, provider=ModelProvider.OLLAMA, display_name=name, runtime=runtime)
        await self.registry.real.manifest.put(model)


@dataclass
class Desk(Shop):
    tab: CatalogTab

    @property
    def names(self) -> list[str]:
        return [one.model_name for one in self.tab.list.rows.entries]

    @property
    def button(self) -> str:
        return self.tab.details.primary.label.replace("\u00a0", " ")

    def select(self, name: str) -> None:
        self.tab.browse()
        self.tab.list.table.select_row(self.names.index(name))


@asynccontextmanager
async def open_shop(
    folder: Path,
    *,
    snapshot: RuntimeSnapshot = STOPPED,
    rows: Sequence[CatalogEntry] = (GEMMA, CLOUD),
    hub_rows: Sequence[CatalogEntry] = (TINY,),
    installed: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    recommended: Sequence[Recommendation] = (),
) -> AsyncIterator[Shop]:
    # The hub's own catalog is not asked: the shelves stand in for both.
    async with open_workbench(folder, HF_ENDPOINT="http://127.0.0.1:9", **(environ or {})) as bench:
        services = bench.services
        server, registry = PlainServer(snapshot), Noting(services.registry)
        ollama, hub = Shelf(ModelProvider.OLLAMA, rows), Shelf(ModelProvider.HUGGINGFACE, hub_rows)
        search = CatalogSearch([ollama, hub], typing_pause_s=0)
        for kind in (OperationType.INSTALL, OperationType.ACTIVATE):
            script = bench.script(kind)
            services.registry.operations.register(kind, Kind(work=script.work, can_pause=True), runtime=OLLAMA)
        parts = CatalogParts(
            search=search,
            catalogs={ModelProvider.OLLAMA: ollama, ModelProvider.HUGGINGFACE: hub},
            registry=cast(ModelRegistry, registry),
            runtimes={"llama_cpp": services.runtimes["llama_cpp"], OLLAMA: server},
            active=services.active,
            host=services.host,
            settings=services.settings,
            model_settings=services.model_settings,
            vault=services.vault,
            ui_state=UiState(folder / "window.json"),
            recommended=lambda: recommended,
        )
        shop = Shop(bench, parts, server, ollama, hub, registry)
        for name in installed:
            await shop.put(name)
        try:
            yield shop
        finally:
            await search.close()


@asynccontextmanager
async def open_desk(folder: Path, **wanted: Any) -> AsyncIterator[Desk]:
    """The Catalog tab over what `open_shop` takes."""
    async with open_shop(folder, **wanted) as shop:
        tab = CatalogTab(shop.bench.bridge, shop.parts)
        watch = ServerWatch(tab, shop.parts.runtimes)
        tab.resize(1280, 676)
        tab.show()
        try:
            yield Desk(shop.bench, shop.parts, shop.server, shop.ollama, shop.hub, shop.registry, tab)
        finally:
            watch.close()
            delete(tab)
