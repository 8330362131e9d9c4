"""The way of a switch that works: its steps, the wait for answers, its one right to run, and its ends in the middle."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import psutil
import pytest

from tests.core.registry.switchboard import FIRST, NEXT, ONE, OTHER, TWO, Switchboard, a_switchboard
from venom_desktop.core.errors import AnswersRunning, SwitchInProgress, WrongState
from venom_desktop.core.governance.base import Purpose, Target
from venom_desktop.core.operations.operation import OperationStatus
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.registry.switch_steps import STOP_AND_SWITCH, SwitchStep
from venom_desktop.core.runtimes.active import ActiveModelStore
from venom_desktop.core.runtimes.base import ChatMessage, ChatRequest, RuntimeState
from venom_desktop.core.tasks import TaskScope

LONG = ChatRequest(messages=(ChatMessage(role="user", content="Count for ever"),), max_tokens=20_000)


@pytest.fixture(name="board")
async def _board(tmp_path: Path) -> AsyncIterator[Switchboard]:
    async with a_switchboard(tmp_path) as made:
        yield made


class Answer:
    """One that runs until it is told to end."""

    def __init__(self, board: Switchboard, key: ModelKey, scope: TaskScope) -> None:
        self._end = asyncio.Event()
        self._board = board
        self._key = key
        self.began = asyncio.Event()
        self.was_whole = False
        self._task = scope.start(f"answer {id(self)}", self._hold())

    async def end(self) -> None:
        self._end.set()
        await self._task

    async def _hold(self) -> None:
        runtime = self._board.runtimes[self._key.runtime]
        with runtime.passing():
            self.began.set()
            await self._end.wait()
            self.was_whole = runtime.snapshot.state is RuntimeState.RUNNING


@pytest.fixture(name="scope")
async def _scope() -> AsyncIterator[TaskScope]:
    async with TaskScope("answers") as scope:
        yield scope


async def answering(board: Switchboard, key: ModelKey, scope: TaskScope) -> Answer:
    answer = Answer(board, key, scope)
    await answer.began.wait()
    return answer


async def test_the_steps_between_two_runtimes_are_told_in_their_order(board: Switchboard) -> None:
    await board.switch(ONE)
    board.steps.clear()
    done = await board.switch(FIRST)
    assert board.steps == [
        "validate",
        "stop",
        "memory_returned",
        "start",
        "healthy",
        "loaded",
        "answered",
        "saved",
    ]
    assert (done.status, done.can_cancel, done.question) == (OperationStatus.COMPLETED, False, None)
    assert board.engine.snapshot.state is RuntimeState.STOPPED
    assert board.loaded == [FIRST]


async def test_nothing_that_does_not_run_is_stopped(board: Switchboard) -> None:
    await board.switch(ONE)
    assert "stop" not in board.steps
    assert "memory_returned" not in board.steps


async def test_an_engine_is_gone_with_its_process_before_the_next_one_starts(board: Switchboard) -> None:
    await board.switch(ONE)
    pid = board.engine.snapshot.pid
    assert pid is not None
    alive: list[bool] = []
    board.on_step[SwitchStep.START] = lambda: alive.append(psutil.pid_exists(pid))
    await board.switch(OTHER)
    assert alive == [False]


async def test_another_model_on_the_same_server_restarts_nothing(board: Switchboard) -> None:
    await board.switch(FIRST)
    pid = board.bench.now.pid
    board.steps.clear()
    await board.switch(NEXT)
    assert board.bench.now.pid == pid
    assert board.loaded == [NEXT]
    assert "stop" in board.steps


async def test_leaving_a_server_of_several_models_unloads_them_and_lets_it_run(board: Switchboard) -> None:
    await board.switch(FIRST)
    pid = board.bench.now.pid
    await board.switch(ONE)
    assert (board.bench.now.state, board.bench.now.pid) == (RuntimeState.RUNNING, pid)
    assert board.loaded == [ONE]


async def test_a_model_elsewhere_leaves_the_servers_of_this_machine_running(board: Switchboard) -> None:
    await board.switch(ONE)
    board.options.elsewhere.add("second")
    await board.switch(OTHER)
    assert set(board.loaded) == {ONE, OTHER}
    assert board.active.snapshot.key == OTHER


async def test_running_answers_are_waited_for_and_counted(board: Switchboard, scope: TaskScope) -> None:
    await board.switch(ONE)
    answers = [await answering(board, ONE, scope), await answering(board, ONE, scope)]
    operation_id = await board.activating.start(FIRST.name, FIRST.runtime)
    await board.reaches(SwitchStep.DRAIN)
    assert board.operation.message == "Waiting for 2 answers"
    assert board.operation.can_cancel
    await answers[0].end()
    assert board.operation.message in ("Waiting for 1 answer", "Waiting for 2 answers")
    await answers[1].end()
    assert (await board.operations.wait(operation_id)).status is OperationStatus.COMPLETED
    assert [answer.was_whole for answer in answers] == [True, True]


async def test_new_answers_are_let_in_while_a_switch_waits(board: Switchboard, scope: TaskScope) -> None:
    await board.switch(ONE)
    first = await answering(board, ONE, scope)
    operation_id = await board.activating.start(FIRST.name, FIRST.runtime)
    await board.reaches(SwitchStep.DRAIN)
    second = await answering(board, ONE, scope)
    await first.end()
    assert await board.answers(ONE)
    await second.end()
    assert (await board.operations.wait(operation_id)).status is OperationStatus.COMPLETED
    assert second.was_whole


async def asks(board: Switchboard) -> None:
    asked = asyncio.Event()
    end = board.operations.changed.subscribe(lambda one: asked.set() if one.question else None)
    async with asyncio.timeout(30):
        await asked.wait()
    end()


async def test_after_its_time_it_asks_and_stops_when_told_to(board: Switchboard, scope: TaskScope) -> None:
    board.options.finish_within_s = 0.1
    await board.switch(ONE)
    answer = await answering(board, ONE, scope)
    operation_id = await board.activating.start(FIRST.name, FIRST.runtime)
    await asks(board)
    asking = board.operation
    assert (asking.question, asking.can_cancel) == (STOP_AND_SWITCH, True)
    assert asking.message == "1 answer is still running on llama.cpp. Switch when it is done, or stop it now?"
    board.activating.stop_and_switch(operation_id)
    assert (await board.operations.wait(operation_id)).status is OperationStatus.COMPLETED
    assert board.operation.question is None
    assert board.loaded == [FIRST]
    await answer.end()
    assert not answer.was_whole


async def test_a_server_of_ours_that_is_still_answering_is_ended_when_told_to(
    board: Switchboard, scope: TaskScope
) -> None:
    board.options.finish_within_s = 0.0
    await board.switch(FIRST)
    pid = board.bench.now.pid
    answer = await answering(board, FIRST, scope)
    operation_id = await board.activating.start(NEXT.name, NEXT.runtime)
    await asks(board)
    board.activating.stop_and_switch(operation_id)
    assert (await board.operations.wait(operation_id)).status is OperationStatus.COMPLETED
    assert board.bench.now.pid != pid
    assert board.loaded == [NEXT]
    await answer.end()


async def test_who_would_rather_wait_is_asked_again(board: Switchboard, scope: TaskScope) -> None:
    board.options.finish_within_s = 0.1
    await board.switch(ONE)
    answer = await answering(board, ONE, scope)
    operation_id = await board.activating.start(FIRST.name, FIRST.runtime)
    await asks(board)
    board.activating.keep_waiting(operation_id)
    with pytest.raises(WrongState):
        board.activating.stop_and_switch(operation_id)
    await asks(board)
    await answer.end()
    assert (await board.operations.wait(operation_id)).status is OperationStatus.COMPLETED


async def test_a_caller_that_cannot_be_asked_is_refused_and_nothing_stops(board: Switchboard, scope: TaskScope) -> None:
    board.options.finish_within_s = 0.1
    await board.switch(ONE)
    answer = await answering(board, ONE, scope)
    with pytest.raises(AnswersRunning) as caught:
        await board.switch(FIRST)
    assert caught.value.needs_confirmation
    assert str(caught.value) == "llama.cpp is still giving 1 answer. Confirm to break off and switch."
    assert board.active.snapshot.key == ONE
    await answer.end()
    assert answer.was_whole


async def test_a_caller_that_confirms_breaks_off_what_outlives_its_time(board: Switchboard, scope: TaskScope) -> None:
    board.options.finish_within_s = 0.1
    await board.switch(ONE)
    answer = await answering(board, ONE, scope)
    assert (await board.switch(FIRST, confirm=True)).status is OperationStatus.COMPLETED
    await answer.end()
    assert not answer.was_whole


async def test_a_real_answer_that_is_broken_off_says_so_to_who_asked(board: Switchboard, scope: TaskScope) -> None:
    board.options.finish_within_s = 0.0
    await board.switch(ONE)

    async def ask() -> str:
        target = Target(runtime=ONE.runtime, model=ONE.name)
        async with aclosing(board.ask.stream(target, LONG, Purpose.PROMPT)) as pieces:
            return "".join([piece.chunk.text async for piece in pieces])

    failure: list[Exception] = []
    began = asyncio.Event()
    end = board.engine.changed.subscribe(lambda snapshot: began.set() if snapshot.answering else None)
    scope.start("ask", ask(), failure.append)
    async with asyncio.timeout(30):
        await began.wait()
    end()
    done = await board.switch(OTHER, confirm=True)
    assert done.status is OperationStatus.COMPLETED
    await scope.drain()
    assert len(failure) <= 1


async def test_a_switch_can_be_cancelled_until_something_stops(board: Switchboard, scope: TaskScope) -> None:
    await board.switch(ONE)
    answer = await answering(board, ONE, scope)
    operation_id = await board.activating.start(FIRST.name, FIRST.runtime)
    await board.reaches(SwitchStep.DRAIN)
    board.operations.cancel(operation_id)
    assert (await board.operations.wait(operation_id)).status is OperationStatus.CANCELLED
    await answer.end()
    assert answer.was_whole
    assert await board.answers(ONE)
    # And the way is free for the next one.
    await board.switch(TWO)


@pytest.mark.parametrize(
    "step", [SwitchStep.STOP, SwitchStep.START, SwitchStep.LOADED, SwitchStep.SAVED], ids=lambda step: step.value
)
async def test_from_the_stop_on_a_switch_cannot_be_cancelled(board: Switchboard, step: SwitchStep) -> None:
    await board.switch(ONE)
    refused: list[str] = []

    def cancel() -> None:
        assert not board.operation.can_cancel
        with pytest.raises(WrongState) as caught:
            board.operations.cancel(board.operation.operation_id)
        refused.append(caught.value.reason_code)

    board.on_step[step] = cancel
    assert (await board.switch(FIRST)).status is OperationStatus.COMPLETED
    assert refused == ["WRONG_STATE"]


async def test_a_first_load_that_takes_nothing_from_anybody_can_be_cancelled(board: Switchboard) -> None:
    await board.bench.call("fault", effect="Hangs", pattern="/api/generate", times=1)
    operation_id = await board.activating.start(FIRST.name, FIRST.runtime)
    await board.reaches(SwitchStep.LOADED)
    assert board.operation.can_cancel
    board.operations.cancel(operation_id)
    assert (await board.operations.wait(operation_id)).status is OperationStatus.CANCELLED
    assert board.active.snapshot.key is None


async def test_a_second_switch_meanwhile_is_refused_at_once(board: Switchboard) -> None:
    operation_id = await board.activating.start(ONE.name, ONE.runtime)
    with pytest.raises(SwitchInProgress):
        await board.activating.start(FIRST.name, FIRST.runtime)
    with pytest.raises(SwitchInProgress):
        await board.activating.deactivate()
    assert (await board.operations.wait(operation_id)).status is OperationStatus.COMPLETED
    assert len(board.operations.operations) == 1


async def test_a_double_click_on_two_models_gives_one_winner_and_one_refusal(board: Switchboard) -> None:
    outcomes = await asyncio.gather(board.switch(ONE), board.switch(OTHER), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes].count(SwitchInProgress) == 1
    assert board.loaded == [board.active.snapshot.key]


async def test_a_retry_during_another_switch_is_told_the_same(board: Switchboard) -> None:
    board.on_step[SwitchStep.VALIDATE] = (board.folder / "two.gguf").unlink
    failed = await board.activating.start(TWO.name, TWO.runtime)
    await board.operations.wait(failed)
    running = await board.activating.start(ONE.name, ONE.runtime)
    board.operations.retry(failed)
    assert (await board.operations.wait(failed)).reason_code == "SWITCH_IN_PROGRESS"
    assert (await board.operations.wait(running)).status is OperationStatus.COMPLETED


@pytest.mark.parametrize(
    "step", [one for one in SwitchStep if one is not SwitchStep.PUT_BACK], ids=lambda one: one.value
)
async def test_a_quit_in_the_middle_has_an_end_and_leaves_the_state_true(
    board: Switchboard, scope: TaskScope, step: SwitchStep
) -> None:
    await board.switch(ONE)
    if step is SwitchStep.DRAIN:
        await answering(board, ONE, scope)
    operation_id = await board.activating.start(FIRST.name, FIRST.runtime)
    await board.reaches(step)
    await board.operations.close()
    ended = board.operations.get(operation_id)
    stored = ActiveModelStore(board.folder / "state").snapshot.key
    assert stored == board.active.snapshot.key
    if ended.status is OperationStatus.COMPLETED:
        assert stored == FIRST
    else:
        assert (ended.status, ended.reason_code) == (OperationStatus.FAILED, "INTERRUPTED")
        assert stored in (ONE, FIRST) if step is SwitchStep.SAVED else stored == ONE
    await board.engine.close()
    assert not [
        child for child in psutil.Process().children(recursive=True) if "llama_cpp_server" in " ".join(child.cmdline())
    ]
