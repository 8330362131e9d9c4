"""A models folder with what looks for models and takes them over, over real files and real operations."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from venom_desktop.core.database import Database
from venom_desktop.core.operations.history import OperationHistory
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus
from venom_desktop.core.operations.service import OperationService
from venom_desktop.core.registry.discovery.found import FoundModel
from venom_desktop.core.registry.discovery.places import Place
from venom_desktop.core.registry.discovery.service import Discovery
from venom_desktop.core.registry.import_file import ImportFiles
from venom_desktop.core.registry.imports.memory import ImportMemory
from venom_desktop.core.registry.imports.record import Way
from venom_desktop.core.registry.imports.service import ImportFinds
from venom_desktop.core.registry.inventory import Inventory
from venom_desktop.core.registry.manifest import Manifest
from venom_desktop.core.registry.model import ModelKey, ModelMetadata
from venom_desktop.core.registry.promised import PromisedSpace
from venom_desktop.core.registry.quota import StorageQuota
from venom_desktop.core.registry.remove import RemoveModels
from venom_desktop.core.registry.stores import Stores
from venom_desktop.core.runtimes.model_store import ModelStore
from venom_desktop.core.runtimes.profiles import RuntimeProfile


@dataclass
class FindsHome:
    """What a test turns: the places, the profile, the quota, which model is active; and what was unloaded."""

    stores: Stores
    discovery: Discovery
    imports: ImportFinds
    memory: ImportMemory
    removing: RemoveModels
    places: list[Place] = field(default_factory=list)
    profile: RuntimeProfile = RuntimeProfile.FULL
    limit_bytes: int | None = None
    active: ModelKey | None = None
    unloaded: list[ModelKey] = field(default_factory=list)

    @property
    def manifest(self) -> Manifest:
        return self.stores.manifest

    @property
    def models_dir(self) -> Path:
        return self.manifest.models_dir

    @property
    def offered(self) -> list[str]:
        return [model.title for model in self.discovery.snapshot.models]

    @property
    def files(self) -> set[str]:
        """Every file and link below the models folder that is not our own list."""
        found = (path for path in self.models_dir.rglob("*") if not path.is_dir())
        return {str(path.relative_to(self.models_dir)) for path in found if path.parent != self.models_dir}

    async def found(self) -> FoundModel:
        """The only one that there is."""
        [model] = (await self.discovery.look()).models
        return model

    async def take(self, model: FoundModel, way: Way) -> ModelMetadata:
        done = await self.ended(await self.imports.start(model.found_id, way))
        assert done.status is OperationStatus.COMPLETED, done.error
        return self.manifest.find(done.model_name)

    async def give_back(self, row: ModelMetadata) -> None:
        done = await self.ended(await self.imports.undo(row.name))
        assert done.status is OperationStatus.COMPLETED, done.error

    async def ended(self, operation_id: str) -> ModelOperation:
        """With the look that follows it."""
        done = await self.stores.operations.wait(operation_id)
        await self.discovery.look()
        return done


@asynccontextmanager
async def open_finds_home(
    folder: Path,
    *places: Place,
    store: ModelStore | None = None,
    on_step: Callable[[ModelOperation], None] = lambda _: None,
) -> AsyncIterator[FindsHome]:
    """Opened over whatever an earlier one left in `folder`, as a restart would."""
    database = Database(folder / "history.db")
    await database.open()
    manifest = Manifest(folder / "models")
    manifest.open()
    by_runtime = {} if store is None else {store.snapshot.runtime: store}
    inventory = Inventory(manifest, stores=tuple(by_runtime.values()))
    operations = OperationService(OperationHistory(database))
    promised = PromisedSpace()

    async def unload(key: ModelKey) -> None:
        home.unloaded.append(key)

    stores = Stores(
        by_runtime=by_runtime,
        operations=operations,
        manifest=manifest,
        inventory=inventory,
        quota=StorageQuota(
            lambda: home.limit_bytes, manifest.models_dir, inventory=inventory, promised_bytes=promised.total
        ),
        promised=promised,
        require_runtime=lambda name: home.profile.require(name),
    )
    memory = ImportMemory(folder / "finds.json")
    discovery = Discovery(
        places=lambda: tuple(home.places),
        manifest=manifest,
        inventory=inventory,
        memory=memory,
        allows=lambda name: home.profile.allows(name),
    )
    imports = ImportFinds(
        stores,
        discovery=discovery,
        importing=ImportFiles(manifest=manifest, inventory=inventory, require_runtime=stores.require_runtime),
        memory=memory,
        active=lambda: home.active,
        unload=unload,
    )
    removing = RemoveModels(
        operations=operations,
        manifest=manifest,
        inventory=inventory,
        models_dir=manifest.models_dir,
        active=lambda: home.active,
        unload=unload,
    )
    home = FindsHome(stores, discovery, imports, memory, removing, places=list(places))
    operations.changed.subscribe(on_step)
    await imports.recover()
    await operations.open()
    try:
        yield home
    finally:
        await operations.close()
        await discovery.close()
        await manifest.close()
        await database.close()
