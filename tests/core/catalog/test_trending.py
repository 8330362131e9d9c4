"""What many look at now: each list in its source's own order, read once, and refreshed only when that is asked for."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.core.catalog.test_search import GB, NOW, ListedCatalog, entry, host
from tests.fakes.hub import HubServer
from tests.fakes.ollama_library import OllamaLibraryServer
from venom_desktop.core.catalog.base import CatalogPage, CatalogQuery, CatalogUpdate, FitGrade, FitPlace, Sort
from venom_desktop.core.catalog.cache import DiskCache
from venom_desktop.core.catalog.hugging_face import HuggingFaceCatalog
from venom_desktop.core.catalog.ollama_library import OllamaLibrary
from venom_desktop.core.catalog.ollama_registry import OllamaRegistries
from venom_desktop.core.catalog.snapshot import BundledRows
from venom_desktop.core.catalog.trending import LISTED, Trend, Trending, TrendingList
from venom_desktop.core.errors import SourceChanged, SourceUnreachable
from venom_desktop.core.http import make_client
from venom_desktop.core.registry.model import ModelProvider

OLLAMA, HUB = ModelProvider.OLLAMA, ModelProvider.HUGGINGFACE
SILENCE = SourceUnreachable(source="x")
Lists = dict[Trend, TrendingList]
Make = Callable[..., Trending]


def shelf(provider: ModelProvider, count: int = 20) -> ListedCatalog:
    """Rows that stand in another order than that of their downloads and ages."""
    return ListedCatalog(provider, [entry(number * 7 % 20, provider=provider) for number in range(count)])


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    made: list[Trending] = []

    def trending(*catalogs: ListedCatalog) -> Trending:
        made.append(Trending({catalog.provider: catalog for catalog in catalogs}))
        return made[-1]

    yield trending
    for one in made:
        await one.close()


async def settled(trending: Trending) -> Lists:
    """The lists once none of them loads."""
    idle = asyncio.Event()

    def look(lists: tuple[TrendingList, ...]) -> None:
        if not any(one.source.loading for one in lists):
            idle.set()

    end = trending.changed.subscribe(look)
    look(trending.lists)
    async with asyncio.timeout(10):
        await idle.wait()
    end()
    return {one.trend: one for one in trending.lists}


def names(one: TrendingList) -> list[str]:
    return [row.model_name for row in one.rows]


async def test_a_list_stands_in_the_order_of_its_source_and_ends_after_its_first_rows(make: Make) -> None:
    ollama, hub = shelf(OLLAMA), shelf(HUB)
    trending = make(ollama, hub)

    trending.open()
    lists = await settled(trending)

    assert list(lists) == [Trend.OLLAMA_POPULAR, Trend.OLLAMA_NEWEST, Trend.HUGGING_FACE]
    assert names(lists[Trend.HUGGING_FACE]) == [row.model_name for row in hub.entries[:LISTED]]
    assert [query.sort for query in ollama.queries] == [Sort.TRENDING, Sort.UPDATED]


async def test_what_was_read_is_asked_for_again_only_by_a_refresh_of_that_list(make: Make) -> None:
    ollama, hub = shelf(OLLAMA), shelf(HUB)
    trending = make(ollama, hub)
    trending.open()
    await settled(trending)

    trending.open()
    await settled(trending)
    assert (len(ollama.queries), len(hub.queries), hub.refreshed) == (2, 1, 0)

    trending.refresh([Trend.OLLAMA_NEWEST])
    await settled(trending)
    assert (len(ollama.queries), ollama.refreshed, len(hub.queries)) == (3, 1, 1)
    assert ollama.queries[-1].sort is Sort.UPDATED
    trending.refresh()
    await settled(trending)
    assert (ollama.refreshed, hub.refreshed) == (3, 1)


async def test_a_source_that_fails_says_so_at_its_lists_and_the_other_stays(make: Make) -> None:
    ollama, hub = shelf(OLLAMA), shelf(HUB)
    ollama.raises = SILENCE
    trending = make(ollama, hub)

    trending.open()
    lists = await settled(trending)

    assert lists[Trend.OLLAMA_POPULAR].rows == ()
    assert lists[Trend.OLLAMA_POPULAR].source.error is SILENCE
    assert len(lists[Trend.HUGGING_FACE].rows) == LISTED
    assert lists[Trend.HUGGING_FACE].source.error is None


async def test_a_refresh_that_fails_leaves_the_rows_and_their_age(make: Make) -> None:
    hub = shelf(HUB)
    trending = make(hub)
    trending.open()
    before = (await settled(trending))[Trend.HUGGING_FACE]
    hub.error = SourceChanged(source="Hugging Face")

    trending.refresh()
    after = (await settled(trending))[Trend.HUGGING_FACE]

    assert after.rows == before.rows
    assert (after.source.stale, after.source.error, after.source.read_at) == (True, hub.error, NOW)


async def test_a_source_that_is_slow_holds_up_no_other(make: Make) -> None:
    ollama, hub = shelf(OLLAMA), shelf(HUB)
    ollama.gate = asyncio.Event()
    trending = make(ollama, hub)
    there = asyncio.Event()
    trending.changed.subscribe(lambda lists: there.set() if lists[-1].rows else None)

    trending.open()
    async with asyncio.timeout(10):
        await there.wait()

    assert [one.source.loading for one in trending.lists] == [True, True, False]
    ollama.gate.set()
    assert all(one.rows for one in (await settled(trending)).values())


async def test_an_answer_that_comes_late_takes_the_place_of_the_old_rows_of_its_own_list(make: Make) -> None:
    ollama, hub = shelf(OLLAMA), shelf(HUB)
    hub.error = ollama.error = SILENCE
    trending = make(ollama, hub)
    trending.open()
    await settled(trending)
    page = CatalogPage(entries=tuple(entry(number) for number in range(30)), read_at=NOW + timedelta(seconds=4))

    hub.updated.publish(CatalogUpdate(query=Trend.HUGGING_FACE.query, page=page))
    ollama.updated.publish(CatalogUpdate(query=CatalogQuery(sort=Sort.TRENDING, limit=60), page=page))

    lists = await settled(trending)
    assert names(lists[Trend.HUGGING_FACE]) == [row.model_name for row in page.entries[:LISTED]]
    assert lists[Trend.HUGGING_FACE].source.error is None
    assert lists[Trend.OLLAMA_POPULAR].source.error is SILENCE


async def test_rows_are_judged_by_the_memory_of_now_and_exact_figures_stay(make: Make) -> None:
    trending = make(shelf(HUB))
    trending.set_memory(host(8 * GB))
    trending.open()
    row = (await settled(trending))[Trend.HUGGING_FACE].rows[0]
    assert row.fit is not None
    assert (row.fit.grade, row.fit.place) == (FitGrade.ESTIMATED, FitPlace.RAM)

    trending.replace_entries([replace(row, fit=replace(row.fit, grade=FitGrade.EXACT, needed_bytes=3 * GB))])
    trending.set_memory(host(GB))

    fit = trending.lists[0].rows[0].fit
    assert fit is not None
    assert (fit.grade, fit.needed_bytes, fit.place) == (FitGrade.EXACT, 3 * GB, FitPlace.TOO_BIG)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def open_trending(
    hub: HubServer, library: OllamaLibraryServer, tmp_path: Path, clock: Clock
) -> AsyncIterator[Callable[[], Trending]]:
    """Every call is another start of the program over the same disk, the same hub and the same library."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(make_client())
        cache = DiskCache(tmp_path)

        def opened() -> Trending:
            shipped = BundledRows(rows=({"id": "org/shipped-GGUF", "tags": ["gguf"]},), as_of=NOW - timedelta(days=90))
            found = HuggingFaceCatalog(http, endpoint=hub.url, cache=cache, bundled=lambda: shipped, clock=clock)
            registries = OllamaRegistries(
                http, registry=lambda: library.url, hugging_face=lambda: hub.url, cache=cache, clock=clock
            )
            site = OllamaLibrary(http, registries=registries, cache=cache, endpoint=lambda: library.url, clock=clock)
            trending = Trending({OLLAMA: site, HUB: found})
            for one in (found, site, trending):
                stack.push_async_callback(one.close)
            trending.open()
            return trending

        yield opened


@pytest.fixture
def library() -> Iterator[OllamaLibraryServer]:
    with OllamaLibraryServer() as server:
        server.many_models(30)
        yield server


async def test_the_sources_are_asked_for_their_own_measures(
    hub: HubServer, library: OllamaLibraryServer, open_trending: Callable[[], Trending]
) -> None:
    hub.many_repos(30)

    lists = await settled(open_trending())

    assert [len(one.rows) for one in lists.values()] == [LISTED] * 3
    assert names(lists[Trend.OLLAMA_POPULAR])[:2] == ["made-up0000", "made-up0001"]
    assert names(lists[Trend.OLLAMA_NEWEST])[:2] == ["made-up0029", "made-up0028"]
    [asked] = hub.requests_for("/api/models")
    assert "trendingScore" in str(asked.query["sort"])


async def test_after_a_start_the_kept_lists_are_shown_for_half_an_hour_and_nobody_is_asked(
    hub: HubServer, library: OllamaLibraryServer, open_trending: Callable[[], Trending], clock: Clock
) -> None:
    hub.many_repos(30)
    before = await settled(open_trending())
    asked = len(hub.requests) + len(library.requests)
    clock.now += timedelta(minutes=29)

    after = await settled(open_trending())

    assert [names(one) for one in after.values()] == [names(one) for one in before.values()]
    assert [one.source.read_at for one in after.values()] == [clock.now - timedelta(minutes=29)] * 3
    assert len(hub.requests) + len(library.requests) == asked


async def test_a_page_of_another_structure_leaves_the_kept_list_and_says_so(
    hub: HubServer, library: OllamaLibraryServer, open_trending: Callable[[], Trending], clock: Clock
) -> None:
    before = (await settled(open_trending()))[Trend.OLLAMA_NEWEST]
    clock.now += timedelta(hours=3)
    library.change_structure()

    after = (await settled(open_trending()))[Trend.OLLAMA_NEWEST]

    assert names(after) == names(before)
    assert isinstance(after.source.error, SourceChanged)
    assert (after.source.stale, after.source.read_at) == (True, clock.now - timedelta(hours=3))


async def test_a_first_start_offline_shows_what_was_shipped_as_such(
    hub: HubServer, library: OllamaLibraryServer, open_trending: Callable[[], Trending]
) -> None:
    hub.go_down()

    lists = await settled(open_trending())

    shipped = lists[Trend.HUGGING_FACE]
    assert names(shipped) == ["org/shipped-GGUF"]
    assert (shipped.source.stale, shipped.source.bundled) == (True, True)
    assert isinstance(shipped.source.error, SourceUnreachable)
    assert lists[Trend.OLLAMA_POPULAR].source.error is None
