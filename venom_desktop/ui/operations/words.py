"""What the operations panel says: titles, phases, amounts; whole sentences, so that every language can order them."""

import re
from typing import Final, assert_never

from venom_desktop.core.operations.operation import ModelOperation, OperationStatus, OperationType
from venom_desktop.ui.catalog.words import architecture_doubt, runtime_words
from venom_desktop.ui.i18n import duration_left, facts, gigabytes, gigabytes_of, percent, speed, tr
from venom_desktop.ui.operations.phases import phase as phase

_INSTALLED_BESIDE: Final = re.compile(r"Installed (\S+), and (\S+) goes on running until it is restarted")


def title(operation: ModelOperation) -> str:
    """ "Install qwen3:8b": the job by its verb."""
    name = operation.model_name
    match operation.operation_type:
        case OperationType.INSTALL if made_of_a_file(operation):
            return tr("Add {name} to {runtime}", name=name, runtime=_runtime(operation))
        case OperationType.INSTALL:
            return tr("Install {name}", name=name)
        case OperationType.REMOVE:
            return tr("Remove {name}", name=name)
        case OperationType.ACTIVATE:
            return tr("Activate {name}", name=name)
        case OperationType.UPDATE:
            return tr("Update {name}", name=name)
        case OperationType.VERIFY:
            return tr("Verify {name}", name=name)
        case OperationType.IMPORT if is_undoing(operation):
            return tr("Undo the import of {name}", name=name)
        case OperationType.IMPORT:
            return tr("Import {name}", name=name)
        case OperationType.SETUP:
            return tr("Set up {name}", name=name)
        case _:
            assert_never(operation.operation_type)


def going_on(operation: ModelOperation) -> str:
    """ "Installing qwen3:8b": while it runs."""
    name = operation.model_name
    match operation.operation_type:
        case OperationType.INSTALL if made_of_a_file(operation):
            return tr("Adding {name} to {runtime}", name=name, runtime=_runtime(operation))
        case OperationType.INSTALL:
            return tr("Installing {name}", name=name)
        case OperationType.REMOVE:
            return tr("Removing {name}", name=name)
        case OperationType.ACTIVATE:
            return tr("Activating {name}", name=name)
        case OperationType.UPDATE:
            return tr("Updating {name}", name=name)
        case OperationType.VERIFY:
            return tr("Verifying {name}", name=name)
        case OperationType.IMPORT if is_undoing(operation):
            return tr("Undoing the import of {name}", name=name)
        case OperationType.IMPORT:
            return tr("Importing {name}", name=name)
        case OperationType.SETUP:
            return tr("Setting up {name}", name=name)
        case _:
            assert_never(operation.operation_type)


def outcome(operation: ModelOperation) -> str:
    """What a completed job means."""
    match operation.operation_type:
        case OperationType.INSTALL if made_of_a_file(operation):
            return tr("Ready")
        case OperationType.INSTALL:
            return facts(tr("Verified and ready"), _doubt(operation) or None)
        case OperationType.UPDATE:
            return _outcome_of_update(operation)
        case OperationType.REMOVE:
            return tr("Removed")
        case OperationType.ACTIVATE:
            return tr("Ready to answer")
        case OperationType.VERIFY:
            return tr("The checksum matches")
        case OperationType.IMPORT if is_undoing(operation):
            return tr("Undone. The files are where they were")
        case OperationType.IMPORT:
            return tr("Imported")
        case OperationType.SETUP:
            return _outcome_of_setup(operation)
        case _:
            assert_never(operation.operation_type)


def _outcome_of_update(operation: ModelOperation) -> str:
    if operation.message == "This is the newest version already":
        return tr("This is the newest version already")
    return tr("Updated. The new version is used at the next load")


def _outcome_of_setup(operation: ModelOperation) -> str:
    """A new program beside a running one counts only from its next start, and that has to be said."""
    found = _INSTALLED_BESIDE.fullmatch(operation.message)
    if found is None:
        return tr("Checked and installed")
    new, running = found.groups()
    return tr("{new} is installed, {running} goes on running until it is restarted", new=new, running=running)


def made_of_a_file(operation: ModelOperation) -> bool:
    """Whether it makes a model of a file of the user's own."""
    return "file" in operation.payload


def is_undoing(operation: ModelOperation) -> bool:
    """Whether it gives an imported model back."""
    return operation.payload.get("undo") is True


def _doubt(operation: ModelOperation) -> str:
    """What vLLM may not be able to run; "" for another runtime."""
    told = operation.payload.get("model_class")
    own_code = operation.payload.get("needs_own_code") is True
    return architecture_doubt(told if isinstance(told, str) else None, needs_own_code=own_code)


def _runtime(operation: ModelOperation) -> str:
    return runtime_words(operation.runtime or "")


def amounts(operation: ModelOperation) -> str:
    """The fixed column of a row: "43 % · 38 MB/s · 1 min left", "71 % · 3.5 of 4.9 GB", "1.2 GB so far"."""
    if operation.progress is None:
        return facts(so_far(operation), _rate(operation))
    if operation.status is OperationStatus.PAUSED or operation.bytes_per_s is None:
        return facts(percent(operation.progress / 100), bytes_done(operation))
    return facts(percent(operation.progress / 100), _rate(operation), time_left(operation))


def bar_amounts(operation: ModelOperation, *, narrow: bool) -> str:
    """Beside the percent of the collapsed bar: bytes, speed and time, or the time alone where room is short."""
    if narrow:
        return time_left(operation) or (so_far(operation) if operation.progress is None else "")
    # A job that rests is in no phase, whatever its last message was.
    state = tr("Paused") if operation.status is OperationStatus.PAUSED else phase(operation)
    if operation.progress is None:
        return facts(so_far(operation) or state, _rate(operation))
    return facts(bytes_done(operation) or state, _rate(operation), time_left(operation))


def so_far(operation: ModelOperation) -> str:
    if not operation.done_bytes:
        return ""
    return tr("{amount} so far", amount=gigabytes(operation.done_bytes))


def bytes_done(operation: ModelOperation) -> str:
    if made_of_a_file(operation):
        # It is read twice: bytes of that work are no size of anything.
        return ""
    if operation.done_bytes is None or not operation.total_bytes:
        return ""
    return gigabytes_of(operation.done_bytes, operation.total_bytes)


def time_left(operation: ModelOperation) -> str:
    return "" if operation.eta_s is None else duration_left(operation.eta_s)


def _rate(operation: ModelOperation) -> str:
    return "" if operation.bytes_per_s is None else speed(operation.bytes_per_s)
