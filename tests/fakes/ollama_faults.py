"""What can go wrong in an Ollama server's answers, switched on for chosen paths and a chosen number of times."""

import json
import threading
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from tests.fakes.hub_wire import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Hangs:
    """Say nothing more after so many lines and keep the connection open, until released; 0 not even a status."""

    after_lines: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Another answer altogether, with its own status."""

    status: int
    body: bytes
    kind: str = "application/json; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TellsError:
    """An `{"error": ...}` line after so many lines, under HTTP 200; then the stream ends in order."""

    words: str
    after_lines: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """The stream ends in order after so many lines, as if nothing had happened."""

    after_lines: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sends:
    """These bytes after so many lines in place of the next one; then the stream ends, or the connection is `cut`."""

    body: bytes
    after_lines: int = 1
    cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LongLine:
    """A line of so many bytes without an end, after so many lines."""

    total_bytes: int = 100 << 20
    after_lines: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowLines:
    """No more lines in a second than this."""

    lines_per_second: float


Effect = Hangs | Answers | TellsError | Ends | Sends | LongLine | SlowLines


def failing(status: int, words: str = "something went wrong", *, retry_after_s: int | None = None) -> Answers:
    """An error status with Ollama's JSON body."""
    headers = () if retry_after_s is None else (("Retry-After", str(retry_after_s)),)
    return Answers(status=status, body=json.dumps({"error": words}).encode(), headers=headers)


def html(status: int = 200) -> Answers:
    """A page where JSON was expected."""
    return Answers(status=status, body=b"<!doctype html>\n<title>Sign in</title>\n", kind="text/html")


def html_line(*, after_lines: int = 1) -> Sends:
    return Sends(body=b"<html><body>502 Bad Gateway</body></html>\n", after_lines=after_lines)


def half_line(*, after_lines: int = 1, cut: bool = True) -> Sends:
    """The beginning of a line; then the connection breaks, or with `cut=False` the answer ends in order."""
    return Sends(body=b'{"status":"pulling 6a0746a1ec1a","dig', after_lines=after_lines, cut=cut)


@dataclass(slots=True, kw_only=True)
class Fault:
    """An effect that is switched on. `reached`: it has happened; `left`: the client went away while it hung."""

    effect: Effect
    pattern: str
    method: str | None
    times: int | None
    hits: int = 0
    sent_bytes: int = 0
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    left: threading.Event = field(default_factory=threading.Event)

    def release(self) -> None:
        self.released.set()

    def matches(self, request: Request) -> bool:
        return (
            (self.times is None or self.hits < self.times)
            and self.method in (None, request.method)
            and fnmatchcase(request.path, self.pattern)
        )


class Faults:
    """The faults that are switched on."""

    def __init__(self) -> None:
        self._all: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> Fault:
        with self._lock:
            self._all.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            for fault in self._all:
                fault.release()
            self._all.clear()

    def take(self, request: Request) -> list[Fault]:
        with self._lock:
            taken = [fault for fault in self._all if fault.matches(request)]
            for fault in taken:
                fault.hits += 1
        return taken
