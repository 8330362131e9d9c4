"""A store of models in memory, as scripted as a test needs it, and a registry's parts that work with it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from venom_desktop.core.catalog.base import CatalogEntry, Quantization, RemoteFile
from venom_desktop.core.database import Database
from venom_desktop.core.errors import RuntimeUnavailable, UnknownLibraryModel, UnknownModel, VenomError
from venom_desktop.core.operations.history import OperationHistory
from venom_desktop.core.operations.service import OperationService
from venom_desktop.core.registry.inventory import Inventory
from venom_desktop.core.registry.manifest import Manifest
from venom_desktop.core.registry.model import ModelCapabilities, ModelKey, ModelMetadata, ModelProvider
from venom_desktop.core.registry.names import ollama_title
from venom_desktop.core.registry.patience import Patience
from venom_desktop.core.registry.promised import PromisedSpace
from venom_desktop.core.registry.quota import StorageQuota
from venom_desktop.core.registry.remove import RemoveModels
from venom_desktop.core.registry.store_memory import StoreMemory
from venom_desktop.core.registry.stored import StoredModels
from venom_desktop.core.runtimes.model_store import (
    ModelStore,
    PullPhase,
    PullStep,
    RemoteLayer,
    RemoteModel,
    RemoteModels,
    StoreSnapshot,
)
from venom_desktop.core.runtimes.profiles import RuntimeProfile
from venom_desktop.core.signals import Signal

QUICK = Patience(first_wait_s=0.001, longest_wait_s=0.002, away_s=20.0, tries=3)
MANIFEST = PullStep(phase=PullPhase.MANIFEST)
VERIFYING = PullStep(phase=PullPhase.VERIFYING)
WRITING = PullStep(phase=PullPhase.WRITING)
DONE = PullStep(phase=PullPhase.DONE)

Line = PullStep | VenomError | Callable[[], Awaitable[object]]
"""What one line of a stream is: a step, the failure that ends it, or something that happens in between."""


def digest(number: int) -> str:
    return f"{number:064x}"


def layer(number: int, done: int, total: int | None) -> PullStep:
    name = f"sha256:{digest(number)}"
    return PullStep(phase=PullPhase.DOWNLOADING, layer=name, done_bytes=done, total_bytes=total)


def remote(name: str, *sizes: int, number: int = 1000) -> RemoteModel:
    """Layers 1, 2, ... of these sizes."""
    layers = tuple(
        RemoteLayer(digest=f"sha256:{digest(place)}", size_bytes=size, media_type="application/octet-stream")
        for place, size in enumerate(sizes, start=1)
    )
    return RemoteModel(name=name, digest=digest(number), layers=layers)


@dataclass
class Shelf:
    """Implements `ModelStore`. Each pull and creation plays the next of `scripts`; one that ends in DONE adds."""

    scripts: list[list[Line]] = field(default_factory=list)
    down: bool = False
    rows: dict[str, ModelMetadata] = field(default_factory=dict)
    pulled: list[str] = field(default_factory=list)
    created: list[tuple[str, Path]] = field(default_factory=list)
    closed_early: int = 0
    changed: Signal[StoreSnapshot] = field(default_factory=Signal)
    snapshot: StoreSnapshot = field(default_factory=lambda: StoreSnapshot(runtime="ollama"))

    def put(self, name: str, number: int = 1000, size_bytes: int = 100, **fields: object) -> None:
        """As if another program had pulled it; heard at the next look."""
        row = ModelMetadata(
            name=name,
            provider=ModelProvider.OLLAMA,
            display_name=ollama_title(name),
            runtime="ollama",
            size_bytes=size_bytes,
            size_gb=size_bytes / 1e9,
            revision=digest(number),
            capabilities=ModelCapabilities(max_context_length=4096, quantization="Q4_K_M"),
        )
        self.rows[name] = replace(row, **fields)  # type: ignore[arg-type]

    async def refresh(self) -> StoreSnapshot:
        before = self.snapshot
        if self.down:
            self.snapshot = replace(before, reachable=False, error=RuntimeUnavailable(runtime="Ollama"))
        else:
            self.snapshot = replace(
                before,
                reachable=True,
                error=None,
                models=tuple(self.rows.values()),
                read_at=datetime.now(UTC).astimezone(),
            )
        if replace(before, read_at=None) != replace(self.snapshot, read_at=None):
            self.changed.publish(self.snapshot)
        return self.snapshot

    async def pull(self, name: str) -> AsyncGenerator[PullStep, None]:
        self.pulled.append(name)
        async for step in self._played(name):
            yield step

    async def create(self, name: str, file: Path) -> AsyncGenerator[PullStep, None]:
        self.created.append((name, file))
        async for step in self._played(name):
            yield step

    async def delete(self, name: str) -> None:
        self._require(name)
        del self.rows[name]
        await self.refresh()

    async def copy(self, name: str, new_name: str) -> None:
        self._require(name)
        self.rows[new_name] = replace(self.rows[name], name=new_name, display_name=ollama_title(new_name))
        await self.refresh()

    async def describe(self, name: str) -> ModelMetadata:
        self._require(name)
        return self.rows[name]

    def _require(self, name: str) -> None:
        if self.down:
            raise RuntimeUnavailable(runtime="Ollama")
        if name not in self.rows:
            raise UnknownModel(model_name=name)

    async def _played(self, name: str) -> AsyncGenerator[PullStep, None]:
        if self.down:
            raise RuntimeUnavailable(runtime="Ollama")
        script = self.scripts.pop(0) if self.scripts else [MANIFEST, layer(1, 100, 100), VERIFYING, WRITING, DONE]
        try:
            for line in script:
                if isinstance(line, VenomError):
                    raise line
                if not isinstance(line, PullStep):
                    await line()
                    continue
                if line is DONE and name.casefold() not in map(str.casefold, self.rows):
                    self.put(name)
                yield line
        except (GeneratorExit, asyncio.CancelledError):
            self.closed_early += 1
            raise


@dataclass
class Registries:
    """Implements `RemoteModels`."""

    models: dict[str, RemoteModel] = field(default_factory=dict)
    failure: VenomError | None = None
    asked: list[str] = field(default_factory=list)
    asking: int = 0
    most_at_once: int = 0

    async def measure(self, name: str) -> RemoteModel:
        self.asked.append(name)
        self.asking += 1
        self.most_at_once = max(self.most_at_once, self.asking)
        await asyncio.sleep(0)
        self.asking -= 1
        if self.failure is not None:
            raise self.failure
        if name not in self.models:
            raise UnknownLibraryModel(source="The registry", model_name=name)
        return self.models[name]


@dataclass
class Hub:
    entries: dict[str, CatalogEntry] = field(default_factory=dict)

    def add(self, repository: str, *choices: tuple[str, int], license: str = "mit") -> None:
        """Quantizations by label, each of so many files."""
        quantizations = tuple(
            Quantization(
                label=label,
                files=tuple(RemoteFile(name=f"{label}-{part}.gguf", size_bytes=10) for part in range(parts)),
            )
            for label, parts in choices
        )
        self.entries[repository] = CatalogEntry(
            provider=ModelProvider.HUGGINGFACE,
            model_name=repository,
            display_name=repository,
            quantizations=quantizations,
            license=license,
        )

    async def details(self, model_name: str, *, refresh: bool = False) -> CatalogEntry:
        return self.entries[model_name]


@dataclass
class Shop:
    """What a test turns and looks at."""

    store: ModelStore
    registries: Registries
    hub: Hub
    operations: OperationService
    manifest: Manifest
    inventory: Inventory
    quota: StorageQuota
    stored: StoredModels
    removing: RemoveModels
    limit_bytes: int | None = None
    profile: RuntimeProfile = RuntimeProfile.LIGHT
    active: ModelKey | None = None
    unloaded: list[ModelKey] = field(default_factory=list)
    followed: list[tuple[ModelKey, ModelKey]] = field(default_factory=list)

    @property
    def shelf(self) -> Shelf:
        assert isinstance(self.store, Shelf)
        return self.store


@asynccontextmanager
async def open_shop(
    folder: Path,
    store: ModelStore | None = None,
    *,
    remote: RemoteModels | None = None,
    patience: Patience = QUICK,
) -> AsyncIterator[Shop]:
    """Opened over whatever an earlier one left in `folder`, as a restart would.

    The store is a `Shelf` by default, and `shop.registries` say what there is to pull.
    """
    store, registries, hub = store or Shelf(), Registries(), Hub()
    database = Database(folder / "history.db")
    await database.open()
    manifest = Manifest(folder / "models")
    manifest.open()
    inventory = Inventory(manifest, stores=[store], memory=StoreMemory(folder / "stores.json"))
    operations = OperationService(OperationHistory(database))
    promised = PromisedSpace()

    async def unload(key: ModelKey) -> None:
        shop.unloaded.append(key)

    async def follow(old: ModelKey, new: ModelKey) -> None:
        shop.followed.append((old, new))

    async def choose(entry: CatalogEntry) -> Quantization:
        return (entry.quantizations or ())[0]

    quota = StorageQuota(
        lambda: shop.limit_bytes, manifest.models_dir, inventory=inventory, promised_bytes=promised.total
    )
    stored = StoredModels(
        {"ollama": store},
        remote=remote or registries,
        hub=hub,
        choose=choose,
        operations=operations,
        manifest=manifest,
        inventory=inventory,
        quota=quota,
        promised=promised,
        require_runtime=lambda runtime: shop.profile.require(runtime),
        active=lambda: shop.active,
        unload=unload,
        follow=follow,
        patience=patience,
    )
    removing = RemoveModels(
        operations=operations,
        manifest=manifest,
        inventory=inventory,
        models_dir=manifest.models_dir,
        active=lambda: shop.active,
        unload=unload,
        stores={"ollama": store},
    )
    shop = Shop(store, registries, hub, operations, manifest, inventory, quota, stored, removing)
    await operations.open()
    await inventory.refresh()
    try:
        yield shop
    finally:
        await operations.close()
        await inventory.aclose()
        await manifest.close()
        await database.close()
