"""Asks the Ollama library's site: pages of a search, the tags of a model, its own page."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from venom_desktop.core.catalog.asked_to_wait import AskedToWait
from venom_desktop.core.catalog.base import CatalogEntry, CatalogQuery, Sort
from venom_desktop.core.catalog.ollama_entries import page_path, parse_entry, parse_rows
from venom_desktop.core.catalog.ollama_html import SOURCE
from venom_desktop.core.catalog.ollama_pages import parse_list_page
from venom_desktop.core.catalog.ollama_tags import ModelPage, parse_model_page, parse_tags_page
from venom_desktop.core.errors import SourceBusy, UnknownLibraryModel, UpstreamFailed, UpstreamSlow
from venom_desktop.core.http import Client, Response, get

OFFICIAL: Final = "https://ollama.com"
# The site knows two orders; likes it does not count, and sizes are sorted among the rows loaded.
_ORDERS: Final = {
    Sort.DOWNLOADS: "popular",
    Sort.TRENDING: "popular",
    Sort.LIKES: "popular",
    Sort.SIZE: "popular",
    Sort.FIT: "popular",
    Sort.UPDATED: "newest",
}
_MOST_PAGES: Final = 10_000


class OllamaLibraryClient:
    """The library as a source of rows and details; `endpoint` yields the address of its site."""

    title = SOURCE

    def __init__(self, http: Client, *, endpoint: Callable[[], str], clock: Callable[[], datetime]) -> None:
        self._http = http
        self._endpoint = endpoint
        self._clock = clock
        self._wait = AskedToWait(SOURCE, clock=clock)

    @property
    def endpoint(self) -> str:
        return self._endpoint().rstrip("/")

    async def page(self, query: CatalogQuery) -> Mapping[str, Any]:
        """One page of the site, whatever `limit` says; the cursor is its number."""
        number = int(query.cursor) if query.cursor and query.cursor.isdecimal() and len(query.cursor) < 6 else 1
        text = searched(query.text)
        parameters = {"q": text, "o": _ORDERS[query.sort], "page": min(number, _MOST_PAGES)}
        # Without the header the site answers every later page with the first one.
        headers = {"HX-Request": "true"} if number > 1 else {}
        response = await self._get("/search", parameters, headers=headers)
        if response.status_code >= 400:
            raise UpstreamFailed(source=SOURCE, status=response.status_code)
        parsed = partial(parse_list_page, response.content, page=number, text=text, now=self._clock())
        return {**await asyncio.to_thread(parsed)}

    async def model(self, model_name: str) -> Any:
        """Row, licence and tags of a model; what only its own page tells is left out where that page fails."""
        path = page_path(quote(model_name, safe="/"))
        tags = await self._of_model(f"{path}/tags", model_name)
        read = partial(parse_tags_page, tags.content, name=model_name, now=self._clock())
        stored: dict[str, Any] = {"name": model_name, "tags": await asyncio.to_thread(read)}
        try:
            told = await self._model_page(path, model_name)
        except (UpstreamFailed, UpstreamSlow, UnknownLibraryModel):
            return stored
        return {**told["row"], "license": told["license"], **stored}

    def entries(self, rows: Any) -> tuple[CatalogEntry, ...]:
        return parse_rows(rows, endpoint=self.endpoint)

    def entry(self, stored: Any) -> CatalogEntry:
        return parse_entry(stored, endpoint=self.endpoint)

    async def _model_page(self, path: str, model_name: str) -> ModelPage:
        response = await self._of_model(path, model_name)
        return await asyncio.to_thread(partial(parse_model_page, response.content, name=model_name, now=self._clock()))

    async def _of_model(self, path: str, model_name: str) -> Response:
        response = await self._get(path, {}, headers={})
        if response.status_code == 404:
            raise UnknownLibraryModel(source=SOURCE, model_name=model_name)
        if response.status_code >= 400:
            raise UpstreamFailed(source=SOURCE, status=response.status_code)
        return response

    async def _get(self, path: str, parameters: Mapping[str, Any], *, headers: Mapping[str, str]) -> Response:
        self._wait.respect()
        address = self.endpoint + path
        try:
            return await get(self._http, address, source=SOURCE, params=parameters or None, headers=headers)
        except SourceBusy as busy:
            self._wait.note(busy)
            raise


def searched(text: str) -> str:
    """What is looked for when somebody types a name with its tag: the model."""
    words = text.strip()
    return words.partition(":")[0] if " " not in words else words
