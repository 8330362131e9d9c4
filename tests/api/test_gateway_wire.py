"""What the gateway really sends to an engine, seen by an engine that only listens."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from tests.api.caller import NAME, Served
from venom_desktop.api.gateway import Gateway
from venom_desktop.core.http import PassingClient
from venom_desktop.core.registry.model import ModelCapabilities
from venom_desktop.core.runtimes.base import Runtime, Upstream

PATH = "/v1/chat/completions"
SYSTEM = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]


@dataclass
class Engine:
    """Notes every request and answers with what it is told."""

    answer: bytes = b'{"usage": {"prompt_tokens": 1, "completion_tokens": 2}}'
    status: str = "200 OK"
    cut: bool = False
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = int(head.lower().partition("content-length: ")[2].partition("\r")[0])
                self.heads.append(head)
                self.bodies.append(await reader.readexactly(length))
                told = len(self.answer) + (100 if self.cut else 0)
                writer.write(f"HTTP/1.1 {self.status}\r\nContent-Length: {told}\r\n\r\n".encode() + self.answer)
                if self.cut:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


class Listening:
    """As much of a runtime as the gateway looks at."""

    name = "llama_cpp"

    def __init__(self, runtime: Runtime, upstream: Upstream) -> None:
        self.snapshot = runtime.snapshot
        self._upstream = upstream

    def passing(self) -> AbstractContextManager[Upstream]:
        import contextlib

        return contextlib.nullcontext(self._upstream)


@dataclass(frozen=True)
class Desk:
    served: Served
    engine: Engine
    gateway: Gateway

    async def ask(self, body: dict[str, Any]) -> tuple[int, bytes]:
        """Straight into the raw application, as the server would."""
        content = json.dumps(body).encode()
        arrived = [{"type": "http.request", "body": content, "more_body": False}]
        sent: list[Any] = []
        forever = asyncio.Event()

        async def receive() -> Any:
            if not arrived:
                await forever.wait()
            return arrived.pop()

        async def send(message: Any) -> None:
            sent.append(message)

        await self.gateway({"type": "http", "method": "POST", "path": PATH, "headers": []}, receive, send)
        return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


@pytest.fixture
async def desk(served: Served) -> AsyncIterator[Desk]:
    model = await served.put_model()
    await served.services.active.activate(model.key)
    engine = Engine()
    server = await asyncio.start_server(engine.hear, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    upstream = Upstream(base_url=url, model=NAME, headers={"Authorization": "Bearer engine-key"})
    runtime = Listening(served.services.runtimes["llama_cpp"], upstream)
    services = replace(served.services, runtimes={"llama_cpp": cast(Runtime, runtime)})
    client = PassingClient()
    gateway = Gateway(services, client)
    yield Desk(served, engine, gateway)
    await gateway.close()
    await client.close()
    server.close()
    await server.wait_closed()


async def test_the_engine_gets_its_own_key_and_never_ours(desk: Desk) -> None:
    await desk.ask({"model": "active", "messages": SYSTEM})
    [head] = desk.engine.heads
    assert "Authorization: Bearer engine-key" in head
    assert desk.served.server.token not in head
    assert json.loads(desk.engine.bodies[0])["model"] == NAME


async def test_the_system_text_moves_only_for_a_model_that_is_known_to_reject_it(desk: Desk) -> None:
    registry = desk.served.services.registry
    for supports, expected in (
        (None, SYSTEM),
        (True, SYSTEM),
        (False, [{"role": "user", "content": "Be brief.\n\nHello"}]),
    ):
        await registry.set_model_capabilities(NAME, ModelCapabilities(supports_system_role=supports))
        await desk.ask({"model": NAME, "messages": SYSTEM})
        assert json.loads(desk.engine.bodies[-1])["messages"] == expected


async def test_only_a_streamed_answer_is_the_last_of_its_connection(desk: Desk) -> None:
    for streamed in (True, False):
        await desk.ask({"model": NAME, "messages": SYSTEM, "stream": streamed})
        assert ("Connection: close" in desk.engine.heads[-1]) is streamed


async def test_an_answer_goes_back_byte_by_byte(desk: Desk) -> None:
    desk.engine.answer = b'{ "odd":  [1.0,2],"text":"\\u017c\xc5\xbc" }'
    for streamed in (True, False):
        assert await desk.ask({"model": NAME, "messages": SYSTEM, "stream": streamed}) == (200, desk.engine.answer)


async def test_an_answer_that_breaks_off_is_an_error_and_no_half_answer(desk: Desk) -> None:
    desk.engine.cut = True
    status, body = await desk.ask({"model": NAME, "messages": SYSTEM})
    assert (status, json.loads(body)["error"]["code"]) == (502, "SOURCE_UNREACHABLE")
    status, body = await desk.ask({"model": NAME, "messages": SYSTEM, "stream": True})
    assert status == 200
    assert json.loads(body.rpartition(b"data: ")[2])["error"]["code"] == "SOURCE_UNREACHABLE"


async def test_an_engine_that_refuses_keeps_its_words_and_gets_a_status_of_ours(desk: Desk) -> None:
    desk.engine.answer = b'{"error": {"message": "Field x is odd", "type": "invalid_request_error"}}'
    for told, expected, code in (
        ("400 Bad Request", 400, "REQUEST_REFUSED"),
        ("401 Unauthorized", 502, "TOKEN_REFUSED"),
        ("429 Too Many Requests\r\nRetry-After: 7", 429, "SOURCE_BUSY"),
        ("500 Oh", 502, "UPSTREAM_FAILED"),
        ("503 Loading", 503, "RUNTIME_UNAVAILABLE"),
    ):
        desk.engine.status = told
        status, body = await desk.ask({"model": NAME, "messages": SYSTEM, "stream": True})
        assert (status, json.loads(body)["error"]["code"]) == (expected, code)
    desk.engine.status, desk.engine.answer = "500 Oh", b"\xff no json"
    assert (await desk.ask({"model": NAME, "messages": SYSTEM}))[0] == 502
