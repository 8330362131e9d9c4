"""Asks one server elsewhere, with its own key and its own authorities; the key goes to that server alone."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from venom_desktop.core.errors import SourceChanged, SourceUnreachable, UnusableAuthority
from venom_desktop.core.http import (
    LARGEST_ANSWER_BYTES,
    Auth,
    Client,
    HttpError,
    Request,
    Require,
    Response,
    make_keyed_client,
    retry_after_s,
)
from venom_desktop.core.offline import everybody

Key = Callable[[], Awaitable[str | None]]
"""Yields the key for one request, None where there is none."""


class _KeyOfOneServer(Auth):
    """Asks for the key at each request, and gives it to `origin` (scheme, host and port) alone."""

    def __init__(self, origin: tuple[str, str, int | None], key: Key) -> None:
        self._origin = origin
        self._key = key

    async def async_auth_flow(self, request: Request) -> AsyncGenerator[Request, Response]:
        if (request.url.scheme, request.url.host, request.url.port) == self._origin:
            key = await self._key()
            if key is not None:
                request.headers["Authorization"] = f"Bearer {key}"
        yield request


class KeyedAnswer:
    """Implements `Passed` over the client of one server."""

    def __init__(self, response: Response, *, source: str) -> None:
        self._response = response
        self._source = source
        self.status = response.status_code
        self.content_type = response.headers.get("Content-Type", "application/json")
        self.retry_after_s = retry_after_s(response.headers) if response.status_code == 429 else None

    async def read(self) -> bytes:
        body = bytearray()
        async for piece in self.pieces():
            body += piece
            if len(body) > LARGEST_ANSWER_BYTES:
                raise SourceChanged(source=self._source)
        return bytes(body)

    async def pieces(self) -> AsyncIterator[bytes]:
        async for piece in self._response.aiter_bytes():
            yield piece


class KeyedClient:
    """Made at the first request, in a thread; certificates are read then. Close it on its loop."""

    def __init__(
        self, url: str, key: Key, *, certificate_file: Path | None = None, require: Require = everybody
    ) -> None:
        parts = Request("GET", url).url
        self.url = url
        self._certificate_file = certificate_file
        self._require = require
        self._auth = _KeyOfOneServer((parts.scheme, parts.host, parts.port), key)
        self._client: Client | None = None
        self._is_closed = False
        self._making = asyncio.Lock()

    async def opened(self) -> Client:
        """Raises `UnusableAuthority` for a file of certificates that is none, `SourceUnreachable` once it is closed.

        Raises what `require` does, at every request.
        """
        self._require(self.url)
        async with self._making:
            if self._client is None and not self._is_closed:
                try:
                    self._client = await asyncio.to_thread(make_keyed_client, self._auth, self._certificate_file)
                except OSError as error:
                    # An SSLError is one too, and says what is wrong with the file.
                    problem = getattr(error, "reason", None) or error.strerror or "it holds none"
                    raise UnusableAuthority(path=self._certificate_file, problem=problem) from error
            if self._client is None or self._is_closed:
                raise SourceUnreachable(source=self.url)
            return self._client

    @asynccontextmanager
    async def post(
        self, url: str, body: bytes, *, headers: Mapping[str, str], source: str, streamed: bool = False
    ) -> AsyncIterator[KeyedAnswer]:
        """As `PassingClient.post`. Raises `SourceUnreachable`, `UnusableAuthority`."""
        del streamed
        client = await self.opened()
        try:
            async with client.stream("POST", url, content=body, headers=dict(headers)) as response:
                yield KeyedAnswer(response, source=source)
        except HttpError as error:
            raise SourceUnreachable(source=source) from error

    async def close(self) -> None:
        """One that is just being made is closed too, and nobody is asked with it."""
        self._is_closed = True
        async with self._making:
            if self._client is not None:
                await self._client.aclose()


def distrust_in(error: BaseException) -> str | None:
    """Why a certificate was not believed, in the words of the TLS library; None for any other failure."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message or cause.reason or "unknown"
        if isinstance(cause, ssl.SSLError):
            return str(cause.reason or "no TLS").replace("_", " ").lower()
        cause = cause.__cause__ or cause.__context__
    return None
