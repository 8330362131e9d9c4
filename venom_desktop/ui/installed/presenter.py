"""What the Installed tab lists and offers, without a widget: rows by runtime, states, and the one primary verb."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from statistics import median
from typing import Final

from venom_desktop.core.operations.operation import ModelOperation, OperationStatus, OperationType
from venom_desktop.core.registry.capabilities import effective
from venom_desktop.core.registry.inventory import InventorySnapshot
from venom_desktop.core.registry.model import ModelCapabilities, ModelKey, ModelMetadata, ModelProvider, ModelStatus
from venom_desktop.core.runtimes.base import RuntimeSnapshot, RuntimeState

SPEEDS_REMEMBERED: Final = 5

_NOTHING_SET: Final = ModelCapabilities()


class State(Enum):
    """What is special about a model right now; the first that holds is shown."""

    REMOVING = "removing"
    INSTALLING = "installing"
    ACTIVATING = "activating"
    VERIFYING = "verifying"
    FILE_MISSING = "file_missing"
    CHECKSUM_DIFFERS = "checksum_differs"
    ACTIVE = "active"
    LOADED = "loaded"
    RESTING = "resting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The head of one runtime's models; `state` None: this program does not run it."""

    runtime: str
    title: str | None
    count: int
    size_bytes: int
    state: RuntimeState | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One installed model; `capabilities` are those that count, the user's word over what was detected."""

    model: ModelMetadata
    capabilities: ModelCapabilities
    state: State
    loaded: bool = False
    operation: ModelOperation | None = None
    """The unfinished job on it."""

    @property
    def key(self) -> ModelKey:
        return self.model.key


class Primary(Enum):
    """The one verb at the foot of the panel."""

    ACTIVATE = "activate"
    UNLOAD = "unload"
    INSTALL_AGAIN = "install_again"
    WAIT = "wait"
    NOTHING = "nothing"


def size_of(model: ModelMetadata) -> int | None:
    if model.size_bytes is not None:
        return model.size_bytes
    return None if model.size_gb is None else round(model.size_gb * 1e9)


class Lister:
    """Makes the rows; those of models that did not change are made once, so that ten thousand cost no stall."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[Row, str]] = {}

    def rows(
        self,
        inventory: InventorySnapshot,
        runtimes: Mapping[str, RuntimeSnapshot],
        operations: Iterable[ModelOperation],
        *,
        text: str = "",
    ) -> tuple[Group | Row, ...]:
        """A head per runtime and its models below; `text` keeps the models in which each of its words occurs."""
        busy = unfinished(operations)
        words = text.casefold().split()
        known, self._known = self._known, {}
        found: dict[str, list[Row]] = {}
        for model in inventory.models:
            place = (model.runtime, model.name)
            row, searched = self._known[place] = _made(model, inventory, busy, known.get(place))
            if not words or all(word in searched for word in words):
                found.setdefault(model.runtime, []).append(row)
        listed: list[Group | Row] = []
        for runtime, rows in sorted(found.items()):
            listed += [_group(runtime, rows, runtimes.get(runtime)), *rows]
        return tuple(listed)


def list_rows(
    inventory: InventorySnapshot,
    runtimes: Mapping[str, RuntimeSnapshot],
    operations: Iterable[ModelOperation],
    *,
    text: str = "",
) -> tuple[Group | Row, ...]:
    """As `Lister.rows`, for once."""
    return Lister().rows(inventory, runtimes, operations, text=text)


def unfinished(operations: Iterable[ModelOperation]) -> dict[ModelKey, ModelOperation]:
    """The job that is running or resting on each model; there is at most one."""
    return {
        ModelKey(name=operation.model_name, runtime=operation.runtime or ""): operation
        for operation in operations
        if not operation.status.is_final
    }


def primary(row: Row, runtimes: Mapping[str, RuntimeSnapshot]) -> Primary:
    """What stands between the user and an answer of this model."""
    if row.operation is not None:
        return Primary.WAIT
    if row.state is State.FILE_MISSING:
        return Primary.INSTALL_AGAIN if can_download(row.model) else Primary.NOTHING
    if row.model.runtime not in runtimes:
        return Primary.NOTHING
    return Primary.UNLOAD if row.state is State.ACTIVE and row.loaded else Primary.ACTIVATE


def can_download(model: ModelMetadata) -> bool:
    """True when its files came from a catalog this version installs from."""
    return model.provider is ModelProvider.HUGGINGFACE and not model.used_in_place


def usual_speed(operations: Iterable[ModelOperation]) -> float | None:
    """Bytes per second of the last installs that were completed; None when there is none to go by."""
    speeds = []
    for operation in operations:
        done = operation.operation_type is OperationType.INSTALL and operation.status is OperationStatus.COMPLETED
        if not done or not operation.total_bytes or operation.completed_at is None:
            continue
        seconds = (operation.completed_at - operation.started_at).total_seconds()
        if seconds > 0:
            speeds.append(operation.total_bytes / seconds)
    return median(speeds[:SPEEDS_REMEMBERED]) if speeds else None


def _made(
    model: ModelMetadata,
    inventory: InventorySnapshot,
    busy: Mapping[ModelKey, ModelOperation],
    known: tuple[Row, str] | None,
) -> tuple[Row, str]:
    """The row and the text that the filter searches."""
    operation = busy.get(model.key) if busy else None
    loaded = bool(inventory.loaded) and model.key in inventory.loaded
    active = inventory.active
    is_active = active is not None and active.name == model.name and active.runtime == model.runtime
    state = _state(model, operation, active=is_active, loaded=loaded)
    if known is not None:
        row, searched = known
        if row.model is model and row.state is state and row.loaded == loaded and row.operation is operation:
            return known
    capabilities = effective(model) if model.overrides != _NOTHING_SET else model.capabilities
    row = Row(model=model, capabilities=capabilities, state=state, loaded=loaded, operation=operation)
    searched = " ".join((model.display_name, model.name, model.runtime, capabilities.quantization or "")).casefold()
    return row, searched


def _state(model: ModelMetadata, operation: ModelOperation | None, *, active: bool, loaded: bool) -> State:
    if operation is not None:
        match operation.operation_type:
            case OperationType.REMOVE:
                return State.REMOVING
            case OperationType.INSTALL | OperationType.UPDATE:
                return State.INSTALLING
            case OperationType.ACTIVATE:
                return State.ACTIVATING
            case OperationType.VERIFY:
                return State.VERIFYING
            case OperationType.SETUP:
                # A program is set up, never a model.
                return State.RESTING
    if model.status is ModelStatus.REMOVING:
        return State.REMOVING
    if model.status is ModelStatus.FAILED:
        return State.FILE_MISSING
    if model.checksum_differs:
        return State.CHECKSUM_DIFFERS
    if active:
        return State.ACTIVE
    return State.LOADED if loaded else State.RESTING


def _group(runtime: str, rows: Sequence[Row], snapshot: RuntimeSnapshot | None) -> Group:
    return Group(
        runtime=runtime,
        title=snapshot.title if snapshot else None,
        count=len(rows),
        size_bytes=sum(size_of(row.model) or 0 for row in rows),
        state=snapshot.state if snapshot else None,
    )
