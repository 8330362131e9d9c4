"""What every catalog promises over whatever its source is: an answer in 3 s, be it the last one kept or shipped."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Protocol

from venom_desktop.core.catalog.base import CatalogEntry, CatalogPage, CatalogQuery, CatalogUpdate
from venom_desktop.core.catalog.cache import DiskCache, Kept
from venom_desktop.core.catalog.late_answers import LateAnswers
from venom_desktop.core.catalog.snapshot import BUNDLED_CURSOR, BundledRows, bundled_page
from venom_desktop.core.errors import SourceChanged, TokenRefused, UpstreamFailed, UpstreamSlow, VenomError
from venom_desktop.core.signals import Signal

ANSWER_WITHIN_S: Final = 3.0
ASK_AT_MOST_S: Final = 2.5
"""The rest of the three seconds is for reading the older answer."""


class Source(Protocol):
    """One source as it is on the wire. What it answers is plain JSON, so that it can be kept as it came."""

    @property
    def title(self) -> str:
        """What errors call it."""

    @property
    def endpoint(self) -> str: ...

    async def page(self, query: CatalogQuery) -> Mapping[str, Any]:
        """`rows`, and `next`: the cursor of the following page or None. Raises as `Catalog` says."""

    async def model(self, model_name: str) -> Any:
        """Everything about one model, for a name that was checked. Raises as `Catalog` says."""

    def entries(self, rows: Any) -> tuple[CatalogEntry, ...]:
        """The rows of a page, of the wire or of the shipped list. Blocking. Raises `SourceChanged`."""

    def entry(self, stored: Any) -> CatalogEntry:
        """The details of a model. Raises `SourceChanged`."""


class AnsweredInTime:
    """Close it with its owner: requests that outlived their caller end then.

    `bundled` reads the shipped list and may block; it is called in a thread, once, when it is needed.
    """

    def __init__(
        self,
        source: Source,
        *,
        name: str,
        cache: DiskCache,
        bundled: Callable[[], BundledRows],
        clock: Callable[[], datetime],
    ) -> None:
        self._source = source
        self._cache = cache
        self._read_bundled = bundled
        self._bundled: tuple[tuple[CatalogEntry, ...], datetime | None] | None = None
        self._clock = clock
        self.updated: Signal[CatalogUpdate] = Signal()
        """Pages that arrived after their caller had been given an older one."""
        self._pages = LateAnswers[tuple[CatalogQuery, CatalogPage]](f"{name}-lists", on_late=self._publish)
        self._entries = LateAnswers[CatalogEntry](f"{name}-details", on_late=lambda key, entry: None)

    async def close(self) -> None:
        await self._pages.close()
        await self._entries.close()

    async def list_models(self, query: CatalogQuery, *, refresh: bool) -> CatalogPage:
        """One page within 3 s: fresh, or the last one kept, or the bundled one, marked `stale` with the `error`."""
        if query.cursor is not None and query.cursor.startswith(BUNDLED_CURSOR):
            return await self._bundled_page(query, None)
        weights = ("safetensors",) if query.safetensors else ()
        key = self._key("list", query.text.strip().lower(), query.sort.value, query.limit, query.cursor, *weights)
        kept = await self._cache.read(key)
        older = None if kept is None else await self._kept_page(kept)
        if older is not None and kept is not None and kept.is_fresh(self._clock()) and not refresh:
            return older
        try:
            _, page = await self._pages.wait(key, lambda: self._fetch_page(query, key), at_most_s=ASK_AT_MOST_S)
        except TimeoutError:
            return await self._fallback(query, older, self._too_slow())
        except VenomError as error:
            return await self._fallback(query, older, quietly(error))
        return page

    async def details(self, model_name: str, *, refresh: bool) -> CatalogEntry:
        """The details within 3 s; while the source does not answer, the last ones kept, else its error."""
        key = self._key("details", model_name)
        kept = await self._cache.read(key)
        older = None if kept is None else await self._kept_entry(kept)
        if older is not None and kept is not None and kept.is_fresh(self._clock()) and not refresh:
            return older
        try:
            return await self._entries.wait(key, lambda: self._fetch_entry(model_name, key), at_most_s=ASK_AT_MOST_S)
        except TimeoutError as error:
            if older is not None:
                return older
            raise self._too_slow() from error
        except TokenRefused:
            raise
        except (UpstreamFailed, UpstreamSlow):
            if older is not None:
                return older
            raise

    async def _fetch_page(self, query: CatalogQuery, key: str) -> tuple[CatalogQuery, CatalogPage]:
        stored = await self._source.page(query)
        read_at = self._clock()
        entries = await asyncio.to_thread(self._source.entries, stored["rows"])
        await self._cache.write(key, stored, read_at=read_at)
        return query, CatalogPage(entries=entries, next_cursor=stored["next"], read_at=read_at)

    async def _fetch_entry(self, model_name: str, key: str) -> CatalogEntry:
        stored = await self._source.model(model_name)
        found = await asyncio.to_thread(self._source.entry, stored)
        await self._cache.write(key, stored, read_at=self._clock())
        return found

    async def _kept_page(self, kept: Kept) -> CatalogPage | None:
        try:
            entries = await asyncio.to_thread(self._source.entries, kept.value["rows"])
            cursor = kept.value["next"]
        except (SourceChanged, KeyError, TypeError):
            return None
        return CatalogPage(
            entries=entries, next_cursor=cursor if isinstance(cursor, str) else None, read_at=kept.read_at
        )

    async def _kept_entry(self, kept: Kept) -> CatalogEntry | None:
        try:
            return await asyncio.to_thread(self._source.entry, kept.value)
        except SourceChanged:
            return None

    async def _fallback(self, query: CatalogQuery, older: CatalogPage | None, error: VenomError) -> CatalogPage:
        if older is not None:
            return replace(older, stale=True, error=error)
        if query.cursor is not None:
            return CatalogPage(entries=(), next_cursor=query.cursor, stale=True, error=error)
        return await self._bundled_page(query, error)

    async def _bundled_page(self, query: CatalogQuery, error: VenomError | None) -> CatalogPage:
        if self._bundled is None:
            shipped = await asyncio.to_thread(self._read_bundled)
            entries = await asyncio.to_thread(self._source.entries, list(shipped.rows))
            self._bundled = (entries, shipped.as_of)
        entries, as_of = self._bundled
        return bundled_page(entries, query, as_of=as_of, error=error)

    def _publish(self, _: str, answer: tuple[CatalogQuery, CatalogPage]) -> None:
        query, page = answer
        self.updated.publish(CatalogUpdate(query=query, page=page))

    def _key(self, *parts: str | int | None) -> str:
        return " ".join((self._source.endpoint, *(repr(part) for part in parts)))

    def _too_slow(self) -> UpstreamSlow:
        return UpstreamSlow(source=self._source.title, timeout_s=int(ANSWER_WITHIN_S))


def quietly(error: VenomError) -> VenomError:
    """The error without the frames it passed, to be kept in a page."""
    return error.with_traceback(None)
