"""What the operations panel says: titles, phases, amounts; whole sentences, so that every language can order them."""

import re
from collections.abc import Callable
from typing import Final, assert_never

from venom_desktop.core.operations.operation import ModelOperation, OperationStatus, OperationType
from venom_desktop.ui.i18n import duration_left, facts, gigabytes, gigabytes_of, percent, speed, tr


def title(operation: ModelOperation) -> str:
    """ "Install qwen3:8b": the job by its verb."""
    name = operation.model_name
    match operation.operation_type:
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
        case OperationType.SETUP:
            return tr("Set up {name}", name=name)
        case _:
            assert_never(operation.operation_type)


def going_on(operation: ModelOperation) -> str:
    """ "Installing qwen3:8b": while it runs."""
    name = operation.model_name
    match operation.operation_type:
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
        case OperationType.SETUP:
            return tr("Setting up {name}", name=name)
        case _:
            assert_never(operation.operation_type)


def outcome(operation: ModelOperation) -> str:
    """What a completed job means."""
    match operation.operation_type:
        case OperationType.INSTALL | OperationType.UPDATE:
            return tr("Verified and ready")
        case OperationType.REMOVE:
            return tr("Removed")
        case OperationType.ACTIVATE:
            return tr("Ready to answer")
        case OperationType.VERIFY:
            return tr("The checksum matches")
        case OperationType.SETUP:
            return tr("Checked and installed")
        case _:
            assert_never(operation.operation_type)


def phase(operation: ModelOperation) -> str:
    """What it is doing right now, in the window's language; a phase nobody translated reads as core wrote it."""
    message = operation.message
    for pattern, words in _PHASES:
        match = pattern.fullmatch(message)
        if match:
            return words(*match.groups())
    return message or tr("Waiting to start")


_PHASES: Final[tuple[tuple[re.Pattern[str], Callable[..., str]], ...]] = (
    (re.compile("Reading the file list"), lambda: tr("Reading the file list")),
    (re.compile("Downloading (.+)"), lambda file: tr("Downloading {file}", file=file)),
    (re.compile("Checking (.+)"), lambda file: tr("Checking {file}", file=file)),
    (re.compile("Waiting for the connection"), lambda: tr("Waiting for the connection")),
    (
        re.compile(r"Waiting (\d+) s for the connection"),
        lambda seconds: tr("Waiting {seconds}\u00a0s for the connection", seconds=seconds),
    ),
    (re.compile("Recording"), lambda: tr("Recording")),
    (re.compile("Reading the release page"), lambda: tr("Reading the release page")),
    (re.compile("Looking through the archive"), lambda: tr("Looking through the archive")),
    (re.compile("Unpacking"), lambda: tr("Unpacking")),
    (re.compile(r"Unpacking, (\d+) %"), lambda done: tr("Unpacking, {done}", done=percent(int(done) / 100))),
    (re.compile("Trying the program"), lambda: tr("Trying the program")),
    (re.compile("Removing"), lambda: tr("Removing")),
    (re.compile("Loading the model"), lambda: tr("Loading the model")),
    (re.compile("Waiting for the first token"), lambda: tr("Waiting for the first token")),
)


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
    if operation.done_bytes is None or not operation.total_bytes:
        return ""
    return gigabytes_of(operation.done_bytes, operation.total_bytes)


def time_left(operation: ModelOperation) -> str:
    return "" if operation.eta_s is None else duration_left(operation.eta_s)


def _rate(operation: ModelOperation) -> str:
    return "" if operation.bytes_per_s is None else speed(operation.bytes_per_s)
