"""Writes answers to sockets, with the faults that are switched on for them."""

import socket
import struct
import threading
from dataclasses import replace
from pathlib import Path

from tests.fakes import hub_wire
from tests.fakes.hub_faults import (
    Answers,
    CutAfter,
    Fault,
    Hang,
    NoRanges,
    Slow,
    StallAfter,
    WrongByte,
    WrongLength,
    WrongLinkedSize,
)
from tests.fakes.hub_store import read
from tests.fakes.hub_wire import Answer, Reply, Request

CHUNK_BYTES = 64 << 10
SLICES_PER_SECOND = 20


class FaultySender:
    """Sends replies, with the faults that match them."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> Fault:
        with self._lock:
            self._faults.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        fault.release()
        with self._lock:
            self._faults.remove(fault)

    def clear(self) -> None:
        """Switch everything off; what hangs or stalls goes on."""
        with self._lock:
            for fault in self._faults:
                fault.release()
            self._faults.clear()

    def send(self, connection: socket.socket, request: Request, reply: Reply, *, answer: Answer) -> bool:
        """Answer, and say whether the connection may go on."""
        faults = self._take(request, reply)
        for fault in faults:
            reply = _changed(fault, request, reply, answer=answer)
        return _write(connection, request, reply, faults=faults)

    def _take(self, request: Request, reply: Reply) -> list[Fault]:
        with self._lock:
            taken = [fault for fault in self._faults if fault.matches(request, reply)]
            for fault in taken:
                fault.hits += 1
        return taken


def _changed(fault: Fault, request: Request, reply: Reply, *, answer: Answer) -> Reply:
    match fault.effect:
        case Answers(reply=other):
            reply = other
        case NoRanges():
            without = {name: value for name, value in request.headers.items() if name != "range"}
            reply = answer(replace(request, headers=without))
        case WrongLinkedSize(by=by):
            size = int(reply.headers["X-Linked-Size"]) + by
            reply = replace(reply, headers={**reply.headers, "X-Linked-Size": str(size)})
        case Hang():
            fault.happen_and_wait()
        case _:
            return reply
    fault.reached.set()
    return reply


def _write(connection: socket.socket, request: Request, reply: Reply, *, faults: list[Fault]) -> bool:
    request.status = reply.status
    lies = [fault for fault in faults if isinstance(fault.effect, WrongLength)]
    length = reply.count + sum(fault.effect.by for fault in lies if isinstance(fault.effect, WrongLength))
    for lie in lies:
        lie.reached.set()
    connection.sendall(hub_wire.head_of(reply, max(0, length)))
    if request.method == "HEAD" or not reply.count:
        return not lies
    reply = replace(reply, count=min(reply.count, max(0, length)))
    on_body = [fault for fault in faults if isinstance(fault.effect, CutAfter | StallAfter | Slow | WrongByte)]
    if isinstance(reply.content, Path) and not on_body:
        _send_file(connection, request, reply)
        return not lies
    return _send_body(connection, request, reply, faults=on_body) and not lies


def _send_file(connection: socket.socket, request: Request, reply: Reply) -> None:
    assert isinstance(reply.content, Path)
    with reply.content.open("rb") as source:
        try:
            connection.sendfile(source, reply.start, reply.count)
        finally:
            request.sent_bytes = max(0, source.tell() - reply.start)


def _send_body(connection: socket.socket, request: Request, reply: Reply, *, faults: list[Fault]) -> bool:
    rates = [fault.effect.bytes_per_second for fault in faults if isinstance(fault.effect, Slow)]
    size = max(1, min([CHUNK_BYTES, *(rate // SLICES_PER_SECOND for rate in rates)])) if faults else reply.count
    size = min(size, CHUNK_BYTES * 16)
    sent = 0
    while sent < reply.count:
        stop = min(sent + size, reply.count)
        for fault in faults:
            if isinstance(fault.effect, CutAfter | StallAfter):
                if fault.effect.body_bytes == sent and not _pass(connection, fault):
                    return False
                if fault.effect.body_bytes > sent:
                    stop = min(stop, fault.effect.body_bytes)
        chunk = bytearray(read(reply.content, reply.start + sent, stop - sent))
        _spoil(chunk, reply.start + sent, faults=faults)
        connection.sendall(chunk)
        sent = request.sent_bytes = stop
    return True


def _spoil(chunk: bytearray, start: int, *, faults: list[Fault]) -> None:
    for fault in faults:
        match fault.effect:
            case WrongByte(at=at) if start <= at < start + len(chunk):
                chunk[at - start] ^= 0xFF
                fault.reached.set()
            case Slow(bytes_per_second=rate):
                fault.reached.set()
                fault.released.wait(len(chunk) / rate)
            case _:
                pass


def _pass(connection: socket.socket, fault: Fault) -> bool:
    """Whether the body goes on behind this fault."""
    if isinstance(fault.effect, CutAfter):
        if fault.effect.reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        fault.reached.set()
        return False
    fault.happen_and_wait()
    return True
