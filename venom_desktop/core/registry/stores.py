"""The runtimes' own stores of models, as the verbs on them share them, and what we note about a model there."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from venom_desktop.core.errors import AlreadyInstalled, InvalidInput, UnknownModel, VenomError
from venom_desktop.core.operations.service import OperationService
from venom_desktop.core.registry.inventory import Inventory
from venom_desktop.core.registry.look_up import find_now
from venom_desktop.core.registry.manifest import Manifest
from venom_desktop.core.registry.model import ModelKey, ModelMetadata, ModelProvider, ModelStatus
from venom_desktop.core.registry.names import ollama_title
from venom_desktop.core.registry.promised import PromisedSpace
from venom_desktop.core.registry.quota import StorageQuota
from venom_desktop.core.runtimes.model_store import ModelStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What we know of a model that has just come and its store does not tell; None leaves what is known."""

    provider: ModelProvider | None = None
    source_revision: str | None = None
    license: str | None = None
    display_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """`require_runtime` raises when the profile forbids one."""

    by_runtime: Mapping[str, ModelStore]
    operations: OperationService
    manifest: Manifest
    inventory: Inventory
    quota: StorageQuota
    promised: PromisedSpace
    require_runtime: Callable[[str], None]

    def of(self, runtime: str, verb: str) -> ModelStore:
        """Raises `InvalidInput` for a runtime that keeps no models by itself; `verb` as in "be copied"."""
        store = self.by_runtime.get(runtime)
        if store is None:
            known = ", ".join(self.by_runtime) or "no runtime"
            raise InvalidInput(problem=f"Models of {runtime} cannot {verb}, only those of {known}.")
        return store

    async def find(self, name: str, runtime: str | None) -> ModelMetadata:
        """Raises `UnknownModel`, `AmbiguousName`."""
        return await find_now(self.inventory, self.by_runtime, name, runtime)

    async def require_new_now(self, key: ModelKey) -> None:
        """As `require_new`, by what the store says now: another program may have used the name since."""
        await self.by_runtime[key.runtime].refresh()
        self.require_new(key)

    def require_new(self, key: ModelKey) -> None:
        """Raises `AlreadyInstalled`."""
        try:
            found = self.inventory.find(key.name, key.runtime)
        except UnknownModel:
            return
        if found.status is ModelStatus.INSTALLED:
            raise AlreadyInstalled(model_name=found.name, runtime=key.runtime)

    async def promise(self, runtime: str, operation_id: str, missing_bytes: int | None) -> None:
        """As `PromisedSpace.promise`, on the volume of the store; of one that is not known, of the models folder."""
        store = self.by_runtime[runtime].snapshot
        if store.is_here:
            await self.promised.promise(
                operation_id, missing_bytes, quota=self.quota, inventory=self.inventory, folder=store.folder
            )

    async def record(self, key: ModelKey, noted: Noted, *, size_bytes: int | None = None) -> ModelMetadata:
        """Note what has come; told as one change. Settings made by hand for an earlier model of that name stay.

        Raises `FolderLocked`, `DiskFull`, `StorageFailed`.
        """
        store = self.by_runtime[key.runtime]
        with self.inventory.at_once():
            row = await self._listed(store, key, size_bytes)
            await self._write(row, lambda current: _noted(current, row, noted))
            await self.inventory.refresh()
        return row

    async def _listed(self, store: ModelStore, key: ModelKey, size_bytes: int | None) -> ModelMetadata:
        """The store's own row; what is known here when its server has gone since."""
        await store.refresh()
        try:
            return await store.describe(self.inventory.find(key.name, key.runtime).name)
        except VenomError:
            pass
        try:
            return self.inventory.find(key.name, key.runtime)
        except UnknownModel:
            size_gb = None if size_bytes is None else round(size_bytes / 10**9, 3)
            return ModelMetadata(
                name=key.name,
                provider=None,
                display_name=ollama_title(key.name),
                runtime=key.runtime,
                size_bytes=size_bytes,
                size_gb=size_gb,
            )

    async def _write(self, row: ModelMetadata, change: Callable[[ModelMetadata], ModelMetadata]) -> None:
        """What comes to end the work now comes too late: the model is there."""
        before = self.manifest.version
        try:
            await self.manifest.upsert(row, change)
        except asyncio.CancelledError:
            await self.manifest.settled()
            if self.manifest.version == before:
                raise


def _noted(current: ModelMetadata, row: ModelMetadata, noted: Noted) -> ModelMetadata:
    told = noted.source_revision
    return replace(
        current,
        provider=noted.provider or current.provider or row.provider,
        display_name=noted.display_name or current.display_name,
        status=ModelStatus.INSTALLED,
        size_bytes=row.size_bytes,
        size_gb=row.size_gb,
        capabilities=row.capabilities,
        revision=row.revision,
        source_revision=None if told == row.revision else told,
        license=noted.license or row.license or current.license,
        installed_at=datetime.now(UTC).astimezone(),
    )
