"""The life of an operation: progress, pause, resume, cancel, retry, restart."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from pathlib import Path

import pytest

from venom_desktop.core.database import Database
from venom_desktop.core.errors import DiskFull, OperationRunning, UnknownOperation, WrongState
from venom_desktop.core.operations.history import OperationHistory
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus, OperationType, Progress
from venom_desktop.core.operations.service import Kind, OperationService
from venom_desktop.core.tasks import TaskScope

Steps = AsyncGenerator[Progress, None]


class Job:
    """Work that goes forward when told, and remembers what happened to it."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()
        self.ended = asyncio.Event()
        self.discarded: list[str] = []
        self.error: Exception | None = None
        self.runs = 0

    async def work(self, operation: ModelOperation) -> Steps:
        self.runs += 1
        try:
            yield Progress(message="Downloading", done_bytes=50, total_bytes=200)
            self.begun.set()
            await self.go_on.wait()
            if self.error is not None:
                raise self.error
            yield Progress(done_bytes=200)
        finally:
            self.ended.set()

    async def discard(self, operation: ModelOperation) -> None:
        self.discarded.append(operation.operation_id)

    @property
    def kind(self) -> Kind:
        return Kind(work=self.work, discard=self.discard, can_pause=True)


@pytest.fixture
def job() -> Job:
    return Job()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "history.db")
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def service(database: Database, job: Job) -> AsyncIterator[OperationService]:
    service = await _open_service(database, job)
    yield service
    await service.close()


async def _open_service(database: Database, job: Job, clock: Callable[[], float] | None = None) -> OperationService:
    service = OperationService(OperationHistory(database))
    service.register(OperationType.INSTALL, job.kind)
    service.register(OperationType.REMOVE, Kind(work=job.work))
    await service.open()
    return service


async def _begin(service: OperationService, job: Job, name: str = "org/repo:Q4_K_M") -> str:
    operation_id = await service.start(OperationType.INSTALL, name, runtime="llama_cpp", payload={"name": name})
    await job.begun.wait()
    return operation_id


async def test_the_row_is_in_history_before_the_work_begins(database: Database, job: Job) -> None:
    rows_at_begin: list[int] = []

    async def work(operation: ModelOperation) -> Steps:
        rows = await database.rows("SELECT status FROM operations WHERE operation_id = ?", (operation.operation_id,))
        rows_at_begin.append(len(rows))
        yield Progress()

    service = OperationService(OperationHistory(database))
    service.register(OperationType.INSTALL, Kind(work=work))
    await service.open()
    await service.wait(await service.start(OperationType.INSTALL, "org/repo"))
    await service.close()
    assert rows_at_begin == [1]


async def test_who_waits_before_the_row_is_written_hears_the_end(service: OperationService, job: Job) -> None:
    starting = asyncio.create_task(service.start(OperationType.INSTALL, "org/repo:Q4_K_M", runtime="llama_cpp"))
    while not service.operations:  # noqa: ASYNC110 - it is there before the row is written, which is told to nobody
        await asyncio.sleep(0)
    (pending,) = service.operations
    waiting = asyncio.create_task(service.wait(pending.operation_id))
    await job.begun.wait()
    job.go_on.set()
    async with asyncio.timeout(60):
        assert (await waiting).status is OperationStatus.COMPLETED
    assert await starting == pending.operation_id


async def test_progress_is_published_and_ends_at_a_hundred(service: OperationService, job: Job) -> None:
    seen: list[float | None] = []
    service.changed.subscribe(lambda operation: seen.append(operation.progress))
    operation_id = await _begin(service, job)
    assert service.get(operation_id).progress == 25.0
    job.go_on.set()
    done = await service.wait(operation_id)
    assert done.status is OperationStatus.COMPLETED
    assert done.progress == 100.0
    assert done.completed_at is not None
    known = [value for value in seen if value is not None]
    assert known == sorted(known)


async def test_progress_never_runs_backwards_when_the_total_grows(service: OperationService, job: Job) -> None:
    async def work(operation: ModelOperation) -> Steps:
        yield Progress(done_bytes=50, total_bytes=100)
        yield Progress(done_bytes=60, total_bytes=1000)
        job.begun.set()
        await asyncio.Event().wait()

    service.register(OperationType.INSTALL, Kind(work=work))
    operation_id = await _begin(service, job)
    assert service.get(operation_id).progress == 50.0


async def test_an_unknown_total_shows_no_percentage(service: OperationService, job: Job) -> None:
    async def work(operation: ModelOperation) -> Steps:
        yield Progress(done_bytes=1_200_000_000)
        job.begun.set()
        await asyncio.Event().wait()

    service.register(OperationType.INSTALL, Kind(work=work))
    operation = service.get(await _begin(service, job))
    assert operation.progress is None
    assert operation.done_bytes == 1_200_000_000


async def test_a_paused_operation_keeps_its_place_and_goes_on_when_resumed(service: OperationService, job: Job) -> None:
    operation_id = await _begin(service, job)
    service.pause(operation_id)
    paused = await service.wait(operation_id)
    assert (paused.status, paused.progress) == (OperationStatus.PAUSED, 25.0)
    assert job.ended.is_set()
    assert job.discarded == []
    job.go_on.set()
    service.resume(operation_id)
    assert (await service.wait(operation_id)).status is OperationStatus.COMPLETED
    assert job.runs == 2


async def test_pausing_twice_in_a_row_leaves_one_paused_operation(service: OperationService, job: Job) -> None:
    operation_id = await _begin(service, job)
    service.pause(operation_id)
    service.pause(operation_id)
    assert service.get(operation_id).status is OperationStatus.IN_PROGRESS
    with pytest.raises(WrongState):
        service.resume(operation_id)
    assert (await service.wait(operation_id)).status is OperationStatus.PAUSED


async def test_a_cancelled_operation_throws_away_what_was_half_done(service: OperationService, job: Job) -> None:
    operation_id = await _begin(service, job)
    service.cancel(operation_id)
    assert (await service.wait(operation_id)).status is OperationStatus.CANCELLED
    await service.close()
    assert job.discarded == [operation_id]


async def test_a_paused_operation_can_be_cancelled(service: OperationService, job: Job) -> None:
    operation_id = await _begin(service, job)
    service.pause(operation_id)
    await service.wait(operation_id)
    assert service.cancel(operation_id).status is OperationStatus.CANCELLED
    await service.close()
    assert job.discarded == [operation_id]


async def test_a_failure_keeps_its_sentence_and_code_and_can_be_retried(service: OperationService, job: Job) -> None:
    job.error = DiskFull()
    job.go_on.set()
    operation_id = await _begin(service, job)
    failed = await service.wait(operation_id)
    assert (failed.status, failed.reason_code) == (OperationStatus.FAILED, "DISK_FULL")
    assert failed.error is not None
    assert "disk is full" in failed.error
    job.error = None
    service.retry(operation_id)
    done = await service.wait(operation_id)
    assert (done.status, done.error) == (OperationStatus.COMPLETED, None)


@pytest.mark.expects_warnings
async def test_an_unforeseen_failure_never_shows_its_inside(service: OperationService, job: Job) -> None:
    job.error = ValueError("secret inside")
    job.go_on.set()
    failed = await service.wait(await _begin(service, job))
    assert failed.reason_code == "INTERNAL_ERROR"
    assert "secret" not in str(failed.error)


async def test_a_second_operation_on_the_same_model_is_refused(service: OperationService, job: Job) -> None:
    await _begin(service, job)
    with pytest.raises(OperationRunning):
        await service.start(OperationType.INSTALL, "org/repo:Q4_K_M", runtime="llama_cpp")


async def test_verbs_refuse_what_the_state_does_not_allow(service: OperationService, job: Job) -> None:
    job.go_on.set()
    operation_id = await _begin(service, job)
    await service.wait(operation_id)
    for verb in (service.pause, service.resume, service.cancel, service.retry):
        with pytest.raises(WrongState):
            verb(operation_id)
    with pytest.raises(UnknownOperation):
        service.get("nobody")


async def test_history_survives_a_restart_and_unfinished_work_comes_back_paused(database: Database, job: Job) -> None:
    first = await _open_service(database, job)
    operation_id = await _begin(first, job)
    await first.close()
    second = await _open_service(database, job)
    operation = second.get(operation_id)
    assert (operation.status, operation.paused_by_restart) == (OperationStatus.PAUSED, True)
    assert dict(operation.payload) == {"name": "org/repo:Q4_K_M"}
    job.go_on.set()
    second.resume(operation_id)
    assert (await second.wait(operation_id)).status is OperationStatus.COMPLETED
    await second.close()


async def test_a_row_left_in_progress_by_a_crash_comes_back_as_paused(database: Database, job: Job) -> None:
    crashed = await _open_service(database, job)
    operation_id = await _begin(crashed, job)
    second = await _open_service(database, job)
    assert second.get(operation_id).status is OperationStatus.PAUSED
    await second.close()
    await crashed.close()


async def test_work_that_cannot_be_resumed_is_failed_by_a_restart_with_a_reason(database: Database, job: Job) -> None:
    first = await _open_service(database, job)
    operation_id = await first.start(OperationType.REMOVE, "org/repo", runtime="llama_cpp")
    await job.begun.wait()
    await first.close()
    second = await _open_service(database, job)
    assert (second.get(operation_id).status, second.get(operation_id).reason_code) == (
        OperationStatus.FAILED,
        "INTERRUPTED",
    )
    await second.close()


async def test_finished_operations_are_forgotten_on_request_for_good(database: Database, job: Job) -> None:
    first = await _open_service(database, job)
    job.go_on.set()
    await first.wait(await _begin(first, job))
    await first.forget_finished()
    assert first.operations == ()
    await first.close()
    second = await _open_service(database, job)
    assert second.operations == ()
    await second.close()


async def test_a_thousand_progress_steps_write_few_rows(database: Database, job: Job) -> None:
    writes: list[ModelOperation] = []

    class Counting(OperationHistory):
        async def save(self, operation: ModelOperation) -> None:
            writes.append(operation)
            await super().save(operation)

    async def work(operation: ModelOperation) -> Steps:
        for done in range(1000):
            yield Progress(done_bytes=done, total_bytes=1000)

    service = OperationService(Counting(database), clock=lambda: 0.0)
    service.register(OperationType.INSTALL, Kind(work=work))
    await service.open()
    await service.wait(await service.start(OperationType.INSTALL, "org/repo"))
    await service.close()
    assert len(writes) < 10


async def test_an_operation_whose_caller_left_while_it_was_written_leaves_nothing_behind(
    database: Database, job: Job
) -> None:
    service = await _open_service(database, job)
    async with TaskScope("clicks") as clicks:
        first = clicks.start("install", service.start(OperationType.INSTALL, "org/repo", runtime="llama_cpp"))
        await asyncio.sleep(0)
        second = clicks.start("install", service.start(OperationType.INSTALL, "org/repo", runtime="llama_cpp"))
        operation_id = await second
    assert first.cancelled()
    assert [operation.operation_id for operation in service.operations] == [operation_id]
    job.go_on.set()
    assert (await service.wait(operation_id)).status is OperationStatus.COMPLETED
    await service.close()
    again = await _open_service(database, job)
    assert [operation.operation_id for operation in again.operations] == [operation_id]
    await again.close()


async def test_a_retry_begins_after_what_was_cancelled_is_thrown_away(database: Database, job: Job) -> None:
    thrown_away = asyncio.Event()
    order: list[str] = []

    async def work(operation: ModelOperation) -> Steps:
        order.append("work")
        async for step in job.work(operation):
            yield step

    async def discard(operation: ModelOperation) -> None:
        await thrown_away.wait()
        order.append("discard")

    service = OperationService(OperationHistory(database))
    service.register(OperationType.INSTALL, Kind(work=work, discard=discard, can_pause=True))
    await service.open()
    operation_id = await _begin(service, job)
    service.cancel(operation_id)
    await service.wait(operation_id)
    service.retry(operation_id)
    for _ in range(5):
        await asyncio.sleep(0)
    thrown_away.set()
    job.go_on.set()
    assert (await service.wait(operation_id)).status is OperationStatus.COMPLETED
    assert order == ["work", "discard", "work"]
    await service.close()


@pytest.mark.expects_warnings
async def test_an_end_that_found_the_disk_full_is_written_with_the_next_change(database: Database, job: Job) -> None:
    class Full(OperationHistory):
        full = False
        refused = asyncio.Event()

        async def save(self, operation: ModelOperation) -> None:
            if self.full and operation.status.is_final:
                self.refused.set()
                raise DiskFull
            await super().save(operation)

    history = Full(database)
    service = OperationService(history)
    service.register(OperationType.INSTALL, job.kind)
    await service.open()
    operation_id = await _begin(service, job)
    history.full = True
    job.go_on.set()
    await service.wait(operation_id)
    async with asyncio.timeout(60):
        await history.refused.wait()
    history.full = False
    await service.wait(await _begin(service, job, "org/other:Q4_K_M"))
    await service.close()
    again = await _open_service(database, job)
    assert {operation.status for operation in again.operations} == {OperationStatus.COMPLETED}
    await again.close()


async def test_a_job_past_its_point_of_no_return_cannot_be_cancelled_until_it_begins_anew(
    service: OperationService,
) -> None:
    told, goes_on = asyncio.Event(), asyncio.Event()

    async def work(_: ModelOperation) -> Steps:
        yield Progress(step="stop", can_cancel=False)
        told.set()
        await goes_on.wait()
        raise DiskFull(needed="1 GB", left="0 GB", path="/")

    service.register(OperationType.ACTIVATE, Kind(work=work))
    operation_id = await service.start(OperationType.ACTIVATE, "tiny")
    await told.wait()
    with pytest.raises(WrongState):
        service.cancel(operation_id)
    goes_on.set()
    assert (await service.wait(operation_id)).status is OperationStatus.FAILED
    again = service.retry(operation_id)
    assert (again.can_cancel, again.step) == (True, None)
    await service.wait(operation_id)


async def test_a_question_stands_until_it_is_taken_back_or_the_job_ends(service: OperationService) -> None:
    asked: list[str | None] = []

    async def work(_: ModelOperation) -> Steps:
        for question in ("sure", None, "", "sure"):
            yield Progress(question=question)

    service.register(OperationType.ACTIVATE, Kind(work=work))
    service.changed.subscribe(lambda operation: asked.append(operation.question))
    await service.wait(await service.start(OperationType.ACTIVATE, "tiny"))
    assert asked[-5:] == ["sure", "sure", None, "sure", None]
