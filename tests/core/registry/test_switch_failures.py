"""Every step of a switch failed on purpose: the model before answers again, and the user hears why."""

import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psutil
import pytest

from tests.core.registry.switchboard import FIRST, NEXT, ONE, OTHER, TWO, Switchboard, a_switchboard
from tests.fakes.llama_server import install_llama_server
from venom_desktop.core.errors import (
    FileMissing,
    MemoryNotReturned,
    ProgramMissing,
    RuntimeUnavailable,
    StorageFailed,
    VenomError,
)
from venom_desktop.core.operations.operation import OperationStatus
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.registry.switch_steps import SwitchStep
from venom_desktop.core.tasks import TaskScope

KILLED_AT = (SwitchStep.HEALTHY, SwitchStep.ANSWERED, SwitchStep.SAVED)
KILLED = "Another program ended it (signal\N{NO-BREAK SPACE}9)."


@pytest.fixture(name="board")
async def _board(tmp_path: Path) -> AsyncIterator[Switchboard]:
    async with a_switchboard(tmp_path) as made:
        yield made


async def fails(board: Switchboard, before: ModelKey, target: ModelKey) -> VenomError:
    """Switch to `before`, then in vain to `target`; everything that has to hold after any failure."""
    if board.active.snapshot.key != before:
        await board.switch(before)
    state = board.state_file
    with pytest.raises(VenomError) as caught:
        await board.switch(target)
    assert board.state_file == state
    assert board.active.snapshot.key == before
    assert await board.answers(before)
    assert target not in board.loaded
    failed = board.operation
    assert (failed.status, failed.reason_code) == (OperationStatus.FAILED, caught.value.reason_code)
    assert failed.error == str(caught.value)
    return caught.value


def tells_both(error: VenomError, before: ModelKey) -> bool:
    return str(error).endswith(f"{before.name} answers again.") and len(str(error).split(". ")) > 1


async def test_validate_a_file_that_is_gone_stops_nothing(board: Switchboard) -> None:
    await board.switch(FIRST)
    (board.folder / "one.gguf").unlink()
    steps = len(board.steps)
    with pytest.raises(FileMissing):
        await board.switch(ONE)
    assert board.steps[steps:] == []
    assert await board.answers(FIRST)


async def test_validate_a_runtime_that_is_not_installed_is_refused_before_anything_stops(board: Switchboard) -> None:
    await board.switch(ONE)
    await board.bench.runtime.stop()
    board.bench.program = None
    await board.bench.runtime.refresh()
    pid = board.engine.snapshot.pid
    with pytest.raises(ProgramMissing):
        await board.switch(FIRST)
    assert board.engine.snapshot.pid == pid


async def test_validate_a_file_that_goes_after_the_first_check_stops_nothing(board: Switchboard) -> None:
    await board.switch(FIRST)
    board.on_step[SwitchStep.VALIDATE] = (board.folder / "one.gguf").unlink
    assert isinstance(await fails(board, FIRST, ONE), FileMissing)
    assert SwitchStep.STOP not in board.steps[-1:]


async def test_stop_a_server_that_refuses_to_unload_goes_on_with_its_model(board: Switchboard) -> None:
    await board.switch(FIRST)
    board.on_step[SwitchStep.STOP] = lambda: None
    await board.bench.call(
        "fault",
        effect="failing",
        fields={"status": 500, "words": "out of order"},
        pattern="/api/generate",
        times=1,
    )
    error = await fails(board, FIRST, ONE)
    assert tells_both(error, FIRST)
    assert "out of order" in str(error)
    assert board.steps[-1] == "put_back"


async def test_memory_a_model_that_another_program_keeps_is_named_with_its_server(board: Switchboard) -> None:
    await board.switch(FIRST)
    board.on_step[SwitchStep.MEMORY_RETURNED] = lambda: board.load_by_another_program(FIRST)
    board.options.memory_within_s = 0.3
    error = await fails(board, FIRST, ONE)
    assert isinstance(error, MemoryNotReturned)
    assert str(error).startswith(f"Ollama (PID {board.bench.now.pid}) still holds ")
    assert tells_both(error, FIRST)


@pytest.fixture
def keeps_memory(tmp_path: Path) -> Iterator[Path]:
    """A `llama-server` that leaves a process behind, out of its group."""
    real = install_llama_server(tmp_path)
    program = tmp_path / "leaves-one-behind"
    program.write_text(f'#!/bin/sh\nsetsid sleep 3600.{os.getpid()} </dev/null >/dev/null 2>&1 &\nexec {real} "$@"\n')
    program.chmod(0o755)
    yield program
    for process in psutil.process_iter(["cmdline"]):
        if process.info["cmdline"] == ["sleep", f"3600.{os.getpid()}"]:
            os.kill(process.pid, signal.SIGKILL)


async def test_memory_a_process_that_stays_is_named_and_the_model_before_answers_again(
    board: Switchboard, keeps_memory: Path
) -> None:
    board.options.server_path = keeps_memory
    board.options.memory_within_s = 0.5
    await board.switch(ONE)
    error = await fails(board, ONE, FIRST)
    assert isinstance(error, MemoryNotReturned)
    assert error.parameters["holder"].startswith("sleep (PID ")
    assert tells_both(error, ONE)
    assert SwitchStep.LOADED not in board.steps[board.steps.index("stop") :]


async def test_start_a_server_that_does_not_start_is_explained(board: Switchboard) -> None:
    await board.switch(ONE)
    await board.bench.runtime.stop()
    board.bench.environment["STAND_IN_FAILS"] = "error: out of luck"
    error = await fails(board, ONE, FIRST)
    assert tells_both(error, ONE)
    assert "Ollama stopped." in str(error)


async def test_start_an_engine_that_does_not_start_is_explained(board: Switchboard) -> None:
    await board.switch(FIRST)
    board.options.server_path = board.folder / "nowhere"
    error = await fails(board, FIRST, ONE)
    assert tells_both(error, FIRST)


@pytest.mark.parametrize("step", KILLED_AT, ids=lambda step: step.value)
async def test_a_server_of_several_models_killed_at_any_step_gives_way_to_the_engine_before(
    board: Switchboard, step: SwitchStep
) -> None:
    await board.switch(ONE)
    board.on_step[step] = lambda: board.kill("ollama")
    error = await fails(board, ONE, FIRST)
    assert tells_both(error, ONE)
    assert str(error).startswith(f"Ollama stopped. {KILLED}")


@pytest.mark.parametrize(
    ("step", "before"),
    [*zip(KILLED_AT, (FIRST, OTHER, ONE), strict=True), (SwitchStep.HEALTHY, ONE), (SwitchStep.SAVED, FIRST)],
    ids=lambda one: one.value if isinstance(one, SwitchStep) else one.runtime,
)
async def test_an_engine_killed_at_any_step_gives_way_to_what_answered_before(
    board: Switchboard, step: SwitchStep, before: ModelKey
) -> None:
    await board.switch(before)
    board.on_step[step] = lambda: board.kill("llama_cpp")
    error = await fails(board, before, TWO)
    assert tells_both(error, before)
    assert str(error).startswith(f"llama.cpp stopped. {KILLED}")


async def test_loaded_a_server_killed_in_the_middle_of_a_load_gives_way_to_the_one_before(
    board: Switchboard,
) -> None:
    await board.switch(ONE)
    board.on_step[SwitchStep.LOADED] = lambda: board.call_now("fault", effect="Hangs", pattern="/api/generate", times=1)

    async def kill_in_the_load() -> None:
        await board.reaches(SwitchStep.LOADED)
        while [loaded.name for loaded in await board.bench.client.loaded()] != [FIRST.name]:
            pass
        board.kill("ollama")

    async with TaskScope("killer") as scope:
        scope.start("kill", kill_in_the_load())
        error = await fails(board, ONE, FIRST)
    assert tells_both(error, ONE)


async def test_start_a_model_file_that_is_broken_gives_way_to_the_model_before(board: Switchboard) -> None:
    await board.switch(FIRST)
    broken = board.folder / "one.gguf"
    broken.write_bytes(broken.read_bytes()[:2000])
    error = await fails(board, FIRST, ONE)
    assert tells_both(error, FIRST)


async def test_loaded_a_model_that_a_server_cannot_load_gives_way_to_the_one_before_on_it(board: Switchboard) -> None:
    await board.switch(FIRST)
    pid = board.bench.now.pid
    fault = {"effect": "failing", "fields": {"status": 500, "words": "out of memory"}}
    board.on_step[SwitchStep.LOADED] = lambda: board.call_now("fault", **fault, pattern="/api/generate", times=1)
    error = await fails(board, FIRST, NEXT)
    assert tells_both(error, FIRST)
    assert board.bench.now.pid == pid


def _put_in_the_way(file: Path) -> None:
    file.unlink(missing_ok=True)
    (file / "in the way").mkdir(parents=True)


async def test_saved_a_state_that_cannot_be_written_is_the_state_of_before_also_for_shells(board: Switchboard) -> None:
    await board.switch(ONE)
    state = board.folder / "state"
    shells = (state / "runtime.env").read_text()
    board.on_step[SwitchStep.SAVED] = lambda: _put_in_the_way(state / "active.json")
    with pytest.raises(StorageFailed) as caught:
        await board.switch(FIRST)
    assert tells_both(caught.value, ONE)
    assert board.active.snapshot.key == ONE
    assert (state / "runtime.env").read_text() == shells
    assert await board.answers(ONE)


async def test_a_model_before_that_cannot_be_put_back_is_told_with_its_reason(board: Switchboard) -> None:
    await board.switch(ONE)

    def worse() -> None:
        (board.folder / "one.gguf").unlink()
        board.kill("ollama")

    board.on_step[SwitchStep.ANSWERED] = worse
    state = board.state_file
    with pytest.raises(VenomError) as caught:
        await board.switch(FIRST)
    assert "one could not be put back: " in str(caught.value)
    assert "one.gguf" in str(caught.value)
    assert board.state_file == state


async def test_without_a_model_before_a_failure_leaves_nothing_loaded(board: Switchboard) -> None:
    board.on_step[SwitchStep.ANSWERED] = lambda: board.kill("llama_cpp")
    with pytest.raises(RuntimeUnavailable) as caught:
        await board.switch(ONE)
    assert caught.value.aftermath is None
    assert board.loaded == []
    assert board.active.snapshot.key is None


@pytest.mark.parametrize("step", [SwitchStep.STOP, SwitchStep.MEMORY_RETURNED], ids=lambda step: step.value)
async def test_a_server_that_dies_while_it_is_stopped_is_no_failure(board: Switchboard, step: SwitchStep) -> None:
    await board.switch(ONE)
    process = psutil.Process(board.engine.snapshot.pid or 0)

    def kill() -> None:
        if process.is_running():
            process.kill()

    board.on_step[step] = kill
    done = await board.switch(FIRST)
    assert done.status is OperationStatus.COMPLETED
    assert await board.answers(FIRST)
