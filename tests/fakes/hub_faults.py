"""What can go wrong on the wire, switched on for chosen paths and a chosen number of times."""

import threading
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from tests.fakes import hub_wire
from tests.fakes.hub_wire import Reply, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class CutAfter:
    """End the connection after so many bytes of the body, in order or with a reset; shorter bodies do not count."""

    body_bytes: int
    reset: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StallAfter:
    """Send nothing more after so many bytes of the body, until released; shorter bodies do not count."""

    body_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow:
    """Send no faster than this."""

    bytes_per_second: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongByte:
    """Flip the byte at this place of the file; only answers that carry it count."""

    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongLength:
    """A Content-Length this much larger (the body then ends early) or smaller (the body is cut there)."""

    by: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongLinkedSize:
    """An X-Linked-Size this much off; only answers that carry one count."""

    by: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoRanges:
    """Answer a range request with the whole file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hang:
    """Take the request and say nothing, until released."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Another answer altogether: a status, HTML for JSON, JSON of another shape."""

    reply: Reply


Effect = CutAfter | StallAfter | Slow | WrongByte | WrongLength | WrongLinkedSize | NoRanges | Hang | Answers


def failing(status: int, *, retry_after_s: int | None = None, message: str = "Internal Error") -> Answers:
    """An error status with the hub's JSON body; 429 and 503 may say when to come back."""
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    return Answers(reply=hub_wire.as_json({"error": message}, status=status, headers=headers))


def html(status: int = 200) -> Answers:
    """A page where JSON or a file was expected, as a captive portal gives."""
    return Answers(reply=hub_wire.data(b"<!doctype html><title>Sign in</title>", "text/html", status=status))


def other_shape(value: object) -> Answers:
    """JSON that is not what was asked for."""
    return Answers(reply=hub_wire.as_json(value))


@dataclass(slots=True, kw_only=True)
class Fault:
    """An effect that is switched on. `reached` is set once it has happened; `release` ends a stall or a hang."""

    effect: Effect
    pattern: str
    method: str | None
    side: str | None
    times: int | None
    hits: int = 0
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def release(self) -> None:
        self.released.set()

    def happen_and_wait(self) -> None:
        self.reached.set()
        self.released.wait()

    def matches(self, request: Request, reply: Reply) -> bool:
        return (
            (self.times is None or self.hits < self.times)
            and self.method in (None, request.method)
            and self.side in (None, request.side)
            and fnmatchcase(request.path, self.pattern)
            and self._applies(request, reply)
        )

    def _applies(self, request: Request, reply: Reply) -> bool:
        match self.effect:
            case Hang() | Answers():
                return True
            case NoRanges():
                return reply.status == 206
            case WrongLinkedSize():
                return "X-Linked-Size" in reply.headers
            case WrongByte(at=at):
                return _has_body(request, reply) and reply.start <= at < reply.start + reply.count
            case CutAfter(body_bytes=count) | StallAfter(body_bytes=count):
                return _has_body(request, reply) and count < reply.count
            case Slow() | WrongLength():
                return _has_body(request, reply)


def _has_body(request: Request, reply: Reply) -> bool:
    return request.method != "HEAD" and reply.status in (200, 206) and reply.count > 0
