"""The sole owner of operation tasks: starts, pauses, resumes, cancels, retries and settles them."""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from venom_desktop.core.errors import InternalError, OperationRunning, UnknownOperation, VenomError, WrongState
from venom_desktop.core.operations import changes
from venom_desktop.core.operations.history import OperationHistory
from venom_desktop.core.operations.kinds import Kind as Kind
from venom_desktop.core.operations.kinds import Kinds
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus, OperationType, Progress
from venom_desktop.core.operations.speed import SpeedMeter
from venom_desktop.core.signals import Signal
from venom_desktop.core.tasks import TaskScope

SAVE_PROGRESS_EVERY_S = 1.0

_log = logging.getLogger(__name__)
_BUSY = (OperationStatus.PENDING, OperationStatus.IN_PROGRESS)


def _local_now() -> datetime:
    return datetime.now(UTC).astimezone()


class OperationService:
    """Publishes every new snapshot through `changed`; the newest operation comes first in `operations`."""

    def __init__(
        self,
        history: OperationHistory,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _local_now,
    ) -> None:
        self.changed: Signal[ModelOperation] = Signal()
        self.forgotten: Signal[str] = Signal()
        self._history = history
        self._clock = clock
        self._now = now
        self._scope = TaskScope("operations")
        self._writes = TaskScope("operation history")
        self._kinds = Kinds()
        self._operations: dict[str, ModelOperation] = {}
        self._wanted_end: dict[str, OperationStatus] = {}
        self._settled: dict[str, asyncio.Event] = {}
        self._unsaved: dict[str, ModelOperation] = {}
        self._saved_at: dict[str, float] = {}
        self._discards: set[asyncio.Task[None]] = set()
        self._flushing = False

    def register(self, operation_type: OperationType, kind: Kind, *, runtime: str | None = None) -> None:
        """How that type is done: on `runtime`, or on every one for which nothing else was registered."""
        self._kinds.add(operation_type, kind, runtime=runtime)

    async def open(self, *, settle: bool = True) -> None:
        """Read the history; what a crash or a quit left unfinished comes back as paused.

        `settle` False leaves such rows as they are: another process owns the folder and is at work on them.
        """
        for operation in reversed(await self._history.load()):
            if operation.status in _BUSY and settle:
                operation = changes.interrupted(operation, self._now())
                await self._history.save(operation)
            self._operations[operation.operation_id] = operation

    async def close(self) -> None:
        """Stop everything; resumable work stays paused, partial files stay."""
        await self._scope.close()
        await self._writes.drain()
        try:
            await self._flush()
        finally:
            await self._writes.close()

    @property
    def operations(self) -> tuple[ModelOperation, ...]:
        """Newest first."""
        return tuple(reversed(self._operations.values()))

    def get(self, operation_id: str) -> ModelOperation:
        """Raises `UnknownOperation`."""
        try:
            return self._operations[operation_id]
        except KeyError:
            raise UnknownOperation(operation_id=operation_id) from None

    def running_on(self, model_name: str, runtime: str | None) -> ModelOperation | None:
        """The unfinished operation on this model, paused ones included."""
        for operation in self._operations.values():
            same = operation.model_name == model_name and operation.runtime == runtime
            if same and not operation.status.is_final:
                return operation
        return None

    async def start(
        self,
        operation_type: OperationType,
        model_name: str,
        *,
        runtime: str | None = None,
        payload: Mapping[str, Any] | None = None,
        total_bytes: int | None = None,
    ) -> str:
        """Write the row, publish it, start the work; returns the new id (uuid4). Raises `OperationRunning`."""
        if self.running_on(model_name, runtime) is not None:
            raise OperationRunning(model_name=model_name)
        operation = ModelOperation(
            operation_id=str(uuid.uuid4()),
            model_name=model_name,
            operation_type=operation_type,
            status=OperationStatus.PENDING,
            runtime=runtime,
            started_at=self._now(),
            can_pause=self._kinds.of(operation_type, runtime).can_pause,
            payload=dict(payload or {}),
            total_bytes=total_bytes,
        )
        key = operation.operation_id
        self._operations[key] = operation
        try:
            await self._history.save(operation)
        except VenomError:
            del self._operations[key]
            raise
        except asyncio.CancelledError:
            # Who asked is gone (a second click): a row that never began could never end either.
            del self._operations[key]
            self._wanted_end.pop(key, None)
            self._writes.start(f"forget {key}", self._history.forget([key]))
            raise
        self.changed.publish(operation)
        if key in self._wanted_end:
            self._settle(key, asyncio.CancelledError())
        else:
            self._begin(operation)
        return key

    def pause(self, operation_id: str) -> ModelOperation:
        """Raises `WrongState` when it is not running or cannot be paused."""
        operation = self.get(operation_id)
        if operation.status not in _BUSY or not operation.can_pause:
            raise WrongState(state=operation.status.value, verb="be paused")
        return self._end_with(operation, OperationStatus.PAUSED)

    def resume(self, operation_id: str) -> ModelOperation:
        """Go on with a paused operation where it stopped. Raises `WrongState`."""
        operation = self.get(operation_id)
        if operation.status is not OperationStatus.PAUSED:
            raise WrongState(state=operation.status.value, verb="be resumed")
        return self._begin(operation)

    def retry(self, operation_id: str) -> ModelOperation:
        """Start a failed or cancelled operation again under its own id. Raises `WrongState`, `OperationRunning`."""
        operation = self.get(operation_id)
        if operation.status not in (OperationStatus.FAILED, OperationStatus.CANCELLED):
            raise WrongState(state=operation.status.value, verb="be retried")
        if self.running_on(operation.model_name, operation.runtime) is not None:
            raise OperationRunning(model_name=operation.model_name)
        return self._begin(changes.from_the_start(operation))

    def cancel(self, operation_id: str) -> ModelOperation:
        """End it for good; what was half done is thrown away.

        Raises `WrongState` when it is finished, or past the point from which it goes on to its end.
        """
        operation = self.get(operation_id)
        if operation.status.is_final or (operation.status in _BUSY and not operation.can_cancel):
            raise WrongState(state=operation.status.value, verb="be cancelled")
        return self._end_with(operation, OperationStatus.CANCELLED)

    async def wait(self, operation_id: str) -> ModelOperation:
        """Return when it is completed, failed, cancelled or paused."""
        while self.get(operation_id).status in _BUSY:
            await self._settled.setdefault(operation_id, asyncio.Event()).wait()
        return self.get(operation_id)

    async def forget_finished(self) -> None:
        """Take completed, failed and cancelled operations off the list."""
        await self._forget([operation.operation_id for operation in self.operations if operation.status.is_final])

    async def forget(self, operation_id: str) -> None:
        """Raises `WrongState` while it is not finished."""
        operation = self.get(operation_id)
        if not operation.status.is_final:
            raise WrongState(state=operation.status.value, verb="be dismissed")
        await self._forget([operation_id])

    async def _forget(self, operation_ids: list[str]) -> None:
        for operation_id in operation_ids:
            del self._operations[operation_id]
            self._unsaved.pop(operation_id, None)
            self.forgotten.publish(operation_id)
        await self._writes.drain()
        await self._history.forget(operation_ids)

    def _begin(self, operation: ModelOperation) -> ModelOperation:
        key = operation.operation_id
        self._wanted_end.pop(key, None)
        if (settled := self._settled.get(key)) is not None and settled.is_set():
            # One that is not set has somebody waiting since before the row was written.
            del self._settled[key]
        started = changes.begun(operation)
        self._store(started)
        self._scope.start(key, self._work(key), on_end=lambda error: self._settle(key, error))
        return started

    def _end_with(self, operation: ModelOperation, status: OperationStatus) -> ModelOperation:
        key = operation.operation_id
        self._wanted_end[key] = status
        if operation.status in _BUSY:
            self._scope.cancel(key)
        else:
            self._settle(key, asyncio.CancelledError())
        return self._operations[key]

    async def _work(self, operation_id: str) -> None:
        if self._discards:
            await asyncio.wait(tuple(self._discards))  # they may be at the files that this is about to write
        operation = self._operations[operation_id]
        meter = SpeedMeter(self._clock)
        steps = self._kinds.of(operation.operation_type, operation.runtime).work(operation)
        try:
            async for progress in steps:
                self._advance(operation_id, progress, meter)
        finally:
            await steps.aclose()

    def _advance(self, operation_id: str, progress: Progress, meter: SpeedMeter) -> None:
        operation = changes.advanced(self._operations[operation_id], progress, meter)
        due = self._clock() - self._saved_at.get(operation_id, float("-inf")) >= SAVE_PROGRESS_EVERY_S
        if due or progress.payload is not None:
            self._store(operation)
        else:
            self._operations[operation_id] = operation
            self.changed.publish(operation)

    def _settle(self, operation_id: str, error: BaseException | None) -> None:
        operation = self._operations[operation_id]
        wanted = self._wanted_end.pop(operation_id, None)
        match error:
            case None:
                operation = changes.completed(operation, self._now())
            case asyncio.CancelledError() if wanted is OperationStatus.CANCELLED:
                operation = changes.cancelled(operation, self._now())
                self._discard(operation)
            case asyncio.CancelledError() if wanted is OperationStatus.PAUSED:
                operation = changes.paused(operation)
            case asyncio.CancelledError():
                operation = changes.interrupted(operation, self._now())
            case VenomError():
                operation = changes.failed(operation, error, self._now())
            case _:
                _log.error("Operation %s failed", operation_id, exc_info=error)
                operation = changes.failed(operation, InternalError(), self._now())
        self._store(operation)
        self._settled.setdefault(operation_id, asyncio.Event()).set()

    def _discard(self, operation: ModelOperation) -> None:
        discard = self._kinds.of(operation.operation_type, operation.runtime).discard
        if discard is not None:
            task = self._writes.start(f"discard {operation.operation_id}", discard(operation))
            self._discards.add(task)
            task.add_done_callback(self._discards.discard)

    def _store(self, operation: ModelOperation) -> None:
        key = operation.operation_id
        self._operations[key] = operation
        self._unsaved[key] = operation
        self._saved_at[key] = self._clock()
        self.changed.publish(operation)
        if not self._flushing:
            self._flushing = True
            self._writes.start("flush", self._flush())

    async def _flush(self) -> None:
        """Write the newest snapshot of each changed operation; what changes meanwhile joins the next round."""
        batch: dict[str, ModelOperation] = {}
        try:
            while self._unsaved:
                batch, self._unsaved = self._unsaved, {}
                for operation in batch.values():
                    if operation.operation_id in self._operations:
                        await self._history.save(operation)
        except VenomError:
            # A disk that is full may have room later: the next change writes these too.
            self._unsaved = {**batch, **self._unsaved}
            raise
        finally:
            self._flushing = False
