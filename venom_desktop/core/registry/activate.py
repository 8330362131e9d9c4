"""Activating a model: check before anything stops, load, answer one token, and only then store and tell."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from venom_desktop.core.errors import (
    FileMissing,
    LoadCancelled,
    SwitchInProgress,
    UnknownRuntime,
    VenomError,
)
from venom_desktop.core.governance.base import Purpose, Target
from venom_desktop.core.operations.operation import ModelOperation, OperationType, Progress
from venom_desktop.core.operations.service import Kind, OperationService
from venom_desktop.core.registry.capabilities import effective
from venom_desktop.core.registry.inventory import Inventory
from venom_desktop.core.registry.look_up import find_now
from venom_desktop.core.registry.manifest import Manifest
from venom_desktop.core.registry.model import NOTHING, ModelKey, ModelMetadata
from venom_desktop.core.registry.unloading import give_up, was_stopped
from venom_desktop.core.runtimes.active import ActiveModelStore
from venom_desktop.core.runtimes.ask import Ask
from venom_desktop.core.runtimes.base import ChatMessage, ChatRequest, LoadSettings, Runtime
from venom_desktop.core.runtimes.model_store import ModelStore

FIRST_QUESTION = ChatRequest(messages=(ChatMessage(role="user", content="Hi"),), max_tokens=1, temperature=0.0)


class ActivateModel:
    """One switch at a time; any failure puts the model that answered before back.

    `stores` are those of the runtimes that keep their models by themselves: there a model has no file that we know.
    """

    def __init__(
        self,
        *,
        operations: OperationService,
        manifest: Manifest,
        inventory: Inventory,
        active: ActiveModelStore,
        runtimes: Mapping[str, Runtime],
        ask: Ask,
        load_settings: Callable[[ModelKey], LoadSettings],
        require_runtime: Callable[[str], None],
        stores: Mapping[str, ModelStore] = NOTHING,
    ) -> None:
        self._operations = operations
        self._manifest = manifest
        self._inventory = inventory
        self._active = active
        self._runtimes = runtimes
        self._ask = ask
        self._load_settings = load_settings
        self._require_runtime = require_runtime
        self._stores = stores
        self._busy = asyncio.Lock()
        self._last_failure: tuple[str, VenomError] | None = None
        operations.register(OperationType.ACTIVATE, Kind(work=self._activate))

    async def start(self, model_name: str, runtime: str | None = None) -> str:
        """Begin a switch and return its operation id.

        Raises `UnknownModel`, `AmbiguousName`, `UnknownRuntime`, `ProfileForbidsRuntime`, `FileMissing`,
        `SwitchInProgress`, `FolderLocked`, all before anything is stopped.
        """
        self._manifest.require_writable()
        model = await find_now(self._inventory, self._stores, model_name, runtime)
        if model.runtime not in self._runtimes:
            raise UnknownRuntime(runtime=model.runtime, known=", ".join(self._runtimes))
        self._require_runtime(model.runtime)
        if self._busy.locked():
            raise SwitchInProgress
        model = await self._found_there(model)
        return await self._operations.start(OperationType.ACTIVATE, model.name, runtime=model.runtime)

    async def _found_there(self, model: ModelMetadata) -> ModelMetadata:
        """A store that cannot be reached is asked again by the load, which starts its server."""
        store = self._stores.get(model.runtime)
        if store is not None:
            await store.refresh()
            return self._inventory.find(model.name, model.runtime)
        if model.local_path is None or not await asyncio.to_thread(model.local_path.exists):
            raise FileMissing(model_name=model.name, path=model.local_path or "")
        return model

    async def activate(self, model_name: str, runtime: str | None = None) -> ModelOperation:
        """Switch and wait for the end; raises what `start` raises, and the failure of the switch itself."""
        operation_id = await self.start(model_name, runtime)
        operation = await self._operations.wait(operation_id)
        if self._last_failure is not None and self._last_failure[0] == operation_id:
            raise self._last_failure[1]
        return operation

    async def deactivate(self) -> None:
        """Unload what answers now; nothing answers until a model is activated again. Raises `SwitchInProgress`."""
        if self._busy.locked():
            raise SwitchInProgress
        async with self._busy:
            key = self._active.snapshot.key
            if key is not None and key.runtime in self._runtimes:
                await self._runtimes[key.runtime].unload()
            await self._active.deactivate()
            await self._inventory.refresh()

    async def _activate(self, operation: ModelOperation) -> AsyncGenerator[Progress, None]:
        if self._busy.locked():
            self._last_failure = (operation.operation_id, SwitchInProgress())
            raise self._last_failure[1]
        async with self._busy:
            model = self._inventory.find(operation.model_name, operation.runtime)
            before = self._answering()
            try:
                yield Progress(message="Loading the model")
                await self._load(model)
                yield Progress(message="Waiting for the first token")
                await self._answer_once(model)
                await self._store(model)
            except VenomError as error:
                self._last_failure = (operation.operation_id, error)
                await self._put_back(before, model.key, stopped=isinstance(error, LoadCancelled))
                raise
            except (asyncio.CancelledError, GeneratorExit):
                await self._put_back(before, model.key)
                raise
            yield Progress(message="Ready")

    def _answering(self) -> ModelKey | None:
        """The active model if it is in memory: one that the user has stopped is not loaded by another's failure."""
        key = self._active.snapshot.key
        runtime = None if key is None else self._runtimes.get(key.runtime)
        if key is None or runtime is None or all(loaded.name != key.name for loaded in runtime.snapshot.loaded):
            return None
        return key

    async def _load(self, model: ModelMetadata) -> None:
        for name, runtime in self._runtimes.items():
            if name != model.runtime:
                await runtime.unload()
        await self._runtimes[model.runtime].load(model, self._load_settings(model.key))

    async def _answer_once(self, model: ModelMetadata) -> None:
        """Prove that it answers; a model that only embeds cannot chat and is asked nothing."""
        if effective(model).supports_embedding:
            return
        await self._ask.whole(Target(runtime=model.runtime, model=model.name), FIRST_QUESTION, Purpose.PROBE)

    async def _store(self, model: ModelMetadata) -> None:
        """That it is active comes last: what fails before puts the other model back, and the state must say so."""
        now = datetime.now(UTC).astimezone()
        await self._manifest.upsert(model, lambda current: replace(current, last_used_at=now))
        await self._inventory.refresh()
        await self._active.activate(model.key)

    async def _put_back(self, before: ModelKey | None, failed: ModelKey, *, stopped: bool = False) -> None:
        """The model that answered before answers again, if it still can; the failure itself is told by the caller.

        `stopped`: the user ended the load, and perhaps the server with it.
        """
        with contextlib.suppress(VenomError):
            if before is None or before == failed:
                await give_up(self._runtimes[failed.runtime], failed.name)
            elif (
                not stopped or before.runtime != failed.runtime or not await was_stopped(self._runtimes[failed.runtime])
            ):
                await self._load(self._inventory.find(before.name, before.runtime))
