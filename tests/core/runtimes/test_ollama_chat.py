"""Answers of an Ollama server: what is asked, what comes, and how it breaks off."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from tests.fakes.ollama_answers import Say
from tests.fakes.ollama_faults import Effect, Ends, Hangs, LongLine, Sends, TellsError, failing, html, html_line
from tests.fakes.ollama_models import Facts
from tests.fakes.ollama_server import OllamaStandIn
from venom_desktop.core.errors import (
    ModelNotLoaded,
    RequestRefused,
    RuntimeUnavailable,
    SourceBusy,
    SourceChanged,
    SourceUnreachable,
    UnknownModel,
    UpstreamFailed,
    UpstreamSlow,
    VenomError,
)
from venom_desktop.core.http import make_local_client
from venom_desktop.core.registry.model import ModelCapabilities
from venom_desktop.core.runtimes.base import ChatChunk, ChatMessage, ChatRequest, ToolCall
from venom_desktop.core.runtimes.ollama_client import OllamaClient, Patience

HELLO = ChatRequest(messages=(ChatMessage(role="user", content="Hello"),))
ABLE = Facts(capabilities=("completion", "tools", "thinking", "vision"))
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
SCHEMA = {"type": "object", "properties": {"degrees": {"type": "integer"}}, "required": ["degrees"]}
BROKEN = b'{"model":"able","message":{"role":"assi'


@pytest.fixture
async def client(ollama: OllamaStandIn) -> AsyncIterator[OllamaClient]:
    ollama.add_model("able", facts=ABLE)
    async with make_local_client() as http:
        patience = Patience(asking_s=0.5, loading_s=0.5, answering_s=0.5)
        yield OllamaClient(http, lambda: ollama.url, patience=patience)


async def answer(client: OllamaClient, request: ChatRequest = HELLO, **more: Any) -> list[ChatChunk]:
    given = {"options": {}, "keep_alive": None, **more}
    async with aclosing(client.chat("able", request, **given)) as chunks:
        return [chunk async for chunk in chunks]


def body(ollama: OllamaStandIn) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(ollama.requests_for("/api/chat")[-1].body)
    return told


async def test_the_question_carries_all_that_was_chosen(ollama: OllamaStandIn, client: OllamaClient) -> None:
    image = b"\x89PNG\r\n"
    request = ChatRequest(
        messages=(ChatMessage(role="user", content="What is this?", images=(image,)),),
        temperature=0.5,
        max_tokens=9,
        schema=SCHEMA,
        tools=(TOOL,),
        think=False,
        extra={"options": {"seed": 7, "num_ctx": 1}, "truncate": False, "model": "another"},
    )
    await answer(client, request, options={"num_ctx": 512, "num_gpu": 0, "num_thread": 2}, keep_alive="-1")
    assert body(ollama) == {
        "model": "able",
        "messages": [{"role": "user", "content": "What is this?", "images": [base64.b64encode(image).decode()]}],
        "stream": True,
        "options": {"seed": 7, "num_ctx": 512, "num_gpu": 0, "num_thread": 2, "temperature": 0.5, "num_predict": 9},
        "format": SCHEMA,
        "tools": [TOOL],
        "think": False,
        "keep_alive": -1,
        "truncate": False,
    }


async def test_what_was_not_chosen_is_left_to_the_server(ollama: OllamaStandIn, client: OllamaClient) -> None:
    await answer(client)
    assert set(body(ollama)) == {"model", "messages", "stream", "options"}
    assert body(ollama)["options"] == {}


async def test_a_model_without_the_system_role_gets_it_before_the_first_question(
    ollama: OllamaStandIn, client: OllamaClient
) -> None:
    asked = ChatMessage(role="user", content="Hi", images=(b"x",))
    request = ChatRequest(messages=(ChatMessage(role="system", content="Be brief."), asked))
    await answer(client, request, capabilities=ModelCapabilities(supports_system_role=False))
    (message,) = body(ollama)["messages"]
    assert message == {"role": "user", "content": "Be brief.\n\nHi", "images": ["eA=="]}
    await answer(client, request, capabilities=ModelCapabilities(supports_system_role=True))
    assert [message["role"] for message in body(ollama)["messages"]] == ["system", "user"]


async def test_thoughts_text_calls_counts_and_speed_come_apart(ollama: OllamaStandIn, client: OllamaClient) -> None:
    ollama.say = Say(text="It rains.", thinking="Look it up", tool_calls=(("weather", {"town": "Ulm"}),))
    chunks = await answer(client)
    assert "".join(chunk.reasoning for chunk in chunks) == "Look it up"
    assert "".join(chunk.text for chunk in chunks) == "It rains."
    assert [chunk.tool_calls for chunk in chunks if chunk.tool_calls] == [
        (ToolCall(name="weather", arguments={"town": "Ulm"}),)
    ]
    last = chunks[-1]
    assert (last.finish_reason, last.prompt_tokens, last.completion_tokens) == ("tool_calls", 4, 3)
    # Three tokens in 30 ms, as the server counted them.
    assert last.tokens_per_s == pytest.approx(100)
    assert [chunk.finish_reason for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)


async def test_an_answer_that_reached_its_limit_says_so(client: OllamaClient) -> None:
    chunks = await answer(client, ChatRequest(messages=HELLO.messages, max_tokens=2))
    assert chunks[-1].finish_reason == "length"


@pytest.mark.parametrize(
    ("effect", "error"),
    [
        (TellsError(words="an error was encountered while running the model: EOF", after_lines=2), UpstreamFailed),
        (Ends(after_lines=2), SourceUnreachable),
        (Ends(after_lines=0), SourceUnreachable),
        (Sends(body=BROKEN, after_lines=2, cut=True), RuntimeUnavailable),
        (Sends(body=BROKEN, after_lines=2), SourceUnreachable),
        (Sends(body=b"[" * 300_000, after_lines=2), SourceUnreachable),
        (Sends(body=b'{"status":"success"}\n', after_lines=0), SourceChanged),
        (Sends(body=b'{"message":{"content":7}}\n', after_lines=1), SourceChanged),
        (Sends(body=b"7\n", after_lines=1), SourceChanged),
        (html_line(after_lines=2), SourceChanged),
        (LongLine(after_lines=2), SourceChanged),
        (Hangs(), UpstreamSlow),
        (Hangs(after_lines=2), UpstreamSlow),
        (html(), SourceChanged),
        (html(502), UpstreamFailed),
        (failing(404, "model 'able' not found"), UnknownModel),
        (failing(400, '"able" does not support chat'), RequestRefused),
        (failing(429), SourceBusy),
        (failing(503, "server busy, please try again.  maximum pending requests exceeded"), SourceBusy),
        (failing(500), UpstreamFailed),
        (failing(500, "llama runner process has terminated: signal: killed"), ModelNotLoaded),
    ],
)
async def test_an_answer_that_fails_says_how(
    effect: Effect, error: type[VenomError], ollama: OllamaStandIn, client: OllamaClient
) -> None:
    ollama.fault(effect, "/api/chat")
    with pytest.raises(error) as caught:
        await answer(client)
    assert type(caught.value) is error


async def test_counts_beyond_all_counts_are_unknown(ollama: OllamaStandIn, client: OllamaClient) -> None:
    last = {"message": {"content": "ok"}, "done": True, "eval_count": 10**400, "eval_duration": 7}
    ollama.fault(Sends(body=json.dumps(last).encode() + b"\n", after_lines=0), "/api/chat")
    [chunk] = await answer(client)
    assert (chunk.text, chunk.completion_tokens, chunk.tokens_per_s) == ("ok", None, None)


async def test_what_came_before_an_answer_broke_off_was_told(ollama: OllamaStandIn, client: OllamaClient) -> None:
    ollama.fault(TellsError(words="unexpected server status: 1", after_lines=2), "/api/chat")
    texts: list[str] = []

    async def listen() -> None:
        async with aclosing(client.chat("able", HELLO, options={}, keep_alive=None)) as chunks:
            async for chunk in chunks:
                texts.append(chunk.text)

    with pytest.raises(UpstreamFailed, match="unexpected server status: 1"):
        await listen()
    assert texts == ["Water", " boils"]


async def test_a_server_killed_in_an_answer_is_told(ollama: OllamaStandIn, client: OllamaClient) -> None:
    hanging = ollama.fault(Hangs(after_lines=2), "/api/chat")

    async def kill() -> None:
        await asyncio.to_thread(hanging.reached.wait, 10)
        await asyncio.to_thread(ollama.go_down)

    with pytest.raises(RuntimeUnavailable, match="Ollama is not running"):
        await asyncio.gather(answer(client), kill())


async def test_closing_the_answer_closes_the_connection(ollama: OllamaStandIn, client: OllamaClient) -> None:
    hanging = ollama.fault(Hangs(after_lines=2), "/api/chat")
    async with aclosing(client.chat("able", HELLO, options={}, keep_alive=None)) as chunks:
        assert (await anext(chunks)).text == "Water"
    assert await asyncio.to_thread(hanging.left.wait, 10)


async def test_a_model_deleted_by_somebody_else_is_told_by_its_name(
    ollama: OllamaStandIn, client: OllamaClient
) -> None:
    await answer(client)
    ollama.remove_model("able")
    with pytest.raises(UnknownModel, match="able"):
        await answer(client)
