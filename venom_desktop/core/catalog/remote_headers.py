"""Headers of GGUF files on the hub, at most two read at a time and kept by revision."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from venom_desktop.core.catalog.cache import DiskCache
from venom_desktop.core.catalog.gguf_header import GgufHeader, header_from_keys
from venom_desktop.core.catalog.gguf_remote import RefusedRange, read_remote_header
from venom_desktop.core.catalog.hugging_face_wire import SOURCE, refusal
from venom_desktop.core.errors import GatedRepository, TokenRefused, UnknownRepository, UpstreamFailed
from venom_desktop.core.http import Client

AT_ONCE: Final = 2
_MOST_IN_MEMORY: Final = 512


class RemoteHeaders:
    """`authorization` yields the headers with the token, or none; they go to the hub's address only."""

    def __init__(
        self, http: Client, *, cache: DiskCache, authorization: Callable[[], Awaitable[Mapping[str, str]]]
    ) -> None:
        self._http = http
        self._cache = cache
        self._authorization = authorization
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._known: dict[str, GgufHeader] = {}

    async def read(self, url: str, *, model_name: str, file_name: str, revision: str | None) -> GgufHeader:
        """The header of the file at `url`; without a revision it is read each time.

        Raises `UnreadableModelFile`, `GatedRepository`, `UnknownRepository`, `SourceUnreachable`, ...
        """
        async with self._turn:
            if revision is None:
                return await self._ask(url, model_name=model_name, file_name=file_name)
            key = f"gguf-header {model_name} {revision} {file_name}"
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
        answer = await read_remote_header(self._http, url, source=SOURCE, file_name=file_name, headers=authorization)
        if isinstance(answer, RefusedRange):
            error = refusal(answer.response, model_name=model_name, with_token=bool(authorization))
            raise error or UpstreamFailed(source=SOURCE, status=answer.response.status_code)
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
