"""One click from nothing to an answer: installs the recommended model and then activates it. No Qt in here."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Protocol

from venom_desktop.core.catalog.base import Catalog, FitVerdict
from venom_desktop.core.catalog.entry_fit import estimated_fit
from venom_desktop.core.catalog.fit import LoadSettings, estimated_verdict
from venom_desktop.core.catalog.recommended import Recommendation, first_available, recommend
from venom_desktop.core.host.sample import HostSample
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus, OperationType
from venom_desktop.core.registry.model import ModelKey, ModelProvider
from venom_desktop.core.signals import Signal
from venom_desktop.ui.catalog.presenter import newest_operation
from venom_desktop.ui.catalog.selection import Starter

KEY = "first model"
LOOK_KEY = "first model's choice"


class Phase(Enum):
    """How far the one click has come."""

    LOOKING = "looking"
    NOTHING_FITS = "nothing fits"
    NOT_FOUND = "not found"
    """The hub answers and has none of the suggested models for everybody."""
    NO_SUGGESTION = "no suggestion"
    """The shipped list could not be read."""
    OFFLINE = "offline"
    """The hub does not answer: the suggestion is the shipped one, `error` says why."""
    OFFERED = "offered"
    INSTALLING = "installing"
    PAUSED = "paused"
    ACTIVATING = "activating"
    FAILED = "failed"
    READY = "ready"


_OPEN = frozenset(
    {Phase.LOOKING, Phase.NOTHING_FITS, Phase.NOT_FOUND, Phase.NO_SUGGESTION, Phase.OFFLINE, Phase.OFFERED}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """The recommended model; `model_name` with its quantization, as an install takes it."""

    model_name: str
    title: str
    size_bytes: int | None = None
    verdict: FitVerdict | None = None


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
        catalog: Catalog,
        candidates: Callable[[], Sequence[Recommendation]],
        *,
        operations: Callable[[], Iterable[ModelOperation]] = tuple,
        runtime: str = "llama_cpp",
    ) -> None:
        """`candidates` may block: it is called once, in a thread."""
        self.changed: Signal[Start] = Signal()
        self._registry = registry
        self._starter = starter
        self._catalog = catalog
        self._read_candidates = candidates
        self._operations = operations
        self._runtime = runtime
        self._candidates: Sequence[Recommendation] | None = None
        self._fitting: tuple[Recommendation, ...] | None = None
        self._looking = False
        self._host: HostSample | None = None
        self._start = Start()

    @property
    def start(self) -> Start:
        return self._start

    def host_changed(self, host: HostSample) -> None:
        """Recommend for this machine; what is under way or failed is not exchanged for something else."""
        self._host = host
        if self._start.phase not in _OPEN or self._looking:
            return
        if self._candidates is None or recommend(self._candidates, host) != self._fitting:
            self._begin_to_look(host)

    def look_again(self) -> None:
        """Ask the hub once more for what is suggested."""
        if self._start.phase in _OPEN and not self._looking and self._host is not None:
            self._publish(Start())
            self._begin_to_look(self._host)

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

    def _begin_to_look(self, host: HostSample) -> None:
        self._looking = True
        self._starter.start(LOOK_KEY, self._look(host), on_error=self._gave_up)

    async def _look(self, host: HostSample) -> None:
        if self._candidates is None:
            self._candidates = await asyncio.to_thread(self._read_candidates)
        fitting = recommend(self._candidates, host)
        found = await first_available(fitting, self._catalog)
        self._fitting, self._looking = fitting, False
        if self._start.phase in _OPEN:
            suggestion = suggestion_of(found, host) if found else None
            phase = _phase_of(found, any_listed=bool(self._candidates), any_fits=bool(fitting))
            self._publish(Start(phase=phase, suggestion=suggestion, error=found.error if found else None))
            self._take_up()

    def _gave_up(self, error: Exception) -> None:
        self._looking = False
        self._publish(replace(self._start, phase=Phase.NO_SUGGESTION, error=error))

    def _take_up(self) -> None:
        """An install that an earlier run left paused stands in the card."""
        suggestion = self._start.suggestion
        if suggestion is None:
            return
        left = newest_operation(ModelKey(name=suggestion.model_name, runtime=self._runtime), self._operations())
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


def _phase_of(found: Recommendation | None, *, any_listed: bool, any_fits: bool) -> Phase:
    if found is not None:
        return Phase.OFFERED if found.error is None else Phase.OFFLINE
    if any_fits:
        return Phase.NOT_FOUND
    return Phase.NOTHING_FITS if any_listed else Phase.NO_SUGGESTION


def suggestion_of(found: Recommendation, host: HostSample) -> Suggestion:
    """With its verdict for this machine, from the hub's sizes or else from the shipped ones."""
    if found.entry is not None:
        verdict = estimated_fit(found.entry, found.quantization, settings=LoadSettings(), host=host)
    else:
        label = found.model_name.rpartition(":")[2]
        verdict = estimated_verdict(weights_bytes=found.size_bytes, label=label, settings=LoadSettings(), host=host)
    return Suggestion(model_name=found.model_name, title=found.title, size_bytes=found.size_bytes, verdict=verdict)
