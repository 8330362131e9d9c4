"""The running program answers its own user, and nothing that is sent to it harms it."""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venom_desktop.app.instance import LONGEST_LINE_BYTES, MOST_CONNECTIONS, InstanceServer, deeper_than, parse
from venom_desktop.app.instance_door import SOCKET_NAME, Claim, ask, claim, claim_or_ask
from venom_desktop.core.errors import InvalidInput, NoActiveModel
from venom_desktop.core.tasks import TaskScope


class RecordingAnswers:
    def __init__(self) -> None:
        self.done: list[str] = []
        self.asked = asyncio.Event()
        self.wait_for: asyncio.Event | None = None

    async def show(self) -> None:
        self.done.append("show")
        self.asked.set()
        if self.wait_for is not None:
            await self.wait_for.wait()

    async def open_file(self, file: Path) -> None:
        self.done.append(f"open {file}")

    async def api(self) -> tuple[str, str]:
        raise NoActiveModel


Serve = Callable[..., Awaitable[tuple[Path, RecordingAnswers]]]


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Serve]:
    servers: list[InstanceServer] = []
    claims: list[Claim] = []

    async def start(**options: Any) -> tuple[Path, RecordingAnswers]:
        held = claim(tmp_path / "run")
        assert held is not None
        answers = RecordingAnswers()
        claims.append(held)
        servers.append(InstanceServer(held, answers, **options))
        await servers[-1].start()
        return tmp_path / "run", answers

    yield start
    for server in servers:
        await server.close()
    for held in claims:
        held.release()


async def exchange(folder: Path, sent: bytes) -> list[dict[str, Any]]:
    """All answers to what is sent over one connection, which we then half close."""
    reader, writer = await asyncio.open_unix_connection(str(folder / SOCKET_NAME))
    with contextlib.suppress(ConnectionError):
        writer.write(sent)
        writer.write_eof()
        await writer.drain()
    async with asyncio.timeout(60):
        received = await read_to_end(reader)
    writer.close()
    return [json.loads(line) for line in received.splitlines()]


async def read_to_end(reader: asyncio.StreamReader) -> bytes:
    received = b""
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(65536):
            received += piece
    return received


async def test_every_request_is_answered_in_order_on_one_connection(serve: Serve) -> None:
    folder, answers = await serve()
    sent = b'{"request":"hello"}\n{"request":"show"}\n{"request":"open","file":"/a/b c.gguf"}\n{"request":"api"}\n'
    hello, shown, opened, api = await exchange(folder, sent)
    assert hello["ok"] is True
    assert hello["pid"] == os.getpid()
    assert shown == opened == {"ok": True}
    assert answers.done == ["show", "open /a/b c.gguf"]
    assert api == {"ok": False, "error": str(NoActiveModel()), "reason_code": "NO_ACTIVE_MODEL"}


async def test_the_plain_client_reaches_it(serve: Serve) -> None:
    folder, answers = await serve()
    assert await asyncio.to_thread(ask, folder, {"request": "show"}) == {"ok": True}
    assert answers.done == ["show"]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"hello",
        b"null",
        b"[]",
        b'"show"',
        b"{}",
        b'{"request": 1}',
        b'{"request": "show", "more": {"a": 1}}',
        b'{"request": "quit"}',
        b'{"request": "open"}',
        b'{"request": "open", "file": "relative.gguf"}',
        b'{"request": "open", "file": "/nul\\u0000"}',
        b'{"request": "open", "file": ["/a"]}',
        b'\xff\xfe{"request": "show"}',
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b"[" * 30_000,
        b'{"request": "show"',
        b'{"request": ' + b"9" * 20_000 + b"}",
    ],
)
async def test_a_line_that_means_nothing_is_refused_and_the_next_one_answered(serve: Serve, line: bytes) -> None:
    folder, answers = await serve()
    refused, hello = await exchange(folder, line + b'\n{"request":"hello"}\n')
    assert refused["ok"] is False
    assert refused["reason_code"] == "INVALID_INPUT"
    assert hello["ok"] is True
    assert answers.done == []


async def test_a_line_longer_than_allowed_is_refused_and_ends_the_connection(serve: Serve) -> None:
    folder, _ = await serve()
    answers = await exchange(folder, b'{"request":"' + b"x" * 4 * LONGEST_LINE_BYTES + b'"}\n{"request":"show"}\n')
    assert [answer.get("reason_code") for answer in answers] in ([], ["TOO_LARGE"])
    assert (await exchange(folder, b'{"request":"hello"}\n'))[0]["ok"] is True


async def test_half_a_line_is_no_request(serve: Serve) -> None:
    folder, answers = await serve()
    assert await exchange(folder, b'{"request":"show"}') == []
    assert answers.done == []


async def test_a_caller_that_says_nothing_is_sent_away(serve: Serve) -> None:
    folder, _ = await serve(idle_s=0.01)
    reader, writer = await asyncio.open_unix_connection(str(folder / SOCKET_NAME))
    async with asyncio.timeout(60):
        assert await reader.read() == b""
    writer.close()


async def test_connections_are_bounded_and_free_again_after(serve: Serve) -> None:
    folder, _ = await serve()
    opened = [await asyncio.open_unix_connection(str(folder / SOCKET_NAME)) for _ in range(MOST_CONNECTIONS)]
    for reader, writer in opened:
        writer.write(b'{"request":"hello"}\n')
        assert await reader.readline()
    assert await exchange(folder, b'{"request":"hello"}\n') == []
    for reader, writer in opened:
        writer.write_eof()
        assert await read_to_end(reader) == b""
        writer.close()
    assert len(await exchange(folder, b'{"request":"hello"}\n')) == 1


async def test_another_user_is_sent_away(serve: Serve) -> None:
    folder, answers = await serve(uid=os.getuid() + 1)
    assert await exchange(folder, b'{"request":"show"}\n') == []
    assert answers.done == []


async def test_closing_ends_an_answer_in_the_making(tmp_path: Path) -> None:
    held = claim(tmp_path / "run")
    assert held is not None
    answers = RecordingAnswers()
    answers.wait_for = asyncio.Event()
    server = InstanceServer(held, answers)
    await server.start()
    reader, writer = await asyncio.open_unix_connection(str(tmp_path / "run" / SOCKET_NAME))
    writer.write(b'{"request":"show"}\n')
    async with asyncio.timeout(60):
        await answers.asked.wait()
        await server.close()
        assert await read_to_end(reader) == b""
    writer.close()
    held.release()


async def test_the_home_stays_taken_until_its_holder_has_put_everything_away(tmp_path: Path) -> None:
    held = claim(tmp_path / "run")
    assert held is not None
    server = InstanceServer(held, RecordingAnswers())
    await server.start()
    await server.close()
    assert claim(tmp_path / "run") is None
    async with TaskScope("next program") as scope:
        waiting = scope.start("claim", asyncio.to_thread(claim_or_ask, tmp_path / "run", {"request": "show"}))
        held.release()
        again = await waiting
    assert isinstance(again, Claim)
    again.release()


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300) | st.text(alphabet='{}[]",:\\ruqest0', max_size=200).map(str.encode))
def test_any_bytes_are_a_request_or_refused(line: bytes) -> None:
    try:
        request = parse(line)
    except InvalidInput:
        return
    assert all(isinstance(value, str) for value in request.values())


def test_depth_counts_brackets_outside_strings_only() -> None:
    assert not deeper_than('{"a": "[[[[[[[[\\"[["}', 1)
    assert deeper_than('{"a": [1]}', 1)
    assert not deeper_than("[][][][]", 1)
