"""Searches all catalogs at once: filters what is loaded with every keystroke, and loads what is missing behind it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from venom_desktop.core.catalog.base import SORTED_HERE, Catalog, CatalogEntry, CatalogQuery, CatalogUpdate, Sort
from venom_desktop.core.catalog.filters import NO_FILTERS, CatalogFilters, filtered, in_order, put_in_order
from venom_desktop.core.catalog.judge import Judge
from venom_desktop.core.catalog.listing import Listing, Question, SourceState
from venom_desktop.core.catalog.narrowing import Narrowing
from venom_desktop.core.catalog.run_on import SettingsOf, usual_settings
from venom_desktop.core.errors import VenomError
from venom_desktop.core.host.sample import HostSample
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.signals import Signal
from venom_desktop.core.tasks import TaskScope

PAGE_ROWS: Final = 60
MOST_ROWS_READ: Final = 500
"""So many rows are read at once for a filter or an order that the source cannot do."""
TYPING_PAUSE_S: Final = 0.25
_LISTINGS_KEPT: Final = 32
_JUDGED_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogState:
    """What the catalog shows now.

    `among` is the number of rows loaded when a filter or an order applies to those alone, else None.
    """

    rows: Sequence[CatalogEntry] = ()
    text: str = ""
    sort: Sort = Sort.DOWNLOADS
    filters: CatalogFilters = NO_FILTERS
    loading: bool = False
    more: bool = False
    among: int | None = None
    sources: tuple[SourceState, ...] = ()


class CatalogSearch:
    """Every method returns at once; what it leads to is published by `changed`. Close it with its owner."""

    def __init__(
        self,
        catalogs: Sequence[Catalog],
        *,
        settings: SettingsOf = usual_settings,
        typing_pause_s: float = TYPING_PAUSE_S,
    ) -> None:
        self._catalogs = {catalog.provider: catalog for catalog in catalogs}
        self._typing_pause_s = typing_pause_s
        self._judge = Judge(settings)
        self._listings: dict[tuple[ModelProvider, Question], Listing] = {}
        self._narrowing: tuple[Sort, CatalogFilters, Narrowing] | None = None
        self._wanted_rows = PAGE_ROWS
        self._scope = TaskScope("catalog-search")
        self._ends = [catalog.updated.subscribe(partial(self._hear, catalog.provider)) for catalog in catalogs]
        self.state = CatalogState()
        self.changed: Signal[CatalogState] = Signal()

    async def close(self) -> None:
        for end in self._ends:
            end()
        await self._scope.close()

    def open(self) -> None:
        """Show the first page, from the cache where it is fresh."""
        self._ask(after_s=0)

    def set_text(self, text: str) -> None:
        """Filter the loaded rows now; ask the sources when typing has paused."""
        if text == self.state.text:
            return
        self._wanted_rows = PAGE_ROWS
        self._renew(text=text)
        self._ask(after_s=self._typing_pause_s)

    def set_sort(self, sort: Sort) -> None:
        self._wanted_rows = PAGE_ROWS
        self._renew(sort=sort)
        self._ask(after_s=0)

    def set_filters(self, filters: CatalogFilters) -> None:
        self._wanted_rows = PAGE_ROWS
        self._renew(filters=filters)
        self._ask(after_s=0)

    def load_more(self) -> None:
        """The next page, called when the end of the list comes into view; does nothing while one is loading."""
        if self.state.loading or not self.state.more:
            return
        self._wanted_rows = len(self.state.rows) + PAGE_ROWS
        for listing in self._current():
            if listing.state.more:
                self._load(listing, after_s=0, more=True)
        self._publish()

    def refresh(self) -> None:
        """Ask the sources anew for what is shown; the old rows stay until the answer."""
        for listing in self._current():
            self._load(listing, after_s=0, refresh=True)
        self._publish()

    def try_again(self, provider: ModelProvider | None = None) -> None:
        """Ask a source that failed once more, or all of them: for the next page where the first ones are here."""
        for listing in self._current():
            if provider not in (None, listing.state.provider):
                continue
            if listing.state.stale or listing.state.error is not None:
                further_on = listing.failed_further_on
                self._load(listing, after_s=0, refresh=not further_on, more=further_on)
        self._publish()

    def set_memory(self, host: HostSample) -> None:
        """Judge all rows anew when free memory has changed by a noticeable amount."""
        if self._judge.set_memory(host):
            self._scope.start("judge", self._judge_all())

    def prefer_runtimes(self, runtimes: Sequence[str]) -> None:
        """Judge each row for the first of these that can run it."""
        if self._judge.prefer(runtimes):
            self._scope.start("judge", self._judge_all())

    def replace_entries(self, entries: Sequence[CatalogEntry]) -> None:
        """Take over what became known later: details with exact sizes, exact verdicts."""
        found = [listing.replace_entries(entries) for listing in self._listings.values()]
        if any(found):
            self._rows_changed()

    def _ask(self, *, after_s: float) -> None:
        for listing in self._current():
            if listing.state.loading:
                continue
            if listing.is_new or self._wants_more(listing):
                self._load(listing, after_s=after_s)
            else:
                self._scope.cancel(_task(listing))
                self._set_loading(listing, loading=False)
        self._publish()

    def _current(self) -> list[Listing]:
        """The listings of the question asked now, of the sources that are wanted."""
        filters = self.state.filters
        question = Question.of(self.state.text, self.state.sort, safetensors=filters.wants_safetensors)
        wanted = filters.providers or frozenset(self._catalogs)
        if question.safetensors:
            # The library of Ollama has none, and would be read through for nothing.
            wanted &= {ModelProvider.HUGGINGFACE}
        return [self._listing(provider, question) for provider in self._catalogs if provider in wanted]

    def _listing(self, provider: ModelProvider, question: Question) -> Listing:
        found = self._listings.pop((provider, question), None)
        if found is None:
            found = Listing(provider, question, judge=self._judge.judged)
            old = [key for key in self._listings if key[1].text]
            for key in old[: max(0, len(old) - _LISTINGS_KEPT + 1)]:
                del self._listings[key]
        self._listings[provider, question] = found
        return found

    def _load(self, listing: Listing, *, after_s: float, refresh: bool = False, more: bool = False) -> None:
        self._set_loading(listing, loading=True)
        listing.read_limit = MOST_ROWS_READ + (listing.state.loaded if more else 0)
        self._scope.start(_task(listing), self._read_pages(listing, after_s=after_s, refresh=refresh, more=more))

    def _set_loading(self, listing: Listing, *, loading: bool) -> None:
        """One listing of a source loads at a time."""
        for other in self._listings.values():
            if other.state.provider is listing.state.provider:
                other.set_loading(loading and other is listing)

    async def _read_pages(self, listing: Listing, *, after_s: float, refresh: bool, more: bool) -> None:
        await asyncio.sleep(after_s)
        first = refresh or listing.is_new
        try:
            while first or more or self._wants_more(listing):
                query = CatalogQuery(
                    text=listing.question.text,
                    sort=listing.question.sort,
                    limit=PAGE_ROWS,
                    cursor=None if first else listing.cursor,
                    safetensors=listing.question.safetensors,
                )
                page = await self._catalogs[listing.state.provider].list_models(query, refresh=refresh)
                listing.take(page, first=first)
                first = more = False
                self._rows_changed()
                if page.error is not None and not page.bundled:
                    break
        except VenomError as error:
            listing.fail(error, first=first)
        listing.set_loading(False)
        self._rows_changed()

    def _wants_more(self, listing: Listing) -> bool:
        if not listing.state.more or listing.state.loaded >= listing.read_limit:
            return False
        if self.state.sort in SORTED_HERE:
            return True
        return self.state.filters.is_local and len(self.state.rows) < self._wanted_rows

    def _hear(self, provider: ModelProvider, update: CatalogUpdate) -> None:
        query = update.query
        question = Question(text=query.text, sort=query.sort, safetensors=query.safetensors)
        listing = self._listings.get((provider, question))
        # Who asked for fewer rows, a script or another tab, waits for an answer of their own.
        ours = query.limit == PAGE_ROWS
        if ours and listing is not None and query.cursor in (None, listing.cursor):
            listing.take(update.page, first=query.cursor is None)
            self._rows_changed()

    def _rows_changed(self) -> None:
        self._narrowing = None
        self._renew()
        self._publish()

    def _renew(
        self, *, text: str | None = None, sort: Sort | None = None, filters: CatalogFilters | None = None
    ) -> None:
        """Filter and order for what is asked now."""
        text = self.state.text if text is None else text
        self.state = replace(self.state, text=text, sort=sort or self.state.sort, filters=filters or self.state.filters)
        self.state = replace(self.state, rows=self._found())

    def _publish(self) -> None:
        """Tell how the sources stand, with the rows found last."""
        listings = self._current()
        local = self.state.filters.is_local or self.state.sort in SORTED_HERE
        more = any(listing.state.more for listing in listings)
        loaded = sum(listing.state.loaded for listing in listings)
        self.state = replace(
            self.state,
            loading=any(listing.state.loading for listing in listings),
            more=more,
            among=loaded if local and more else None,
            sources=tuple(listing.state for listing in listings),
        )
        self.changed.publish(self.state)

    def _found(self) -> Sequence[CatalogEntry]:
        """Of the whole list what the text finds, and what the sources found for the text."""
        text, sort = self.state.text, self.state.sort
        found = self._whole_list().found(text)
        if not text.strip():
            return found
        others = []
        for listing in self._current():
            whole = self._listings.get((listing.state.provider, replace(listing.question, text="")))
            shown = {} if whole is None else whole.rows
            answers = [row for key, row in listing.rows.items() if key not in shown or not row.holds(text)]
            others += filtered(answers, self.state.filters)
        if not others:
            return found
        together = found.rows()
        put_in_order(together, others, sort)
        return tuple(row.entry for row in together)

    def _whole_list(self) -> Narrowing:
        """The rows of the list without a text, filtered and in order; kept until they or the filters change."""
        sort, filters = self.state.sort, self.state.filters
        if self._narrowing is None or self._narrowing[:2] != (sort, filters):
            question = Question.of("", sort, safetensors=filters.wants_safetensors)
            rows = [
                row for key, listing in self._listings.items() if key[1] == question for row in listing.rows.values()
            ]
            self._narrowing = (sort, filters, Narrowing(in_order(filtered(rows, filters), sort)))
        return self._narrowing[2]

    async def _judge_all(self) -> None:
        for listing in tuple(self._listings.values()):
            entries = [row.entry for row in listing.rows.values()]
            for start in range(0, len(entries), _JUDGED_AT_ONCE):
                listing.replace_entries(self._judge.all_judged(entries[start : start + _JUDGED_AT_ONCE]))
                await asyncio.sleep(0)
        self._rows_changed()


def _task(listing: Listing) -> str:
    return f"load {listing.state.provider.value}"
