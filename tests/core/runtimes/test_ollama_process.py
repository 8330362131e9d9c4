"""Ollama as a runtime over real processes of ours: started, stopped, killed in the middle of what they do."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from tests.core.runtimes.ollama_bench import HELLO, SETTINGS, WITHIN_S, Bench, a_bench, model_named
from tests.fakes.gguf_llama import SPEECH
from tests.fakes.ollama_process import install_ollama
from tests.support.counts import count
from venom_desktop.core.errors import LoadCancelled, RuntimeFailed, RuntimeUnavailable, UpstreamSlow
from venom_desktop.core.runtimes.base import Control, RuntimeState
from venom_desktop.core.runtimes.control.orphans import wait_for_end
from venom_desktop.core.runtimes.control.ports import free_port
from venom_desktop.core.runtimes.control.process_identity import started_mark

TINY = model_named("tiny:latest")


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with a_bench(tmp_path, program=install_ollama(tmp_path)) as made:
        yield made


async def started(bench: Bench) -> int:
    """The PID of a server of ours that has the model."""
    await bench.runtime.start()
    await bench.call("add_model", name=TINY.name)
    assert bench.now.pid is not None
    return bench.now.pid


async def gone(pid: int) -> bool:
    mark = started_mark(pid)
    return mark is None or await wait_for_end(pid, mark, within_s=10)


async def test_a_server_of_ours_starts_answers_and_ends(bench: Bench) -> None:
    pid = await started(bench)
    assert bench.states == [RuntimeState.STARTING, RuntimeState.RUNNING]
    assert (bench.now.control, bench.now.version, bench.now.endpoint) == (Control.CHILD, "0.16.3", bench.url)
    assert bench.now.port == int(bench.url.rpartition(":")[2])
    await bench.runtime.load(TINY, SETTINGS)
    assert await bench.text() == SPEECH
    assert any("Listening on" in line for line in await bench.runtime.read_log())
    await bench.runtime.stop()
    assert await gone(pid)
    stopped = bench.now
    assert (stopped.state, stopped.pid, stopped.loaded, stopped.error) == (RuntimeState.STOPPED, None, (), None)
    with pytest.raises(RuntimeUnavailable):
        await bench.everything()


async def test_starting_what_runs_starts_nothing(bench: Bench) -> None:
    pid = await started(bench)
    await bench.runtime.start()
    assert bench.now.pid == pid
    assert bench.states.count(RuntimeState.STARTING) == 1


async def test_loading_starts_a_server_that_is_stopped(bench: Bench) -> None:
    await started(bench)
    await bench.runtime.stop()
    await bench.runtime.load(TINY, SETTINGS)
    assert bench.now.state is RuntimeState.RUNNING
    assert bench.loaded == [TINY.name]


async def test_a_restart_keeps_the_model_active(bench: Bench) -> None:
    pid = await started(bench)
    await bench.runtime.load(TINY, SETTINGS)
    await bench.runtime.restart()
    assert bench.now.pid not in (None, pid)
    assert bench.loaded == []
    assert await bench.text() == SPEECH


async def test_a_server_that_cannot_start_says_why(bench: Bench) -> None:
    bench.environment["STAND_IN_FAILS"] = "Error: listen tcp: lookup nowhere: no such host"
    with pytest.raises(RuntimeFailed, match="does not have the address nowhere"):
        await bench.runtime.start()
    assert bench.now.state is RuntimeState.EXITED
    assert isinstance(bench.now.error, RuntimeFailed)
    del bench.environment["STAND_IN_FAILS"]
    await bench.runtime.start()
    assert bench.states[-1] is RuntimeState.RUNNING
    assert str(bench.now.error) == "None"


async def test_a_killed_server_is_noticed_and_explained_though_nobody_watches(bench: Bench) -> None:
    pid = await started(bench)
    await bench.runtime.load(TINY, SETTINGS)
    os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(60):
        exited = await bench.state(RuntimeState.EXITED)
    assert str(exited.error) == "Ollama stopped. Another program ended it (signal\u00a09). Start it again."
    assert (exited.exit_code, exited.pid, exited.loaded, exited.endpoint) == (-9, None, (), None)
    with pytest.raises(RuntimeFailed, match="Another program ended it"):
        await bench.everything()
    assert (await bench.runtime.refresh()).state is RuntimeState.EXITED, "what ended it is told until the user acts"
    await bench.runtime.start()
    assert await bench.text() == SPEECH


async def test_a_stopped_exit_is_forgotten(bench: Bench) -> None:
    pid = await started(bench)
    os.kill(pid, signal.SIGKILL)
    await bench.state(RuntimeState.EXITED)
    await bench.runtime.stop()
    assert (bench.now.state, bench.now.error, bench.now.exit_code) == (RuntimeState.STOPPED, None, None)


async def test_a_load_cut_by_the_death_of_the_server_says_why(bench: Bench) -> None:
    pid = await started(bench)
    await bench.call("fault", effect="Hangs", pattern="/api/generate")
    load = asyncio.ensure_future(bench.runtime.load(TINY, SETTINGS))
    await until_loading(bench)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(RuntimeFailed, match="Another program ended it"):
        await load
    assert bench.now.state is RuntimeState.EXITED
    await bench.runtime.load(TINY, SETTINGS)
    assert await bench.text() == SPEECH


async def test_an_answer_cut_by_the_death_of_the_server_says_why(bench: Bench) -> None:
    pid = await started(bench)
    await bench.runtime.load(TINY, SETTINGS)
    await bench.call("fault", effect="Hangs", fields={"after_lines": 1}, pattern="/api/chat")

    async def listen() -> None:
        async with aclosing(bench.runtime.chat(HELLO)) as chunks:
            async for _ in chunks:
                os.kill(pid, signal.SIGKILL)

    with pytest.raises(RuntimeFailed, match="Another program ended it"):
        await listen()
    assert (bench.now.state, bench.now.answering) == (RuntimeState.EXITED, 0)


async def test_stopping_ends_a_load_under_way_and_those_that_wait(bench: Bench) -> None:
    pid = await started(bench)
    await bench.call("fault", effect="Hangs", pattern="/api/generate")
    loads = asyncio.gather(
        bench.runtime.load(TINY, SETTINGS),
        bench.runtime.load(model_named("other:latest"), SETTINGS),
        return_exceptions=True,
    )
    await until_loading(bench)
    await bench.runtime.stop()
    assert [type(result) for result in await loads] == [LoadCancelled, LoadCancelled]
    assert bench.now.state is RuntimeState.STOPPED
    assert RuntimeState.EXITED not in bench.states
    assert await gone(pid)


async def test_stopping_ends_a_start_under_way_and_the_load_behind_it(bench: Bench) -> None:
    bench.environment["STAND_IN_SLOW_S"] = "600"
    load = asyncio.ensure_future(bench.runtime.load(TINY, SETTINGS))
    await bench.state(RuntimeState.STARTING)
    await asyncio.to_thread(wait_for_file, bench.folder / "run")
    await bench.runtime.stop()
    with pytest.raises(LoadCancelled, match="tiny:latest"):
        await load
    assert bench.now.state is RuntimeState.STOPPED
    assert not list((bench.folder / "run").iterdir())


async def test_a_start_can_be_stopped_at_once(bench: Bench) -> None:
    """Before there is a process, too."""
    for _ in range(count(4, 100)):
        load = asyncio.ensure_future(bench.runtime.load(TINY, SETTINGS))
        await bench.state(RuntimeState.STARTING)
        await bench.runtime.stop()
        with pytest.raises(LoadCancelled, match="tiny:latest"):
            await load
        assert bench.now.state is RuntimeState.STOPPED
    assert RuntimeState.EXITED not in bench.states


async def test_cancelling_a_start_ends_its_process(bench: Bench) -> None:
    bench.environment["STAND_IN_SLOW_S"] = "600"
    async with asyncio.TaskGroup() as group:
        task = group.create_task(bench.runtime.start())
        await bench.state(RuntimeState.STARTING)
        await asyncio.to_thread(wait_for_file, bench.folder / "run")
        task.cancel()
    assert task.cancelled()
    assert bench.now.state is RuntimeState.STOPPED
    assert not list((bench.folder / "run").iterdir())


async def test_a_server_that_stands_still_is_told_and_goes_on_afterwards(tmp_path: Path) -> None:
    async with a_bench(tmp_path, program=install_ollama(tmp_path), listing_s=0.4) as bench:
        pid = await started(bench)
        os.kill(pid, signal.SIGSTOP)
        try:
            snapshot = await bench.runtime.refresh()
            assert snapshot.state is RuntimeState.RUNNING
            assert isinstance(snapshot.error, UpstreamSlow)
            with pytest.raises(UpstreamSlow):
                await bench.runtime.load(TINY, SETTINGS)
        finally:
            os.kill(pid, signal.SIGCONT)
        await bench.runtime.load(TINY, SETTINGS)
        assert (bench.now.error, bench.now.pid) == (None, pid)
        os.kill(pid, signal.SIGSTOP)
        await bench.runtime.stop()
        assert await gone(pid)
        assert bench.now.state is RuntimeState.STOPPED
        assert bench.states == [
            RuntimeState.STARTING,
            RuntimeState.RUNNING,
            RuntimeState.STOPPING,
            RuntimeState.STOPPED,
        ]


async def test_stop_ends_a_server_of_ours_whose_address_was_changed_since(bench: Bench) -> None:
    pid = await started(bench)
    bench.url = f"http://127.0.0.1:{free_port()}"
    await bench.runtime.refresh()
    await bench.runtime.stop()
    assert await gone(pid)


async def test_closing_ends_a_server_of_ours(bench: Bench) -> None:
    pid = await started(bench)
    await bench.runtime.close()
    assert await gone(pid)


def wait_for_file(folder: Path) -> None:
    while not folder.is_dir() or not list(folder.glob("*.pid.json")):
        pass


async def until_loading(bench: Bench) -> None:
    """The stand-in counts a model as loaded before it answers."""
    async with asyncio.timeout(WITHIN_S):
        while not await bench.client.loaded():
            pass
