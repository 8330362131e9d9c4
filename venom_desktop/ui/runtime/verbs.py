"""What the Runtime tab can do with a runtime: start, restart, stop, unload, pin, and find its log."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

from venom_desktop.core.errors import NoActiveModel, SwitchInProgress
from venom_desktop.core.operations.operation import ModelOperation, OperationType
from venom_desktop.core.registry.capabilities import effective
from venom_desktop.core.registry.model import ModelCapabilities, ModelKey
from venom_desktop.core.registry.registry import ModelRegistry
from venom_desktop.core.registry.switch_steps import SwitchStep
from venom_desktop.core.runtimes.active import ActiveModelStore
from venom_desktop.core.runtimes.base import Runtime, ServerRuntime


@runtime_checkable
class WritesLog(Protocol):
    """A runtime whose output also goes to a file."""

    @property
    def log_file(self) -> Path: ...


class RuntimeVerbs:
    def __init__(self, runtimes: Mapping[str, Runtime], *, registry: ModelRegistry, active: ActiveModelStore) -> None:
        self._runtimes = runtimes
        self._registry = registry
        self._active = active

    def last_model(self, runtime: str) -> str | None:
        """What Start would load: the last model of this runtime, if it is still installed."""
        name = self._active.snapshot.last_models.get(runtime)
        installed = {model.key for model in self._registry.inventory.snapshot.models}
        return name if name is not None and ModelKey(name=name, runtime=runtime) in installed else None

    def capabilities(self, key: ModelKey | None) -> ModelCapabilities:
        """What a model is known to do; nothing of one that is not here."""
        found = (model for model in self._registry.inventory.snapshot.models if model.key == key)
        model = next(found, None)
        return ModelCapabilities() if model is None else effective(model)

    def activation(self, runtime: str) -> ModelOperation | None:
        """The newest activation on this runtime, ended or not."""
        found = (one for one in self._registry.operations.operations if one.runtime == runtime)
        return next((one for one in found if one.operation_type is OperationType.ACTIVATE), None)

    def is_switching(self) -> bool:
        """True while a model is being activated."""
        return self._registry.is_switching

    def loading(self) -> str | None:
        """The runtime that is to answer after the switch under way, or again after one that failed."""
        for name in self._runtimes:
            one = self.activation(name)
            if one is not None and not one.status.is_final:
                key = self._active.snapshot.key
                return key.runtime if one.step == SwitchStep.PUT_BACK and key is not None else name
        return None

    def log_file(self, runtime: str) -> Path | None:
        found = self._runtimes[runtime]
        return found.log_file if isinstance(found, WritesLog) else None

    def cancel(self, operation_id: str) -> None:
        self._registry.cancel(operation_id)

    def resume(self, operation_id: str) -> None:
        self._registry.resume(operation_id)

    async def wait(self, operation_id: str) -> ModelOperation:
        """Return when it is completed, failed, cancelled or paused."""
        return await self._registry.wait(operation_id)

    async def start(self, runtime: str) -> None:
        """Start a server, or activate the last model of a runtime that runs one model per process.

        Raises `NoActiveModel`, what an activation raises, and what `ServerRuntime.start` raises.
        """
        found = self._runtimes[runtime]
        if isinstance(found, ServerRuntime):
            await found.start()
        else:
            await self.activate_last(runtime)

    async def activate_last(self, runtime: str) -> None:
        """Activate the last model. Raises `NoActiveModel` and what an activation raises."""
        name = self.last_model(runtime)
        if name is None:
            raise NoActiveModel
        await self._registry.start_activation(name, runtime)

    async def restart(self, runtime: str, *, force: bool = False) -> None:
        """End the server and start it anew; the model that answered answers again.

        `force` ends a server of another program too. Raises `SwitchInProgress`, `NotOurServer` and as `start`.
        """
        if self.is_switching():
            raise SwitchInProgress
        found = self._runtimes[runtime]
        name = self._answering(found) if isinstance(found, ServerRuntime) else self._first_loaded(found)
        if not isinstance(found, ServerRuntime):
            await found.stop(force=force)
        elif force:
            await found.stop(force=True)
            await found.start()
        else:
            await found.restart()
        if name is not None:
            await self._registry.start_activation(name, runtime)

    async def stop(self, runtime: str, *, force: bool = False) -> None:
        """End the server; a load under way is cancelled. What was active stays the one that Start brings back.

        Raises `NotOurServer` for a server that another program started, unless `force`.
        """
        found, activation = self._runtimes[runtime], self.activation(runtime)
        loading = activation is not None and not activation.status.is_final
        cancels = activation is not None and loading and activation.can_cancel
        if cancels and activation is not None:
            self._registry.cancel(activation.operation_id)
        if isinstance(found, ServerRuntime) or not cancels:
            # Where a switch is past its cancelling, this ends its load, and it puts back what answered before.
            await found.stop(force=force)

    async def unload(self, key: ModelKey) -> None:
        """Take a model out of memory and leave the others there. Raises `SwitchInProgress`, `RuntimeUnavailable`."""
        runtime = self._runtimes[key.runtime]
        if key == self._active.snapshot.key:
            await self._registry.deactivate()
        elif self.is_switching():
            raise SwitchInProgress
        elif isinstance(runtime, ServerRuntime):
            await runtime.unload_model(key.name)
        else:
            await runtime.unload()

    async def pin(self, key: ModelKey, *, pinned: bool) -> None:
        """Keep a loaded model in memory, or let it go by itself again. Raises `RuntimeUnavailable`."""
        runtime = self._runtimes[key.runtime]
        if isinstance(runtime, ServerRuntime):
            await runtime.pin(key.name, pinned=pinned)

    def _answering(self, runtime: Runtime) -> str | None:
        """The active model, if it is in this server's memory."""
        key, loaded = self._active.snapshot.key, {model.name for model in runtime.snapshot.loaded}
        return key.name if key is not None and key.runtime == runtime.name and key.name in loaded else None

    def _first_loaded(self, runtime: Runtime) -> str | None:
        loaded = runtime.snapshot.loaded
        return loaded[0].name if loaded else self.last_model(runtime.name)
