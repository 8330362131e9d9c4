"""What the details panel decides, without Qt: which quantization, which context, what the primary button does."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from venom_desktop.core.catalog.base import CatalogEntry, FitGrade, FitPlace, FitVerdict, Quantization
from venom_desktop.core.catalog.entry_fit import rough_size
from venom_desktop.core.catalog.fit import DEFAULT_CONTEXT
from venom_desktop.core.catalog.quantizations import LATEST, default_quantization
from venom_desktop.core.host.sample import HostSample
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus, OperationType
from venom_desktop.core.registry.inventory import InventorySnapshot
from venom_desktop.core.registry.model import ModelKey, ModelStatus
from venom_desktop.ui.catalog.run_with import Readiness, full_name

LEAST_CONTEXT: Final = 4096
MOST_CONTEXT: Final = 131_072
"""Offered when the model does not tell how much it can hold."""


class Step(Enum):
    """What stands between the user and an answer from the chosen quantization."""

    READING = "reading"
    IMPOSSIBLE = "impossible"
    INSTALL = "install"
    INSTALLING = "installing"
    PAUSED = "paused"
    ACTIVATE = "activate"
    ACTIVATING = "activating"
    ACTIVE = "active"
    LOAD_AGAIN = "load again"
    """It answers, and another context was chosen for it."""
    START_RUNTIME = "start runtime"
    RUNTIME_STARTS = "runtime starts"
    GET_RUNTIME = "get runtime"
    """The program that would run it is not on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """The primary button: `operation` is the one that runs, rests or failed last on this very model.

    `rough_bytes` is worked out, for where the source does not tell `size_bytes`.
    """

    step: Step
    model_name: str | None = None
    size_bytes: int | None = None
    rough_bytes: int | None = None
    operation: ModelOperation | None = None


def preselected(offered: Sequence[Quantization], verdicts: Mapping[str, FitVerdict | None]) -> Quantization | None:
    """The recommended quantization that fits, else the smallest; None when there is nothing to install."""
    return recommended(offered, verdicts) or next(iter(offered), None)


def recommended(offered: Sequence[Quantization], verdicts: Mapping[str, FitVerdict | None]) -> Quantization | None:
    """The best one that fits; None when none does."""

    def fits(choice: Quantization) -> bool:
        verdict = verdicts.get(choice.label)
        return verdict is not None and verdict.place is not FitPlace.TOO_BIG

    return default_quantization(offered, fits)


def context_steps(most: int | None, stored: int | None = None) -> tuple[int, ...]:
    """The stops of the slider, doubling from 4 K; the model's own limit is the last one, `stored` is one of them."""
    limit = most or MOST_CONTEXT
    steps = {limit}
    step = LEAST_CONTEXT
    while step < limit:
        steps.add(step)
        step *= 2
    return tuple(sorted(steps | {stored} if stored else steps))


def usual_step(steps: tuple[int, ...], usual: int = DEFAULT_CONTEXT) -> int:
    """Where the slider stands until it is moved: what the runtime would take."""
    return max((place for place, step in enumerate(steps) if step <= usual), default=0)


def next_step(
    entry: CatalogEntry,
    quantization: Quantization | None,
    *,
    reading: bool,
    runtime: str | None,
    inventory: InventorySnapshot,
    operations: Iterable[ModelOperation],
    context_moved: bool = False,
    readiness: Readiness = Readiness.READY,
    possible: bool = True,
) -> NextStep:
    """What the primary button offers; `operations` newest first, `reading` while details are on their way.

    `possible` False: it cannot be installed, though what is here already can be used.
    """
    if quantization is None or runtime is None:
        return NextStep(step=Step.READING if reading and runtime is not None else Step.IMPOSSIBLE)
    key = ModelKey(name=full_name(entry, quantization, runtime), runtime=runtime)
    newest = newest_operation(key, operations)
    installed = is_installed(key, inventory)
    step = _step(key, newest, installed=installed, active=inventory.active)
    if step is Step.ACTIVE and context_moved:
        step = Step.LOAD_AGAIN
    return NextStep(
        step=_before(step, readiness) if possible or step is not Step.INSTALL else Step.IMPOSSIBLE,
        model_name=key.name,
        size_bytes=quantization.size_bytes,
        rough_bytes=rough_size(entry, quantization),
        operation=newest,
    )


def newest_operation(key: ModelKey, operations: Iterable[ModelOperation]) -> ModelOperation | None:
    """The newest install or activation of one model."""
    kinds = (OperationType.INSTALL, OperationType.ACTIVATE)
    for operation in operations:
        same = operation.model_name == key.name and operation.runtime in (None, key.runtime)
        if same and operation.operation_type in kinds:
            return operation
    return None


def is_installed(key: ModelKey, inventory: InventorySnapshot) -> bool:
    return any(model.key == key and model.status is ModelStatus.INSTALLED for model in inventory.models)


def _step(key: ModelKey, operation: ModelOperation | None, *, installed: bool, active: ModelKey | None) -> Step:
    if operation is not None and not operation.status.is_final:
        if operation.operation_type is OperationType.ACTIVATE:
            return Step.ACTIVATING
        return Step.PAUSED if operation.status is OperationStatus.PAUSED else Step.INSTALLING
    if active == key:
        return Step.ACTIVE
    return Step.ACTIVATE if installed else Step.INSTALL


def _before(step: Step, readiness: Readiness) -> Step:
    """What has to be done with the runtime first; an activation starts it by itself."""
    match step, readiness:
        case ((Step.INSTALL | Step.PAUSED | Step.ACTIVATE), Readiness.MISSING):
            return Step.GET_RUNTIME
        case ((Step.INSTALL | Step.PAUSED), Readiness.STOPPED):
            return Step.START_RUNTIME
        case ((Step.INSTALL | Step.PAUSED), Readiness.STARTING):
            return Step.RUNTIME_STARTS
        case _:
            return step


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryUse:
    """Bytes of one memory with the model in it: what others use, what the model adds, its error and the whole.

    `loads` of the kind were measured on this machine; None for an estimate, which they do not help.
    """

    others: int
    weights: int
    context: int
    error: int
    total: int
    graphics: bool
    loads: int | None = None

    @property
    def used(self) -> int:
        return self.others + self.weights + self.context


def memory_use(verdict: FitVerdict, host: HostSample) -> MemoryUse:
    """Of the graphics memory where the runtime can use one, else of the machine's memory."""
    graphics = verdict.gpu_total_bytes is not None and verdict.gpu_free_bytes is not None
    if graphics and verdict.gpu_total_bytes is not None and verdict.gpu_free_bytes is not None:
        others, total = verdict.gpu_total_bytes - verdict.gpu_free_bytes, verdict.gpu_total_bytes
    else:
        others, total = host.memory_used_bytes, host.memory_total_bytes
    return MemoryUse(
        others=others,
        weights=verdict.weights_bytes,
        context=max(0, verdict.needed_bytes - verdict.weights_bytes),
        error=verdict.error_bytes,
        total=total,
        graphics=graphics,
        loads=verdict.loads if verdict.grade is FitGrade.EXACT else None,
    )


SHORT_LIST: Final = 5
_USUAL: Final = (
    *("Q4_K_M", "Q5_K_M", "Q8_0", "Q6_K", "Q3_K_M", "UD-Q4_K_XL", "MXFP4_MOE", "MXFP4", "UD-Q5_K_XL"),
    *("UD-Q6_K_XL", "IQ4_XS", "Q4_K_S", "Q4_0", "Q2_K", "F16", "BF16"),
)


def short_list(offered: Sequence[Quantization], chosen: str | None) -> tuple[Quantization, ...]:
    """The usual few of a long list, in its order, the chosen one always among them."""
    if len(offered) <= SHORT_LIST + 1:
        return tuple(offered)
    ranks = {label: rank for rank, label in enumerate(_USUAL)}
    if any(one.label == LATEST for one in offered):
        # Of a library's tags the plain ones are what people pull: "4b" before "4b-it-q8_0".
        ranks = {one.label: rank for rank, one in enumerate(offered) if "-" not in one.label}
    wanted = sorted(offered, key=lambda one: (one.label != chosen, ranks.get(one.label, len(offered) + len(ranks))))
    kept = {one.label for one in wanted[:SHORT_LIST]}
    return tuple(one for one in offered if one.label in kept)
