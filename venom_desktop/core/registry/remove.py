"""Removing a model: never the active one, never a file that is not ours unless the user named that choice."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from pathlib import Path

from venom_desktop.core.errors import ModelActive, ModelsElsewhere, StorageFailed, UnknownModel
from venom_desktop.core.operations.operation import ModelOperation, OperationType, Progress
from venom_desktop.core.operations.service import Kind, OperationService
from venom_desktop.core.registry.deletion import delete_files
from venom_desktop.core.registry.inventory import Inventory
from venom_desktop.core.registry.look_up import find_now
from venom_desktop.core.registry.manifest import Manifest
from venom_desktop.core.registry.model import NOTHING, ModelKey, ModelMetadata
from venom_desktop.core.registry.names import is_remote
from venom_desktop.core.registry.own_files import named_parts
from venom_desktop.core.runtimes.model_store import ModelStore


class RemoveModels:
    """`unload` takes a model out of memory before its file goes; `active` is what answers now; `stores` by runtime.

    That a model is being removed shows by the operation alone: a row that said so too would go on saying it after a
    removal that was cut off.
    """

    def __init__(
        self,
        *,
        operations: OperationService,
        manifest: Manifest,
        inventory: Inventory,
        models_dir: Path,
        active: Callable[[], ModelKey | None],
        unload: Callable[[ModelKey], Awaitable[None]],
        stores: Mapping[str, ModelStore] = NOTHING,
    ) -> None:
        self._operations = operations
        self._manifest = manifest
        self._inventory = inventory
        self._models_dir = models_dir
        self._active = active
        self._unload = unload
        self._stores = stores
        operations.register(OperationType.REMOVE, Kind(work=self._remove))

    async def remove(self, model_name: str, runtime: str | None = None, *, delete_own_file: bool = False) -> str:
        """Start a removal and return its operation id; a model used in place is only forgotten.

        Raises `UnknownModel`, `AmbiguousName`, `ModelActive`, `OperationRunning`, `FolderLocked`.
        """
        self._manifest.require_writable()
        model = await find_now(self._inventory, self._stores, model_name, runtime)
        if is_remote(model.runtime):
            raise ModelsElsewhere(server=model.runtime, verb="be removed")
        if self._active() == model.key:
            raise ModelActive
        return await self._operations.start(
            OperationType.REMOVE,
            model.name,
            runtime=model.runtime,
            payload={"delete_own_file": delete_own_file},
        )

    async def _remove(self, operation: ModelOperation) -> AsyncGenerator[Progress, None]:
        key = ModelKey(name=operation.model_name, runtime=str(operation.runtime))
        self._manifest.require_writable()
        if self._active() == key:
            raise ModelActive
        model = self._inventory.find(key.name, key.runtime)
        yield Progress(message="Removing")
        await self._unload(key)
        store = self._stores.get(key.runtime)
        if store is not None:
            await self._remove_from(store, key)
        else:
            await self._remove_files(model, delete_own_file=bool(operation.payload.get("delete_own_file")))
        yield Progress(message="Removed")

    async def _remove_from(self, store: ModelStore, key: ModelKey) -> None:
        with self._inventory.at_once():
            try:
                await store.delete(key.name)
            except UnknownModel:
                # Another program was quicker. The list that is shown may not know it yet.
                await store.refresh()
            if key in self._manifest:
                await self._manifest.remove(key)
            await self._inventory.refresh()

    async def _remove_files(self, model: ModelMetadata, *, delete_own_file: bool) -> None:
        key = model.key
        if not model.used_in_place:
            kept = {file for other in self._inventory.snapshot.models if other.key != key for file in other.files}
            doomed = [file for file in model.files if file not in kept]
            await self._delete(doomed)
        elif delete_own_file and model.local_path is not None:
            await asyncio.to_thread(_delete_own, model.local_path)
        await self._manifest.remove(key)
        await self._inventory.refresh()

    async def _delete(self, names: list[str]) -> None:
        try:
            await asyncio.to_thread(delete_files, self._models_dir, names)
        except StorageFailed:
            # Some may be gone by now, and the list says which models are whole.
            await self._inventory.refresh()
            raise


def _delete_own(path: Path) -> None:
    """The user's own file and the other parts of its set. Raises `StorageFailed`."""
    for part in named_parts(path):
        try:
            part.unlink(missing_ok=True)
        except OSError as error:
            raise StorageFailed(path=part, problem=error.strerror) from error
