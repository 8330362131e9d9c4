"""The one place that makes HTTP clients: timeouts, user agent, and retries for GET only."""

import asyncio
import logging
import os
import random
import ssl
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from venom_desktop.core.errors import (
    InvalidSetting,
    SourceBusy,
    SourceChanged,
    SourceUnreachable,
    UpstreamFailed,
    UpstreamSlow,
    VenomError,
)
from venom_desktop.core.http_stream import USER_AGENT as USER_AGENT
from venom_desktop.core.http_stream import retry_after_s as retry_after_s
from venom_desktop.core.offline import everybody
from venom_desktop.core.proxies import usable_proxies

# httpx imports its own command line where click is installed, and with it rich and pygments: 8 MB that nobody needs.
# A None makes that import fail, which httpx expects.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
import httpx  # noqa: E402

if TYPE_CHECKING:
    from aiohttp import ClientResponse

_log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 20.0
LONGEST_RETRY_WAIT_S = 8.0
HIGHEST_PORT = 65535
KEPT_OPEN_S = 3.0
"""Shorter than llama.cpp keeps a silent connection open (5 s): a request never meets one that is just closing."""
LARGEST_ANSWER_BYTES = 64 << 20
"""Ten times what the hub tells about its largest repositories; unpacked."""
_OF_THE_WIRE = frozenset({"content-encoding", "content-length", "transfer-encoding"})
_RETRIED_STATUS = frozenset({500, 502, 503, 504})

Require = Callable[[str], None]
"""Raises for an address that may not be asked now."""
Client = httpx.AsyncClient
Response = httpx.Response
Request = httpx.Request
HttpError = httpx.HTTPError
Timeout = httpx.Timeout
Auth = httpx.Auth
WIRE_ERRORS = (httpx.HTTPError, httpx.InvalidURL, UnicodeError)
"""What asking an address can raise that others gave us; httpx passes the last two on from addresses that are none."""


def make_client(
    *,
    base_url: str = "",
    read_timeout_s: float | None = READ_TIMEOUT_S,
    certificate_file: Path | None = None,
    headers: Mapping[str, str] | None = None,
    require: Require = everybody,
) -> httpx.AsyncClient:
    """An async client that follows redirects; httpx drops `Authorization` when the host changes.

    `require` raises for an address that may not be asked, also one that a redirect leads to. A proxy of the environment
    that cannot be used is left out. Raises `InvalidSetting` for certificates of the environment that cannot be read.
    """
    options: dict[str, Any] = {
        "base_url": base_url,
        "follow_redirects": True,
        "timeout": httpx.Timeout(read_timeout_s, connect=CONNECT_TIMEOUT_S),
        "verify": _trust(certificate_file),
        "headers": {"User-Agent": USER_AGENT, **(headers or {})},
        "event_hooks": {"request": [_require_port, _asks(require)]},
    }
    try:
        return httpx.AsyncClient(**options)
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        _log.info("A proxy of the environment is left out: %s", error)
    proxies = usable_proxies()
    mounts = {
        pattern: None if proxy is None else httpx.AsyncHTTPTransport(proxy=proxy, verify=options["verify"])
        for pattern, proxy in proxies.items()
    }
    return httpx.AsyncClient(**options, mounts=mounts, trust_env=False)


def make_local_client(*, require: Require = everybody) -> httpx.AsyncClient:
    """A client for servers on this machine: no proxy from the environment, and an answer may take its time.

    `require` as in `make_client`: `OLLAMA_HOST` may name another machine.

    Every request has a connection of its own: llama.cpp closes idle ones when it likes (1 request in 200 met a closed
    one), and a question may not be sent twice.
    """
    return httpx.AsyncClient(
        timeout=httpx.Timeout(None, connect=CONNECT_TIMEOUT_S),
        limits=httpx.Limits(max_keepalive_connections=0),
        trust_env=False,
        # No authority is loaded: servers on this machine speak plain http, and no other would be trusted.
        verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        headers={"User-Agent": USER_AGENT},
        event_hooks={"request": [_asks(require)]},
    )


def make_keyed_client(auth: Auth, certificate_file: Path | None) -> httpx.AsyncClient:
    """A client for one server elsewhere: no redirects, so a key stays where it belongs; a connection each, as above.

    Reads certificates, so call it in a thread. Raises `OSError` for a file that cannot be read or holds none.
    """
    return httpx.AsyncClient(
        auth=auth,
        follow_redirects=False,
        timeout=httpx.Timeout(None, connect=CONNECT_TIMEOUT_S),
        limits=httpx.Limits(max_keepalive_connections=0),
        verify=_trust(certificate_file),
        headers={"User-Agent": USER_AGENT},
        event_hooks={"request": [_require_port]},
    )


def import_passing() -> None:
    """Import what `PassingClient` needs: a quarter of a second that belongs into a thread."""
    import aiohttp  # noqa: F401 - only to have it


class Passed(Protocol):
    """An answer whose bytes are handed on as they come."""

    status: int
    content_type: str
    retry_after_s: int | None

    async def read(self) -> bytes: ...

    def pieces(self) -> AsyncIterator[bytes]:
        """What has arrived, whenever something has."""


class PassedAnswer:
    """Implements `Passed` over aiohttp."""

    def __init__(self, response: "ClientResponse") -> None:
        self._response = response
        self.status = response.status
        self.content_type = response.headers.get("Content-Type", "application/json")
        self.retry_after_s = retry_after_s(response.headers) if response.status == 429 else None

    async def read(self) -> bytes:
        return await self._response.read()

    def pieces(self) -> AsyncIterator[bytes]:
        return self._response.content.iter_any()


class PassingClient:
    """Sends bytes on to a server of this machine and decodes nothing; make it inside the loop, close it there.

    aiohttp adds half as much to a short answer as httpx does. It is imported here, with the API.
    """

    def __init__(self) -> None:
        import aiohttp

        self._error = aiohttp.ClientError
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_OPEN_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
            headers={"User-Agent": USER_AGENT},
            auto_decompress=False,
            trust_env=False,
        )

    @asynccontextmanager
    async def post(
        self, url: str, body: bytes, *, headers: Mapping[str, str], source: str, streamed: bool = False
    ) -> AsyncIterator[PassedAnswer]:
        """Leaving before the end closes the connection, which cancels the work. Raises `SourceUnreachable`.

        A `streamed` answer is the last of its connection: llama.cpp promises to keep it and then closes it.
        """
        if streamed:
            headers = {**headers, "Connection": "close"}
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                yield PassedAnswer(response)
        except self._error as error:
            raise SourceUnreachable(source=source) from error

    async def close(self) -> None:
        await self._session.close()


async def get(
    client: httpx.AsyncClient,
    url: str,
    *,
    source: str,
    params: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    tries: int = 2,
) -> httpx.Response:
    """GET with retries for broken connections and 5xx answers; other error answers are returned as they are.

    Raises `SourceUnreachable`, `UpstreamSlow`, `SourceBusy` (429), `UpstreamFailed` (5xx after the last try),
    `SourceChanged` (an answer beyond all measure).
    """
    for attempt in range(1, tries + 1):
        last = attempt == tries
        try:
            response = await _answer(client, url, source=source, params=params, headers=headers)
        except WIRE_ERRORS as error:
            if last:
                raise translate(error, source=source) from error
        else:
            if response.status_code == 429:
                raise SourceBusy(source=source, retry_after_s=retry_after_s(response.headers))
            if response.status_code not in _RETRIED_STATUS:
                return response
            if last:
                raise UpstreamFailed(source=source, status=response.status_code)
        await asyncio.sleep(min(LONGEST_RETRY_WAIT_S, 0.25 * 2**attempt) * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
    raise AssertionError("unreachable: the last try returns or raises")


async def _answer(
    client: httpx.AsyncClient,
    url: str,
    *,
    source: str,
    params: Mapping[str, Any] | None,
    headers: Mapping[str, str] | None,
) -> httpx.Response:
    """The whole answer, held in memory only as far as one can be meant seriously. Raises `SourceChanged` beyond."""
    body = bytearray()
    async with client.stream("GET", url, params=params, headers=headers) as response:
        # Closed by hand: on a loop without hooks for generators one that is left early is never closed.
        pieces = cast(AsyncGenerator[bytes, None], response.aiter_bytes())
        async with aclosing(pieces):
            async for piece in pieces:
                body += piece
                if len(body) > LARGEST_ANSWER_BYTES:
                    raise SourceChanged(source=source)
    told = [(name, value) for name, value in response.headers.multi_items() if name not in _OF_THE_WIRE]
    return httpx.Response(
        response.status_code, headers=told, content=bytes(body), request=response.request, history=response.history
    )


def json_body(response: httpx.Response, *, source: str) -> Any:
    """The decoded JSON body; raises `SourceChanged` for anything else."""
    try:
        return response.json()
    except ValueError as error:
        raise SourceChanged(source=source) from error


def translate(error: Exception, *, source: str) -> VenomError:
    """The failure of a connection in our own words."""
    match error:
        case httpx.ConnectTimeout() | httpx.ConnectError():
            return SourceUnreachable(source=source)
        case httpx.TimeoutException():
            return UpstreamSlow(source=source, timeout_s=int(READ_TIMEOUT_S))
        case _:
            return SourceUnreachable(source=source)


def _asks(require: Require) -> Callable[[httpx.Request], Awaitable[None]]:
    async def ask(request: httpx.Request) -> None:
        require(str(request.url))

    return ask


async def _require_port(request: httpx.Request) -> None:
    """A redirect may name any number, which the socket would refuse with an error of no connection."""
    if (request.url.port or 0) > HIGHEST_PORT:
        raise httpx.ConnectError(f"no port {request.url.port}", request=request)


def _trust(certificate_file: Path | None) -> ssl.SSLContext:
    if certificate_file is not None:
        return ssl.create_default_context(cafile=str(certificate_file))
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        told = os.environ.get("SSL_CERT_FILE")
        if told is None:
            raise
        expected = "Give the path of a file with certificates, or take the variable away."
        raise InvalidSetting(name="SSL_CERT_FILE", value=told, expected=expected) from error
