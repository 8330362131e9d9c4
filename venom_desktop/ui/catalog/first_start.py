"""One click from nothing to an answer: installs the recommended model and then activates it. No Qt in here."""

from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Protocol

from venom_desktop.core.catalog.base import FitVerdict
from venom_desktop.core.host.sample import HostSample
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus, OperationType
from venom_desktop.core.registry.model import ModelKey, ModelProvider
from venom_desktop.core.signals import Signal
from venom_desktop.ui.catalog.presenter import newest_operation
from venom_desktop.ui.catalog.selection import Starter

KEY = "first model"


class Phase(Enum):
    """How far the one click has come."""

    LOOKING = "looking"
    NOTHING_FITS = "nothing fits"
    OFFERED = "offered"
    INSTALLING = "installing"
    PAUSED = "paused"
    ACTIVATING = "activating"
    FAILED = "failed"
    READY = "ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """The recommended model; `model_name` with its quantization, as an install takes it."""

    model_name: str
    title: str
    size_bytes: int | None = None
    verdict: FitVerdict | None = None
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The state of the card; `operation` is the install or the activation it is about."""

    phase: Phase = Phase.LOOKING
    suggestion: Suggestion | None = None
    operation: ModelOperation | None = None
    error: Exception | None = None

    @property
    def is_under_way(self) -> bool:
        """True from the click until the model answers or something failed."""
        return self.phase in (Phase.INSTALLING, Phase.PAUSED, Phase.ACTIVATING)


class Registry(Protocol):
    """The verbs that the click needs."""

    async def install_model(self, model_name: str, provider: ModelProvider | str = ..., runtime: str = ...) -> str: ...

    async def start_activation(self, model_name: str, runtime: str | None = None) -> str: ...

    def resume(self, operation_id: str) -> ModelOperation: ...


class FirstStart:
    """`changed` publishes each new `Start`."""

    def __init__(
        self,
        registry: Registry,
        starter: Starter,
        recommend: Callable[[HostSample], Suggestion | None],
        *,
        runtime: str = "llama_cpp",
    ) -> None:
        self.changed: Signal[Start] = Signal()
        self._registry = registry
        self._starter = starter
        self._recommend = recommend
        self._runtime = runtime
        self._start = Start()

    @property
    def start(self) -> Start:
        return self._start

    def host_changed(self, host: HostSample, operations: Iterable[ModelOperation] = ()) -> None:
        """Recommend for this machine; what is under way or failed is not exchanged for something else."""
        if self._start.phase not in (Phase.LOOKING, Phase.NOTHING_FITS, Phase.OFFERED):
            return
        suggestion = self._recommend(host)
        phase = Phase.OFFERED if suggestion else Phase.NOTHING_FITS
        if (phase, suggestion) != (self._start.phase, self._start.suggestion):
            self._publish(Start(phase=phase, suggestion=suggestion))
            self._take_up(operations)

    def press(self) -> None:
        """Install, go on with a paused install, or try again what failed."""
        suggestion, operation = self._start.suggestion, self._start.operation
        if suggestion is None:
            return
        paused = operation is not None and operation.status is OperationStatus.PAUSED
        loads = operation is not None and operation.operation_type is OperationType.ACTIVATE
        self._publish(replace(self._start, phase=Phase.ACTIVATING if loads else Phase.INSTALLING, error=None))
        if loads:
            self._begin(self._registry.start_activation(suggestion.model_name, self._runtime))
        elif paused and operation is not None:
            self._registry.resume(operation.operation_id)
        else:
            self._begin(self._registry.install_model(suggestion.model_name, runtime=self._runtime))

    def operation_changed(self, operation: ModelOperation) -> None:
        """Follow the operation on the recommended model, whoever started it."""
        suggestion = self._start.suggestion
        if suggestion is None or operation.model_name != suggestion.model_name:
            return
        if self._start.phase is Phase.READY:
            return
        match operation.operation_type:
            case OperationType.INSTALL:
                self._follow_install(operation, suggestion)
            case OperationType.ACTIVATE:
                self._follow_activation(operation)
            case _:
                return

    def _take_up(self, operations: Iterable[ModelOperation]) -> None:
        """An install that an earlier run left paused stands in the card."""
        suggestion = self._start.suggestion
        if suggestion is None:
            return
        left = newest_operation(ModelKey(name=suggestion.model_name, runtime=self._runtime), operations)
        if left is not None and not left.status.is_final:
            self.operation_changed(left)

    def _follow_install(self, operation: ModelOperation, suggestion: Suggestion) -> None:
        match operation.status:
            case OperationStatus.PENDING | OperationStatus.IN_PROGRESS:
                self._publish(replace(self._start, phase=Phase.INSTALLING, operation=operation))
            case OperationStatus.PAUSED:
                self._publish(replace(self._start, phase=Phase.PAUSED, operation=operation))
            case OperationStatus.COMPLETED:
                self._publish(replace(self._start, phase=Phase.ACTIVATING, operation=operation))
                self._begin(self._registry.start_activation(suggestion.model_name, self._runtime))
            case OperationStatus.FAILED:
                self._publish(replace(self._start, phase=Phase.FAILED, operation=operation))
            case OperationStatus.CANCELLED:
                self._publish(Start(phase=Phase.OFFERED, suggestion=suggestion))

    def _follow_activation(self, operation: ModelOperation) -> None:
        match operation.status:
            case OperationStatus.PENDING | OperationStatus.IN_PROGRESS | OperationStatus.PAUSED:
                self._publish(replace(self._start, phase=Phase.ACTIVATING, operation=operation))
            case OperationStatus.COMPLETED:
                self._publish(replace(self._start, phase=Phase.READY, operation=operation))
            case OperationStatus.FAILED | OperationStatus.CANCELLED:
                self._publish(replace(self._start, phase=Phase.FAILED, operation=operation))

    def _begin(self, work: Coroutine[Any, Any, str]) -> None:
        self._starter.start(KEY, work, on_error=self._failed)

    def _failed(self, error: Exception) -> None:
        self._publish(replace(self._start, phase=Phase.FAILED, error=error))

    def _publish(self, start: Start) -> None:
        self._start = start
        self.changed.publish(start)
