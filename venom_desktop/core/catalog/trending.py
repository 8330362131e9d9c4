"""The short lists of what many look at now: one for each source and measure, each read and refreshed by itself."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from typing import Final

from venom_desktop.core.catalog.base import Catalog, CatalogEntry, CatalogPage, CatalogQuery, CatalogUpdate, Sort
from venom_desktop.core.catalog.judge import Judge
from venom_desktop.core.catalog.listing import Listing, Question, SourceState
from venom_desktop.core.catalog.run_on import SettingsOf, usual_settings
from venom_desktop.core.errors import VenomError
from venom_desktop.core.host.sample import HostSample
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.signals import Signal
from venom_desktop.core.tasks import TaskScope

LISTED: Final = 12
"""Models a list has; what a script gets that names no limit is the same list."""


class Trend(Enum):
    """A source and the measure its list is ordered by; the order of the members is that of the lists."""

    OLLAMA_POPULAR = (ModelProvider.OLLAMA, Sort.TRENDING)
    OLLAMA_NEWEST = (ModelProvider.OLLAMA, Sort.UPDATED)
    HUGGING_FACE = (ModelProvider.HUGGINGFACE, Sort.TRENDING)

    @property
    def provider(self) -> ModelProvider:
        return self.value[0]

    @property
    def query(self) -> CatalogQuery:
        return CatalogQuery(sort=self.value[1], limit=LISTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendingList:
    """`rows` in the source's own order, the first one first."""

    trend: Trend
    rows: tuple[CatalogEntry, ...]
    source: SourceState


class Trending:
    """Every method returns at once; what it leads to is published by `changed`. Close it with its owner.

    After `open` nothing is asked by itself: that is what `refresh` is for.
    """

    def __init__(self, catalogs: Mapping[ModelProvider, Catalog], *, settings: SettingsOf = usual_settings) -> None:
        self._catalogs = catalogs
        self._judge = Judge(settings)
        self._listings = {
            trend: Listing(trend.provider, Question(sort=trend.query.sort), judge=self._judge.judged)
            for trend in Trend
            if trend.provider in catalogs
        }
        self._scope = TaskScope("trending")
        self._ends = [
            catalog.updated.subscribe(partial(self._hear, provider)) for provider, catalog in catalogs.items()
        ]
        self.changed: Signal[tuple[TrendingList, ...]] = Signal()

    @property
    def lists(self) -> tuple[TrendingList, ...]:
        return tuple(
            TrendingList(trend=trend, rows=tuple(row.entry for row in listing.rows.values()), source=listing.state)
            for trend, listing in self._listings.items()
        )

    async def close(self) -> None:
        for end in self._ends:
            end()
        await self._scope.close()

    def open(self) -> None:
        """Read what was not read yet, from the cache where it is fresh."""
        self._read_all([trend for trend, listing in self._listings.items() if listing.is_new], refresh=False)

    def refresh(self, trends: Collection[Trend] = tuple(Trend)) -> None:
        """Ask the sources of these lists anew; the old rows stay until the answer."""
        self._read_all([trend for trend in self._listings if trend in trends], refresh=True)

    def set_memory(self, host: HostSample) -> None:
        """Judge all rows anew when free memory has changed by a noticeable amount."""
        if self._judge.set_memory(host):
            self._judge_all()

    def prefer_runtimes(self, runtimes: Sequence[str]) -> None:
        """Judge each row for the first of these that can run it."""
        if self._judge.prefer(runtimes):
            self._judge_all()

    def replace_entries(self, entries: Sequence[CatalogEntry]) -> None:
        """Take over what became known later: exact verdicts."""
        found = [listing.replace_entries(entries) for listing in self._listings.values()]
        if any(found):
            self._publish()

    def _read_all(self, trends: Sequence[Trend], *, refresh: bool) -> None:
        for trend in trends:
            self._listings[trend].set_loading(True)
            self._scope.start(trend.name, self._read(trend, refresh=refresh))
        if trends:
            self._publish()

    async def _read(self, trend: Trend, *, refresh: bool) -> None:
        listing = self._listings[trend]
        try:
            page = await self._catalogs[trend.provider].list_models(trend.query, refresh=refresh)
            _take(listing, page)
        except VenomError as error:
            listing.fail(error, first=True)
        listing.set_loading(False)
        self._publish()

    def _hear(self, provider: ModelProvider, update: CatalogUpdate) -> None:
        for trend, listing in self._listings.items():
            if (trend.provider, trend.query) == (provider, update.query):
                _take(listing, update.page)
                self._publish()

    def _judge_all(self) -> None:
        for listing in self._listings.values():
            entries = [row.entry for row in listing.rows.values()]
            listing.replace_entries(self._judge.all_judged(entries))
        self._publish()

    def _publish(self) -> None:
        self.changed.publish(self.lists)


def _take(listing: Listing, page: CatalogPage) -> None:
    # The library gives whole pages of its own size.
    listing.take(replace(page, entries=page.entries[:LISTED]), first=True)
