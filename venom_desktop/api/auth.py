"""Who may call: the token and its file, the Host and Origin checks, and the size of a body."""

import hmac
import os
import re
import secrets
from pathlib import Path

from venom_desktop.api.answers import App, Message, Receive, Scope, Send, is_gateway, refuse
from venom_desktop.core.errors import ForeignHost, NotAuthorized, StorageFailed, TooLarge, VenomError
from venom_desktop.core.files import write_atomically

LARGEST_BODY_BYTES = 256 * 1024
"""No request under /api carries more than a prompt template; the gateway has a limit of its own."""
OPEN_PATHS = frozenset({"/health", "/docs", "/docs/openapi.json"})
OUR_NAMES = ("127.0.0.1", "localhost", "[::1]")

_TOKEN = re.compile(r"[A-Za-z0-9_-]{32,200}")
_HOST = re.compile(rf"({'|'.join(map(re.escape, OUR_NAMES))})(:\d{{1,5}})?", re.IGNORECASE)


class ClientGone(Exception):
    """Whoever asked has hung up."""


def read_or_make_token(path: Path) -> str:
    """The token in the file, readable by its owner alone; a missing or damaged one is made anew. Blocks.

    Raises `StorageFailed`, `DiskFull`.
    """
    try:
        found = path.read_text(encoding="ascii").strip()
        if _TOKEN.fullmatch(found):
            if os.name == "posix" and path.stat().st_mode & 0o077:
                # Others could read it until now, so it is no secret any more.
                found = ""
            else:
                return found
    except (FileNotFoundError, UnicodeDecodeError):
        pass
    except OSError as error:
        raise StorageFailed(path=path, problem=error.strerror or str(error)) from error
    made = secrets.token_urlsafe(32)
    write_atomically(path, f"{made}\n".encode(), keep_previous=False, mode=0o600)
    return made


class Guard:
    """Stands before everything: what it refuses reaches no route. A body under /api is read whole before it passes.

    A page of another origin cannot call us even with a token, and a foreign name that points at this machine
    (DNS rebinding) is no name of ours.
    """

    def __init__(self, app: App, *, token: str) -> None:
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._check(scope)
            if scope["type"] == "http" and not is_gateway(scope["path"]):
                receive = _again(await read_body(scope, receive, LARGEST_BODY_BYTES), receive)
        except VenomError as error:
            await refuse(scope, send, error)
        except ClientGone:
            return
        else:
            await self._app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        """Raises `ForeignHost`, `NotAuthorized`."""
        hosts, origins, keys = (_values(scope, name) for name in (b"host", b"origin", b"authorization"))
        if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]):
            raise ForeignHost
        if origins and origins != [f"http://{hosts[0]}"]:
            raise ForeignHost
        if scope["path"] in OPEN_PATHS:
            return
        kind, _, key = keys[0].partition(" ") if len(keys) == 1 else ("", "", "")
        if kind.lower() != "bearer" or not hmac.compare_digest(key.strip().encode("latin-1"), self._token):
            raise NotAuthorized


async def read_body(scope: Scope, receive: Receive, limit_bytes: int) -> bytes:
    """The whole body. Raises `TooLarge`, at once when the client says so beforehand, and `ClientGone`."""
    told = _values(scope, b"content-length")
    if told and told[0].isdigit() and int(told[0][:15]) > limit_bytes:
        raise _too_large(limit_bytes)
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body += message.get("body", b"")
        if len(body) > limit_bytes:
            raise _too_large(limit_bytes)
        if not message.get("more_body", False):
            return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """Gives the body that was read, and then whatever comes after it."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def give() -> Message:
        return waiting.pop() if waiting else await receive()

    return give


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for header, value in scope["headers"] if header == name]


def _too_large(limit_bytes: int) -> VenomError:
    size = f"{limit_bytes >> 20}\u00a0MB" if limit_bytes >= 1 << 20 else f"{limit_bytes >> 10}\u00a0KB"
    return TooLarge(limit=size)
