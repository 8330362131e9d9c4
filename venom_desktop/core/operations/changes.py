"""What happens to an operation's snapshot: pure steps from one state to the next."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from venom_desktop.core.errors import VenomError
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus, Progress
from venom_desktop.core.operations.speed import SpeedMeter, time_left_s

AFTERMATH = "aftermath"
"""Among the parameters of a failure: the reason code and the parameters of what came after it."""


def begun(operation: ModelOperation) -> ModelOperation:
    return replace(
        operation,
        status=OperationStatus.IN_PROGRESS,
        error=None,
        reason_code=None,
        error_parameters={},
        completed_at=None,
        paused_by_restart=False,
        can_cancel=True,
        step=None,
        question=None,
        bytes_per_s=None,
        eta_s=None,
    )


def from_the_start(operation: ModelOperation) -> ModelOperation:
    """What was shown before does not count for a new try."""
    return replace(operation, progress=None, done_bytes=None, message="")


def advanced(operation: ModelOperation, progress: Progress, meter: SpeedMeter) -> ModelOperation:
    done = operation.done_bytes if progress.done_bytes is None else progress.done_bytes
    total = operation.total_bytes if progress.total_bytes is None else progress.total_bytes
    speed = operation.bytes_per_s if progress.done_bytes is None else meter.add(progress.done_bytes)
    return replace(
        operation,
        model_name=progress.model_name or operation.model_name,
        payload={**operation.payload, **(progress.payload or {})},
        message=operation.message if progress.message is None else progress.message,
        done_bytes=done,
        total_bytes=total,
        progress=_percent(done, total, at_least=operation.progress),
        bytes_per_s=speed,
        eta_s=time_left_s(done, total, speed),
        step=operation.step if progress.step is None else progress.step,
        can_cancel=operation.can_cancel if progress.can_cancel is None else progress.can_cancel,
        question=operation.question if progress.question is None else progress.question or None,
    )


def completed(operation: ModelOperation, at: datetime) -> ModelOperation:
    return _resting(operation, OperationStatus.COMPLETED, completed_at=at, progress=100.0)


def cancelled(operation: ModelOperation, at: datetime) -> ModelOperation:
    return _resting(operation, OperationStatus.CANCELLED, completed_at=at, progress=operation.progress)


def paused(operation: ModelOperation) -> ModelOperation:
    return _resting(operation, OperationStatus.PAUSED, completed_at=None, progress=operation.progress)


def failed(operation: ModelOperation, error: VenomError, at: datetime) -> ModelOperation:
    return replace(
        _resting(operation, OperationStatus.FAILED, completed_at=at, progress=operation.progress),
        error=str(error),
        reason_code=error.reason_code,
        error_parameters={**error.parameters, **_aftermath(error)},
    )


def _aftermath(error: VenomError) -> dict[str, Any]:
    """Under one name beside the parameters, so that a window can tell it in its own language."""
    after = error.aftermath
    return {} if after is None else {AFTERMATH: {"reason_code": after.reason_code, **after.parameters}}


def interrupted(operation: ModelOperation, at: datetime) -> ModelOperation:
    """What the end of the program makes of unfinished work: paused if it can go on, else failed with a reason."""
    if operation.can_pause:
        return replace(paused(operation), paused_by_restart=True)
    return replace(
        _resting(operation, OperationStatus.FAILED, completed_at=at, progress=operation.progress),
        error="The program ended before this was done. Start it again.",
        reason_code="INTERRUPTED",
    )


def _resting(
    operation: ModelOperation, status: OperationStatus, *, completed_at: datetime | None, progress: float | None
) -> ModelOperation:
    return replace(
        operation,
        status=status,
        completed_at=completed_at,
        progress=progress,
        bytes_per_s=None,
        eta_s=None,
        question=None,
    )


def _percent(done: int | None, total: int | None, *, at_least: float | None) -> float | None:
    """0 to 100, never below what was shown before; None when the total is unknown."""
    if done is None or not total:
        return at_least
    return max(at_least or 0.0, min(100.0, 100.0 * done / total))
