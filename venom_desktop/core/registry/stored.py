"""Everything that is done with models in a runtime's own store, built from one list of what it needs."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping

from venom_desktop.core.catalog.base import CatalogEntry, Quantization
from venom_desktop.core.operations.operation import ModelOperation, OperationType, Progress
from venom_desktop.core.operations.service import Kind, OperationService
from venom_desktop.core.registry.copy import CopyModels, Follow, nothing_follows
from venom_desktop.core.registry.create import CreateModels
from venom_desktop.core.registry.inventory import Inventory
from venom_desktop.core.registry.manifest import Manifest
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.registry.patience import Patience
from venom_desktop.core.registry.promised import PromisedSpace
from venom_desktop.core.registry.pull import Details, PullModels
from venom_desktop.core.registry.quota import StorageQuota
from venom_desktop.core.registry.stores import Stores
from venom_desktop.core.registry.updates import UpdateChecks
from venom_desktop.core.runtimes.model_store import ModelStore, RemoteModels


class StoredModels:
    """`stores` by runtime, `remote` measures what they pull, `hub` and `choose` name the quantization nobody named.

    `active` is what answers now, `unload` takes one model out of memory, `follow` hears of a new name (old, new).
    """

    def __init__(
        self,
        stores: Mapping[str, ModelStore],
        *,
        remote: RemoteModels,
        hub: Details,
        choose: Callable[[CatalogEntry], Awaitable[Quantization]],
        operations: OperationService,
        manifest: Manifest,
        inventory: Inventory,
        quota: StorageQuota,
        promised: PromisedSpace,
        require_runtime: Callable[[str], None],
        active: Callable[[], ModelKey | None],
        unload: Callable[[ModelKey], Awaitable[None]],
        follow: Follow = nothing_follows,
        patience: Patience | None = None,
    ) -> None:
        self.stores = Stores(
            by_runtime=stores,
            operations=operations,
            manifest=manifest,
            inventory=inventory,
            quota=quota,
            promised=promised,
            require_runtime=require_runtime,
        )
        self.pulling = PullModels(self.stores, remote=remote, hub=hub, choose=choose, patience=patience or Patience())
        self.creating = CreateModels(self.stores)
        self.copying = CopyModels(self.stores, active=active, unload=unload, follow=follow)
        self.updates = UpdateChecks(self.stores, remote=remote)
        for runtime in stores:
            install = Kind(work=self._install, discard=self.pulling.discard, can_pause=True)
            update = Kind(work=self.pulling.work, discard=self.pulling.discard, can_pause=True)
            operations.register(OperationType.INSTALL, install, runtime=runtime)
            operations.register(OperationType.UPDATE, update, runtime=runtime)

    def _install(self, operation: ModelOperation) -> AsyncGenerator[Progress, None]:
        """A model that comes from a registry, or from a file of the user's own."""
        made_here = "file" in operation.payload
        return self.creating.work(operation) if made_here else self.pulling.work(operation)
