"""Headers of GGUF files on a server, at most two read at a time and kept under what never changes of them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from venom_desktop.core.catalog.cache import DiskCache
from venom_desktop.core.catalog.gguf_header import GgufHeader, header_from_keys
from venom_desktop.core.catalog.gguf_remote import RefusedRange, read_remote_header
from venom_desktop.core.errors import (
    GatedRepository,
    TokenRefused,
    UnknownRepository,
    UpstreamFailed,
    VenomError,
)
from venom_desktop.core.http import Client, Response

AT_ONCE: Final = 2
_MOST_IN_MEMORY: Final = 512


class Refusal(Protocol):
    """What an error answer means at this source, None for one that means nothing there."""

    def __call__(self, response: Response, *, model_name: str, with_token: bool) -> VenomError | None: ...


async def no_authorization() -> Mapping[str, str]:
    """For a source that everybody may read."""
    return {}


class RemoteHeaders:
    """`authorization` yields the headers with the token, or none; they go to the address asked for only."""

    def __init__(
        self,
        http: Client,
        *,
        source: str,
        refusal: Refusal,
        cache: DiskCache,
        authorization: Callable[[], Awaitable[Mapping[str, str]]] = no_authorization,
    ) -> None:
        self._http = http
        self._source = source
        self._refusal = refusal
        self._cache = cache
        self._authorization = authorization
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._known: dict[str, GgufHeader] = {}

    async def read(self, url: str, *, model_name: str, file_name: str, fixed: str | None) -> GgufHeader:
        """The header of the file at `url`, kept under `fixed`: a name whose bytes never change. None reads each time.

        Raises `UnreadableModelFile`, `SourceUnreachable`, and what the source's refusals mean.
        """
        async with self._turn:
            if fixed is None:
                return await self._ask(url, model_name=model_name, file_name=file_name)
            key = f"gguf-header {fixed}"
            header = self._known.get(key) or await self._kept(key)
            if header is None:
                header = await self._ask(url, model_name=model_name, file_name=file_name)
                await self._cache.write(key, _as_json(header), read_at=datetime.now(UTC))
        while len(self._known) >= _MOST_IN_MEMORY:
            del self._known[next(iter(self._known))]
        self._known[key] = header
        return header

    async def _ask(self, url: str, *, model_name: str, file_name: str) -> GgufHeader:
        try:
            return await self._ask_with({}, url, model_name=model_name, file_name=file_name)
        except (UnknownRepository, GatedRepository, TokenRefused):
            # As with the details: the token is fetched and sent only where the hub wants one.
            authorization = await self._authorization()
            if not authorization:
                raise
            return await self._ask_with(authorization, url, model_name=model_name, file_name=file_name)

    async def _ask_with(
        self, authorization: Mapping[str, str], url: str, *, model_name: str, file_name: str
    ) -> GgufHeader:
        answer = await read_remote_header(
            self._http, url, source=self._source, file_name=file_name, headers=authorization
        )
        if isinstance(answer, RefusedRange):
            error = self._refusal(answer.response, model_name=model_name, with_token=bool(authorization))
            raise error or UpstreamFailed(source=self._source, status=answer.response.status_code)
        return answer

    async def _kept(self, key: str) -> GgufHeader | None:
        kept = await self._cache.read(key)
        return None if kept is None else _from_json(kept.value)


def _as_json(header: GgufHeader) -> dict[str, Any]:
    return {
        "version": header.version,
        "tensor_count": header.tensor_count,
        "vocabulary_size": header.vocabulary_size,
        "keys": dict(header.keys),
    }


def _from_json(stored: Any) -> GgufHeader | None:
    try:
        keys = {name: tuple(value) if isinstance(value, list) else value for name, value in stored["keys"].items()}
        return header_from_keys(
            keys,
            version=stored["version"],
            tensor_count=stored["tensor_count"],
            whole=False,
            vocabulary_size=stored["vocabulary_size"],
        )
    except (KeyError, TypeError, AttributeError):
        return None
