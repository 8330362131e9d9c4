"""The catalog of GGUF models on the Hugging Face hub."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from venom_desktop.core.catalog.base import (
    CatalogEntry,
    CatalogPage,
    CatalogQuery,
    CatalogUpdate,
    FitGrade,
    FitVerdict,
    Quantization,
)
from venom_desktop.core.catalog.cache import DiskCache, Kept
from venom_desktop.core.catalog.entry_fit import estimated_fit
from venom_desktop.core.catalog.fit import DeviceMemory, LoadSettings, exact_verdict
from venom_desktop.core.catalog.hugging_face_client import (
    OFFICIAL,
    HuggingFaceClient,
    TokenSource,
    checked_repository,
    quietly,
    repository_of,
)
from venom_desktop.core.catalog.hugging_face_wire import SOURCE, parse_entry, parse_rows
from venom_desktop.core.catalog.late_answers import LateAnswers
from venom_desktop.core.catalog.remote_headers import RemoteHeaders
from venom_desktop.core.catalog.snapshot import BUNDLED_CURSOR, BundledRows, bundled_page
from venom_desktop.core.errors import SourceChanged, TokenRefused, UpstreamFailed, UpstreamSlow, VenomError
from venom_desktop.core.host.sample import HostSample
from venom_desktop.core.http import Client
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.signals import Signal

ANSWER_WITHIN_S: Final = 3.0
_ASK_AT_MOST_S: Final = 2.5
"""The rest of the three seconds is for reading the older answer."""


class HuggingFaceCatalog:
    """Close it with its owner: requests that outlived their caller end then.

    `bundled` reads the shipped list and may block; it is called in a thread, once, when it is needed.
    """

    def __init__(
        self,
        http: Client,
        *,
        endpoint: str = OFFICIAL,
        token: TokenSource = lambda: None,
        cache: DiskCache,
        bundled: Callable[[], BundledRows] = BundledRows,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = HuggingFaceClient(http, endpoint=endpoint, token=token, clock=clock)
        self._headers = RemoteHeaders(http, cache=cache, authorization=self._client.authorization)
        self._cache = cache
        self._read_bundled = bundled
        self._bundled: tuple[tuple[CatalogEntry, ...], datetime | None] | None = None
        self._clock = clock
        self._updated: Signal[CatalogUpdate] = Signal()
        self._pages = LateAnswers[tuple[CatalogQuery, CatalogPage]]("hugging-face-lists", on_late=self._publish)
        self._entries = LateAnswers[CatalogEntry]("hugging-face-details", on_late=lambda key, entry: None)

    @property
    def provider(self) -> ModelProvider:
        return ModelProvider.HUGGINGFACE

    @property
    def endpoint(self) -> str:
        """Address of the hub, to whose host alone a token may go."""
        return self._client.endpoint

    @property
    def updated(self) -> Signal[CatalogUpdate]:
        """Pages that arrived after their caller had been given an older one."""
        return self._updated

    async def close(self) -> None:
        await self._pages.close()
        await self._entries.close()

    async def list_models(self, query: CatalogQuery, *, refresh: bool = False) -> CatalogPage:
        """One page within 3 s: fresh, or the last one kept, or the bundled one, marked `stale` with the `error`."""
        if query.cursor is not None and query.cursor.startswith(BUNDLED_CURSOR):
            return await self._bundled_page(query, None)
        key = self._key("list", query.text.strip().lower(), query.sort.value, query.limit, query.cursor)
        kept = await self._cache.read(key)
        older = None if kept is None else await self._kept_page(kept)
        if older is not None and kept is not None and kept.is_fresh(self._clock()) and not refresh:
            return older
        try:
            _, page = await self._pages.wait(key, lambda: self._fetch_page(query, key), at_most_s=_ASK_AT_MOST_S)
        except TimeoutError:
            return await self._fallback(query, older, _too_slow())
        except VenomError as error:
            return await self._fallback(query, older, quietly(error))
        return page

    async def details(self, model_name: str, *, refresh: bool = False) -> CatalogEntry:
        """The row with exact sizes, checksums and the commit, within 3 s; a tag behind the name is ignored.

        When the hub does not answer, the last details kept. Raises `InvalidName`, `UnknownRepository`,
        `GatedRepository`, `TokenRefused`, `SourceUnreachable`, `SourceBusy`, `SourceChanged`, `UpstreamSlow`.
        """
        name = checked_repository(model_name)
        key = self._key("details", name)
        kept = await self._cache.read(key)
        older = None if kept is None else self._kept_entry(kept)
        if older is not None and kept is not None and kept.is_fresh(self._clock()) and not refresh:
            return older
        try:
            return await self._entries.wait(key, lambda: self._fetch_entry(name, key), at_most_s=_ASK_AT_MOST_S)
        except TimeoutError as error:
            if older is not None:
                return older
            raise _too_slow() from error
        except TokenRefused:
            raise
        except (UpstreamFailed, UpstreamSlow):
            if older is not None:
                return older
            raise

    async def exact_fit(
        self,
        entry: CatalogEntry,
        quantization: Quantization,
        *,
        settings: LoadSettings,
        host: HostSample,
        gpu: DeviceMemory | None = None,
    ) -> FitVerdict | None:
        """The verdict from the file's own header, read by range and kept by revision.

        An estimate when the header cannot be read, and None when even a size is missing.
        """
        rough = estimated_fit(entry, quantization, settings=settings, host=host, gpu=gpu)
        sizes = [file.size_bytes for file in quantization.files]
        if not sizes or any(size is None for size in sizes):
            return rough
        first = quantization.files[0].name
        try:
            header = await self._headers.read(
                self.resolve_url(entry.model_name, entry.revision or "main", first),
                model_name=entry.model_name,
                file_name=first,
                revision=entry.revision,
            )
        except VenomError as error:
            word = f"the file's header could not be read ({error.reason_code})"
            return rough and replace(rough, grade=FitGrade.ESTIMATED, assumptions=(*rough.assumptions, word))
        projector = quantization.projector
        return exact_verdict(
            header,
            weights_bytes=sum(size for size in sizes if size is not None),
            projector_bytes=(projector.size_bytes or 0) if projector else 0,
            settings=settings,
            host=host,
            gpu=gpu,
        )

    def resolve_url(self, model_name: str, revision: str, file_name: str) -> str:
        """Where the bytes of one file of a repository are."""
        return self._client.resolve_url(model_name, revision, file_name)

    async def _fetch_page(self, query: CatalogQuery, key: str) -> tuple[CatalogQuery, CatalogPage]:
        stored = await self._client.listing(query)
        wanted = None if query.cursor else repository_of(query.text)
        if wanted and all(_id(row) != wanted.lower() for row in stored["rows"]):
            stored["rows"] = [*await self._named_exactly(wanted), *stored["rows"]]
        read_at = self._clock()
        entries = await self._parsed(stored["rows"])
        await self._cache.write(key, stored, read_at=read_at)
        return query, CatalogPage(entries=entries, next_cursor=stored["next"], read_at=read_at)

    async def _named_exactly(self, model_name: str) -> list[Any]:
        """A repository without GGUF is no row of the listing, but whoever types its name learns why."""
        try:
            return [await self._client.repository(model_name)]
        except VenomError:
            return []

    async def _fetch_entry(self, model_name: str, key: str) -> CatalogEntry:
        stored = await self._client.repository(model_name)
        found = parse_entry(stored, endpoint=self._client.endpoint)
        await self._cache.write(key, stored, read_at=self._clock())
        return found

    async def _kept_page(self, kept: Kept) -> CatalogPage | None:
        try:
            entries = await self._parsed(kept.value["rows"])
            cursor = kept.value["next"]
        except (SourceChanged, KeyError, TypeError):
            return None
        return CatalogPage(
            entries=entries, next_cursor=cursor if isinstance(cursor, str) else None, read_at=kept.read_at
        )

    def _kept_entry(self, kept: Kept) -> CatalogEntry | None:
        try:
            return parse_entry(kept.value, endpoint=self._client.endpoint)
        except SourceChanged:
            return None

    async def _parsed(self, stored: Any) -> tuple[CatalogEntry, ...]:
        return await asyncio.to_thread(parse_rows, stored, endpoint=self._client.endpoint)

    async def _fallback(self, query: CatalogQuery, older: CatalogPage | None, error: VenomError) -> CatalogPage:
        if older is not None:
            return replace(older, stale=True, error=error)
        if query.cursor is not None:
            return CatalogPage(entries=(), next_cursor=query.cursor, stale=True, error=error)
        return await self._bundled_page(query, error)

    async def _bundled_page(self, query: CatalogQuery, error: VenomError | None) -> CatalogPage:
        if self._bundled is None:
            shipped = await asyncio.to_thread(self._read_bundled)
            self._bundled = (await self._parsed(list(shipped.rows)), shipped.as_of)
        entries, as_of = self._bundled
        return bundled_page(entries, query, as_of=as_of, error=error)

    def _publish(self, _: str, answer: tuple[CatalogQuery, CatalogPage]) -> None:
        query, page = answer
        self._updated.publish(CatalogUpdate(query=query, page=page))

    def _key(self, *parts: str | int | None) -> str:
        return " ".join((self._client.endpoint, *(repr(part) for part in parts)))


def _id(row: Any) -> str:
    name = row.get("id") if isinstance(row, dict) else None
    return name.lower() if isinstance(name, str) else ""


def _too_slow() -> UpstreamSlow:
    return UpstreamSlow(source=SOURCE, timeout_s=int(ANSWER_WITHIN_S))
