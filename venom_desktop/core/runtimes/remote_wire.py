"""One question to a remote server and its answer as JSON; what goes wrong is told with the server's own name."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

from venom_desktop.core.errors import (
    NotAModelServer,
    RemoteElsewhere,
    RemoteKeyMissing,
    RemoteKeyRefused,
    RemoteUnreachable,
    RemoteUntrusted,
    SourceBusy,
    UpstreamFailed,
    UpstreamSlow,
    VenomError,
)
from venom_desktop.core.http import LARGEST_ANSWER_BYTES, WIRE_ERRORS, Response, retry_after_s
from venom_desktop.core.http_keyed import Key, KeyedClient, distrust_in
from venom_desktop.core.json_values import count_in, mapping_in
from venom_desktop.core.runtimes.openai_wire import failure, refusal
from venom_desktop.core.runtimes.remote_base import RemoteServer, host_of

LISTING_S = 10.0
"""Also a server behind a slow line tells its models within this."""
LOADING_S = 1800.0
OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    status: int
    content: Any


class RemoteLine:
    """`key` yields the key of the server, None where there is none."""

    def __init__(self, server: RemoteServer, client: KeyedClient, key: Key) -> None:
        self._server = server
        self._client = client
        self._key = key

    async def ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, within_s: float | None = None
    ) -> Told:
        """The answer with its status, 2xx or 404 or another refusal of the request itself (400 to 499).

        Raises what `RemoteWire` names, and `UnusableAuthority`.
        """
        client = await self._client.opened()
        limit_s = LISTING_S if within_s is None else within_s
        try:
            async with (
                asyncio.timeout(limit_s),
                client.stream(method, f"{self._server.url}{path}", json=body) as response,
            ):
                content = await _whole(response)
        except TimeoutError as error:
            raise UpstreamSlow(source=self._server.title, timeout_s=max(1, round(limit_s))) from error
        except WIRE_ERRORS as error:
            raise self.unreachable(error) from error
        if content is None:
            raise self.foreign()
        await self._check(response, content)
        return Told(status=response.status_code, content=self._parsed(response.status_code, content))

    async def embed(self, model_name: str, text: str) -> int | None:
        """Have `text` turned into a vector; the tokens it took. Raises as `ask`, and `RequestRefused`."""
        body = {"model": model_name, "input": text}
        told = await self.ask("POST", "/v1/embeddings", body, within_s=LOADING_S)
        content = mapping_in(told.content)
        if told.status != OK or "error" in content or content.get("object") == "error":
            # vLLM has told an error with status 200 (vllm-project/vllm, issue 21704).
            raise failure(content.get("error", content), status=max(400, told.status), source=self._server.title)
        if not content.get("data"):
            raise self.foreign()
        return count_in(mapping_in(content.get("usage")).get("prompt_tokens"))

    def unreachable(self, error: BaseException | None = None) -> VenomError:
        problem = None if error is None else distrust_in(error)
        if problem is not None:
            return RemoteUntrusted(server=self._server.title, problem=problem)
        return RemoteUnreachable(server=self._server.title, address=host_of(self._server.url))

    def foreign(self) -> VenomError:
        """What answers is no server of this kind."""
        return NotAModelServer(address=host_of(self._server.url), kind=self._server.kind.words)

    async def refused_key(self) -> VenomError:
        kind = RemoteKeyMissing if await self._key() is None else RemoteKeyRefused
        return kind(server=self._server.title)

    async def _check(self, response: Response, content: bytes) -> None:
        match response.status_code:
            case 401 | 403:
                raise await self.refused_key()
            case status if 300 <= status < 400:
                place = urlsplit(response.headers.get("Location", "")).netloc or "another address"
                raise RemoteElsewhere(server=self._server.title, host=place)
            case 429:
                raise SourceBusy(source=self._server.title, retry_after_s=retry_after_s(response.headers))
            case status if status >= 500:
                told = refusal(response, content, source=self._server.title)
                reason = told.parameters.get("status", status)
                raise UpstreamFailed(source=self._server.title, status=reason)

    def _parsed(self, status: int, content: bytes) -> Any:
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            if status >= 400:
                return None
            raise self.foreign() from error


async def _whole(response: Response) -> bytes | None:
    """None for one beyond all measure."""
    body = bytearray()
    pieces = cast(AsyncGenerator[bytes, None], response.aiter_bytes())
    async with aclosing(pieces):
        async for piece in pieces:
            body += piece
            if len(body) > LARGEST_ANSWER_BYTES:
                return None
    return bytes(body)
