"""One program per home: the first one listens in the runtime folder, a later one finds it and speaks to it.

JSON lines over a Unix socket, standard library only, so that the command line can ask before it imports anything:

    {"request": "hello"}                       {"ok": true, "pid": 4242, "version": "0.1.0"}
    {"request": "show"}                        {"ok": true}
    {"request": "open", "file": "/a/b.gguf"}   {"ok": true}
    {"request": "api"}                         {"ok": true, "url": "http://127.0.0.1:8642", "token": "..."}
    anything else                              {"ok": false, "error": "<sentence>", "reason_code": "<CODE>"}
"""

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import Awaitable, Mapping
from pathlib import Path
from typing import Any, Protocol

from venom_desktop import __version__
from venom_desktop.app.instance_door import Claim
from venom_desktop.core.errors import InvalidInput, TooLarge, VenomError
from venom_desktop.core.tasks import TaskScope
from venom_desktop.core.unix_sockets import uid_of

LONGEST_LINE_BYTES = 32_768
DEEPEST_JSON = 4
MOST_CONNECTIONS = 16
IDLE_S = 30.0
"""A caller that says nothing for so long is sent away; an answer may take as long as it needs."""


class Answers(Protocol):
    """What the running program does when it is asked."""

    def show(self) -> Awaitable[None]:
        """Bring the window to the front."""

    def open_file(self, file: Path) -> Awaitable[None]:
        """Open a file the user double-clicked or dropped; the path is absolute and otherwise unchecked."""

    def api(self) -> Awaitable[tuple[str, str]]:
        """Switch the HTTP API on for this run; its URL and bearer token."""


class InstanceServer:
    """Answers on the socket of a claim until `close`; other users are sent away by file mode and by their uid."""

    def __init__(self, claim: Claim, answers: Answers, *, uid: int | None = None, idle_s: float = IDLE_S) -> None:
        self._claim = claim
        self._answers = answers
        self._uid = os.getuid() if uid is None else uid
        self._idle_s = idle_s
        self._scope = TaskScope("instance")
        self._server: asyncio.Server | None = None
        self._connections = 0
        self._met = 0

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(self._meet, sock=self._claim.listener, limit=LONGEST_LINE_BYTES)

    async def close(self) -> None:
        """Stop answering and end what is being answered. The claim stays: its holder may still be at its files."""
        if self._server is not None:
            self._server.close()
        await self._scope.close()
        # The transports of the ended connections close in the next turn of the loop.
        await asyncio.sleep(0)

    def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer: socket.socket = writer.get_extra_info("socket")
        if self._connections >= MOST_CONNECTIONS or uid_of(peer) != self._uid:
            writer.transport.abort()
            return
        self._met += 1
        self._connections += 1
        talk = self._scope.start(f"connection {self._met}", self._talk(reader, writer))
        talk.add_done_callback(lambda ended: self._part(writer, ended))

    def _part(self, writer: asyncio.StreamWriter, ended: "asyncio.Task[None]") -> None:
        self._connections -= 1
        if ended.cancelled():
            writer.transport.abort()
        else:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(TimeoutError, ConnectionError):
            try:
                while line := await self._next_line(reader):
                    await self._say(writer, await self._answer(line))
            except TooLarge as error:
                await self._say(writer, _refusal(error))

    async def _next_line(self, reader: asyncio.StreamReader) -> bytes:
        """A whole line, or nothing at the end. Raises `TooLarge`, or `TimeoutError` for a silent caller."""
        async with asyncio.timeout(self._idle_s):
            try:
                line = await reader.readline()
            except ValueError as error:  # how a StreamReader tells that its limit is passed
                raise TooLarge(limit="32\u00a0KB") from error
        return line if line.endswith(b"\n") else b""

    async def _say(self, writer: asyncio.StreamWriter, answer: dict[str, Any]) -> None:
        writer.write(json.dumps(answer).encode() + b"\n")
        async with asyncio.timeout(self._idle_s):
            await writer.drain()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            return {"ok": True, **await self._do(parse(line))}
        except VenomError as error:
            return _refusal(error)

    async def _do(self, request: Mapping[str, str]) -> dict[str, Any]:
        match request:
            case {"request": "hello"}:
                return {"pid": os.getpid(), "version": __version__}
            case {"request": "show"}:
                await self._answers.show()
                return {}
            case {"request": "open", "file": file}:
                await self._answers.open_file(_absolute(file))
                return {}
            case {"request": "api"}:
                url, token = await self._answers.api()
                return {"url": url, "token": token}
            case _:
                raise _not_understood()


def parse(line: bytes) -> Mapping[str, str]:
    """A request: one flat object of strings. Raises `InvalidInput` for everything else."""
    try:
        text = line.decode("utf-8")
        if deeper_than(text, DEEPEST_JSON):
            raise _not_understood()
        request = json.loads(text)
    except ValueError as error:
        raise _not_understood() from error
    if not isinstance(request, dict) or not all(isinstance(value, str) for value in request.values()):
        raise _not_understood()
    return request


def deeper_than(text: str, deepest: int) -> bool:
    """Whether brackets outside strings nest deeper than `deepest`, told without parsing."""
    depth = 0
    quoted = escaped = False
    for letter in text:
        if quoted:
            quoted = escaped or letter != '"'
            escaped = letter == "\\" and not escaped
        elif letter == '"':
            quoted = True
        elif letter in "[{":
            depth += 1
            if depth > deepest:
                return True
        elif letter in "]}":
            depth -= 1
    return False


def _absolute(file: str) -> Path:
    path = Path(file)
    if "\0" in file or not path.is_absolute():
        raise InvalidInput(problem="The path of a file to open must be absolute.")
    return path


def _not_understood() -> InvalidInput:
    return InvalidInput(problem="The request was not understood.")


def _refusal(error: VenomError) -> dict[str, Any]:
    return {"ok": False, "error": str(error), "reason_code": error.reason_code}
