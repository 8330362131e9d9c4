"""Asks an Ollama server: whole answers within a limit, and streams of JSON lines that are never held beyond a bound."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, cast

from venom_desktop.core.errors import RuntimeUnavailable, SourceChanged, UpstreamSlow, VenomError
from venom_desktop.core.http import CONNECT_TIMEOUT_S, Client, HttpError, Response, Timeout, translate

TITLE: Final = "Ollama"
LONGEST_LINE_BYTES: Final = 1 << 20
"""A line of an answer has some hundred bytes, a tool call with a file in it some ten thousand."""
LARGEST_ANSWER_BYTES: Final = 16 << 20
"""A list of 10,000 models has 5 MB; a description with the licences of all its layers less."""
_PARSED_AT_ONCE_BYTES: Final = 256 << 10
_AT_ONCE_S: Final = 0.002
"""What is here already is read in less."""
# Nothing is unpacked: a small compressed block could grow beyond every bound.
_HEADERS: Final = {"Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer; `content` is None where the body is no JSON."""

    status: int
    headers: Mapping[str, str]
    content: Any


class LineBuffer:
    """Feed it bytes as they come; it gives back the lines that are complete. `rest` is what came after the last."""

    def __init__(self) -> None:
        self.rest = b""

    def feed(self, block: bytes) -> list[bytes]:
        """Raises `SourceChanged` for a line beyond `LONGEST_LINE_BYTES`, before more of it is taken."""
        lines = (self.rest + block).split(b"\n")
        self.rest = lines.pop()
        if len(self.rest) > LONGEST_LINE_BYTES or any(len(line) > LONGEST_LINE_BYTES for line in lines):
            self.rest = b""
            raise SourceChanged(source=TITLE)
        return [line for line in lines if line.strip()]


class OllamaWire:
    """One server; `endpoint` gives its base URL at each request, so that a setting changed meanwhile holds at once."""

    def __init__(self, http: Client, endpoint: Callable[[], str]) -> None:
        self._http = http
        self._endpoint = endpoint

    async def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None, *, within_s: float) -> Answer:
        """One question, one answer. Raises `RuntimeUnavailable`, `UpstreamSlow`, `SourceChanged` (far too long)."""
        try:
            async with (
                asyncio.timeout(within_s),
                self.open(method, path, body, begins_s=within_s) as response,
            ):
                told = await _whole(response)
                return Answer(status=response.status_code, headers=response.headers, content=await _parsed(told))
        except TimeoutError as error:
            raise slow(within_s) from error
        except HttpError as error:
            raise unreachable(error) from error

    @asynccontextmanager
    async def open(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        content: AsyncIterator[bytes] | None = None,
        begins_s: float | None,
    ) -> AsyncIterator[Response]:
        """An answer whose body is still on the wire. Leaving it early closes the connection, which ends the work.

        `begins_s` is how long the server may take until it begins to answer. Raises `UpstreamSlow`, and what the HTTP
        client raises.
        """
        url = self._endpoint().rstrip("/") + path
        timeout = Timeout(None, connect=CONNECT_TIMEOUT_S)
        stream = self._http.stream(method, url, json=body, content=content, headers=_HEADERS, timeout=timeout)
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(begins_s):
                    response = await stack.enter_async_context(stream)
            except TimeoutError as error:
                raise slow(begins_s) from error
            yield response


def no_rest() -> float:
    return 0.0


async def json_lines(
    response: Response, *, silence_s: Callable[[], float], rest_s: Callable[[], float] = no_rest
) -> AsyncGenerator[Any, None]:
    """Every JSON value of a stream; half a line at its end counts as not sent.

    `silence_s` gives how long nothing at all may come before the next line. `rest_s` gives how long to let lines gather
    once all that came were read: to wake for each of 50 a second costs twice as much. Raises `SourceChanged` for a
    line that is no JSON or has no end, `UpstreamSlow` for silence, and what the HTTP client raises.
    """
    buffer = LineBuffer()
    # Bodies are read as they are, see `_HEADERS`. Closed by hand: a loop without hooks for generators never would.
    pieces = cast(AsyncGenerator[bytes, None], response.aiter_raw())
    async with aclosing(pieces):
        began = time.monotonic()
        while (piece := await _next(pieces, silence_s())) is not None:
            had_to_wait = time.monotonic() - began > _AT_ONCE_S
            for line in buffer.feed(piece):
                yield _decoded(line)
            if had_to_wait and (rest := rest_s()):
                await asyncio.sleep(rest)
            began = time.monotonic()
    # An error that comes before everything else has no line end.
    if buffer.rest.strip():
        try:
            last = json.loads(buffer.rest)
        except (ValueError, RecursionError):
            return
        yield last


async def read_error(response: Response, *, within_s: float) -> Answer:
    """The body of an error answer, as far as it comes in time. Raises what the HTTP client raises."""
    try:
        async with asyncio.timeout(within_s):
            content = await _parsed(await _whole(response))
    except TimeoutError:
        content = None
    return Answer(status=response.status_code, headers=response.headers, content=content)


def unreachable(error: HttpError) -> VenomError:
    """A connection that was refused or broke, in our own words."""
    told = translate(error, source=TITLE)
    return told if isinstance(told, UpstreamSlow) else RuntimeUnavailable(runtime=TITLE)


def slow(limit_s: float | None) -> UpstreamSlow:
    return UpstreamSlow(source=TITLE, timeout_s=max(1, round(limit_s or 0)))


async def _next(pieces: AsyncGenerator[bytes, None], silence_s: float) -> bytes | None:
    try:
        async with asyncio.timeout(silence_s):
            return await anext(pieces, None)
    except TimeoutError as error:
        raise slow(silence_s) from error


async def _whole(response: Response) -> bytes:
    body = bytearray()
    pieces = cast(AsyncGenerator[bytes, None], response.aiter_raw())
    async with aclosing(pieces):
        async for piece in pieces:
            body += piece
            if len(body) > LARGEST_ANSWER_BYTES:
                raise SourceChanged(source=TITLE)
    return bytes(body)


async def _parsed(body: bytes) -> Any:
    """None for what is no JSON; long answers are read in a thread."""
    try:
        if len(body) <= _PARSED_AT_ONCE_BYTES:
            return json.loads(body)
        return await asyncio.to_thread(json.loads, body)
    except (ValueError, RecursionError):
        return None


def _decoded(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise SourceChanged(source=TITLE) from error
