"""The facade of SPEC section 2: every verb on models, for window, API, command line and scripts alike."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from venom_desktop.core.catalog.base import Catalog, CatalogEntry, CatalogQuery
from venom_desktop.core.errors import InvalidInput, UnknownRuntime
from venom_desktop.core.operations.operation import ModelOperation
from venom_desktop.core.operations.service import OperationService
from venom_desktop.core.registry.activate import ActivateModel
from venom_desktop.core.registry.capabilities import effective
from venom_desktop.core.registry.discovery.found import FoundModel
from venom_desktop.core.registry.discovery.service import Discovery
from venom_desktop.core.registry.import_file import ImportFiles
from venom_desktop.core.registry.imports.record import Way
from venom_desktop.core.registry.imports.service import ImportFinds
from venom_desktop.core.registry.imports.ways import Preview
from venom_desktop.core.registry.install import RUNTIMES, InstallModels
from venom_desktop.core.registry.inventory import Inventory
from venom_desktop.core.registry.look_up import find_now
from venom_desktop.core.registry.manifest import Manifest
from venom_desktop.core.registry.model import ModelCapabilities, ModelKey, ModelMetadata, ModelProvider
from venom_desktop.core.registry.pairs import require_pair
from venom_desktop.core.registry.quota import StorageQuota
from venom_desktop.core.registry.remove import RemoveModels
from venom_desktop.core.registry.stored import StoredModels
from venom_desktop.core.registry.updates import Updates
from venom_desktop.core.registry.verify import VerifyModels
from venom_desktop.core.signals import Signal
from venom_desktop.core.tasks import TaskScope

MOST_LISTED = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryParts:
    """What the facade stands before."""

    catalogs: Mapping[ModelProvider, Catalog]
    manifest: Manifest
    inventory: Inventory
    operations: OperationService
    quota: StorageQuota
    installing: InstallModels
    importing: ImportFiles
    discovery: Discovery
    finds: ImportFinds
    removing: RemoveModels
    activating: ActivateModel
    verifying: VerifyModels
    stored: StoredModels | None = None
    """None where no runtime keeps its models by itself."""
    require_runtime: Callable[[str], None] = lambda runtime: None
    """Raises where the profile forbids one."""


class ModelRegistry:
    """Knows what is installed and what could be; every long verb returns the id of an operation."""

    def __init__(self, parts: RegistryParts) -> None:
        self.manifest = parts.manifest
        self.inventory = parts.inventory
        self.operations = parts.operations
        self.quota = parts.quota
        self.discovery = parts.discovery
        self._catalogs = parts.catalogs
        self._installing = parts.installing
        self._importing = parts.importing
        self._finds = parts.finds
        self._removing = parts.removing
        self._activating = parts.activating
        self._verifying = parts.verifying
        self._stored = parts.stored
        self._require_runtime = parts.require_runtime
        self._no_updates: Signal[Updates] = Signal()

    async def list_available_models(
        self, provider: ModelProvider | None = None, limit: int = 20, *, refresh: bool = False
    ) -> list[CatalogEntry]:
        """The first `limit` (1 to 500) models of one catalog, or of each, most downloaded first."""
        if not 1 <= limit <= MOST_LISTED:
            raise InvalidInput(problem=f"The limit is a number from 1 to {MOST_LISTED}.")
        if provider is not None and provider not in self._catalogs:
            raise InvalidInput(problem=f"{provider.value} has no catalog in this version.")
        chosen = [catalog for known, catalog in self._catalogs.items() if provider in (None, known)]
        pages = [await catalog.list_models(CatalogQuery(limit=limit), refresh=refresh) for catalog in chosen]
        return [entry for page in pages for entry in page.entries[:limit]]

    async def install_model(
        self, model_name: str, provider: ModelProvider | str = ModelProvider.HUGGINGFACE, runtime: str | None = None
    ) -> str:
        """Start an install and return its operation id; for the provider's first runtime when none is named.

        A model of the hub for Ollama is `org/repo:QUANT` or `hf.co/org/repo:QUANT`. See `InstallModels.install` and
        `PullModels.install` for what they raise.
        """
        source = _provider(provider)
        self.require_runtime(runtime)
        stores = self._stored.stores.by_runtime if self._stored is not None else {}
        chosen = require_pair(source, runtime, offered=(*RUNTIMES, *stores))
        if self._stored is not None and chosen in stores:
            return await self._stored.pulling.install(model_name, source, chosen)
        return await self._installing.install(model_name, source, chosen)

    def require_runtime(self, runtime: str | None) -> None:
        """Raises `ProfileForbidsRuntime` for a runtime that the profile does not offer, also one that is not here."""
        if runtime is not None:
            self._require_runtime(runtime)

    async def find_model(self, model_name: str, runtime: str | None = None) -> ModelMetadata:
        """The row of an installed model, also of one that another program has just brought.

        Raises `UnknownModel`, `AmbiguousName`.
        """
        return await find_now(self.inventory, self.inventory.stores, model_name, runtime)

    async def import_file(self, path: Path) -> ModelKey:
        """List a GGUF file of the user's own, used where it lies; see `ImportFiles.import_file` for what it raises."""
        return await self._importing.import_file(path)

    async def find_on_disk(self, *, refresh: bool = False) -> tuple[FoundModel, ...]:
        """Models that lie on this computer and are in no list; looks where nobody has looked yet, or to `refresh`."""
        never = self.discovery.snapshot.looked_at is None
        return (await self.discovery.look() if refresh or never else self.discovery.snapshot).models

    async def use_found(self, found_id: str) -> ModelKey:
        """List a model that `discovery` found, used where it lies; see `ImportFinds.use_in_place`."""
        return await self._finds.use_in_place(found_id)

    async def preview_import(self, found_id: str) -> tuple[Preview, ...]:
        """What each way of taking a found model over frees and needs; see `ImportFinds.previews`."""
        return await self._finds.previews(found_id)

    async def import_found(self, found_id: str, way: Way | str) -> str:
        """Start to link, move or copy a found model; returns the operation id. See `ImportFinds.start`."""
        if way not in set(Way):
            raise InvalidInput(problem=f"A found model is taken over by {', '.join(Way)}, not by {way!r:.40}.")
        return await self._finds.start(found_id, Way(way))

    async def undo_import(self, model_name: str, runtime: str | None = None) -> str:
        """Start to give an imported model back; returns the operation id. See `ImportFinds.undo`."""
        return await self._finds.undo(model_name, runtime)

    def can_undo_import(self, key: ModelKey) -> bool:
        """Whether a row came by an import that can be given back, as far as nothing has changed on the disk."""
        return self._finds.can_undo(key)

    async def create_model(self, file: Path, name: str, runtime: str = "ollama") -> str:
        """Start making a model of a GGUF file of the user's own in a runtime's store; returns the operation id.

        The file stays where it is. See `CreateModels.create` for what it raises.
        """
        return await self._with_stores(runtime).creating.create(file, name, runtime)

    async def copy_model(self, model_name: str, new_name: str, runtime: str | None = None) -> ModelKey:
        """Let a model stand under a second name too, at once; see `CopyModels.copy` for what it raises."""
        return await self._with_stores(runtime).copying.copy(model_name, new_name, runtime)

    async def rename_model(self, model_name: str, new_name: str, runtime: str | None = None) -> ModelKey:
        """Give a model another name; what was set by hand goes along. See `CopyModels.rename` for what it raises."""
        return await self._with_stores(runtime).copying.rename(model_name, new_name, runtime)

    async def update_model(self, model_name: str, runtime: str | None = None) -> str:
        """Start pulling a model again and return the operation id; see `PullModels.update` for what it raises."""
        return await self._with_stores(runtime).pulling.update(model_name, runtime)

    async def check_updates(self) -> Updates:
        """Ask the registries about every model they could have a newer version of; never raises.

        Returns when all have answered; `updates_changed` tells each answer as it comes.
        """
        return {} if self._stored is None else await self._stored.updates.check()

    @property
    def updates(self) -> Updates:
        """What the last check said about models that are as they were then; no model is in it before the first."""
        return {} if self._stored is None else self._stored.updates.snapshot

    @property
    def updates_changed(self) -> Signal[Updates]:
        """Publishes `updates` after each answer."""
        return self._no_updates if self._stored is None else self._stored.updates.changed

    async def refresh_stores(self) -> None:
        """Ask the runtimes that keep models by themselves what they have now; one that is away is told, not raised."""
        async with TaskScope("stores") as scope:
            for runtime, store in self.inventory.stores.items():
                scope.start(runtime, store.refresh())
            await scope.drain()

    async def remove_model(self, model_name: str, runtime: str | None = None, *, delete_own_file: bool = False) -> str:
        """Start a removal; see `RemoveModels.remove` for what it raises."""
        return await self._removing.remove(model_name, runtime, delete_own_file=delete_own_file)

    async def activate_model(self, model_name: str, runtime: str | None = None, *, confirm: bool = False) -> bool:
        """Switch to a model and wait until it answered one token: True, or the failure is raised.

        Answers that the runtime of now still gives after 30 s are broken off with `confirm`; without it the switch is
        given up before anything stops, and `AnswersRunning` raised.
        """
        await self._activating.activate(model_name, runtime, confirm=confirm)
        return True

    async def start_activation(self, model_name: str, runtime: str | None = None) -> str:
        """Like `activate_model`, but returns the operation id at once; the operation asks before it breaks off."""
        return await self._activating.start(model_name, runtime)

    @property
    def is_switching(self) -> bool:
        """True while a model is being activated; a second one is refused as long."""
        return self._activating.is_switching

    def stop_and_switch(self, operation_id: str) -> ModelOperation:
        """Answer the question of a switch: break off what is still being answered. Raises `WrongState`."""
        return self._activating.stop_and_switch(operation_id)

    def keep_waiting(self, operation_id: str) -> ModelOperation:
        """Answer the question of a switch: let them finish, and ask again later. Raises `WrongState`."""
        return self._activating.keep_waiting(operation_id)

    async def deactivate(self) -> None:
        """Take the active model out of memory; nothing answers afterwards."""
        await self._activating.deactivate()

    async def verify_model(self, model_name: str, runtime: str | None = None) -> str:
        """Start comparing the files with the publisher's checksums; returns the operation id."""
        return await self._verifying.verify(model_name, runtime)

    def get_operation_status(self, operation_id: str) -> ModelOperation:
        """Raises `UnknownOperation`."""
        return self.operations.get(operation_id)

    async def wait(self, operation_id: str) -> ModelOperation:
        """Return when it is completed, failed, cancelled or paused."""
        return await self.operations.wait(operation_id)

    def pause(self, operation_id: str) -> ModelOperation:
        return self.operations.pause(operation_id)

    def resume(self, operation_id: str) -> ModelOperation:
        return self.operations.resume(operation_id)

    def cancel(self, operation_id: str) -> ModelOperation:
        return self.operations.cancel(operation_id)

    def retry(self, operation_id: str) -> ModelOperation:
        return self.operations.retry(operation_id)

    def get_model_capabilities(self, model_name: str, runtime: str | None = None) -> ModelCapabilities:
        """What was detected, with the user's own settings laid over it. Raises `UnknownModel`, `AmbiguousName`."""
        return effective(self.inventory.find(model_name, runtime))

    async def set_model_capabilities(
        self, model_name: str, capabilities: ModelCapabilities, runtime: str | None = None
    ) -> ModelCapabilities:
        """Store what the user says; None returns a field to what was detected."""
        model = await self.find_model(model_name, runtime)
        await self.manifest.upsert(model, lambda current: replace(current, overrides=capabilities))
        return effective(self.inventory.find(model.name, model.runtime))

    def check_storage_quota(self, additional_size_gb: float | None = None) -> bool:
        """True when that much more (GB = 10^9 bytes; unknown = 4) may be installed; raises `NotEnoughSpace`."""
        self.quota.require(None if additional_size_gb is None else round(additional_size_gb * 10**9))
        return True

    def _with_stores(self, runtime: str | None) -> StoredModels:
        if self._stored is None:
            raise UnknownRuntime(runtime=runtime or "ollama", known=", ".join(RUNTIMES))
        return self._stored


def _provider(given: ModelProvider | str) -> ModelProvider:
    try:
        return ModelProvider(given)
    except ValueError:
        known = ", ".join(provider.value for provider in ModelProvider)
        raise InvalidInput(problem=f"No provider is called {given!r:.40}. Known are {known}.") from None
