"""OpenAI's wire, over a real socket: pieces that fall apart anywhere, counts, error answers, an answer that breaks."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest

from venom_desktop.core.errors import (
    ContextExceeded,
    RequestRefused,
    RuntimeUnavailable,
    SourceBusy,
    SourceChanged,
    SourceUnreachable,
    TokenRefused,
    UpstreamFailed,
    VenomError,
)
from venom_desktop.core.http import make_local_client
from venom_desktop.core.registry.model import ModelCapabilities
from venom_desktop.core.runtimes.base import ChatChunk, ChatMessage, ChatRequest, ToolCall, Upstream
from venom_desktop.core.runtimes.event_stream import EventStream
from venom_desktop.core.runtimes.openai_wire import adapt_messages, request_body, stream_chat

REQUEST = ChatRequest(messages=(ChatMessage(role="user", content="Hi"),), temperature=0.5, max_tokens=9)
HEAD = "HTTP/1.1 {status} X\r\nconnection: close\r\n{headers}\r\n"


def delta(**fields: Any) -> bytes:
    return b"data: " + json.dumps({"choices": [{"index": 0, "delta": fields}]}, ensure_ascii=False).encode() + b"\n\n"


def last(reason: str = "stop") -> bytes:
    return b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "%s"}]}\n\n' % reason.encode()


USAGE = b'data: {"choices": [], "usage": {"prompt_tokens": 4, "completion_tokens": 3}}\n\n'
DONE = b"data: [DONE]\n\n"


class Wire:
    """A server that sends what it is told, block by block, and keeps what it got."""

    def __init__(self, blocks: list[bytes], *, status: int = 200, headers: str = "") -> None:
        self.blocks = blocks
        self.head = HEAD.format(status=status, headers=headers).encode()
        self.request = b""
        self.closed = asyncio.Event()
        self.hold = False

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[Upstream]:
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            yield Upstream(base_url=f"http://127.0.0.1:{port}", model="tiny", headers={"Authorization": "Bearer k"})

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        self.request = head + await reader.readexactly(length)
        for block in (self.head, *self.blocks):
            writer.write(block)
            await writer.drain()
            # A turn of the loop sends it off as a segment of its own.
            await asyncio.sleep(0)
        if self.hold:
            await reader.read()
        self.closed.set()
        writer.close()


async def answer_to(wire: Wire, clock: Callable[[], float] = lambda: 0.0) -> list[ChatChunk]:
    async with (
        wire.serve() as upstream,
        make_local_client() as http,
        aclosing(stream_chat(http, upstream, REQUEST, source="llama.cpp", clock=clock)) as chunks,
    ):
        return [chunk async for chunk in chunks]


async def test_text_comes_in_pieces_and_counts_come_last() -> None:
    wire = Wire(
        [delta(role="assistant", content=None), delta(content="Hello"), delta(content=" you"), last(), USAGE, DONE]
    )
    *pieces, end = await answer_to(wire)
    assert [chunk.text for chunk in pieces] == ["Hello", " you"]
    assert (end.finish_reason, end.prompt_tokens, end.completion_tokens) == ("stop", 4, 3)


async def test_blocks_may_break_anywhere_even_within_a_letter() -> None:
    text = "Zażółć\u2028gęślą\x85 jaźń 🐍"
    whole = delta(content=text) + last() + DONE
    pieces = await answer_to(Wire([whole[place : place + 1] for place in range(len(whole))]))
    assert "".join(chunk.text for chunk in pieces) == text


async def test_lines_may_end_as_windows_writes_them_and_comments_are_skipped() -> None:
    blocks = [b": ping\r\n\r\n", delta(content="a").replace(b"\n", b"\r\n"), last().replace(b"\n", b"\r\n")]
    assert (await answer_to(Wire(blocks)))[0].text == "a"


async def test_reasoning_is_kept_apart_from_text() -> None:
    *pieces, _ = await answer_to(Wire([delta(reasoning_content="hm"), delta(content="so"), last(), DONE]))
    assert [(chunk.reasoning, chunk.text) for chunk in pieces] == [("hm", ""), ("", "so")]


async def test_speed_is_the_engines_own_or_measured_between_first_and_last_piece() -> None:
    timed = b'data: {"choices": [], "timings": {"predicted_per_second": 12.5}}\n\n'
    assert (await answer_to(Wire([delta(content="a"), last(), USAGE, timed])))[-1].tokens_per_s == 12.5
    ticks = iter([10.0, 10.5, 11.0])
    measured = await answer_to(
        Wire([delta(content="a"), delta(content="b"), delta(content="c"), last(), USAGE]), lambda: next(ticks)
    )
    assert measured[-1].tokens_per_s == 2.0
    assert (await answer_to(Wire([delta(content="a"), last(), USAGE])))[-1].tokens_per_s is None


async def test_the_request_carries_key_model_limits_and_asks_for_counts() -> None:
    wire = Wire([last()])
    await answer_to(wire)
    head, _, body = wire.request.partition(b"\r\n\r\n")
    assert b"Authorization: Bearer k" in head
    assert json.loads(body) == {
        "model": "tiny",
        "messages": [{"role": "user", "content": "Hi"}],
        "temperature": 0.5,
        "max_tokens": 9,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_schema_tools_thinking_and_pictures_are_asked_for_in_the_words_of_the_wire() -> None:
    schema, tool = {"type": "object"}, {"type": "function", "function": {"name": "weather"}}
    message = ChatMessage(
        role="user", content="What is this?", images=(b"\x89PNG....", b"RIFF....WEBPVP8", b"\xff\xd8")
    )
    body = request_body(ChatRequest(messages=(message,), schema=schema, tools=(tool,), think=False), model="tiny")
    assert body["response_format"]["json_schema"]["schema"] == schema
    assert body["tools"] == [tool]
    assert body["chat_template_kwargs"] == {"enable_thinking": False}
    text, *pictures = body["messages"][0]["content"]
    assert text == {"type": "text", "text": "What is this?"}
    assert [one["image_url"]["url"].partition(";")[0] for one in pictures] == [
        "data:image/png",
        "data:image/webp",
        "data:image/jpeg",
    ]


def piece_of_call(**fields: Any) -> bytes:
    return delta(tool_calls=[fields])


async def test_calls_of_functions_come_whole_with_the_last_piece() -> None:
    blocks = [
        piece_of_call(index=0, id="1", function={"name": "weather", "arguments": '{"city": '}),
        piece_of_call(index=1, id="2", function={"name": "now", "arguments": ""}),
        piece_of_call(index=0, function={"arguments": '"Berlin"}'}),
        last("tool_calls"),
        DONE,
    ]
    chunks = await answer_to(Wire(blocks))
    assert chunks[-1].tool_calls == (
        ToolCall(name="weather", arguments={"city": "Berlin"}),
        ToolCall(name="now", arguments={}),
    )


@pytest.mark.parametrize("arguments", ['{"city": ', "[1]", "[" * 100_000])
async def test_arguments_that_are_no_object_are_told_as_such(arguments: str) -> None:
    with pytest.raises(SourceChanged):
        await answer_to(
            Wire([piece_of_call(index=0, function={"name": "weather", "arguments": arguments}), last(), DONE])
        )


def test_what_we_do_not_know_is_passed_on_but_never_wins() -> None:
    body = request_body(ChatRequest(messages=(), extra={"top_p": 0.1, "model": "other", "stream": False}), model="tiny")
    assert (body["top_p"], body["model"], body["stream"]) == (0.1, "tiny", True)
    assert "temperature" not in body
    assert "max_tokens" not in body


async def test_closing_the_iterator_closes_the_connection() -> None:
    wire = Wire([delta(content="a")])
    wire.hold = True
    async with wire.serve() as upstream, make_local_client() as http:
        async with aclosing(stream_chat(http, upstream, REQUEST, source="llama.cpp")) as chunks:
            async for _ in chunks:
                break
        await asyncio.wait_for(wire.closed.wait(), 5)


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (400, {"error": {"message": "bad grammar"}}, RequestRefused, r"did not accept the request: bad grammar\."),
        (422, "no such field", RequestRefused, "no such field"),
        (
            400,
            {"error": {"type": "exceed_context_size_error", "n_prompt_tokens": 900, "n_ctx": 512, "message": "x"}},
            ContextExceeded,
            "has 900 tokens and the model holds 512",
        ),
        (401, {"error": {"message": "Invalid API Key"}}, TokenRefused, "refused the stored token"),
        (429, {}, SourceBusy, "wait 7 seconds"),
        (500, {"error": {"message": "it broke"}}, UpstreamFailed, r"\(it broke\)"),
        (500, "<html>", UpstreamFailed, "<html>"),
        (503, {"error": {"message": "Loading model"}}, RuntimeUnavailable, "is not running"),
    ],
)
async def test_an_error_answer_becomes_a_sentence(status: int, body: Any, error: type[VenomError], words: str) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    with pytest.raises(error, match=words):
        await answer_to(Wire([text.encode()], status=status, headers="retry-after: 7\r\n"))


@pytest.mark.parametrize(
    "event",
    [b'data: {"error": {"code": 400, "message": "too odd"}}\n\n', b'error: {"code": 400, "message": "too odd"}\n\n'],
    ids=["as data", "as a field of its own"],
)
async def test_an_error_inside_the_stream_is_told(event: bytes) -> None:
    with pytest.raises(RequestRefused, match="too odd"):
        await answer_to(Wire([delta(content="a"), event]))


async def test_an_answer_that_ends_without_its_end_was_cut() -> None:
    with pytest.raises(SourceUnreachable):
        await answer_to(Wire([delta(content="a")]))


@pytest.mark.parametrize(
    "event", [b"data: {\n\n", b"data: 7\n\n", b'data: {"choices": [{"delta": {"content": 5}}]}\n\n']
)
async def test_words_that_nobody_understands_are_told_as_such(event: bytes) -> None:
    with pytest.raises(SourceChanged):
        await answer_to(Wire([event]))


def test_an_endless_line_is_given_up() -> None:
    stream = EventStream(source="llama.cpp")
    for _ in range(8):
        stream.feed(b"x" * (1 << 20))
    with pytest.raises(SourceChanged):
        stream.feed(b"x")


NO_SYSTEM = ModelCapabilities(supports_system_role=False)


def messages(*pairs: tuple[str, str]) -> tuple[ChatMessage, ...]:
    return tuple(ChatMessage(role=role, content=content) for role, content in pairs)


def test_the_system_text_goes_before_the_first_message_of_the_user() -> None:
    given = messages(("system", "Be brief."), ("user", "One"), ("assistant", "1"), ("user", "Two"))
    assert adapt_messages(given, NO_SYSTEM) == messages(
        ("user", "Be brief.\n\nOne"), ("assistant", "1"), ("user", "Two")
    )
    assert adapt_messages(given, ModelCapabilities(supports_system_role=True)) == given
    assert adapt_messages(given, ModelCapabilities()) == given


def test_pictures_stay_with_the_question_that_the_system_text_goes_before() -> None:
    asked = ChatMessage(role="user", content="What is this?", images=(b"picture",))
    [adapted] = adapt_messages([ChatMessage(role="system", content="Be brief."), asked], NO_SYSTEM)
    assert (adapted.content, adapted.images) == ("Be brief.\n\nWhat is this?", (b"picture",))


def test_system_text_without_a_user_is_asked_by_the_user() -> None:
    assert adapt_messages(messages(("system", "Be brief.")), NO_SYSTEM) == messages(("user", "Be brief."))
