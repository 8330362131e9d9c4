"""Writes answers of the stand-in to sockets: whole ones, and streams of lines that notice when nobody listens."""

import contextlib
import json
import select
import socket
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from tests.fakes.hub_wire import Reply, Request, data, head_of
from tests.fakes.ollama_faults import Answers, Ends, Fault, Faults, Hangs, LongLine, Sends, SlowLines, TellsError

LOOK_EVERY_S = 0.01
LONG_PIECE = b"x" * (64 << 10)


class LeftError(Exception):
    """The client closed the connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Streamed(Reply):
    """`lines` makes what is sent: JSON values one a line, or ready bytes."""

    lines: Callable[[], Iterator[Any]]


def streamed(lines: Callable[[], Iterator[Any]], *, kind: str = "application/x-ndjson") -> Streamed:
    return Streamed(headers={"Content-Type": kind}, lines=lines)


class Sender:
    """Sends replies with the faults that match; `on_left` hears of every request whose asker went away early."""

    def __init__(self, faults: Faults, on_left: Callable[[Request], None]) -> None:
        self._faults = faults
        self._on_left = on_left

    def send(self, connection: socket.socket, request: Request, reply: Reply) -> bool:
        """Answer, and say whether the connection may go on."""
        faults = self._faults.take(request)
        try:
            return self._send(connection, request, reply, faults=faults)
        except (LeftError, BrokenPipeError, ConnectionResetError):
            self._on_left(request)
            for fault in faults:
                fault.left.set()
            return False

    def _send(self, connection: socket.socket, request: Request, reply: Reply, *, faults: list[Fault]) -> bool:
        for fault in faults:
            match fault.effect:
                case Answers(status=status, body=body, kind=kind, headers=headers):
                    reply = data(body, kind, status=status, headers=dict(headers))
                    fault.reached.set()
                case Hangs(after_lines=0):
                    _wait(connection, fault)
                case _:
                    pass
        if isinstance(reply, Streamed):
            return self._stream(connection, request, reply, faults=faults)
        request.status = reply.status
        assert isinstance(reply.content, bytes)
        connection.sendall(head_of(reply, reply.count) + (b"" if request.method == "HEAD" else reply.content))
        return True

    def _stream(self, connection: socket.socket, request: Request, reply: Streamed, *, faults: list[Fault]) -> bool:
        lines = reply.lines()
        with contextlib.closing(lines):  # type: ignore[type-var]  # generators all
            first = next(lines, None)
            if isinstance(first, Reply):
                request.status = first.status
                assert isinstance(first.content, bytes)
                connection.sendall(head_of(first, first.count) + first.content)
                return True
            request.status = 200
            head = head_of(replace(reply, headers={**reply.headers, "Transfer-Encoding": "chunked"}), 0)
            connection.sendall(head.replace(b"Content-Length: 0\r\n", b""))
            for number, line in enumerate(_all(first, lines)):
                for fault in faults:
                    if _interrupts(connection, fault, number):
                        return _end(connection, fault)
                if _is_gone(connection):
                    raise LeftError
                sent = line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n"
                _chunk(connection, sent)
                request.sent_bytes += len(sent)
        connection.sendall(b"0\r\n\r\n")
        return True


def _all(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    if first is not None:
        yield first
        yield from rest


def _interrupts(connection: socket.socket, fault: Fault, number: int) -> bool:
    """Do what the fault does before line `number`, and say whether the stream ends by it."""
    match fault.effect:
        case Hangs(after_lines=after) if after == number > 0:
            _wait(connection, fault)
            return False
        case SlowLines(lines_per_second=rate):
            fault.reached.set()
            fault.released.wait(1 / rate)
            return False
        case TellsError(words=words, after_lines=after) if after == number:
            _chunk(connection, json.dumps({"error": words}).encode() + b"\n")
        case Sends(body=body, after_lines=after) if after == number:
            _chunk(connection, body)
        case LongLine(total_bytes=total, after_lines=after) if after == number:
            while fault.sent_bytes < total:
                _chunk(connection, LONG_PIECE)
                fault.sent_bytes += len(LONG_PIECE)
        case Ends(after_lines=after) if after == number:
            pass
        case _:
            return False
    fault.reached.set()
    return True


def _end(connection: socket.socket, fault: Fault) -> bool:
    if isinstance(fault.effect, Sends) and fault.effect.cut:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 0, 0))
        return False
    connection.sendall(b"0\r\n\r\n")
    return True


def _wait(connection: socket.socket, fault: Fault) -> None:
    fault.reached.set()
    while not fault.released.wait(LOOK_EVERY_S):
        if _is_gone(connection):
            raise LeftError


def _is_gone(connection: socket.socket) -> bool:
    readable, _, _ = select.select([connection], [], [], 0)
    return bool(readable) and connection.recv(1, socket.MSG_PEEK) == b""


def _chunk(connection: socket.socket, body: bytes) -> None:
    connection.sendall(f"{len(body):x}\r\n".encode() + body + b"\r\n")
