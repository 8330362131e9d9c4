"""Switches to and from vLLM over the stand-in's process: told to crash, killed, and stubborn when it has to go."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.runtime_benches import VllmBench, gone
from tests.core.registry.switchboard import FIRST, ONE, Switchboard, a_switchboard
from tests.fakes import vllm_log as log
from tests.fakes.vllm import Plan, install_vllm, open_gate
from venom_desktop.core.errors import OutOfGraphicsMemory, VenomError, VllmMissing
from venom_desktop.core.http import make_local_client
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.registry.switch_steps import SwitchStep
from venom_desktop.core.runtimes.base import RuntimeState

BIG = ModelKey(name="big", runtime="vllm")


@pytest.fixture(name="vllm")
async def _vllm(tmp_path: Path) -> AsyncIterator[VllmBench]:
    async with make_local_client() as http:
        bench = VllmBench(tmp_path / "vllm", http)
        yield bench
        await bench.runtime.close()


@pytest.fixture(name="board")
async def _board(tmp_path: Path, vllm: VllmBench) -> AsyncIterator[Switchboard]:
    async with a_switchboard(tmp_path) as board:
        board.runtimes["vllm"] = vllm.runtime
        await board.manifest.put(vllm.model(BIG.name))
        await board.inventory.refresh()
        yield board


async def test_there_and_back_leaves_one_process_at_a_time(board: Switchboard, vllm: VllmBench) -> None:
    await board.switch(ONE)
    engine = board.engine.snapshot.pid
    await board.switch(BIG)
    assert await gone(engine)
    assert await board.answers(BIG)
    server = vllm.runtime.snapshot.pid
    await board.switch(FIRST)
    assert await gone(server)
    assert board.loaded == [FIRST]


async def test_the_operation_tells_how_far_the_load_came(board: Switchboard, vllm: VllmBench) -> None:
    install_vllm(vllm.folder / "bin", Plan(steps=(log.shard(3, 8), {"gate": "weights"})))
    counted, said = asyncio.Event(), []

    def hear(operation: ModelOperation) -> None:
        said.append((operation.step, operation.message))
        if operation.message == "Loading weights 3 of 8":
            counted.set()

    board.operations.changed.subscribe(hear)
    async with asyncio.timeout(60):
        operation_id = await board.activating.start(BIG.name, BIG.runtime)
        await counted.wait()
        assert board.operation.can_cancel
        open_gate(vllm.folder / "bin", "weights")
        assert (await board.operations.wait(operation_id)).status is OperationStatus.COMPLETED
    steps = list(dict.fromkeys(said))
    order = [
        steps.index(("start", "Loading big")),
        steps.index(("start", "Loading weights 3 of 8")),
        steps.index(("healthy", "Asking vLLM whether it is ready")),
    ]
    assert order == sorted(order)


async def test_a_load_that_is_cancelled_the_moment_it_tells_leaves_no_server(
    board: Switchboard, vllm: VllmBench
) -> None:
    install_vllm(vllm.folder / "bin", Plan(steps=(log.shard(3, 8),), hangs=True))

    def cancel(operation: ModelOperation) -> None:
        if operation.message == "Loading weights 3 of 8" and not operation.status.is_final:
            board.operations.cancel(operation.operation_id)

    board.operations.changed.subscribe(cancel)
    async with asyncio.timeout(60):
        operation_id = await board.activating.start(BIG.name, BIG.runtime)
        assert (await board.operations.wait(operation_id)).status is OperationStatus.CANCELLED
    assert vllm.runtime.snapshot.state is RuntimeState.STOPPED
    assert not list((vllm.folder / "run").iterdir())


async def test_a_server_that_ignores_the_polite_word_is_gone_before_the_next_one_starts(
    board: Switchboard, vllm: VllmBench
) -> None:
    install_vllm(vllm.folder / "bin", Plan(ignores_term=True, holds_mb=50, steps=({"child": True},)))
    await board.switch(BIG)
    server = vllm.runtime.snapshot.pid
    assert (await board.switch(ONE)).status is OperationStatus.COMPLETED
    assert await gone(server)
    assert board.loaded == [ONE]


@pytest.mark.parametrize("before", [ONE, FIRST], ids=lambda key: key.runtime)
async def test_too_little_graphics_memory_gives_way_to_what_answered_before(
    board: Switchboard, vllm: VllmBench, before: ModelKey
) -> None:
    await board.switch(before)
    state = board.state_file
    install_vllm(vllm.folder / "bin", Plan(fails=log.ended_with(log.SMALL_CACHE)))
    with pytest.raises(OutOfGraphicsMemory) as caught:
        await board.switch(BIG)
    assert str(caught.value).endswith(f"{before.name} answers again.")
    assert board.state_file == state
    assert await board.answers(before)


@pytest.mark.parametrize("step", [SwitchStep.HEALTHY, SwitchStep.ANSWERED], ids=lambda step: step.value)
async def test_a_server_killed_at_any_step_gives_way_to_the_engine_before(board: Switchboard, step: SwitchStep) -> None:
    await board.switch(ONE)
    state = board.state_file
    board.on_step[step] = lambda: board.kill("vllm")
    with pytest.raises(VenomError) as caught:
        await board.switch(BIG)
    assert str(caught.value).endswith("one answers again.")
    assert board.state_file == state
    assert await board.answers(ONE)


async def test_it_is_put_back_when_the_next_one_fails(board: Switchboard) -> None:
    await board.switch(BIG)
    board.on_step[SwitchStep.ANSWERED] = lambda: board.kill("llama_cpp")
    with pytest.raises(VenomError) as caught:
        await board.switch(ONE)
    assert str(caught.value).endswith("big answers again.")
    assert await board.answers(BIG)


async def test_without_its_program_nothing_is_stopped(board: Switchboard, vllm: VllmBench) -> None:
    await board.switch(ONE)
    pid = board.engine.snapshot.pid
    vllm.program = None
    await vllm.runtime.refresh()
    with pytest.raises(VllmMissing):
        await board.switch(BIG)
    assert board.engine.snapshot.pid == pid
