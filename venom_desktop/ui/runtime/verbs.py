"""What the Runtime tab can do with a runtime: start, restart, stop, unload, and find its log."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

from venom_desktop.core.errors import NoActiveModel, SwitchInProgress
from venom_desktop.core.operations.operation import ModelOperation, OperationType
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.registry.registry import ModelRegistry
from venom_desktop.core.runtimes.active import ActiveModelStore
from venom_desktop.core.runtimes.base import Runtime


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

    def activation(self, runtime: str) -> ModelOperation | None:
        """The newest activation on this runtime, ended or not."""
        found = (one for one in self._registry.operations.operations if one.runtime == runtime)
        return next((one for one in found if one.operation_type is OperationType.ACTIVATE), None)

    def is_switching(self) -> bool:
        """True while a model is being activated."""
        activations = (self.activation(runtime) for runtime in self._runtimes)
        return any(one is not None and not one.status.is_final for one in activations)

    def log_file(self, runtime: str) -> Path | None:
        found = self._runtimes[runtime]
        return found.log_file if isinstance(found, WritesLog) else None

    async def start(self, runtime: str) -> None:
        """Activate the last model. Raises `NoActiveModel` and what an activation raises."""
        name = self.last_model(runtime)
        if name is None:
            raise NoActiveModel
        await self._registry.start_activation(name, runtime)

    async def restart(self, runtime: str) -> None:
        """End the server and load the same model again. Raises `SwitchInProgress` and what an activation raises."""
        if self.is_switching():
            raise SwitchInProgress
        loaded = self._runtimes[runtime].snapshot.loaded
        name = loaded[0].name if loaded else self.last_model(runtime)
        await self._runtimes[runtime].stop()
        if name is not None:
            await self._registry.start_activation(name, runtime)

    async def stop(self, runtime: str) -> None:
        """End the server; a load under way is cancelled. What was active stays the one that Start brings back."""
        activation = self.activation(runtime)
        if activation is not None and not activation.status.is_final:
            self._registry.cancel(activation.operation_id)
        else:
            await self._runtimes[runtime].stop()

    async def unload(self, key: ModelKey) -> None:
        """Take a model out of memory. Raises `SwitchInProgress`."""
        if key == self._active.snapshot.key:
            await self._registry.deactivate()
        elif self.is_switching():
            raise SwitchInProgress
        else:
            await self._runtimes[key.runtime].unload()
