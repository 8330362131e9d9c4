"""An OpenAI-compatible server elsewhere: its list, its answers, and everything that can be wrong with it."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.core.runtimes.remote_bench import (
    HELLO,
    KEY,
    SETTINGS,
    WITHIN_S,
    a_remote,
    everything,
    loaded,
    model_of,
    text,
)
from tests.fakes.hub_faults import CutAfter, Hang, StallAfter, failing, html
from tests.fakes.openai_server import SPEECH, OpenAiStandIn
from venom_desktop.core.errors import (
    NoActiveModel,
    NotAModelServer,
    RemoteControl,
    RemoteElsewhere,
    RemoteKeyMissing,
    RemoteKeyRefused,
    RemoteUnreachable,
    RequestRefused,
    UnknownModel,
    UpstreamFailed,
    UpstreamSlow,
    VenomError,
)
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.runtimes import remote_wire
from venom_desktop.core.runtimes.base import Control, RuntimeState
from venom_desktop.core.runtimes.remote import Remote

ROWS = ("tiny", {"id": "org/large", "max_model_len": 8192}, {"id": "not a name"}, {"id": 7})


def told(remote: Remote) -> type[VenomError | None]:
    return type(remote.snapshot.error)


@pytest.fixture
def server() -> Iterator[OpenAiStandIn]:
    with OpenAiStandIn(*ROWS) as made:
        yield made


async def test_its_models_are_listed_without_a_size_and_by_names_we_can_use(server: OpenAiStandIn) -> None:
    async with a_remote(server.url) as remote:
        assert remote.snapshot.state is RuntimeState.STOPPED
        assert (await remote.refresh()).state is RuntimeState.RUNNING
        store = remote.store.snapshot
        assert store.models is not None
        assert [model.name for model in store.models] == ["tiny", "org/large"]
        assert {model.provider for model in store.models} == {ModelProvider.OPENAI}
        assert {(model.size_bytes, model.runtime) for model in store.models} == {(None, "remote-lab-box")}
        assert store.models[1].capabilities.max_context_length == 8192
        assert (store.is_here, store.reachable, store.title) == (False, True, "Lab box")
        now = remote.snapshot
        assert (now.control, now.endpoint, now.port, now.version) == (
            Control.EXTERNAL, server.url, server.port, "vLLM",
        )  # fmt: skip


async def test_a_listed_model_answers_with_its_counts(server: OpenAiStandIn) -> None:
    async with a_remote(server.url) as remote:
        with pytest.raises(NoActiveModel):
            remote.upstream()
        await loaded(remote, "tiny")
        *pieces, last = await everything(remote)
        assert "".join(chunk.text for chunk in pieces) == "".join(SPEECH)
        assert (last.finish_reason, last.prompt_tokens, last.completion_tokens) == ("stop", 5, 3)
        assert [one.name for one in remote.snapshot.loaded] == ["tiny"]
        assert remote.snapshot.answering == 0
        await remote.unload()
        assert remote.snapshot.loaded == ()
        with pytest.raises(NoActiveModel):
            await text(remote)


async def test_a_model_that_is_not_listed_is_refused(server: OpenAiStandIn) -> None:
    async with a_remote(server.url) as remote:
        model = await model_of(remote, "tiny")
        server.models = []
        with pytest.raises(UnknownModel):
            await remote.load(model, SETTINGS)
        with pytest.raises(UnknownModel):
            await model_of(remote, "tiny")
        assert remote.store.snapshot.models == ()


async def test_nobody_starts_stops_or_restarts_it_from_here(server: OpenAiStandIn) -> None:
    async with a_remote(server.url) as remote:
        for verb in (remote.start, remote.stop, remote.restart):
            with pytest.raises(RemoteControl, match="Lab box runs on another machine"):
                await verb()
        with pytest.raises(RemoteControl):
            await remote.pin("tiny", pinned=True)
    assert server.requests == []


async def test_a_server_that_goes_keeps_its_last_list_and_is_seen_again(server: OpenAiStandIn) -> None:
    async with a_remote(server.url) as remote:
        await remote.refresh()
        back = asyncio.Event()
        gone = asyncio.Event()
        remote.changed.subscribe(lambda now: (back if now.state is RuntimeState.RUNNING else gone).set())
        end = remote.watch()
        async with asyncio.timeout(WITHIN_S):
            server.go_down()
            await gone.wait()
            assert told(remote) is RemoteUnreachable
            store = remote.store.snapshot
            assert (store.reachable, [model.name for model in store.models or ()]) == (False, ["tiny", "org/large"])
            back.clear()
            server.come_back()
            await back.wait()
        assert told(remote) is type(None)
        end()


async def test_nobody_asks_it_once_nobody_looks(server: OpenAiStandIn) -> None:
    async with a_remote(server.url) as remote:
        seen = asyncio.Event()
        remote.changed.subscribe(lambda _: seen.set())
        end = remote.watch()
        async with asyncio.timeout(WITHIN_S):
            await seen.wait()
        end()
        await asyncio.to_thread(server.wait_for, "/v1/models")
        before = len(server.requests)
        assert await remote.health()
        assert len(server.requests) == before + 1


async def test_a_refused_key_and_a_missing_one_are_told_apart() -> None:
    with OpenAiStandIn("tiny", key=KEY) as server:
        async with a_remote(server.url, key="sk-another-9876543210") as remote:
            await remote.refresh()
            assert told(remote) is RemoteKeyRefused
            assert remote.snapshot.state is RuntimeState.UNAVAILABLE
        async with a_remote(server.url) as remote:
            await remote.refresh()
            assert told(remote) is RemoteKeyMissing
        async with a_remote(server.url, key=KEY) as remote:
            await loaded(remote, "tiny")
            assert await text(remote) == "".join(SPEECH)
            server.key = "sk-changed-by-the-owner-1"
            with pytest.raises(RemoteKeyRefused):
                await text(remote)
            assert told(remote) is RemoteKeyRefused


async def test_a_redirect_is_told_and_neither_question_nor_key_goes_there() -> None:
    with OpenAiStandIn("tiny") as other, OpenAiStandIn("tiny", key=KEY) as server:
        async with a_remote(server.url, key=KEY) as remote:
            model = await loaded(remote, "tiny")
            server.moved_to = other.url
            with pytest.raises(RemoteElsewhere, match=f"127.0.0.1:{other.port}"):
                await remote.load(model, SETTINGS)
            with pytest.raises(RemoteElsewhere):
                await text(remote)
        assert other.requests == []


async def test_a_page_instead_of_an_answer_is_no_model_server(server: OpenAiStandIn) -> None:
    async with a_remote(server.url) as remote:
        await loaded(remote, "tiny")
        server.fault(html(), "/v1/chat/completions")
        with pytest.raises(NotAModelServer, match="OpenAI-compatible"):
            await text(remote)
        server.fault(html(), "/v1/models", times=None)
        await remote.refresh()
        assert isinstance(remote.snapshot.error, NotAModelServer)
        assert remote.snapshot.state is RuntimeState.UNAVAILABLE


async def test_a_server_that_hangs_is_given_up_and_one_that_answers_slowly_is_not(
    server: OpenAiStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_wire, "LISTING_S", 0.2)
    async with a_remote(server.url) as remote:
        await loaded(remote, "tiny")
        slow = server.fault(Hang(), "/v1/chat/completions")
        async with asyncio.timeout(WITHIN_S):
            waiting = asyncio.ensure_future(text(remote))
            before = len(server.requests_for("/v1/models"))
            # Longer than a silent server would be given.
            await asyncio.to_thread(server.wait_for, "/v1/models", count=before + 10)
            assert not waiting.done()
            slow.release()
            assert await waiting == "".join(SPEECH)
            server.fault(Hang(), times=None)
            with pytest.raises(UpstreamSlow, match="Lab box"):
                await text(remote)
        server.clear_faults()


async def test_a_server_that_dies_in_the_middle_of_an_answer_is_told_as_gone(server: OpenAiStandIn) -> None:
    async with a_remote(server.url) as remote:
        await loaded(remote, "tiny")
        stall = server.fault(StallAfter(body_bytes=80), "/v1/chat/completions")
        async with asyncio.timeout(WITHIN_S):
            waiting = asyncio.ensure_future(everything(remote))
            await asyncio.to_thread(stall.reached.wait, WITHIN_S)
            server.go_down()
            with pytest.raises(RemoteUnreachable, match=f"127.0.0.1:{server.port}"):
                await waiting
        assert remote.snapshot.state is RuntimeState.UNAVAILABLE


async def test_an_answer_that_breaks_off_at_a_server_that_lives_is_told_as_that(server: OpenAiStandIn) -> None:
    async with a_remote(server.url) as remote:
        await loaded(remote, "tiny")
        server.fault(CutAfter(body_bytes=80), "/v1/chat/completions")
        with pytest.raises(UpstreamFailed, match="broke off"):
            await everything(remote)
        assert remote.snapshot.state is RuntimeState.RUNNING


async def test_an_error_of_the_server_is_told_in_its_words(server: OpenAiStandIn) -> None:
    async with a_remote(server.url) as remote:
        await loaded(remote, "tiny")
        server.fault(failing(400, message="too hot"), "/v1/chat/completions")
        with pytest.raises(RequestRefused, match="Lab box did not accept the request: too hot"):
            await text(remote)
        server.fault(failing(500, message="engine is dead"), "/v1/chat/completions")
        with pytest.raises(UpstreamFailed, match="engine is dead"):
            await text(remote)
        server.fault(failing(503, message="loading"), "/v1/chat/completions")
        with pytest.raises(UpstreamFailed, match="busy or not ready"):
            await text(remote)


async def test_the_wish_to_think_travels_as_vllm_and_llama_cpp_take_it(server: OpenAiStandIn) -> None:
    async with a_remote(server.url) as remote:
        await loaded(remote, "tiny")
        await text(remote, replace(HELLO, think=False))
        assert server.bodies()[-1]["chat_template_kwargs"] == {"enable_thinking": False}
