"""Ollama as a runtime over a server that somebody else started: the stand-in that speaks its wire."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from pathlib import Path

import pytest

from tests.core.runtimes.ollama_bench import HELLO, SETTINGS, WITHIN_S, Bench, a_bench, model_named
from tests.fakes.gguf_llama import SPEECH
from tests.fakes.ollama_faults import Hangs, TellsError, failing, html
from tests.fakes.ollama_models import Facts
from tests.fakes.ollama_server import OllamaStandIn
from venom_desktop.core.errors import (
    DevicesUntold,
    LoadCancelled,
    ModelNotLoaded,
    NoActiveModel,
    NotOurServer,
    ProgramMissing,
    RuntimeUnavailable,
    SourceChanged,
    UnknownModel,
    UpstreamFailed,
    UpstreamSlow,
)
from venom_desktop.core.registry.model import ModelCapabilities, ModelMetadata
from venom_desktop.core.runtimes.base import ChatMessage, ChatRequest, Control, LoadSettings, RuntimeState

ONE, TWO = model_named("one:latest"), model_named("two:latest")


@pytest.fixture
async def ollama(tmp_path: Path) -> AsyncIterator[OllamaStandIn]:
    async with OllamaStandIn(tmp_path / "models") as started:
        for model in (ONE, TWO):
            started.add_model(model.name, seed=model.name)
        yield started


@pytest.fixture
async def bench(ollama: OllamaStandIn, tmp_path: Path) -> AsyncIterator[Bench]:
    async with a_bench(tmp_path, ollama.url, listing_s=1.0) as made:
        yield made


async def load(bench: Bench, model: ModelMetadata, settings: LoadSettings = SETTINGS) -> None:
    await bench.runtime.load(model, settings)


# How it stands


async def test_a_server_of_somebody_else_is_shown_as_it_runs(bench: Bench, ollama: OllamaStandIn) -> None:
    snapshot = await bench.runtime.refresh()
    assert (snapshot.state, snapshot.version, snapshot.control) == (RuntimeState.RUNNING, "0.16.3", Control.EXTERNAL)
    assert (snapshot.endpoint, snapshot.port, snapshot.error) == (ollama.url, ollama.port, None)
    assert snapshot.pid is not None
    assert snapshot.changed_at is not None
    assert await bench.runtime.health()


async def test_an_error_that_is_found_again_is_no_news(tmp_path: Path) -> None:
    async with a_bench(tmp_path) as bench:
        first = await bench.runtime.refresh()
        told: list[object] = []
        bench.runtime.changed.subscribe(told.append)
        assert (await bench.runtime.refresh()).error is first.error
        assert told == []


async def test_without_a_server_and_without_a_program_it_is_unavailable(tmp_path: Path) -> None:
    async with a_bench(tmp_path) as bench:
        snapshot = await bench.runtime.refresh()
        assert snapshot.state is RuntimeState.UNAVAILABLE
        assert isinstance(snapshot.error, ProgramMissing)
        assert not await bench.runtime.health()
        with pytest.raises(ProgramMissing):
            bench.runtime.upstream()
        with pytest.raises(ProgramMissing):
            await bench.runtime.start()
        with pytest.raises(ProgramMissing):
            await load(bench, ONE)
        bench.program = tmp_path / "ollama"
        snapshot = await bench.runtime.refresh()
        assert (snapshot.state, snapshot.error) == (RuntimeState.STOPPED, None)


async def test_a_server_that_others_start_and_end_shows_by_itself_while_somebody_watches(
    bench: Bench, ollama: OllamaStandIn
) -> None:
    ollama.go_down()
    bench.program = Path("/nowhere/ollama")
    end = bench.runtime.watch()
    ollama.come_back()
    await bench.state(RuntimeState.RUNNING)
    await until_listed(bench, {ONE.name, TWO.name})
    ollama.go_down()
    stopped = await bench.state(RuntimeState.STOPPED)
    assert (stopped.error, stopped.pid, stopped.loaded, stopped.endpoint) == (None, None, (), None)
    end()


async def test_what_others_do_with_its_models_shows_by_itself_while_somebody_watches(
    bench: Bench, ollama: OllamaStandIn
) -> None:
    end = bench.runtime.watch()
    await bench.client.load(ONE.name, options={}, keep_alive=None)
    async with asyncio.timeout(WITHIN_S):
        while not (await bench.news.get()).loaded:
            pass
    ollama.remove_model(ONE.name)
    await until_listed(bench, {TWO.name})
    end()


async def test_nothing_is_asked_once_nobody_watches(bench: Bench, ollama: OllamaStandIn) -> None:
    ends = [bench.runtime.watch() for _ in range(2)]
    await ollama.wait_for("/api/ps", count=2)
    ends[0]()
    ollama.forget_requests()
    await ollama.wait_for("/api/ps", count=2)
    ends[1]()
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "ollama:watch" and not task.cancelling()]


async def test_a_server_that_hangs_is_told_and_still_counts_as_running(bench: Bench, ollama: OllamaStandIn) -> None:
    await bench.runtime.refresh()
    fault = ollama.fault(Hangs(), "/api/version", times=None)
    snapshot = await bench.runtime.refresh()
    assert snapshot.state is RuntimeState.RUNNING
    assert isinstance(snapshot.error, UpstreamSlow)
    fault.release()
    ollama.clear_faults()
    assert (await bench.runtime.refresh()).error is None


async def test_something_else_at_its_address_is_no_server_of_its_kind(bench: Bench, ollama: OllamaStandIn) -> None:
    await bench.runtime.refresh()
    ollama.fault(html(), "*", times=None)
    snapshot = await bench.runtime.refresh()
    assert (snapshot.state, snapshot.control, snapshot.endpoint) == (RuntimeState.STOPPED, None, None)
    assert isinstance(snapshot.error, SourceChanged)


# Loading


async def test_loading_on_a_running_server_takes_the_settings_along_and_starts_nothing(
    bench: Bench, ollama: OllamaStandIn
) -> None:
    await load(bench, ONE, LoadSettings(context=1024, gpu_layers=-1, threads=3, parallel=4, kv_type="q8_0"))
    assert ollama.loads == [(ONE.name, {"num_ctx": 1024, "num_gpu": 999, "num_thread": 3})]
    assert RuntimeState.STARTING not in bench.states
    [loaded] = bench.now.loaded
    assert (loaded.name, loaded.context) == (ONE.name, 1024)
    assert loaded.expires_at is not None


async def test_settings_that_are_left_open_are_left_to_the_server(bench: Bench, ollama: OllamaStandIn) -> None:
    await load(bench, ONE, LoadSettings())
    assert ollama.loads == [(ONE.name, {})]


async def test_another_model_takes_the_place_of_every_one_that_is_loaded(bench: Bench, ollama: OllamaStandIn) -> None:
    ollama.add_model("other:latest")
    await bench.client.load("other:latest", options={}, keep_alive=-1)
    await load(bench, ONE)
    await load(bench, TWO)
    assert bench.loaded == [TWO.name]
    assert RuntimeState.STOPPING not in bench.states


async def test_loading_the_same_again_loads_nothing(bench: Bench, ollama: OllamaStandIn) -> None:
    await load(bench, ONE)
    await load(bench, ONE)
    await bench.text()
    assert len(ollama.loads) == 1


async def test_a_second_load_waits_for_the_first_and_wins(bench: Bench, ollama: OllamaStandIn) -> None:
    await asyncio.gather(load(bench, ONE), load(bench, TWO))
    assert [name for name, _ in ollama.loads] == [ONE.name, TWO.name]
    assert bench.loaded == [TWO.name]
    assert bench.runtime.upstream().model == TWO.name


async def test_a_model_that_only_embeds_is_loaded_too(bench: Bench, ollama: OllamaStandIn) -> None:
    ollama.add_model("embed:latest", facts=Facts(capabilities=("embedding",)))
    await load(bench, model_named("embed:latest"))
    assert bench.loaded == ["embed:latest"]


async def test_a_model_that_is_not_there_is_told_before_anything_is_unloaded(
    bench: Bench, ollama: OllamaStandIn
) -> None:
    await load(bench, ONE)
    with pytest.raises(UnknownModel, match="nobody:latest"):
        await load(bench, model_named("nobody:latest"))
    assert [loaded.name for loaded in await bench.client.loaded()] == [ONE.name]
    assert await bench.text() == SPEECH


async def test_too_little_memory_is_told_in_the_servers_words(bench: Bench, ollama: OllamaStandIn) -> None:
    words = "model requires more system memory (9.1 GiB) than is available (4.2 GiB)"
    ollama.fault(failing(500, words), "/api/generate")
    with pytest.raises(ModelNotLoaded, match=r"one:latest.*9\.1 GiB"):
        await load(bench, ONE)
    assert bench.now.state is RuntimeState.RUNNING
    await load(bench, ONE)
    assert await bench.text() == SPEECH


async def test_a_page_instead_of_an_answer_to_a_load_is_told(bench: Bench, ollama: OllamaStandIn) -> None:
    ollama.fault(html(502), "/api/generate")
    with pytest.raises((UpstreamFailed, SourceChanged)):
        await load(bench, ONE)
    assert bench.now.state is RuntimeState.RUNNING


async def test_a_load_on_a_server_that_hangs_ends_with_a_sentence(bench: Bench, ollama: OllamaStandIn) -> None:
    await bench.runtime.refresh()
    ollama.fault(Hangs(), "/api/generate")
    began = asyncio.ensure_future(load(bench, ONE))
    await ollama.wait_for("/api/generate")
    ollama.fault(Hangs(), "/api/version", times=None)
    with pytest.raises(UpstreamSlow, match="Ollama did not answer"):
        await began


async def test_a_load_that_takes_long_on_a_server_that_lives_goes_on(bench: Bench, ollama: OllamaStandIn) -> None:
    held = ollama.fault(Hangs(), "/api/generate")
    began = asyncio.ensure_future(load(bench, ONE))
    await ollama.wait_for("/api/generate")
    ollama.forget_requests()
    await ollama.wait_for("/api/version", count=10)
    held.release()
    await began
    assert bench.loaded == [ONE.name]


async def test_unloading_ends_a_load_under_way_and_those_that_wait(bench: Bench, ollama: OllamaStandIn) -> None:
    ollama.fault(Hangs(), "/api/generate")
    loads = asyncio.gather(load(bench, ONE), load(bench, TWO), return_exceptions=True)
    await ollama.wait_for("/api/generate")
    await bench.runtime.unload()
    assert [type(result) for result in await loads] == [LoadCancelled, LoadCancelled]
    await ollama.wait_left("/api/generate")
    assert (bench.now.state, bench.loaded) == (RuntimeState.RUNNING, [])


async def test_cancelling_a_load_ends_it_at_the_server(bench: Bench, ollama: OllamaStandIn) -> None:
    ollama.fault(Hangs(), "/api/generate")
    async with asyncio.TaskGroup() as group:
        task = group.create_task(load(bench, ONE))
        await ollama.wait_for("/api/generate")
        task.cancel()
    assert task.cancelled()
    await ollama.wait_left("/api/generate")
    await load(bench, TWO)
    assert bench.runtime.upstream().model == TWO.name


async def test_a_server_of_somebody_else_is_not_stopped_and_its_load_goes_on(
    bench: Bench, ollama: OllamaStandIn
) -> None:
    held = ollama.fault(Hangs(), "/api/generate")
    began = asyncio.ensure_future(load(bench, ONE))
    await ollama.wait_for("/api/generate")
    with pytest.raises(NotOurServer):
        await bench.runtime.stop()
    with pytest.raises(NotOurServer):
        await bench.runtime.restart()
    held.release()
    await began
    assert bench.now.state is RuntimeState.RUNNING


# Memory


async def test_unloading_takes_out_every_model_and_leaves_the_server(bench: Bench, ollama: OllamaStandIn) -> None:
    await load(bench, ONE)
    await bench.client.load(TWO.name, options={}, keep_alive=None)
    await bench.runtime.unload()
    assert await bench.client.loaded() == ()
    assert (bench.now.state, bench.loaded) == (RuntimeState.RUNNING, [])
    with pytest.raises(NoActiveModel):
        await bench.everything()


async def test_unloading_where_nobody_answers_is_no_failure(bench: Bench, ollama: OllamaStandIn) -> None:
    ollama.go_down()
    await bench.runtime.unload()
    with pytest.raises(RuntimeUnavailable):
        await bench.runtime.unload_model(ONE.name)


async def test_one_model_of_several_can_be_taken_out(bench: Bench, ollama: OllamaStandIn) -> None:
    await load(bench, ONE)
    await bench.client.load(TWO.name, options={}, keep_alive=None)
    await bench.runtime.unload_model(TWO.name)
    assert bench.loaded == [ONE.name]


async def test_a_pinned_model_stays_and_expires_again_when_it_is_not(bench: Bench, ollama: OllamaStandIn) -> None:
    await load(bench, ONE)
    await bench.runtime.pin(ONE.name, pinned=True)
    assert bench.expiry() is None
    await load(bench, ONE)
    await bench.text()
    await bench.runtime.refresh()
    assert bench.expiry() is None, "a question took the pin away"
    await bench.runtime.pin(ONE.name, pinned=False)
    assert bench.expiry() is not None
    assert ollama.requests_for("/api/generate")[-1].body.count(b'"7m"') == 1
    assert len(ollama.loads) == 1, "to pin a model must not load it anew"


async def test_a_server_that_hangs_while_a_model_is_pinned_is_told(bench: Bench, ollama: OllamaStandIn) -> None:
    await load(bench, ONE)
    ollama.fault(Hangs(), "*", times=None)
    with pytest.raises(UpstreamSlow, match="Ollama did not answer"):
        await bench.runtime.pin(ONE.name, pinned=True)


async def test_a_model_that_expired_is_loaded_again_by_the_next_question(bench: Bench, ollama: OllamaStandIn) -> None:
    await load(bench, ONE)
    ollama.memory.clear()
    await bench.runtime.refresh()
    assert bench.loaded == []
    assert await bench.text() == SPEECH
    async with asyncio.timeout(WITHIN_S):
        while not bench.loaded:
            await bench.news.get()
    assert ollama.loads == [(ONE.name, {"num_ctx": 512})] * 2


async def test_what_was_active_before_this_program_started_answers_again(bench: Bench, ollama: OllamaStandIn) -> None:
    bench.runtime.resume(ONE, SETTINGS)
    assert await bench.text() == SPEECH
    assert ollama.loads == [(ONE.name, {"num_ctx": 512})]
    await load(bench, TWO)
    bench.runtime.resume(ONE, SETTINGS)
    assert bench.runtime.upstream().model == TWO.name


# Answers


async def test_an_answer_streams_and_ends_with_its_figures(bench: Bench) -> None:
    await load(bench, ONE)
    *pieces, last = await bench.everything()
    assert "".join(chunk.text for chunk in pieces).strip() == SPEECH
    assert (last.finish_reason, bench.now.answering) == ("stop", 0)
    assert last.prompt_tokens
    assert last.completion_tokens
    assert last.tokens_per_s


async def test_closing_an_answer_stops_it_upstream(bench: Bench, ollama: OllamaStandIn) -> None:
    await load(bench, ONE)
    ollama.fault(Hangs(after_lines=2), "/api/chat")
    async with aclosing(bench.runtime.chat(HELLO)) as chunks:
        await anext(chunks)
        assert bench.now.answering == 1
    await ollama.wait_left("/api/chat")
    assert bench.now.answering == 0


async def test_a_question_to_a_server_that_came_up_unseen_is_answered(bench: Bench, ollama: OllamaStandIn) -> None:
    await load(bench, ONE)
    ollama.go_down()
    await bench.runtime.refresh()
    ollama.come_back()
    assert await bench.text() == SPEECH
    assert bench.now.state is RuntimeState.RUNNING


async def test_a_model_that_somebody_deleted_while_it_is_active_is_told(bench: Bench, ollama: OllamaStandIn) -> None:
    await load(bench, ONE)
    ollama.remove_model(ONE.name)
    ollama.memory.clear()
    with pytest.raises(UnknownModel, match="one:latest"):
        await bench.everything()
    assert bench.loaded == []
    assert bench.now.state is RuntimeState.RUNNING
    await until_listed(bench, {TWO.name})
    await load(bench, TWO)
    assert await bench.text() == SPEECH


async def test_an_answer_cut_by_the_end_of_the_server_says_so(bench: Bench, ollama: OllamaStandIn) -> None:
    await load(bench, ONE)
    bench.program = Path("/nowhere/ollama")
    fault = ollama.fault(Hangs(after_lines=2), "/api/chat")

    async def listen() -> None:
        async with aclosing(bench.runtime.chat(HELLO)) as chunks:
            async for _ in chunks:
                if fault.reached.is_set():
                    ollama.go_down()
                else:
                    await asyncio.to_thread(fault.reached.wait, WITHIN_S)
                    ollama.go_down()

    with pytest.raises(RuntimeUnavailable, match="Ollama is not running"):
        await listen()
    assert (bench.now.state, bench.now.answering) == (RuntimeState.STOPPED, 0)


async def test_an_answer_that_breaks_off_on_a_living_server_says_so(bench: Bench, ollama: OllamaStandIn) -> None:
    await load(bench, ONE)
    ollama.fault(TellsError(words="llama runner process no longer running: 2", after_lines=2), "/api/chat")
    with pytest.raises(UpstreamFailed, match="no longer running"):
        await bench.everything()
    assert bench.now.state is RuntimeState.RUNNING
    assert await bench.text() == SPEECH


async def test_an_answer_of_a_server_that_hangs_ends_with_a_sentence(bench: Bench, ollama: OllamaStandIn) -> None:
    await load(bench, ONE)
    ollama.fault(Hangs(after_lines=2), "/api/chat")
    ollama.fault(Hangs(), "/api/version", times=None)
    with pytest.raises(UpstreamSlow, match="Ollama did not answer"):
        await bench.everything()
    assert bench.now.answering == 0


async def test_a_page_instead_of_an_answer_is_told(bench: Bench, ollama: OllamaStandIn) -> None:
    await load(bench, ONE)
    ollama.fault(html(), "/api/chat")
    with pytest.raises(SourceChanged):
        await bench.everything()


async def test_a_model_without_the_system_role_gets_its_text_as_a_prefix(bench: Bench, ollama: OllamaStandIn) -> None:
    model = model_named(
        ONE.name,
        capabilities=ModelCapabilities(supports_system_role=True),
        overrides=ModelCapabilities(supports_system_role=False),
    )
    await load(bench, model)
    messages = (ChatMessage(role="system", content="Be brief."), *HELLO.messages)
    await bench.everything(ChatRequest(messages=messages))
    assert b"Be brief.\\n\\nHello" in ollama.requests_for("/api/chat")[-1].body


async def test_the_gateway_is_led_to_the_server_and_counted(bench: Bench, ollama: OllamaStandIn) -> None:
    await bench.runtime.refresh()
    with pytest.raises(NoActiveModel):
        bench.runtime.upstream()
    await load(bench, ONE)
    with bench.runtime.passing() as upstream:
        assert (upstream.base_url, upstream.model) == (ollama.url, ONE.name)
        assert bench.now.answering == 1
        body = {"model": upstream.model, "messages": [{"role": "user", "content": "Hi"}]}
        answer = await bench.http.post(f"{upstream.base_url}/v1/chat/completions", json=body)
        assert answer.json()["choices"][0]["message"]["content"].strip() == SPEECH
    assert bench.now.answering == 0
    ollama.go_down()
    await bench.runtime.refresh()
    with pytest.raises(RuntimeUnavailable):
        bench.runtime.upstream()


async def test_what_a_server_of_others_computes_on_is_not_told(bench: Bench) -> None:
    with pytest.raises(DevicesUntold):
        await bench.runtime.devices()


async def until_listed(bench: Bench, names: set[str]) -> None:
    told = asyncio.Event()

    def look(_: object) -> None:
        if {model.name for model in bench.models.snapshot.models or ()} == names:
            told.set()

    end = bench.models.changed.subscribe(look)
    look(None)
    with suppress(TimeoutError):
        async with asyncio.timeout(WITHIN_S):
            await told.wait()
    end()
    assert {model.name for model in bench.models.snapshot.models or ()} == names
