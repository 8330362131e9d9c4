"""A server with models of its own that runs here already: what it offers, and one click to use it. No Qt in here."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Protocol

from venom_desktop.core.catalog.run_on import OLLAMA
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus, OperationType
from venom_desktop.core.registry.inventory import InventorySnapshot
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.runtimes.base import RuntimeSnapshot
from venom_desktop.core.runtimes.state import RuntimeState
from venom_desktop.core.signals import Signal
from venom_desktop.ui.catalog.selection import Starter

KEY = "found server"


class Use(Enum):
    """How far the one click has come."""

    OFFERED = "offered"
    ACTIVATING = "activating"
    FAILED = "failed"
    READY = "ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """`model` is the one a click activates: the last one used there, or the only one; None leaves the choice."""

    title: str
    count: int
    version: str | None = None
    port: int | None = None
    model: str | None = None
    use: Use = Use.OFFERED
    operation: ModelOperation | None = None
    error: Exception | None = None

    @property
    def is_under_way(self) -> bool:
        return self.use is Use.ACTIVATING


class Registry(Protocol):
    """The verb that the click needs."""

    async def start_activation(self, model_name: str, runtime: str | None = None) -> str: ...


class FoundServer:
    """`changed` publishes what was found, None while there is no server that runs and has models."""

    def __init__(
        self,
        registry: Registry,
        starter: Starter,
        *,
        inventory: Callable[[], InventorySnapshot],
        last_model: Callable[[], str | None],
    ) -> None:
        self.changed: Signal[Found | None] = Signal()
        self._registry = registry
        self._starter = starter
        self._inventory = inventory
        self._last_model = last_model
        self._server: RuntimeSnapshot | None = None
        self._found: Found | None = None

    @property
    def found(self) -> Found | None:
        return self._found

    def server_changed(self, server: RuntimeSnapshot) -> None:
        if server.name == OLLAMA:
            self._server = server
            self.look()

    def look(self) -> None:
        """Compare server and inventory with what is shown."""
        server, names = self._server, self._names()
        if server is None or server.state is not RuntimeState.RUNNING or not names:
            self._publish(None)
            return
        before = self._found or Found(title=server.title, count=0)
        last = self._last_model()
        model = last if last in names else names[0] if len(names) == 1 else None
        found = replace(before, count=len(names), version=server.version, port=server.port)
        self._publish(found if found.use is not Use.OFFERED else replace(found, model=model))

    def press(self) -> bool:
        """Activate the model that is meant; False when there are several to choose from."""
        found = self._found
        if found is None or found.model is None:
            return False
        self._publish(replace(found, use=Use.ACTIVATING, error=None, operation=None))
        self._begin(self._registry.start_activation(found.model, OLLAMA))
        return True

    def operation_changed(self, operation: ModelOperation) -> None:
        """Follow the activation that the click began, whoever begins another one."""
        found = self._found
        if found is None or found.use is Use.OFFERED or operation.operation_type is not OperationType.ACTIVATE:
            return
        if ModelKey(name=operation.model_name, runtime=str(operation.runtime)) != _key_of(found):
            return
        match operation.status:
            case OperationStatus.COMPLETED:
                use = Use.READY
            case OperationStatus.FAILED | OperationStatus.CANCELLED:
                use = Use.FAILED
            case _:
                use = Use.ACTIVATING
        self._publish(replace(found, use=use, operation=operation))

    def _names(self) -> tuple[str, ...]:
        return tuple(model.name for model in self._inventory().models if model.runtime == OLLAMA)

    def _begin(self, work: Coroutine[Any, Any, str]) -> None:
        self._starter.start(KEY, work, on_error=self._failed)

    def _failed(self, error: Exception) -> None:
        if self._found is not None:
            self._publish(replace(self._found, use=Use.FAILED, error=error))

    def _publish(self, found: Found | None) -> None:
        if found != self._found:
            self._found = found
            self.changed.publish(found)


def _key_of(found: Found) -> ModelKey:
    return ModelKey(name=found.model or "", runtime=OLLAMA)
