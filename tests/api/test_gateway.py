"""OpenAI's wire through the gateway, with the real engine behind it: passed on, measured, cancelled, refused."""

import asyncio
import json
import os
import signal
from typing import Any

import pytest

from tests.api.caller import NAME, Caller, Served
from tests.fakes.gguf_llama import NO_SYSTEM_TEMPLATE, SPEECH
from venom_desktop.core.governance.base import CallRecord, Outcome, Purpose
from venom_desktop.core.runtimes.base import LoadSettings, RuntimeState

CHAT = "/v1/chat/completions"
HELLO: dict[str, Any] = {"model": "active", "messages": [{"role": "user", "content": "Hello"}], "temperature": 0}


async def stream(call: Caller, body: dict[str, Any]) -> list[dict[str, Any]]:
    """Every event but the last `[DONE]`, which must be there."""
    body = {**body, "stream": True}
    async with call.client.stream("POST", call.url + CHAT, json=body, headers=call.headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = [line async for line in answer.aiter_lines() if line]
    assert lines[-1] == "data: [DONE]"
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]


def text_of(events: list[dict[str, Any]]) -> str:
    return "".join(event["choices"][0]["delta"].get("content") or "" for event in events if event["choices"])


def records(served: Served) -> list[CallRecord]:
    return [record for record in served.services.gate.recent if record.request.purpose is Purpose.GATEWAY]


async def test_a_whole_answer_is_passed_on_and_measured(served: Served, call: Caller) -> None:
    await served.activate()
    for model in ("active", "", NAME):
        response = await call("POST", CHAT, {**HELLO, "model": model})
        assert response.status_code == 200, response.text
        answer = response.json()
        assert answer["choices"][0]["message"]["content"].strip() == SPEECH
        assert answer["object"] == "chat.completion"
    assert (await call("POST", CHAT, {"messages": HELLO["messages"]})).status_code == 200
    *_, record = records(served)
    assert (record.outcome, record.target.runtime, record.target.model) == (Outcome.COMPLETED, "llama_cpp", NAME)
    assert record.usage.prompt_tokens == answer["usage"]["prompt_tokens"]
    assert record.usage.completion_tokens == answer["usage"]["completion_tokens"]
    assert record.duration_s > 0
    assert len(records(served)) == 4


async def test_a_streamed_answer_arrives_in_pieces_and_is_measured(served: Served, call: Caller) -> None:
    await served.activate()
    events = await stream(call, HELLO)
    assert len(events) > 5
    assert text_of(events).strip() == SPEECH
    assert events[0]["object"] == "chat.completion.chunk"
    [record] = records(served)
    assert record.outcome is Outcome.COMPLETED
    assert record.first_token_s is not None
    assert 0 < record.first_token_s <= record.duration_s
    assert record.usage.completion_tokens
    assert record.usage.completion_tokens >= 5
    with_usage = await stream(call, {**HELLO, "stream_options": {"include_usage": True}})
    assert with_usage[-1]["usage"]["completion_tokens"] == records(served)[-1].usage.completion_tokens


async def test_answers_follow_each_other_at_once(served: Served, call: Caller) -> None:
    """The engine closes a connection after a streamed answer, though it said that it would keep it."""
    await served.activate(endless=True)
    for number in range(60):
        body = {**HELLO, "stream": number % 3 != 0, "max_tokens": 1}
        response = await call("POST", CHAT, body)
        assert response.status_code == 200, response.text
        assert "error" not in response.text


async def test_pieces_come_while_the_model_still_speaks(served: Served, call: Caller) -> None:
    await served.activate(endless=True, context=200_000)
    runtime = served.services.runtimes["llama_cpp"]
    body = {**HELLO, "stream": True, "max_tokens": 150_000}
    async with call.client.stream("POST", call.url + CHAT, json=body, headers=call.headers) as answer:
        async for line in answer.aiter_lines():
            if line:
                break
        assert runtime.snapshot.answering == 1
        assert records(served) == []


async def free(served: Served) -> None:
    """Return when the engine itself has no answer under way."""
    upstream = served.services.runtimes["llama_cpp"].upstream()
    async with asyncio.timeout(60):
        while True:
            told = await served.caller.client.get(f"{upstream.base_url}/slots", headers=dict(upstream.headers))
            if not told.json()[0]["is_processing"]:
                return
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("streamed", [True, False])
async def test_a_client_that_leaves_cancels_the_answer_upstream(served: Served, call: Caller, streamed: bool) -> None:
    await served.services.model_settings.save((await served.put_model(endless=True, context=200_000)).key, BIG)
    await served.services.registry.activate_model(NAME)
    runtime = served.services.runtimes["llama_cpp"]
    answering, ended = asyncio.Event(), asyncio.Event()
    runtime.changed.subscribe(lambda snapshot: answering.set() if snapshot.answering else None)
    served.services.gate.calls.subscribe(lambda record: ended.set())
    body = json.dumps({**HELLO, "stream": streamed, "max_tokens": 190_000}).encode()
    headers = (f"Content-Length: {len(body)}", "Content-Type: application/json")
    reader, writer = await asyncio.open_connection("127.0.0.1", call.port)
    writer.write(call.request(f"POST {CHAT}", *headers) + body)
    await answering.wait()
    if streamed:
        await reader.readuntil(b"data: ")
    writer.transport.abort()
    async with asyncio.timeout(60):
        await ended.wait()
    [record] = records(served)
    assert record.outcome is Outcome.CANCELLED
    assert runtime.snapshot.answering == 0
    if streamed:
        # The built-in engine looks at its client only when it sends: a whole answer is finished for nobody.
        await free(served)
        assert (await call("POST", CHAT, {**HELLO, "max_tokens": 1})).status_code == 200


BIG = LoadSettings(context=200_000)


async def test_a_model_without_the_system_role_gets_the_system_text_with_the_first_question(
    served: Served, call: Caller
) -> None:
    from dataclasses import replace

    model = await served.put_model(chat_template=NO_SYSTEM_TEMPLATE)
    told = replace(model.capabilities, supports_system_role=False)
    await served.services.registry.manifest.put(replace(model, capabilities=told))
    await served.services.registry.activate_model(NAME)
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
    assert text_of(await stream(call, {**HELLO, "messages": messages})).strip() == SPEECH
    response = await call("POST", CHAT, {**HELLO, "messages": messages})
    assert response.status_code == 200, response.text
    parts = [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}]
    assert (await call("POST", CHAT, {**HELLO, "messages": [messages[0], *parts]})).status_code == 200


async def refused(call: Caller, body: Any, path: str = CHAT) -> tuple[int, str, str]:
    """Status, type and code; the shape is checked here."""
    response = await call("POST", path, body)
    error = response.json()["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    return response.status_code, error["type"], error["code"]


async def test_what_cannot_be_answered_is_told_in_the_words_of_openai(served: Served, call: Caller) -> None:
    assert await refused(call, HELLO) == (409, "invalid_request_error", "NO_ACTIVE_MODEL")
    assert await refused(call, {**HELLO, "model": "gpt-4"}) == (404, "not_found_error", "UNKNOWN_MODEL")
    await served.activate()
    assert await refused(call, {**HELLO, "model": "gpt-4"}) == (404, "not_found_error", "UNKNOWN_MODEL")
    bodies: list[Any] = [None, [], "x", {"model": 5}, {**HELLO, "stream": "yes"}]
    for body in bodies:
        assert (await refused(call, body))[:2] == (400, "invalid_request_error"), body
    assert (await refused(call, {"model": "active", "messages": "no"}))[0] == 400
    assert (await refused(call, {"model": "active"}))[0] == 400
    long = [{"role": "user", "content": "word " * 5000}]
    assert (await refused(call, {**HELLO, "messages": long}))[2] == "CONTEXT_EXCEEDED"
    assert (await refused(call, {**HELLO, "messages": long, "stream": True}))[2] == "CONTEXT_EXCEEDED"
    assert await refused(call, HELLO, "/v1/nothing") == (404, "not_found_error", "NOT_FOUND")
    assert (await call("GET", CHAT)).json()["error"]["code"] == "METHOD_NOT_ALLOWED"
    failed = [record for record in records(served) if record.outcome is Outcome.FAILED]
    assert {record.reason_code for record in failed} == {"REQUEST_REFUSED", "CONTEXT_EXCEEDED"}


async def test_broken_and_endless_bodies_are_refused(call: Caller) -> None:
    for content in (b"", b"{", b"\xff", b"[" * 100_000):
        response = await call.client.post(call.url + CHAT, content=content, headers=call.headers)
        assert (response.status_code, response.json()["error"]["code"]) == (400, "INVALID_INPUT")
    status, answer = await call.raw(call.request(f"POST {CHAT}", "Content-Length: 99999999"))
    assert (status, answer["error"]["code"]) == (413, "TOO_LARGE")


async def test_a_stopped_runtime_is_unavailable_and_comes_back(served: Served, call: Caller) -> None:
    await served.activate()
    await served.services.runtimes["llama_cpp"].stop()
    assert await refused(call, HELLO) == (503, "server_error", "RUNTIME_UNAVAILABLE")
    await served.services.registry.activate_model(NAME)
    assert (await call("POST", CHAT, HELLO)).status_code == 200


@pytest.mark.expects_warnings
async def test_an_engine_that_dies_in_the_middle_ends_the_stream_with_an_error(served: Served, call: Caller) -> None:
    await served.activate(endless=True, context=100_000)
    runtime = served.services.runtimes["llama_cpp"]
    pid = runtime.snapshot.pid
    assert pid is not None
    exited = asyncio.Event()
    runtime.changed.subscribe(lambda snapshot: exited.set() if snapshot.state is RuntimeState.EXITED else None)
    body = {**HELLO, "stream": True, "max_tokens": 90_000}
    lines: list[str] = []
    async with call.client.stream("POST", call.url + CHAT, json=body, headers=call.headers) as answer:
        async for line in answer.aiter_lines():
            if line and not lines:
                os.kill(pid, signal.SIGKILL)
            lines += [line] if line else []
    error = json.loads(lines[-1].removeprefix("data: "))["error"]
    assert error["code"] in ("SOURCE_UNREACHABLE", "RUNTIME_FAILED")
    [record] = records(served)
    assert record.outcome is Outcome.FAILED
    assert record.first_token_s is not None
    await exited.wait()
    assert (await refused(call, HELLO))[0] == 503


async def test_the_active_model_is_the_one_that_is_listed(served: Served, call: Caller) -> None:
    assert (await call.good("GET", "/v1/models")) == {"object": "list", "data": []}
    await served.activate()
    [model] = (await call.good("GET", "/v1/models"))["data"]
    assert (model["id"], model["object"], model["owned_by"]) == (NAME, "model", "llama_cpp")
    assert isinstance(model["created"], int)


async def test_plain_completions_pass_the_same_way(served: Served, call: Caller) -> None:
    await served.activate()
    answer = await call.good("POST", "/v1/completions", {"model": "active", "prompt": "Hello", "max_tokens": 4})
    assert answer["choices"][0]["text"]
    assert records(served)[-1].usage.completion_tokens == 4


async def test_a_tool_follows_the_switch_without_being_told(served: Served, call: Caller) -> None:
    await served.activate()
    await served.put_model("tiny-lab/Other-GGUF:Q8_0", speech="Another voice.")
    await served.services.registry.activate_model("tiny-lab/Other-GGUF:Q8_0")
    for model in ("active", NAME):
        answer = (await call("POST", CHAT, {**HELLO, "model": model})).json()
        assert answer["choices"][0]["message"]["content"].strip() == "Another voice."
        assert answer["model"] == "tiny-lab/Other-GGUF:Q8_0"


async def test_the_server_stops_in_the_middle_of_an_answer(served: Served, call: Caller) -> None:
    await served.activate(endless=True, context=100_000)
    body = {**HELLO, "stream": True, "max_tokens": 90_000}
    async with call.client.stream("POST", call.url + CHAT, json=body, headers=call.headers) as answer:
        lines = answer.aiter_lines()
        await anext(lines)
        async with asyncio.timeout(60):
            await served.server.stop()
        told = [line async for line in lines if line]
    assert json.loads(told[-1].removeprefix("data: "))["error"]["code"] == "RUNTIME_UNAVAILABLE"
    assert records(served)[-1].outcome is Outcome.CANCELLED
