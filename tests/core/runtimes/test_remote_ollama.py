"""An Ollama elsewhere: loads go there, what others hold in its memory stays, and details are asked once."""

import asyncio
from dataclasses import replace

import pytest

from tests.core.runtimes.remote_bench import HELLO, SETTINGS, WITHIN_S, a_remote, everything, loaded, model_of, text
from tests.fakes.ollama_faults import Answers, Hangs
from tests.fakes.ollama_models import Facts
from tests.fakes.ollama_server import OllamaStandIn
from venom_desktop.core.errors import (
    LoadCancelled,
    ModelsElsewhere,
    NotAModelServer,
    RemoteUnreachable,
    UnknownModel,
)
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.runtimes.base import RuntimeState
from venom_desktop.core.runtimes.remote_base import RemoteKind

OLLAMA = RemoteKind.OLLAMA


async def test_its_models_are_listed_with_what_they_can_do_and_no_size_of_ours(ollama: OllamaStandIn) -> None:
    ollama.add_model("llama3:8b", facts=Facts(capabilities=("completion", "tools")))
    ollama.add_model("hf.co/org/repo:Q4_K_M")
    async with a_remote(ollama.url, kind=OLLAMA) as remote:
        assert (await remote.refresh()).version == "0.16.3"
        rows = {model.name: model for model in remote.store.snapshot.models or ()}
        assert {name: row.provider for name, row in rows.items()} == {
            "llama3:8b": ModelProvider.OLLAMA,
            "hf.co/org/repo:Q4_K_M": ModelProvider.HUGGINGFACE,
        }
        assert rows["llama3:8b"].capabilities.supports_function_calling is True
        assert {(row.size_bytes, row.size_gb, row.local_path) for row in rows.values()} == {(None, None, None)}
        asked = len(ollama.requests_for("/api/show"))
        await remote.refresh()
        assert len(ollama.requests_for("/api/show")) == asked == 2


async def test_a_load_goes_there_with_a_time_to_stay_and_the_model_answers(ollama: OllamaStandIn) -> None:
    ollama.add_model("llama3:8b")
    async with a_remote(ollama.url, kind=OLLAMA) as remote:
        await loaded(remote, "llama3:8b")
        [request] = ollama.requests_for("/api/generate")
        assert b'"keep_alive":"30m"' in request.body.replace(b" ", b"")
        assert [one.name for one in remote.snapshot.loaded] == ["llama3:8b"]
        assert remote.snapshot.loaded[0].expires_at is not None
        last = (await everything(remote))[-1]
        assert (last.finish_reason, bool(last.completion_tokens)) == ("stop", True)
        assert len(ollama.loads) == 1


async def test_only_what_was_loaded_from_here_is_let_go_again(ollama: OllamaStandIn) -> None:
    for name in ("ours:1b", "theirs:1b", "shared:1b", "last:1b"):
        ollama.add_model(name, seed=name)
    async with a_remote(ollama.url, kind=OLLAMA) as others, a_remote(ollama.url, kind=OLLAMA) as remote:
        await loaded(others, "theirs:1b")
        # Another program has it in memory before we ask for it.
        others._state.held = frozenset()
        await loaded(others, "shared:1b")
        await loaded(remote, "shared:1b")
        assert [one.name for one in remote.snapshot.loaded] == ["shared:1b"]
        await loaded(remote, "ours:1b")
        await remote.unload()
        assert remote.snapshot.loaded == ()
        assert {one.name for one in (await remote._wire.look()).loaded or ()} == {"theirs:1b", "shared:1b"}


async def test_the_next_model_takes_the_place_of_the_one_loaded_before(ollama: OllamaStandIn) -> None:
    ollama.add_model("one:1b", seed="one")
    ollama.add_model("two:1b", seed="two")
    async with a_remote(ollama.url, kind=OLLAMA) as remote:
        await loaded(remote, "one:1b")
        await loaded(remote, "two:1b")
        assert [one.name for one in remote.snapshot.loaded] == ["two:1b"]
        assert {one.name for one in (await remote._wire.look()).loaded or ()} == {"two:1b"}


async def test_an_unload_ends_a_load_that_is_under_way(ollama: OllamaStandIn) -> None:
    ollama.add_model("slow:1b")
    async with a_remote(ollama.url, kind=OLLAMA) as remote:
        model = await model_of(remote, "slow:1b")
        ollama.fault(Hangs(), "/api/generate")
        async with asyncio.timeout(WITHIN_S):
            loading = asyncio.ensure_future(remote.load(model, SETTINGS))
            await ollama.wait_for("/api/generate")
            await remote.unload()
            with pytest.raises(LoadCancelled):
                await loading
        assert remote.model is None


async def test_unloading_is_quick_and_quiet_where_nothing_is_loaded_or_nobody_answers(ollama: OllamaStandIn) -> None:
    ollama.add_model("llama3:8b")
    async with a_remote(ollama.url, kind=OLLAMA) as remote:
        await remote.unload()
        assert ollama.requests == []
        await loaded(remote, "llama3:8b")
        ollama.go_down()
        await remote.unload()
        assert remote.model is None
        assert isinstance(remote.snapshot.error, RemoteUnreachable)


async def test_a_model_that_only_embeds_is_loaded_too(ollama: OllamaStandIn) -> None:
    ollama.add_model("embed:1b", facts=Facts(capabilities=("embedding",)))
    async with a_remote(ollama.url, kind=OLLAMA) as remote:
        await loaded(remote, "embed:1b")
        assert [one.name for one in remote.snapshot.loaded] == ["embed:1b"]


async def test_the_wish_to_think_travels_in_openais_words(ollama: OllamaStandIn) -> None:
    ollama.add_model("llama3:8b")
    async with a_remote(ollama.url, kind=OLLAMA) as remote:
        await loaded(remote, "llama3:8b")
        await text(remote, replace(HELLO, think=False))
        body = ollama.requests_for("/v1/chat/completions")[-1].body
        assert b'"reasoning_effort":"none"' in body.replace(b" ", b"")
        assert b"chat_template_kwargs" not in body


async def test_models_are_not_brought_copied_or_removed_from_here(ollama: OllamaStandIn, tiny_llama: object) -> None:
    ollama.add_model("llama3:8b")
    async with a_remote(ollama.url, kind=OLLAMA) as remote:
        with pytest.raises(ModelsElsewhere, match="cannot be removed from here"):
            await remote.store.delete("llama3:8b")
        with pytest.raises(ModelsElsewhere):
            await remote.store.copy("llama3:8b", "other")
        with pytest.raises(ModelsElsewhere):
            remote.store.pull("llama3:8b")
    assert ollama.requests == []


async def test_another_kind_of_server_is_told_as_that(ollama: OllamaStandIn) -> None:
    async with a_remote(ollama.url, kind=OLLAMA) as remote:
        ollama.fault(Answers(status=200, body=b"[]"), "/api/version")
        assert (await remote.refresh()).state is RuntimeState.UNAVAILABLE
        assert isinstance(remote.snapshot.error, NotAModelServer)
        with pytest.raises(UnknownModel):
            await model_of(remote, "absent")
