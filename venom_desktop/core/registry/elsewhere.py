"""Keeps list and active model true while servers elsewhere come and go."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

from venom_desktop.core.errors import FolderLocked
from venom_desktop.core.registry.inventory import Inventory
from venom_desktop.core.registry.manifest import Manifest
from venom_desktop.core.runtimes.active import ActiveModelStore
from venom_desktop.core.runtimes.model_store import ModelStore


class Elsewhere:
    """`deactivate` lets nothing answer any more."""

    def __init__(
        self,
        inventory: Inventory,
        manifest: Manifest,
        *,
        active: ActiveModelStore,
        deactivate: Callable[[], Awaitable[None]],
    ) -> None:
        self._inventory = inventory
        self._manifest = manifest
        self._active = active
        self._deactivate = deactivate

    def came(self, store: ModelStore) -> None:
        """List its models; an earlier store of the same runtime gives way to it."""
        self._inventory.add_store(store)

    async def went(self, runtime: str) -> None:
        """Forget its models and what was noted about them. Raises `SwitchInProgress`, `StorageFailed`, `DiskFull`."""
        key = self._active.snapshot.key
        if key is not None and key.runtime == runtime:
            await self._deactivate()
        with self._inventory.at_once():
            self._inventory.remove_store(runtime)
            for model in self._manifest.models():
                if model.runtime == runtime:
                    # Of a folder that another program holds the note stays, and nobody shows it.
                    with suppress(FolderLocked):
                        await self._manifest.remove(model.key)
