"""What the operations panel shows, without a widget: which rows, in which look, with which verbs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final, assert_never

from venom_desktop.core.errors import Cure
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus, OperationType
from venom_desktop.core.registry.inventory import InventorySnapshot
from venom_desktop.core.registry.model import ModelKey, ModelStatus
from venom_desktop.core.registry.switch_steps import STOP_AND_SWITCH
from venom_desktop.ui.i18n import ago, facts, number, plural, tr, with_unit
from venom_desktop.ui.messages import cure_words, message_of_operation
from venom_desktop.ui.operations import words
from venom_desktop.ui.theme_tokens import ColorRole

DONE_STAYS: Final = timedelta(seconds=30)
"""How long a finished row stays; a failed one stays until it is dismissed or tried again."""

MOST_FAILED: Final = 20

_BUSY: Final = (OperationStatus.PENDING, OperationStatus.IN_PROGRESS)
_TYPE_ICONS: Final = {
    OperationType.INSTALL: "download",
    OperationType.REMOVE: "trash",
    OperationType.ACTIVATE: "bolt",
    OperationType.UPDATE: "update",
    OperationType.VERIFY: "disk",
    OperationType.IMPORT: "disk",
    OperationType.SETUP: "download",
}


class Verb(Enum):
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    RETRY = "retry"
    KEEP_WAITING = "keep_waiting"
    STOP_AND_SWITCH = "stop_and_switch"
    ACTIVATE = "activate"
    DISMISS = "dismiss"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing to press. `worded` ones are buttons with words, the others icons whose words are the tooltip."""

    what: Verb | Cure
    text: str
    icon: str | None = None
    worded: bool = False
    quiet: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A row as shown; `has_bar` False gives title and detail the full width, `fraction` None is a running bar."""

    operation_id: str
    icon: str
    icon_role: ColorRole
    title: str
    detail: str
    detail_role: ColorRole = "text2"
    tip: str = ""
    has_bar: bool = False
    fraction: float | None = None
    paused: bool = False
    amounts: str = ""
    actions: tuple[Action, ...] = ()

    @property
    def sentence(self) -> str:
        """What a screen reader says."""
        return ", ".join(part for part in (self.title, self.detail, self.amounts) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    running: int = 0
    paused: int = 0
    failed: int = 0

    def text(self) -> str:
        """ "1 running · 1 paused · 1 needs you"."""
        return facts(
            plural("{count} running", "{count} running", self.running) if self.running else None,
            plural("{count} paused", "{count} paused", self.paused) if self.paused else None,
            plural("{count} needs you", "{count} need you", self.failed) if self.failed else None,
        )


def is_busy(operation: ModelOperation) -> bool:
    return operation.status in _BUSY


def visible(operations: Sequence[ModelOperation], now: datetime) -> tuple[ModelOperation, ...]:
    """What the panel lists, newest first: unfinished ones, failures nobody has dealt with, and what ended just now."""
    shown: list[ModelOperation] = []
    failed = 0
    met: set[tuple[str, str | None, OperationType]] = set()
    for operation in operations:
        job = (operation.model_name, operation.runtime, operation.operation_type)
        failed += operation.status is OperationStatus.FAILED
        if _stays(operation, now, overtaken=job in met or failed > MOST_FAILED):
            shown.append(operation)
        met.add(job)
    return tuple(shown)


def _stays(operation: ModelOperation, now: datetime, *, overtaken: bool) -> bool:
    match operation.status:
        case OperationStatus.PENDING | OperationStatus.IN_PROGRESS | OperationStatus.PAUSED:
            return True
        case OperationStatus.FAILED:
            # A later try of the same job says all there is to say.
            return not overtaken
        case OperationStatus.COMPLETED | OperationStatus.CANCELLED:
            return operation.completed_at is not None and now - operation.completed_at < DONE_STAYS
        case _:
            assert_never(operation.status)


def counts(operations: Sequence[ModelOperation]) -> Counts:
    return Counts(
        running=sum(map(is_busy, operations)),
        paused=sum(operation.status is OperationStatus.PAUSED for operation in operations),
        failed=sum(operation.status is OperationStatus.FAILED for operation in operations),
    )


def leader(operations: Sequence[ModelOperation]) -> ModelOperation | None:
    """The one the collapsed bar shows: what runs longest, else what needs the user, else what rests, else the last."""
    for matches in (
        is_busy,
        lambda operation: operation.status is OperationStatus.FAILED,
        lambda operation: operation.status is OperationStatus.PAUSED,
    ):
        found = [operation for operation in operations if matches(operation)]
        if found:
            return found[-1] if matches is is_busy else found[0]
    return operations[0] if operations else None


def look(operation: ModelOperation, inventory: InventorySnapshot, now: datetime) -> Look:
    match operation.status:
        case OperationStatus.PENDING | OperationStatus.IN_PROGRESS:
            return _running(operation)
        case OperationStatus.PAUSED:
            return _paused(operation)
        case OperationStatus.COMPLETED:
            return _completed(operation, inventory, now)
        case OperationStatus.FAILED:
            return _failed(operation)
        case OperationStatus.CANCELLED:
            return _cancelled(operation, now)
        case _:
            assert_never(operation.status)


def _running(operation: ModelOperation) -> Look:
    pause = Action(what=Verb.PAUSE, text=tr("Pause"), icon="pause")
    return Look(
        operation_id=operation.operation_id,
        icon=_TYPE_ICONS[operation.operation_type],
        icon_role="accent_text",
        title=words.title(operation),
        detail=words.phase(operation),
        # A question needs the room for its sentence.
        has_bar=operation.question is None,
        fraction=None if operation.progress is None else operation.progress / 100,
        amounts=words.amounts(operation),
        actions=(
            *(_decisions() if operation.question == STOP_AND_SWITCH else ()),
            *((pause,) if operation.can_pause else ()),
            *((_cancel(),) if operation.can_cancel else ()),
        ),
    )


def _decisions() -> tuple[Action, ...]:
    """The safe one first."""
    return (
        Action(what=Verb.KEEP_WAITING, text=tr("Wait"), worded=True, quiet=True),
        Action(what=Verb.STOP_AND_SWITCH, text=tr("Stop and switch"), worded=True),
    )


def _paused(operation: ModelOperation) -> Look:
    by_restart = tr("Paused when the program ended")
    return Look(
        operation_id=operation.operation_id,
        icon="pause",
        icon_role="text2",
        title=words.title(operation),
        detail=by_restart if operation.paused_by_restart else tr("Paused by you"),
        has_bar=True,
        fraction=None if operation.progress is None else operation.progress / 100,
        paused=True,
        amounts=words.amounts(operation),
        actions=(Action(what=Verb.RESUME, text=tr("Resume"), icon="play", worded=True), _cancel()),
    )


def _completed(operation: ModelOperation, inventory: InventorySnapshot, now: datetime) -> Look:
    activate = Action(what=Verb.ACTIVATE, text=tr("Activate"), worded=True, quiet=True)
    return Look(
        operation_id=operation.operation_id,
        icon="check",
        icon_role="ok",
        title=words.title(operation),
        detail=facts(words.outcome(operation), ago(operation.completed_at, now)),
        actions=(*((activate,) if can_activate(operation, inventory) else ()), _dismiss()),
    )


def _failed(operation: ModelOperation) -> Look:
    message = message_of_operation(operation)
    cures = message.cures if message is not None else ()
    return Look(
        operation_id=operation.operation_id,
        icon="error",
        icon_role="bad",
        title=words.title(operation),
        detail=message.sentence if message is not None else tr("It failed. Try again."),
        detail_role="bad",
        tip=message.tip if message is not None else "",
        actions=(
            *(_cure(cure, operation) for cure in cures if not _is_retry(cure, operation)),
            _retry(again=Cure.DOWNLOAD_AGAIN in cures and _is_retry(Cure.DOWNLOAD_AGAIN, operation)),
            _dismiss(),
        ),
    )


def _cancelled(operation: ModelOperation, now: datetime) -> Look:
    return Look(
        operation_id=operation.operation_id,
        icon="cross",
        icon_role="text3",
        title=words.title(operation),
        detail=facts(tr("Cancelled"), ago(operation.completed_at, now)),
        actions=(_retry(), _dismiss()),
    )


def can_activate(operation: ModelOperation, inventory: InventorySnapshot) -> bool:
    """True for an installed model that does not answer yet."""
    key = ModelKey(name=operation.model_name, runtime=operation.runtime or "")
    if operation.operation_type is not OperationType.INSTALL or inventory.active == key:
        return False
    return any(model.key == key and model.status is ModelStatus.INSTALLED for model in inventory.models)


def raise_to_gb(operation: ModelOperation) -> int | None:
    """The quota that would have been enough, when the failure tells."""
    value = operation.error_parameters.get("raise_to_gb")
    return value if isinstance(value, int) else None


def _is_retry(cure: Cure, operation: ModelOperation) -> bool:
    """Downloading again is what trying an install again does; after a check it is another job."""
    if cure is Cure.DOWNLOAD_AGAIN:
        return operation.operation_type in (OperationType.INSTALL, OperationType.SETUP)
    return cure in (Cure.RETRY, Cure.TRY_AGAIN)


def _retry(*, again: bool = False) -> Action:
    text = cure_words(Cure.DOWNLOAD_AGAIN) if again else tr("Retry")
    return Action(what=Verb.RETRY, text=text, icon="refresh", worded=True, quiet=not again)


def _cure(cure: Cure, operation: ModelOperation) -> Action:
    text = cure_words(cure)
    limit = raise_to_gb(operation)
    if cure is Cure.RAISE_LIMIT and limit is not None:
        text = tr("Raise the limit to {amount}", amount=with_unit(number(limit), "GB"))
    return Action(what=cure, text=text, worded=True)


def _cancel() -> Action:
    return Action(what=Verb.CANCEL, text=tr("Cancel"), icon="close")


def _dismiss() -> Action:
    return Action(what=Verb.DISMISS, text=tr("Dismiss"), icon="close")
