"""vLLM's server in every hand: ours, an orphan of ours, and somebody else's; its progress, its ends and its port."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.contract.runtime_benches import SETTINGS, VllmBench, gone, until
from tests.fakes import vllm_log as log
from tests.fakes.vllm import Plan, install_vllm, open_gate, write_model
from venom_desktop.core.errors import (
    DevicesUnknown,
    LoadCancelled,
    NotOurServer,
    OutOfGraphicsMemory,
    ServerKeyWanted,
    ServerPortTaken,
    ServerRunsAlready,
    UnfitModel,
    VllmMissing,
)
from venom_desktop.core.host.sample import GpuSample
from venom_desktop.core.http import HttpError, make_local_client
from venom_desktop.core.runtimes.base import Control, FollowedRuntime, LoadSettings, RuntimeState, ServerRuntime
from venom_desktop.core.runtimes.control.process_identity import started_mark
from venom_desktop.core.runtimes.vllm_settings import VllmSettings

WITHIN_S = 60


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[VllmBench]:
    async with make_local_client() as http:
        made = VllmBench(tmp_path, http)
        yield made
        await made.runtime.close()


@contextmanager
def foreign(bench: VllmBench, name: str = "theirs", *, key: str = "", program: Path | None = None) -> Iterator[int]:
    """A vLLM that somebody else started at our port; gives its PID."""
    program = program or install_vllm(bench.folder / "theirs")
    model = write_model(bench.folder / "elsewhere" / name)
    command = [str(program), "serve", str(model), "--port", str(bench.options.port), f"--served-model-name={name}"]
    environment = {**os.environ, "VLLM_API_KEY": key}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


async def answers(bench: VllmBench) -> bool:
    try:
        response = await bench.http.get(f"http://127.0.0.1:{bench.options.port}/health")
    except HttpError:
        return False
    return response.status_code == 200


def plan(bench: VllmBench, **told: object) -> None:
    install_vllm(bench.folder / "bin", Plan(**told))  # type: ignore[arg-type]  # fields of the plan


def test_it_is_followed_and_is_no_server_of_many_models(bench: VllmBench) -> None:
    assert isinstance(bench.runtime, FollowedRuntime)
    assert not isinstance(bench.runtime, ServerRuntime)


async def test_the_logs_progress_shows_while_it_loads_and_is_gone_afterwards(bench: VllmBench) -> None:
    steps = (log.STARTING_TO_LOAD, log.shard(3, 8), {"gate": "on"}, log.LOADED, log.GRAPHS, log.ENGINE_READY)
    plan(bench, steps=steps)
    async with asyncio.TaskGroup() as group:
        group.create_task(bench.runtime.load(bench.model(), SETTINGS))
        words = ""
        while words != "Loading weights 3 of 8":
            words = str((await bench.state(RuntimeState.STARTING)).progress)
        open_gate(bench.folder / "bin", "on")
    assert (bench.runtime.snapshot.state, bench.runtime.snapshot.progress) == (RuntimeState.RUNNING, None)


async def test_a_failure_takes_its_progress_along_and_is_told_with_its_figures(bench: VllmBench) -> None:
    plan(bench, steps=(log.shard(8, 8),), fails=log.ended_with(log.SMALL_CACHE))
    with pytest.raises(OutOfGraphicsMemory, match="Lower the context to 71\u00a0872 tokens"):
        await bench.runtime.load(bench.model(), SETTINGS)
    snapshot = bench.runtime.snapshot
    assert (snapshot.state, snapshot.progress, snapshot.pid) == (RuntimeState.EXITED, None, None)
    assert isinstance(snapshot.error, OutOfGraphicsMemory)
    with pytest.raises(OutOfGraphicsMemory):
        bench.runtime.upstream()


async def test_a_server_that_dies_later_is_explained_from_its_log(bench: VllmBench) -> None:
    await bench.runtime.load(bench.model(), SETTINGS)
    url = f"{bench.runtime.snapshot.endpoint}/stand-in/call"
    call = {"method": "exit", "arguments": {"lines": [log.ALLOCATION], "code": 1}}
    await bench.http.post(url, json=call)
    snapshot = await bench.state(RuntimeState.EXITED)
    assert isinstance(snapshot.error, OutOfGraphicsMemory)
    assert snapshot.exit_code == 1


async def test_a_model_that_it_does_not_know_offers_another(bench: VllmBench) -> None:
    plan(bench, fails=log.ended_with(log.ARCHITECTURE))
    with pytest.raises(UnfitModel, match="MambaFutureForCausalLM"):
        await bench.runtime.load(bench.model(), SETTINGS)


async def test_a_server_that_ignores_the_end_is_killed_with_all_it_started(bench: VllmBench) -> None:
    plan(bench, steps=({"child": True},), ignores_term=True)
    await bench.runtime.load(bench.model(), SETTINGS)
    pid = bench.runtime.snapshot.pid
    assert pid is not None
    engines = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    assert engines
    await bench.runtime.stop()
    assert await gone(pid)
    assert all([await gone(int(engine)) for engine in engines])


async def test_the_port_of_ours_and_keys_of_others_do_not_reach_the_server(
    bench: VllmBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """vLLM reads VLLM_PORT as the first of its inner ports, and would take the one it is to listen at."""
    monkeypatch.setenv("VLLM_PORT", str(bench.options.port))
    monkeypatch.setenv("VLLM_API_KEY", "of-somebody-else")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none-of-its-business")
    await bench.runtime.load(bench.model(), SETTINGS)
    told = (await bench.told("/stand-in/environment"))["environment"]
    assert "VLLM_PORT" not in told
    assert "OPENAI_API_KEY" not in told
    assert told["VLLM_API_KEY"] == bench.runtime.upstream().headers["Authorization"].removeprefix("Bearer ")
    assert told["VLLM_NO_USAGE_STATS"] == "1"


async def test_what_is_shown_before_is_what_runs(bench: VllmBench) -> None:
    bench.chosen = VllmSettings(max_num_seqs=3, enforce_eager=True)
    model = bench.model()
    shown = await asyncio.to_thread(bench.runtime.command_for, model, SETTINGS)
    await bench.runtime.load(model, SETTINGS)
    arguments = (await bench.told("/stand-in/environment"))["arguments"]
    assert shown.endswith(" ".join(arguments))
    assert "--max-num-seqs 3 --enforce-eager" in shown


async def test_other_settings_of_the_model_start_it_anew(bench: VllmBench) -> None:
    model = bench.model()
    await bench.runtime.load(model, SETTINGS)
    first = bench.runtime.snapshot.pid
    bench.chosen = VllmSettings(served_name="nick")
    await bench.runtime.load(model, SETTINGS)
    assert bench.runtime.snapshot.pid != first
    assert bench.runtime.upstream().model == "nick"
    assert [loaded.name for loaded in bench.runtime.snapshot.loaded] == ["tiny"]


async def test_without_a_program_it_says_where_to_name_one(bench: VllmBench) -> None:
    bench.program = None
    await bench.runtime.refresh()
    missing = bench.runtime.snapshot
    assert missing.state is RuntimeState.UNAVAILABLE
    assert isinstance(missing.error, VllmMissing)
    with pytest.raises(VllmMissing, match="name its vllm program in Settings"):
        await bench.runtime.load(bench.model(), SETTINGS)
    bench.program = install_vllm(bench.folder / "bin")
    await bench.runtime.refresh()
    found = bench.runtime.snapshot
    assert (found.state, found.error) == (RuntimeState.STOPPED, None)


async def test_the_version_of_a_program_that_does_not_run_comes_by_itself(bench: VllmBench) -> None:
    plan(bench, version="0.19.1")
    bench.runtime.look()
    while (await bench.state(RuntimeState.STOPPED)).version != "0.19.1":
        pass


async def test_a_port_of_a_foreign_program_is_named_and_nothing_is_stopped(bench: VllmBench) -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", bench.options.port)
    async with server:
        with pytest.raises(
            ServerPortTaken, match=rf"Port {bench.options.port} is taken by PID\s{os.getpid()} "
        ) as caught:
            await bench.runtime.load(bench.model(), SETTINGS)
        assert not isinstance(caught.value, ServerRunsAlready)
        assert caught.value.parameters["free_port"] != bench.options.port
    assert RuntimeState.STARTING not in bench.states


async def test_a_port_that_is_taken_during_the_start_is_named_too(bench: VllmBench) -> None:
    plan(bench, refuses_port=True)
    with pytest.raises(ServerPortTaken, match=f"Port {bench.options.port} is taken by"):
        await bench.runtime.load(bench.model(), SETTINGS)


async def test_a_server_of_others_is_shown_and_answers_and_is_never_ended_unasked(bench: VllmBench) -> None:
    with foreign(bench) as pid:
        await until(lambda: answers(bench))
        await bench.runtime.refresh()
        snapshot = bench.runtime.snapshot
        assert (snapshot.state, snapshot.control) == (RuntimeState.RUNNING, Control.EXTERNAL)
        assert [loaded.name for loaded in snapshot.loaded] == ["theirs"]
        assert (await bench.everything())[-1].finish_reason == "stop"
        for verb in (bench.runtime.stop, bench.runtime.unload):
            with pytest.raises(NotOurServer):
                await verb()
        await bench.runtime.close()
        assert started_mark(pid) is not None


async def test_a_server_of_others_ends_when_that_was_asked_for(bench: VllmBench) -> None:
    with foreign(bench) as pid:
        await until(lambda: answers(bench))
        await bench.runtime.refresh()
        await bench.runtime.stop(force=True)
        assert await gone(pid)
        assert bench.runtime.snapshot.state is RuntimeState.STOPPED


async def test_a_server_of_others_that_serves_the_model_is_used_as_it_is(bench: VllmBench) -> None:
    with foreign(bench) as pid:
        await until(lambda: answers(bench))
        await bench.runtime.load(bench.model_of(bench.folder / "elsewhere" / "theirs"), SETTINGS)
        assert (bench.runtime.snapshot.pid is None) or bench.runtime.snapshot.control is Control.EXTERNAL
        assert started_mark(pid) is not None
        assert RuntimeState.STARTING not in bench.states


async def test_a_server_of_others_with_another_model_is_not_replaced_unasked(bench: VllmBench) -> None:
    with foreign(bench) as pid:
        await until(lambda: answers(bench))
        with pytest.raises(ServerRunsAlready, match=f"Port {bench.options.port} is taken"):
            await bench.runtime.load(bench.model(), SETTINGS)
        assert started_mark(pid) is not None


async def test_a_server_of_others_is_noticed_and_its_end_too(bench: VllmBench) -> None:
    end = bench.runtime.watch()
    with foreign(bench):
        while (await bench.state(RuntimeState.RUNNING)).control is not Control.EXTERNAL:
            pass
    snapshot = await bench.state(RuntimeState.STOPPED)
    assert (snapshot.error, snapshot.loaded) == (None, ())
    end()


async def test_a_server_that_wants_another_key_is_shown_without_its_model(bench: VllmBench) -> None:
    with foreign(bench, key="theirs"):
        await until(lambda: answers(bench))
        await bench.runtime.refresh()
        assert (bench.runtime.snapshot.state, bench.runtime.snapshot.loaded) == (RuntimeState.RUNNING, ())
        with pytest.raises(ServerKeyWanted, match="VLLM_API_KEY"):
            bench.runtime.upstream()
        bench.foreign_key = "theirs"
        await bench.runtime.refresh()
        assert [loaded.name for loaded in bench.runtime.snapshot.loaded] == ["theirs"]


async def test_an_orphan_of_ours_is_taken_over_with_its_key(bench: VllmBench) -> None:
    """A killed guard leaves it: PID, start time and port agree."""
    model = bench.model()
    await bench.runtime.load(model, SETTINGS)
    pid, key = bench.runtime.snapshot.pid, bench.runtime.upstream().headers["Authorization"]
    assert pid is not None
    other = VllmBench(bench.folder, bench.http, bench.program)
    other.options = bench.options
    record = next((bench.folder / "run").glob("*.pid.json"))
    text = record.read_text()
    guard = int(Path(f"/proc/{pid}/status").read_text().split("PPid:")[1].split()[0])
    os.kill(guard, signal.SIGSTOP)
    try:
        record.with_name("vllm-1.pid.json").write_text(text.replace(f'"guard_pid": {guard}', '"guard_pid": 999999'))
        await other.runtime.load(model, LoadSettings())
        assert (other.runtime.snapshot.pid, other.runtime.snapshot.control) == (pid, Control.CHILD)
        assert other.runtime.upstream().headers["Authorization"] == key
    finally:
        os.kill(guard, signal.SIGCONT)
        await other.runtime.close()
    assert await gone(pid)


async def test_stopping_while_it_loads_ends_the_load(bench: VllmBench) -> None:
    plan(bench, hangs=True)
    load = asyncio.gather(bench.runtime.load(bench.model(), SETTINGS), return_exceptions=True)
    await bench.state(RuntimeState.STARTING)
    await asyncio.wait_for(bench.runtime.stop(), WITHIN_S)
    [ended] = await load
    assert isinstance(ended, LoadCancelled)
    assert "tiny" in str(ended)
    assert (bench.runtime.snapshot.state, bench.runtime.snapshot.error) == (RuntimeState.STOPPED, None)


async def test_its_devices_are_the_cards_of_the_driver_and_unknown_without_one(bench: VllmBench) -> None:
    with pytest.raises(DevicesUnknown, match=r"^No NVIDIA driver tells which graphics cards vLLM can use\."):
        await bench.runtime.devices()
    bench.cards = ()
    assert await bench.runtime.devices() == ()
    bench.cards = (
        GpuSample(index=0, name="H200", load_percent=1, memory_used_bytes=9, memory_total_bytes=100),
        GpuSample(index=1, name="T4", load_percent=None, memory_used_bytes=None, memory_total_bytes=None),
    )
    first, second = await bench.runtime.devices()
    assert (first.name, first.description, first.kind) == ("cuda:0", "H200", "gpu")
    assert (first.memory_free_bytes, first.memory_total_bytes) == (91, 100)
    assert (second.memory_free_bytes, second.memory_total_bytes) == (None, None)
