"""What a runtime whose server outlives its models must hold: over the stand-in as a process, and over a real Ollama.

What is promised of answers holds for the same server elsewhere too.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.contract.ollama_bench import BINARY
from tests.contract.remote_benches import RemoteOllamaBench
from tests.core.runtimes.ollama_bench import HELLO, SETTINGS, WITHIN_S, Bench, a_bench
from tests.fakes.gguf_files import write_tiny_llama
from tests.fakes.gguf_llama import SPEECH
from tests.fakes.ollama_process import install_ollama
from tests.support.counts import count
from venom_desktop.core.errors import LoadCancelled, NoActiveModel, RuntimeFailed, RuntimeUnavailable, UnknownModel
from venom_desktop.core.registry.model import ModelMetadata
from venom_desktop.core.runtimes.base import Control, LoadSettings, RuntimeState, ServerRuntime
from venom_desktop.core.runtimes.control.orphans import wait_for_end
from venom_desktop.core.runtimes.control.process_identity import started_mark


@asynccontextmanager
async def bench_of(kind: str, folder: Path) -> AsyncIterator[Bench]:
    if kind == "real" and BINARY is None:
        pytest.skip("no ollama on PATH, and VENOM_TEST_OLLAMA names none")
    program = Path(BINARY or "") if kind == "real" else install_ollama(folder)
    async with a_bench(folder, program=program) as made:
        made.environment |= {"HOME": str(folder), "OLLAMA_NO_CLOUD": "1"}
        await made.runtime.start()
        yield made


@pytest.fixture(params=["stand-in", "real"])
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench_of(request.param, tmp_path) as made:
        yield made


@pytest.fixture(params=["stand-in", "real", "remote"])
async def answering(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench | RemoteOllamaBench]:
    async with bench_of(request.param, tmp_path) as made:
        if request.param != "remote":
            yield made
            return
        remote = RemoteOllamaBench(made)
        yield remote
        await remote.runtime.close()


async def made(bench: Bench | RemoteOllamaBench, name: str, *, endless: bool = False, seed: int = 0) -> ModelMetadata:
    """A model of random weights that was made of a file."""
    file = await asyncio.to_thread(write_tiny_llama, bench.folder / f"{name}.gguf", endless=endless, seed=seed)
    async with aclosing(bench.models.create(name, file)) as steps:
        async for _ in steps:
            pass
    return await bench.models.describe(name)


def is_stand_in(bench: Bench) -> bool:
    return bench.program == bench.folder / "ollama"


async def gone(pid: int | None) -> bool:
    assert pid is not None
    mark = started_mark(pid)
    return mark is None or await wait_for_end(pid, mark, within_s=10)


async def test_a_server_runs_without_a_model(bench: Bench) -> None:
    runtime: ServerRuntime = bench.runtime
    assert isinstance(runtime, ServerRuntime)
    assert bench.states == [RuntimeState.STARTING, RuntimeState.RUNNING]
    assert (bench.now.control, bench.now.endpoint, bench.now.loaded) == (Control.CHILD, bench.url, ())
    assert bench.now.version
    assert await runtime.health()
    with pytest.raises(NoActiveModel):
        runtime.upstream()


async def test_a_loaded_model_shows_itself_and_answers_with_its_figures(answering: Bench | RemoteOllamaBench) -> None:
    await answering.runtime.load(await made(answering, "tiny"), SETTINGS)
    [loaded] = answering.now.loaded
    assert (loaded.name, loaded.context) == ("tiny:latest", 2048 if isinstance(answering, RemoteOllamaBench) else 512)
    assert loaded.memory_bytes
    *pieces, last = await answering.everything()
    assert "".join(chunk.text for chunk in pieces).strip() == SPEECH
    assert last.finish_reason == "stop"
    assert last.prompt_tokens
    assert last.completion_tokens
    assert last.tokens_per_s is not None
    assert answering.now.answering == 0


async def test_the_token_limit_ends_an_answer(answering: Bench | RemoteOllamaBench) -> None:
    await answering.runtime.load(await made(answering, "tiny", endless=True), SETTINGS)
    last = (await answering.everything(replace(HELLO, max_tokens=4)))[-1]
    assert (last.finish_reason, last.completion_tokens) == ("length", 4)


async def test_questions_in_quick_succession_are_all_answered(answering: Bench | RemoteOllamaBench) -> None:
    await answering.runtime.load(await made(answering, "tiny"), SETTINGS)
    for _ in range(count(10, 300)):
        assert (await answering.everything(replace(HELLO, max_tokens=2)))[-1].completion_tokens == 2


async def test_a_question_loads_nothing_anew(bench: Bench) -> None:
    """A request with other options than those of the load would."""
    await bench.runtime.load(await made(bench, "tiny"), LoadSettings(context=256, threads=1))
    await bench.text()
    [loaded] = await bench.client.loaded()
    assert loaded.context == 256


async def test_an_answer_that_is_closed_leaves_the_model_free_for_the_next(
    answering: Bench | RemoteOllamaBench,
) -> None:
    await answering.runtime.load(await made(answering, "tiny", endless=True), LoadSettings(context=2048))
    async with aclosing(answering.runtime.chat(HELLO)) as chunks:
        await anext(chunks)
        assert answering.now.answering == 1
    assert answering.now.answering == 0
    assert (await answering.everything(replace(HELLO, max_tokens=2)))[-1].completion_tokens == 2


async def test_another_model_takes_the_place_of_the_first_on_the_same_server(
    answering: Bench | RemoteOllamaBench,
) -> None:
    one, two = await made(answering, "one"), await made(answering, "two", seed=1)
    pid = answering.now.pid
    await answering.runtime.load(one, SETTINGS)
    await answering.runtime.load(two, SETTINGS)
    assert answering.now.pid == pid
    assert answering.loaded == ["two:latest"]
    assert answering.states[-1] is RuntimeState.RUNNING
    assert RuntimeState.STOPPING not in answering.states


async def test_a_second_load_waits_for_the_first_and_wins(answering: Bench | RemoteOllamaBench) -> None:
    one, two = await made(answering, "one"), await made(answering, "two", seed=1)
    await asyncio.gather(answering.runtime.load(one, SETTINGS), answering.runtime.load(two, SETTINGS))
    assert answering.loaded == ["two:latest"]


async def test_another_context_holds_at_once(bench: Bench) -> None:
    model = await made(bench, "tiny")
    await bench.runtime.load(model, SETTINGS)
    await bench.runtime.load(model, replace(SETTINGS, context=256))
    assert bench.now.loaded[0].context == 256


async def test_a_pinned_model_stays_until_it_is_unloaded(bench: Bench) -> None:
    await bench.runtime.load(await made(bench, "tiny"), SETTINGS)
    await bench.runtime.pin("tiny:latest", pinned=True)
    assert bench.expiry() is None
    await bench.text()
    await bench.runtime.refresh()
    assert bench.expiry() is None
    await bench.runtime.pin("tiny:latest", pinned=False)
    assert bench.expiry() is not None
    await bench.runtime.unload_model("tiny:latest")
    assert bench.loaded == []


async def test_unloading_leaves_the_server_and_stopping_ends_it(bench: Bench) -> None:
    await bench.runtime.load(await made(bench, "tiny"), SETTINGS)
    pid = bench.now.pid
    await bench.runtime.unload()
    assert (bench.now.state, bench.now.pid, bench.loaded) == (RuntimeState.RUNNING, pid, [])
    await bench.runtime.stop()
    assert await gone(pid)
    assert bench.states[-2:] == [RuntimeState.STOPPING, RuntimeState.STOPPED]
    assert not await bench.runtime.health()
    with pytest.raises(RuntimeUnavailable):
        await bench.everything()


async def test_stopping_ends_a_start_under_way_and_the_loads_behind_it(bench: Bench) -> None:
    one, two = await made(bench, "one"), await made(bench, "two", seed=1)
    await bench.runtime.stop()
    bench.states.clear()
    loads = asyncio.gather(bench.runtime.load(one, SETTINGS), bench.runtime.load(two, SETTINGS), return_exceptions=True)
    await bench.state(RuntimeState.STOPPED)
    await bench.state(RuntimeState.STARTING)
    await bench.runtime.stop()
    assert [type(result) for result in await loads] == [LoadCancelled, LoadCancelled]
    assert bench.now.state is RuntimeState.STOPPED
    assert RuntimeState.EXITED not in bench.states


async def test_a_model_that_expired_answers_again(bench: Bench) -> None:
    await bench.runtime.load(await made(bench, "tiny"), SETTINGS)
    await bench.runtime.unload_model("tiny:latest")
    assert bench.loaded == []
    assert await bench.text() == SPEECH


async def test_a_model_deleted_by_somebody_else_while_it_is_active_is_told(
    answering: Bench | RemoteOllamaBench,
) -> None:
    await answering.runtime.load(await made(answering, "tiny"), SETTINGS)
    await answering.client.delete("tiny:latest")
    with pytest.raises(UnknownModel, match="tiny:latest"):
        await answering.everything()
    await answering.runtime.load(await made(answering, "other", seed=1), SETTINGS)
    assert await answering.text() == SPEECH


async def test_a_killed_server_is_noticed_explained_and_started_again(bench: Bench) -> None:
    await bench.runtime.load(await made(bench, "tiny"), SETTINGS)
    assert bench.now.pid is not None
    os.kill(bench.now.pid, signal.SIGKILL)
    async with asyncio.timeout(WITHIN_S):
        exited = await bench.state(RuntimeState.EXITED)
    assert isinstance(exited.error, RuntimeFailed)
    assert "Another program ended it" in str(exited.error)
    with pytest.raises(RuntimeFailed):
        await bench.everything()
    await bench.runtime.start()
    assert await bench.text() == SPEECH


async def test_an_answer_cut_by_the_death_of_the_server_says_why(bench: Bench) -> None:
    await bench.runtime.load(await made(bench, "tiny", endless=True), LoadSettings(context=2048))
    pid = bench.now.pid
    assert pid is not None

    async def listen() -> None:
        async with aclosing(bench.runtime.chat(replace(HELLO, max_tokens=2000))) as chunks:
            await anext(chunks)
            os.kill(pid, signal.SIGKILL)
            async for _ in chunks:
                pass

    if is_stand_in(bench):
        await bench.call("fault", effect="Hangs", fields={"after_lines": 1}, pattern="/api/chat")
    with pytest.raises(RuntimeFailed, match="Another program ended it"):
        await listen()
    assert bench.now.answering == 0


async def test_a_restart_keeps_the_models_and_the_active_one(bench: Bench) -> None:
    await bench.runtime.load(await made(bench, "tiny"), SETTINGS)
    pid = bench.now.pid
    await bench.runtime.restart()
    assert bench.now.pid != pid
    assert await bench.text() == SPEECH


async def test_its_models_are_made_copied_and_deleted(bench: Bench) -> None:
    model = await made(bench, "tiny")
    assert (model.name, model.capabilities.max_context_length) == ("tiny:latest", 2048)
    await bench.models.copy("tiny", "twin")
    await bench.runtime.load(await bench.models.describe("twin"), SETTINGS)
    await bench.models.delete("twin")
    assert [row.name for row in bench.models.snapshot.models or ()] == ["tiny:latest"]
    assert await bench.client.loaded() == ()


async def test_a_real_server_tells_what_it_computes_on(bench: Bench) -> None:
    if is_stand_in(bench):
        pytest.skip("the stand-in computes on nothing")
    found = await bench.runtime.devices()
    assert found
    assert all(device.memory_total_bytes for device in found)
