"""What a guard hands on of its server: a log file that is rotated, and events for the program that listens."""

import contextlib
import json
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

LINES_KEPT = 400
LOG_ROTATES_AT_BYTES = 2 * 1024 * 1024


class Log:
    """A log file that becomes `<name>.1` when it is full; a disk that is full costs lines, not the server."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._out: IO[bytes] | None = None

    def write(self, line: bytes) -> None:
        with self._lock, contextlib.suppress(OSError):
            if self._out is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._out = self._path.open("ab")
            self._out.write(line)
            self._out.flush()
            if self._out.tell() > LOG_ROTATES_AT_BYTES:
                self._out.close()
                self._out = None
                self._path.replace(self._path.with_name(f"{self._path.name}.1"))

    def close(self) -> None:
        with self._lock, contextlib.suppress(OSError):
            if self._out is not None:
                self._out.close()
                self._out = None


class Teller:
    """Writes events to the program that listens, and keeps the last lines of the server for the one after it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._say: Callable[[bytes], object] | None = to_stdout
        self._caller: socket.socket | None = None
        self._last: deque[bytes] = deque(maxlen=LINES_KEPT)

    def tell(self, event: str, **details: Any) -> None:
        with self._lock:
            self._write(packed(event, details))

    def tell_line(self, event: str, line: str) -> None:
        told = packed(event, {"line": line})
        with self._lock:
            self._last.append(told)
            self._write(told)

    def turn_to(self, caller: socket.socket, **facts: Any) -> None:
        """Another program listens from now on."""
        with self._lock:
            self._caller, self._say = caller, caller.sendall
            for told in (packed("started", facts), *self._last):
                self._write(told)

    def fall_silent(self) -> None:
        """Nobody listens."""
        with self._lock:
            self._say = None
            if self._caller is not None:
                self._caller.close()

    def _write(self, told: bytes) -> None:
        if self._say is None:
            return
        try:
            self._say(told)
        except (OSError, ValueError):
            self._say = None


def packed(event: str, details: dict[str, Any]) -> bytes:
    return json.dumps({"event": event, **details}).encode() + b"\n"


def to_stdout(told: bytes) -> None:
    sys.stdout.buffer.write(told)
    sys.stdout.buffer.flush()
