"""The facade of SPEC section 2: every verb on models, for window, API, command line and scripts alike."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from venom_desktop.core.catalog.base import Catalog, CatalogEntry, CatalogQuery
from venom_desktop.core.errors import InvalidInput
from venom_desktop.core.operations.operation import ModelOperation
from venom_desktop.core.operations.service import OperationService
from venom_desktop.core.registry.activate import ActivateModel
from venom_desktop.core.registry.capabilities import effective
from venom_desktop.core.registry.import_file import ImportFiles
from venom_desktop.core.registry.install import InstallModels
from venom_desktop.core.registry.inventory import Inventory
from venom_desktop.core.registry.manifest import Manifest
from venom_desktop.core.registry.model import ModelCapabilities, ModelKey, ModelProvider
from venom_desktop.core.registry.quota import StorageQuota
from venom_desktop.core.registry.remove import RemoveModels
from venom_desktop.core.registry.verify import VerifyModels

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
    removing: RemoveModels
    activating: ActivateModel
    verifying: VerifyModels


class ModelRegistry:
    """Knows what is installed and what could be; every long verb returns the id of an operation."""

    def __init__(self, parts: RegistryParts) -> None:
        self.manifest = parts.manifest
        self.inventory = parts.inventory
        self.operations = parts.operations
        self.quota = parts.quota
        self._catalogs = parts.catalogs
        self._installing = parts.installing
        self._importing = parts.importing
        self._removing = parts.removing
        self._activating = parts.activating
        self._verifying = parts.verifying

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
        return [entry for page in pages for entry in page.entries][:limit]

    async def install_model(
        self, model_name: str, provider: ModelProvider | str = ModelProvider.HUGGINGFACE, runtime: str = "llama_cpp"
    ) -> str:
        """Start an install; see `InstallModels.install` for what it raises."""
        return await self._installing.install(model_name, _provider(provider), runtime)

    async def import_file(self, path: Path) -> ModelKey:
        """List a GGUF file of the user's own, used where it lies; see `ImportFiles.import_file` for what it raises."""
        return await self._importing.import_file(path)

    async def remove_model(self, model_name: str, runtime: str | None = None, *, delete_own_file: bool = False) -> str:
        """Start a removal; see `RemoveModels.remove` for what it raises."""
        return await self._removing.remove(model_name, runtime, delete_own_file=delete_own_file)

    async def activate_model(self, model_name: str, runtime: str | None = None) -> bool:
        """Switch to a model and wait until it answered one token: True, or the failure is raised."""
        await self._activating.activate(model_name, runtime)
        return True

    async def start_activation(self, model_name: str, runtime: str | None = None) -> str:
        """Like `activate_model`, but returns the operation id at once."""
        return await self._activating.start(model_name, runtime)

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
        key = self.inventory.find(model_name, runtime).key
        return effective(await self.manifest.update(key, lambda model: replace(model, overrides=capabilities)))

    def check_storage_quota(self, additional_size_gb: float | None = None) -> bool:
        """True when that much more (GB = 10^9 bytes; unknown = 4) may be installed; raises `NotEnoughSpace`."""
        self.quota.require(None if additional_size_gb is None else round(additional_size_gb * 10**9))
        return True


def _provider(given: ModelProvider | str) -> ModelProvider:
    try:
        return ModelProvider(given)
    except ValueError:
        known = ", ".join(provider.value for provider in ModelProvider)
        raise InvalidInput(problem=f"No provider is called {given!r:.40}. Known are {known}.") from None
