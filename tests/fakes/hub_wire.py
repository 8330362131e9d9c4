"""A threaded HTTP/1.1 server on a loopback socket that keeps its port while it is down and sends files by sendfile."""

import contextlib
import json
import re
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import BinaryIO
from urllib.parse import parse_qs, unquote, urlsplit

from tests.fakes.hub_store import Content

Answer = Callable[["Request"], "Reply"]
Send = Callable[[socket.socket, "Request", "Reply"], bool]


@dataclass(slots=True, kw_only=True)
class Request:
    """One request as it came in; header names in lower case. `status` and `sent_bytes` follow as it is answered."""

    side: str
    method: str
    path: str
    target: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes = b""
    status: int | None = None
    sent_bytes: int = 0
    sender: int = 0
    """The port it came from: that of its connection."""

    @property
    def range(self) -> str | None:
        return self.headers.get("range")

    @property
    def token(self) -> str | None:
        kind, _, token = self.headers.get("authorization", "").partition(" ")
        return token if kind == "Bearer" else None

    def last(self, name: str) -> str | None:
        """The last value of a query parameter."""
        return self.query[name][-1] if self.query.get(name) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer; `content` from `start` for `count` bytes is its body."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content: Content = b""
    start: int = 0
    count: int = 0


def data(body: bytes, kind: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """A small body of the given media type."""
    return Reply(status=status, headers={"Content-Type": kind, **(headers or {})}, content=body, count=len(body))


def as_json(value: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    return data(json.dumps(value).encode(), "application/json; charset=utf-8", status=status, headers=headers)


def ranged(request: Request, content: Content, size_bytes: int, *, etag: str, headers: Mapping[str, str]) -> Reply:
    """A whole file, a part of it (206), or 416; a stale `If-Range` gets the whole file."""
    common = {"Accept-Ranges": "bytes", "ETag": etag, "Content-Type": "application/octet-stream", **headers}
    wanted = request.range
    if wanted is None or request.headers.get("if-range", etag) != etag:
        return Reply(headers=common, content=content, count=size_bytes)
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", wanted)
    if match is None or match.groups() == ("", ""):
        return Reply(headers=common, content=content, count=size_bytes)
    first, last = match.groups()
    start = int(first) if first else max(0, size_bytes - int(last))
    end = min(int(last), size_bytes - 1) if first and last else size_bytes - 1
    if start >= size_bytes or end < start:
        return Reply(status=416, headers={"Content-Range": f"bytes */{size_bytes}"})
    part = {**common, "Content-Range": f"bytes {start}-{end}/{size_bytes}"}
    return Reply(status=206, headers=part, content=content, start=start, count=end - start + 1)


def head_of(reply: Reply, length: int) -> bytes:
    """Status line and headers."""
    lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}", f"Content-Length: {length}"]
    lines += [f"{name}: {value}" for name, value in reply.headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def read_request(source: BinaryIO, side: str, *, sender: int = 0) -> Request | None:
    """The next request of a connection, None where it ended."""
    first = source.readline(65536).decode("latin-1").split()
    if len(first) != 3:
        return None
    headers: dict[str, str] = {}
    while line := source.readline(65536).decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = _chunks(source) if headers.get("transfer-encoding") == "chunked" else _counted(source, headers)
    target = urlsplit(first[1])
    query = parse_qs(target.query, keep_blank_values=True)
    path = unquote(target.path)
    return Request(
        side=side,
        method=first[0],
        path=path,
        target=first[1],
        query=query,
        headers=headers,
        body=body,
        sender=sender,
    )


def _counted(source: BinaryIO, headers: Mapping[str, str]) -> bytes:
    return source.read(int(headers.get("content-length", "0")))


def _chunks(source: BinaryIO) -> bytes:
    pieces = []
    while size := int(source.readline(65536).strip() or b"0", 16):
        pieces.append(source.read(size))
        source.readline(65536)
    source.readline(65536)
    return b"".join(pieces)


class WireServer:
    """Listens on 127.0.0.1; one thread a connection. `send` gives False where the connection must end."""

    def __init__(self, side: str, answer: Answer, send: Send, *, port: int = 0) -> None:
        self.side = side
        self.mistakes: list[BaseException] = []
        self._answer = answer
        self._send = send
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        # Never listens, so connections are refused while the server is down, yet nobody else gets the port.
        self._reservation = self._bound(port)
        self.port: int = self._reservation.getsockname()[1]
        self._listener: socket.socket | None = None
        self.come_back()

    def come_back(self) -> None:
        """Listen again, on the same port."""
        if self._listener is None:
            listener = self._bound(self.port)
            listener.listen(128)
            self._listener = listener
            self._start(self._accept, listener)

    def go_down(self) -> None:
        """End every connection and refuse new ones."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        self.go_down()
        self._reservation.close()
        for thread in self._threads:
            thread.join(10)

    @staticmethod
    def _bound(port: int) -> socket.socket:
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind(("127.0.0.1", port))
        return bound

    def _start(self, target: Callable[[socket.socket], None], connection: socket.socket) -> None:
        thread = threading.Thread(target=target, args=(connection,), daemon=True, name=f"fake-{self.side}")
        self._threads = [kept for kept in self._threads if kept.is_alive()] + [thread]
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._connections.add(connection)
            if self._listener is not listener:
                connection.close()
                return
            self._start(self._converse, connection)

    def _converse(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as source:
                sender = connection.getpeername()[1]
                while (request := read_request(source, self.side, sender=sender)) is not None:
                    if not self._send(connection, request, self._answer(request)):
                        return
                    if request.headers.get("connection", "").lower() == "close":
                        return
        except OSError:
            return
        except Exception as error:  # noqa: BLE001 - a mistake of the stand-in must fail the test, not vanish in a thread
            self.mistakes.append(error)
        finally:
            with self._lock:
                self._connections.discard(connection)
