"""Asks the hub: one listing, one repository, and the addresses of its files."""

import asyncio
import inspect
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from venom_desktop.core.catalog.asked_to_wait import AskedToWait
from venom_desktop.core.catalog.base import CatalogQuery
from venom_desktop.core.catalog.hugging_face_wire import (
    LIST_FIELDS,
    SAFETENSORS_FIELDS,
    SORT_FIELDS,
    SOURCE,
    next_cursor,
    refusal,
)
from venom_desktop.core.errors import (
    GatedRepository,
    InvalidName,
    SourceBusy,
    SourceChanged,
    TokenRefused,
    UnknownRepository,
)
from venom_desktop.core.http import Client, Response, get

TokenSource = Callable[[], str | Awaitable[str | None] | None]
"""Yields the token of the hub, or None; asked before every request and kept nowhere."""

OFFICIAL: Final = "https://huggingface.co"

_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,95}/[A-Za-z0-9_.-]{1,96}")


class HuggingFaceClient:
    """Every request goes to `endpoint`; on a redirect to another host httpx leaves the token behind."""

    def __init__(self, http: Client, *, endpoint: str, token: TokenSource, clock: Callable[[], datetime]) -> None:
        self.endpoint = endpoint.rstrip("/")
        self._http = http
        self._token = token
        self._wait = AskedToWait(SOURCE, clock=clock)

    async def authorization(self) -> Mapping[str, str]:
        """The header with the token, or none."""
        found = self._token()
        token = await found if inspect.isawaitable(found) else found
        return {"Authorization": f"Bearer {token}"} if token else {}

    async def listing(self, query: CatalogQuery) -> dict[str, Any]:
        """`rows` in the hub's JSON and the `next` cursor. Asked without the token: lists are public."""
        parameters: dict[str, Any] = {
            "filter": "safetensors" if query.safetensors else "gguf",
            "sort": SORT_FIELDS[query.sort],
            "direction": -1,
            "limit": query.limit,
            "expand": SAFETENSORS_FIELDS if query.safetensors else LIST_FIELDS,
        }
        if query.safetensors:
            # The hub's own judgement: most repositories with such weights are parts of picture generators.
            parameters["apps"] = "vllm"
        text = repository_of(query.text) or query.text.strip()
        if text:
            parameters["search"] = text
        if query.cursor:
            parameters["cursor"] = query.cursor
        response = await self._get("/api/models", parameters, model_name=None, headers={})
        rows = await _decoded(response)
        if not isinstance(rows, list):
            raise SourceChanged(source=SOURCE)
        return {"rows": rows, "next": next_cursor(response.headers.get("link"))}

    async def repository(self, model_name: str) -> Any:
        """Everything about one repository, with the sizes and checksums of its files, in the hub's JSON."""
        path = f"/api/models/{quote(model_name, safe='/')}"
        return await _decoded(await self._with_token_if_wanted(path, {"blobs": "true"}, model_name=model_name))

    async def small_file(self, model_name: str, revision: str, file_name: str) -> bytes:
        """All of a file that is known to be small: whoever asks has looked at its size."""
        address = self.resolve_url(model_name, revision, file_name).removeprefix(self.endpoint)
        return (await self._with_token_if_wanted(address, {}, model_name=model_name)).content

    async def _with_token_if_wanted(self, path: str, parameters: Mapping[str, Any], *, model_name: str) -> Response:
        """Most repositories are public: the token is fetched and sent only where the hub wants one."""
        try:
            return await self._get(path, parameters, model_name=model_name, headers={})
        except (UnknownRepository, GatedRepository, TokenRefused):
            headers = await self.authorization()
            if not headers:
                raise
            return await self._get(path, parameters, model_name=model_name, headers=headers)

    def resolve_url(self, model_name: str, revision: str, file_name: str) -> str:
        """Where the bytes of a file are; redirects to another host for large ones."""
        return f"{self.endpoint}/{quote(model_name, safe='/')}/resolve/{quote(revision, safe='')}/{quote(file_name)}"

    async def _get(
        self, path: str, parameters: Mapping[str, Any], *, model_name: str | None, headers: Mapping[str, str]
    ) -> Response:
        self._wait.respect()
        try:
            response = await get(self._http, self.endpoint + path, source=SOURCE, params=parameters, headers=headers)
        except SourceBusy as busy:
            self._wait.note(busy)
            raise
        error = refusal(response, model_name=model_name, with_token=bool(headers))
        if error is not None:
            raise error
        return response


def repository_of(text: str) -> str | None:
    """`org/name` of `org/name` or `org/name:QUANT`; None for any other text."""
    name = text.strip().partition(":")[0]
    return name if _REPOSITORY.fullmatch(name) and ".." not in name else None


def checked_repository(model_name: str) -> str:
    """The repository of a name; raises `InvalidName`."""
    name = repository_of(model_name)
    if name is None:
        raise InvalidName
    return name


async def _decoded(response: Response) -> Any:
    # A page with chat templates is a megabyte of JSON: decoding it here would stop the loop.
    try:
        return await asyncio.to_thread(json.loads, response.content)
    except (ValueError, RecursionError) as error:
        raise SourceChanged(source=SOURCE) from error
