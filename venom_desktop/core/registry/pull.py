"""Installs and updates models of a runtime that fetches and keeps them by itself: its server does it, we watch."""

import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from typing import Protocol

from venom_desktop.core.catalog.base import CatalogEntry, Quantization
from venom_desktop.core.errors import InvalidInput, NoUsableFile, OperationRunning, StayingOffline, VenomError
from venom_desktop.core.operations.operation import ModelOperation, OperationType, Progress
from venom_desktop.core.registry.model import ModelKey, ModelProvider
from venom_desktop.core.registry.names import check_name, is_from_hugging_face, key_for, parse_repository
from venom_desktop.core.registry.pairs import require_pair
from venom_desktop.core.registry.patience import Patience, pull_patiently
from venom_desktop.core.registry.pull_progress import PullProgress
from venom_desktop.core.registry.quota import ASSUMED_MODEL_BYTES
from venom_desktop.core.registry.stores import Noted, Stores
from venom_desktop.core.runtimes.model_store import RemoteModel, RemoteModels

HUB = "hf.co"
SPACE_CHECKED_EVERY_S = 20.0


class Details(Protocol):
    """The hub's half of an install that names no quantization."""

    async def details(self, model_name: str, *, refresh: bool = False) -> CatalogEntry: ...


class PullModels:
    """`choose` picks the quantization when the user named none."""

    def __init__(
        self,
        stores: Stores,
        *,
        remote: RemoteModels,
        hub: Details,
        choose: Callable[[CatalogEntry], Awaitable[Quantization]],
        patience: Patience,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stores = stores
        self._remote = remote
        self._hub = hub
        self._choose = choose
        self._patience = patience
        self._clock = clock

    async def install(self, model_name: str, provider: ModelProvider, runtime: str) -> str:
        """Start an install and return its operation id.

        Raises `InvalidName`, `InvalidInput`, `UnknownRuntime`, `ProfileForbidsRuntime`, `AlreadyInstalled`,
        `OperationRunning`, `FolderLocked`; what only server and registry can tell fails the operation instead.
        """
        check_name(model_name)
        self._stores.manifest.require_writable()
        require_pair(provider, runtime, offered=self._stores.by_runtime)
        self._stores.require_runtime(runtime)
        repository = _repository_without_tag(model_name, provider)
        if repository is not None:
            name, payload = f"{HUB}/{repository}", {"repository": repository}
        else:
            name = key_for(_name_for_store(model_name, provider), runtime).name
            await self._stores.require_new_now(ModelKey(name=name, runtime=runtime))
            payload = {"pull": name}
        return await self._stores.operations.start(OperationType.INSTALL, name, runtime=runtime, payload=payload)

    async def update(self, model_name: str, runtime: str | None = None) -> str:
        """Start pulling an installed model again and return the operation id.

        Raises `UnknownModel`, `AmbiguousName`, `InvalidInput`, `ProfileForbidsRuntime`, `OperationRunning`,
        `FolderLocked`.
        """
        self._stores.manifest.require_writable()
        model = await self._stores.find(model_name, runtime)
        self._stores.of(model.runtime, "be updated")
        self._stores.require_runtime(model.runtime)
        if model.provider is ModelProvider.LOCAL:
            raise InvalidInput(problem=f"{model.name} was made from a file of your own, so there is nothing to update.")
        payload = {"pull": model.name, "before": model.revision}
        return await self._stores.operations.start(
            OperationType.UPDATE, model.name, runtime=model.runtime, payload=payload
        )

    async def work(self, operation: ModelOperation) -> AsyncGenerator[Progress, None]:
        """The steps of an install or an update."""
        self._stores.manifest.require_writable()
        license_ = None
        if "pull" not in operation.payload:
            yield Progress(message="Reading the file list")
            name, license_ = await self._chosen(operation)
            yield Progress(model_name=name, payload={"pull": name, "license": license_})
            operation = replace(operation, model_name=name, payload={**operation.payload, "pull": name})
        name = str(operation.payload["pull"])
        remote = await self._measured(name)
        progress = PullProgress(_sizes(remote), at_least=operation.done_bytes or 0)
        yield Progress(message="Reading the file list", total_bytes=progress.total_bytes)
        try:
            async with contextlib.aclosing(self._pulled(operation, remote, progress)) as steps:
                async for step in steps:
                    yield step
        finally:
            self._stores.promised.release(operation.operation_id)
        key = ModelKey(name=name, runtime=str(operation.runtime))
        noted = Noted(
            provider=ModelProvider.HUGGINGFACE if is_from_hugging_face(name) else ModelProvider.OLLAMA,
            source_revision=None if remote is None else remote.digest,
            license=operation.payload.get("license") or license_,
        )
        row = await self._stores.record(key, noted, size_bytes=progress.total_bytes)
        yield Progress(message=_last_words(operation, row.revision))

    async def discard(self, _: ModelOperation) -> None:
        """What has arrived is the server's: it goes on from there, or clears it away when it starts the next time."""
        await self._stores.inventory.refresh()

    async def _chosen(self, operation: ModelOperation) -> tuple[str, str | None]:
        """The full name of the quantization that fits best, and the licence of its repository."""
        repository = str(operation.payload["repository"])
        entry = await self._hub.details(repository, refresh=True)
        offered = tuple(choice for choice in entry.quantizations or () if len(choice.files) == 1)
        if not offered and entry.quantizations:
            raise InvalidInput(problem=f"{repository} comes in several parts, and Ollama takes a model in one file.")
        if not offered:
            raise NoUsableFile(model_name=repository)
        choice = await self._choose(replace(entry, quantizations=offered))
        key = key_for(f"{HUB}/{repository}:{choice.label}", str(operation.runtime))
        await self._stores.require_new_now(key)
        twin = self._stores.operations.running_on(key.name, key.runtime)
        if twin is not None and twin.operation_id != operation.operation_id:
            raise OperationRunning(model_name=key.name)
        return key.name, entry.license

    async def _measured(self, name: str) -> RemoteModel | None:
        """The pull decides whether there is such a model: a registry may let the server in and us not."""
        try:
            return await self._remote.measure(name)
        except StayingOffline:
            # The server would ask for us.
            raise
        except VenomError:
            return None

    async def _pulled(
        self, operation: ModelOperation, remote: RemoteModel | None, progress: PullProgress
    ) -> AsyncGenerator[Progress, None]:
        """Pull with the space promised, and look again at times: other programs fill disks too."""
        runtime, name = str(operation.runtime), str(operation.payload["pull"])
        store = self._stores.by_runtime[runtime]
        here = any(row.revision == remote.digest for row in store.snapshot.models or ()) if remote else False
        await self._promise(operation, progress, nothing_missing=here)
        checked_at = self._clock()
        pulled = pull_patiently(lambda: store.pull(name), progress, self._patience, clock=self._clock)
        async with contextlib.aclosing(pulled) as steps:
            async for step in steps:
                yield step
                if self._clock() - checked_at >= SPACE_CHECKED_EVERY_S:
                    await self._promise(operation, progress, nothing_missing=here)
                    checked_at = self._clock()

    async def _promise(self, operation: ModelOperation, progress: PullProgress, *, nothing_missing: bool) -> None:
        total = ASSUMED_MODEL_BYTES if progress.total_bytes is None else progress.total_bytes
        missing = max(0, total - progress.done_bytes)
        await self._stores.promise(str(operation.runtime), operation.operation_id, 0 if nothing_missing else missing)


def _repository_without_tag(model_name: str, provider: ModelProvider) -> str | None:
    """The hub's repository when the choice of its quantization is left to us. Raises `InvalidName`."""
    on_hub = is_from_hugging_face(model_name)
    if provider is not ModelProvider.HUGGINGFACE and not on_hub:
        return None
    repository, quantization = parse_repository(model_name.partition("/")[2] if on_hub else model_name)
    return repository if quantization is None else None


def _name_for_store(model_name: str, provider: ModelProvider) -> str:
    if provider is ModelProvider.HUGGINGFACE and not is_from_hugging_face(model_name):
        return f"{HUB}/{model_name}"
    return model_name


def _sizes(remote: RemoteModel | None) -> dict[str, int] | None:
    return None if remote is None else {layer.digest: layer.size_bytes for layer in remote.layers}


def _last_words(operation: ModelOperation, revision: str | None) -> str:
    if operation.operation_type is not OperationType.UPDATE:
        return "Verified and ready"
    if revision is not None and revision == operation.payload.get("before"):
        return "This is the newest version already"
    return "Updated. The new version is used at the next load"
