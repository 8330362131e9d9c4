"""What the Installed tab lists and offers, without a widget: rows by runtime, states, and the one primary verb."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from statistics import median
from types import MappingProxyType
from typing import Final, NamedTuple

from venom_desktop.core.operations.operation import ModelOperation, OperationStatus, OperationType
from venom_desktop.core.registry.capabilities import effective
from venom_desktop.core.registry.inventory import InventorySnapshot
from venom_desktop.core.registry.model import ModelCapabilities, ModelKey, ModelMetadata, ModelProvider
from venom_desktop.core.registry.names import is_remote
from venom_desktop.core.registry.store_rows import StoreView
from venom_desktop.core.registry.updates import Updates, UpdateState, UpdateStatus
from venom_desktop.core.runtimes.base import RuntimeSnapshot
from venom_desktop.ui.installed.groups import Group as Group
from venom_desktop.ui.installed.groups import make_group, make_unknown
from venom_desktop.ui.installed.groups import size_of as size_of
from venom_desktop.ui.installed.states import State as State
from venom_desktop.ui.installed.states import state_of

SPEEDS_REMEMBERED: Final = 5

_NOTHING_SET: Final = ModelCapabilities()
_NO_UPDATES: Final[Updates] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One installed model; `capabilities` are those that count, the user's word over what was detected."""

    model: ModelMetadata
    capabilities: ModelCapabilities
    state: State
    loaded: bool = False
    operation: ModelOperation | None = None
    """The unfinished job on it."""
    update: UpdateState | None = None
    """What its registry said when it was asked; None before."""
    store: StoreView | None = None
    """The runtime's own store that keeps it; None where we keep its files."""

    @property
    def key(self) -> ModelKey:
        return self.model.key

    @property
    def has_update(self) -> bool:
        return self.update is not None and self.update.status is UpdateStatus.AVAILABLE

    @property
    def is_reachable(self) -> bool:
        """False while the store that keeps it cannot be asked for anything."""
        return self.store is None or self.store.reachable


class Primary(Enum):
    """The one verb at the foot of the panel."""

    ACTIVATE = "activate"
    UNLOAD = "unload"
    INSTALL_AGAIN = "install_again"
    WAIT = "wait"
    NOTHING = "nothing"


class Lister:
    """Makes the rows; those of models that did not change are made once, so that ten thousand cost no stall."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[Row, str]] = {}
        self._views: dict[str, StoreView] = {}

    def rows(
        self,
        inventory: InventorySnapshot,
        runtimes: Mapping[str, RuntimeSnapshot],
        operations: Iterable[ModelOperation],
        *,
        text: str = "",
        updates: Updates = _NO_UPDATES,
        gone: ModelMetadata | None = None,
    ) -> tuple[Group | Row, ...]:
        """A head per runtime and its models below; `text` keeps the models in which each of its words occurs.

        `gone` is the active model where its store has it no more: it is listed as well.
        """
        views = self._kept_views(inventory)
        now = _Now(inventory, unfinished(operations), updates, views)
        words = text.casefold().split()
        known, self._known = self._known, {}
        found: dict[str, list[Row]] = {}
        for model in inventory.models if gone is None else (gone, *inventory.models):
            place = (model.runtime, model.name)
            row, searched = self._known[place] = _made(model, now, known.get(place), gone=model is gone)
            if not words or all(word in searched for word in words):
                found.setdefault(model.runtime, []).append(row)
        listed: list[Group | Row] = []
        for runtime, rows in sorted(found.items(), key=lambda item: (item[0] not in views, item[0])):
            models = [row.model for row in rows if row.state is not State.GONE]
            listed += [make_group(runtime, models, runtimes.get(runtime), inventory.stores.get(runtime)), *rows]
        return (*self._unknown(inventory, runtimes, found, hidden=bool(words)), *listed)

    @staticmethod
    def _unknown(
        inventory: InventorySnapshot,
        runtimes: Mapping[str, RuntimeSnapshot],
        found: Mapping[str, list[Row]],
        *,
        hidden: bool,
    ) -> list[Group]:
        if hidden:
            return []
        stores = [(name, store) for name, store in inventory.stores.items() if name not in found]
        groups = (make_unknown(name, runtimes.get(name), store) for name, store in stores)
        return [group for group in groups if group is not None]

    def _kept_views(self, inventory: InventorySnapshot) -> dict[str, StoreView]:
        """A view that says the same as before stays the same thing, so that its rows are not made anew."""
        before = self._views
        self._views = {
            runtime: before[runtime] if before.get(runtime) == view else view
            for runtime, view in inventory.stores.items()
        }
        return self._views


def list_rows(
    inventory: InventorySnapshot,
    runtimes: Mapping[str, RuntimeSnapshot],
    operations: Iterable[ModelOperation],
    *,
    text: str = "",
    updates: Updates = _NO_UPDATES,
    gone: ModelMetadata | None = None,
) -> tuple[Group | Row, ...]:
    """As `Lister.rows`, for once."""
    return Lister().rows(inventory, runtimes, operations, text=text, updates=updates, gone=gone)


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
    if row.state in (State.FILE_MISSING, State.GONE):
        return Primary.INSTALL_AGAIN if can_download(row.model) else Primary.NOTHING
    if row.model.runtime not in runtimes:
        return Primary.NOTHING
    return Primary.UNLOAD if row.state is State.ACTIVE and row.loaded else Primary.ACTIVATE


def can_download(model: ModelMetadata) -> bool:
    """True when its files came from a catalog this version installs from."""
    known = model.provider in (ModelProvider.HUGGINGFACE, ModelProvider.OLLAMA)
    return known and not model.used_in_place and not is_remote(model.runtime)


def usual_speed(operations: Iterable[ModelOperation]) -> float | None:
    """Bytes per second of the last installs that were completed; None when there is none to go by."""
    speeds = []
    for operation in operations:
        done = operation.operation_type is OperationType.INSTALL and operation.status is OperationStatus.COMPLETED
        # What was made of a file of the user's own came over no line.
        if not done or "file" in operation.payload or not operation.total_bytes or operation.completed_at is None:
            continue
        seconds = (operation.completed_at - operation.started_at).total_seconds()
        if seconds > 0:
            speeds.append(operation.total_bytes / seconds)
    return median(speeds[:SPEEDS_REMEMBERED]) if speeds else None


class _Now(NamedTuple):
    inventory: InventorySnapshot
    busy: Mapping[ModelKey, ModelOperation]
    updates: Updates
    views: Mapping[str, StoreView]


def _made(model: ModelMetadata, now: _Now, known: tuple[Row, str] | None, *, gone: bool) -> tuple[Row, str]:
    """The row and the text that the filter searches."""
    inventory = now.inventory
    operation = now.busy.get(model.key) if now.busy else None
    update = now.updates.get(model.key) if now.updates else None
    loaded = bool(inventory.loaded) and model.key in inventory.loaded
    active = inventory.active
    is_active = active is not None and active.name == model.name and active.runtime == model.runtime
    has_update = update is not None and update.status is UpdateStatus.AVAILABLE
    state = state_of(model, operation, active=is_active, loaded=loaded, has_update=has_update, gone=gone)
    store = now.views.get(model.runtime)
    if known is not None:
        row, searched = known
        same = row.model is model and row.operation is operation and row.update is update and row.store is store
        if same and row.state is state and row.loaded == loaded:
            return known
    capabilities = effective(model) if model.overrides != _NOTHING_SET else model.capabilities
    row = Row(
        model=model,
        capabilities=capabilities,
        state=state,
        loaded=loaded,
        operation=operation,
        update=update,
        store=store,
    )
    searched = " ".join((model.display_name, model.name, model.runtime, capabilities.quantization or "")).casefold()
    return row, searched
