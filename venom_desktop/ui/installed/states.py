"""What is special about an installed model right now."""

from enum import Enum

from venom_desktop.core.operations.operation import ModelOperation, OperationType
from venom_desktop.core.registry.model import ModelMetadata, ModelStatus


class State(Enum):
    """What is special about a model right now; the first that holds is shown."""

    REMOVING = "removing"
    INSTALLING = "installing"
    ACTIVATING = "activating"
    UPDATING = "updating"
    VERIFYING = "verifying"
    GONE = "gone"
    """It is active, and its runtime's store has it no more."""
    FILE_MISSING = "file_missing"
    CHECKSUM_DIFFERS = "checksum_differs"
    ACTIVE = "active"
    UPDATE_AVAILABLE = "update_available"
    LOADED = "loaded"
    RESTING = "resting"


def state_of(
    model: ModelMetadata,
    operation: ModelOperation | None,
    *,
    active: bool,
    loaded: bool,
    has_update: bool,
    gone: bool,
) -> State:
    if operation is not None and (state := _state_of_job(operation.operation_type)) is not None:
        return state
    if gone:
        return State.GONE
    if model.status is ModelStatus.REMOVING:
        return State.REMOVING
    if model.status is ModelStatus.FAILED:
        return State.FILE_MISSING
    if model.checksum_differs:
        return State.CHECKSUM_DIFFERS
    if active:
        return State.ACTIVE
    if has_update:
        return State.UPDATE_AVAILABLE
    return State.LOADED if loaded else State.RESTING


def _state_of_job(kind: OperationType) -> State | None:
    match kind:
        case OperationType.REMOVE | OperationType.IMPORT:
            # Of an import there is a row only while it is undone.
            return State.REMOVING
        case OperationType.INSTALL:
            return State.INSTALLING
        case OperationType.UPDATE:
            return State.UPDATING
        case OperationType.ACTIVATE:
            return State.ACTIVATING
        case OperationType.VERIFY:
            return State.VERIFYING
        case OperationType.SETUP:
            # A program is set up, never a model.
            return None
