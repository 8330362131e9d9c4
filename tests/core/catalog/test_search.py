"""Searching several catalogs at once: what is shown at once, what is loaded behind it, and what failures leave."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.counts import count
from venom_desktop.core.catalog.base import (
    Ability,
    CatalogEntry,
    CatalogPage,
    CatalogQuery,
    CatalogUpdate,
    FitGrade,
    FitPlace,
    FitVerdict,
    Quantization,
    RemoteFile,
    Sort,
)
from venom_desktop.core.catalog.filters import CatalogFilters, Row, filtered, in_order, put_in_order
from venom_desktop.core.catalog.narrowing import Narrowing
from venom_desktop.core.catalog.search import CatalogSearch, CatalogState
from venom_desktop.core.errors import SourceUnreachable, VenomError
from venom_desktop.core.host.sample import HostSample
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.signals import Signal

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
GB = 10**9


def entry(
    number: int,
    *,
    name: str = "model",
    provider: ModelProvider = ModelProvider.HUGGINGFACE,
    size_bytes: int = GB,
    label: str = "Q4_K_M",
) -> CatalogEntry:
    return CatalogEntry(
        provider=provider,
        model_name=f"org/{name}-{number:05}",
        display_name=f"{name} {number}",
        downloads=1_000_000 - number,
        likes=number % 17,
        trending=number % 13,
        updated=NOW - timedelta(minutes=number * 7 % 1000),
        quantizations=(Quantization(label=label, files=(RemoteFile(name="a.gguf", size_bytes=size_bytes),)),),
        size_range_bytes=(size_bytes, size_bytes),
        license="mit" if number % 2 else "apache-2.0",
        gated=number % 3 == 0,
        abilities=frozenset({Ability.TOOLS} if number % 10 == 0 else ()),
        runtimes=("llama_cpp",),
    )


class ListedCatalog:
    """A catalog over a list, with pages, and an error that can be switched on."""

    def __init__(self, provider: ModelProvider, entries: Sequence[CatalogEntry]) -> None:
        self._provider = provider
        self.entries = list(entries)
        self.error: VenomError | None = None
        self.raises: VenomError | None = None
        self.gate: asyncio.Event | None = None
        self.queries: list[CatalogQuery] = []
        self.refreshed = 0
        self._updated: Signal[CatalogUpdate] = Signal()

    @property
    def provider(self) -> ModelProvider:
        return self._provider

    @property
    def updated(self) -> Signal[CatalogUpdate]:
        return self._updated

    async def list_models(self, query: CatalogQuery, *, refresh: bool = False) -> CatalogPage:
        self.queries.append(query)
        self.refreshed += refresh
        if self.gate is not None:
            await self.gate.wait()
        if self.raises is not None:
            raise self.raises
        words = query.text.split()
        found = [row for row in self.entries if all(word in f"{row.model_name} {row.publisher}" for word in words)]
        start = int(query.cursor or 0)
        stop = start + query.limit
        return CatalogPage(
            entries=tuple(found[start:stop]),
            next_cursor=str(stop) if stop < len(found) else None,
            read_at=NOW,
            stale=self.error is not None,
            error=self.error,
        )

    async def details(self, model_name: str, *, refresh: bool = False) -> CatalogEntry:
        return next(row for row in self.entries if row.model_name == model_name)


def hub(count: int = 200) -> ListedCatalog:
    return ListedCatalog(ModelProvider.HUGGINGFACE, [entry(number) for number in range(count)])


MakeSearch = Callable[..., CatalogSearch]
Settle = Callable[[CatalogSearch], Awaitable[CatalogState]]


@pytest.fixture
async def make() -> AsyncIterator[MakeSearch]:
    made = []

    def search(*catalogs: ListedCatalog) -> CatalogSearch:
        found = CatalogSearch(catalogs, typing_pause_s=0)
        made.append(found)
        return found

    yield search
    for search_made in made:
        await search_made.close()


async def settled(search: CatalogSearch) -> CatalogState:
    """The state once nothing loads any more."""
    idle = asyncio.Event()
    end = search.changed.subscribe(lambda state: None if state.loading else idle.set())
    if search.state.loading:
        await asyncio.wait_for(idle.wait(), 10)
    end()
    return search.state


def host(free_bytes: int) -> HostSample:
    return HostSample(
        taken_at=NOW, cpu_percent=1, cpu_count=2, memory_total_bytes=16 * GB, memory_available_bytes=free_bytes
    )


async def test_the_first_page_shows_and_the_next_one_comes_when_it_is_wanted(make: MakeSearch) -> None:
    search = make(hub())
    search.open()
    assert search.state.loading
    state = await settled(search)
    assert (len(state.rows), state.more, state.among) == (60, True, None)
    search.load_more()
    assert len((await settled(search)).rows) == 120
    for _ in range(2):
        search.load_more()
        await settled(search)
    assert (len(search.state.rows), search.state.more) == (200, False)
    assert len({row.model_name for row in search.state.rows}) == 200


async def test_typing_filters_what_is_loaded_at_once_and_asks_the_source_after_it(make: MakeSearch) -> None:
    catalog = hub()
    search = make(catalog)
    search.open()
    await settled(search)
    search.set_text("MODEL-0001")
    assert [row.model_name[-5:] for row in search.state.rows] == [f"{number:05}" for number in range(10, 20)]
    search.set_text("model-0019")
    assert len(search.state.rows) == 0
    state = await settled(search)
    assert [row.model_name[-5:] for row in state.rows] == [f"{number:05}" for number in range(190, 200)]
    assert [query.text for query in catalog.queries] == ["", "model-0019"]


async def test_what_the_source_finds_by_other_means_than_our_words_is_shown_too(make: MakeSearch) -> None:
    catalog = hub(3)
    catalog.entries.append(replace(entry(50), publisher="hidden words"))
    search = make(catalog)
    search.open()
    await settled(search)
    search.set_text("hidden")
    assert [row.model_name for row in (await settled(search)).rows] == ["org/model-00050"]


async def test_going_back_to_an_earlier_text_asks_nobody(make: MakeSearch) -> None:
    catalog = hub()
    search = make(catalog)
    search.open()
    await settled(search)
    for text in ("model-0019", "", "model-0019"):
        search.set_text(text)
        await settled(search)
    assert len(catalog.queries) == 2
    assert len(search.state.rows) == 10


async def test_a_local_filter_says_among_how_many_and_loads_until_a_page_is_full_or_500_were_read(
    make: MakeSearch,
) -> None:
    catalog = hub(2_000)
    search = make(catalog)
    search.open()
    await settled(search)
    search.set_filters(CatalogFilters(abilities=frozenset({Ability.TOOLS})))
    state = await settled(search)
    # Every tenth row passes: the page that passes 500 rows read is the last one, and no 60 are found.
    assert state.among == 540
    assert len(state.rows) == 54
    search.load_more()
    assert len((await settled(search)).rows) > 54
    search.set_filters(CatalogFilters(licenses=frozenset({"mit"})))
    before = len(catalog.queries)
    assert len((await settled(search)).rows) >= 60
    assert len(catalog.queries) == before


async def test_an_order_by_size_is_made_among_the_rows_loaded_and_says_so(make: MakeSearch) -> None:
    catalog = ListedCatalog(
        ModelProvider.HUGGINGFACE, [entry(number, size_bytes=(number * 7919 % 1009 + 1) * GB) for number in range(900)]
    )
    search = make(catalog)
    search.open()
    await settled(search)
    search.set_sort(Sort.SIZE)
    state = await settled(search)
    sizes = [row.size_range_bytes[1] for row in state.rows if row.size_range_bytes]
    assert sizes == sorted(sizes, reverse=True)
    assert state.among == len(state.rows) >= 500


async def test_a_source_that_fails_never_hides_another(make: MakeSearch) -> None:
    good = hub(5)
    bad = ListedCatalog(ModelProvider.OLLAMA, [])
    bad.raises = SourceUnreachable(source="Ollama library")
    search = make(bad, good)
    search.open()
    state = await settled(search)
    assert len(state.rows) == 5
    failed, fine = state.sources
    assert (failed.provider, failed.stale, failed.error) == (ModelProvider.OLLAMA, True, bad.raises)
    assert (fine.stale, fine.error, fine.loaded) == (False, None, 5)


async def test_only_the_source_that_is_named_is_asked_again(make: MakeSearch) -> None:
    bad, worse = ListedCatalog(ModelProvider.OLLAMA, []), hub(0)
    bad.raises = worse.raises = SourceUnreachable(source="Nobody")
    search = make(bad, worse)
    search.open()
    await settled(search)

    search.try_again(ModelProvider.OLLAMA)
    await settled(search)
    assert (len(bad.queries), len(worse.queries)) == (2, 1)
    search.try_again()
    await settled(search)
    assert (len(bad.queries), len(worse.queries)) == (3, 2)


async def test_two_sources_may_call_a_model_the_same(make: MakeSearch) -> None:
    search = make(ListedCatalog(ModelProvider.OLLAMA, [entry(1, provider=ModelProvider.OLLAMA)]), hub(3))
    search.open()
    state = await settled(search)
    same = [row for row in state.rows if row.model_name == "org/model-00001"]
    assert {row.provider for row in same} == {ModelProvider.OLLAMA, ModelProvider.HUGGINGFACE}

    search.replace_entries([replace(same[0], description="only this one")])
    told = [row.description for row in search.state.rows if row.model_name == "org/model-00001"]
    assert sorted(map(str, told)) == ["None", "only this one"]


async def test_a_slow_source_never_holds_up_another(make: MakeSearch) -> None:
    slow = ListedCatalog(ModelProvider.OLLAMA, [entry(1, provider=ModelProvider.OLLAMA)])
    slow.gate = asyncio.Event()
    search = make(slow, hub(5))
    came = asyncio.Event()
    search.changed.subscribe(lambda state: came.set() if len(state.rows) == 5 else None)
    search.open()
    await asyncio.wait_for(came.wait(), 5)
    assert search.state.loading
    slow.gate.set()
    assert len((await settled(search)).rows) == 6


async def test_a_refresh_that_fails_keeps_every_row_and_marks_them_stale(make: MakeSearch) -> None:
    catalog = hub()
    search = make(catalog)
    search.open()
    await settled(search)
    search.load_more()
    await settled(search)
    catalog.error = SourceUnreachable(source="Hugging Face")
    search.refresh()
    state = await settled(search)
    assert catalog.refreshed == 1
    assert len(state.rows) == 120
    assert (state.sources[0].stale, state.sources[0].error, state.sources[0].read_at) == (True, catalog.error, NOW)
    catalog.error = None
    search.refresh()
    state = await settled(search)
    assert (state.sources[0].stale, state.sources[0].error) == (False, None)


async def test_a_late_answer_takes_the_place_of_the_bundled_rows(make: MakeSearch) -> None:
    catalog = hub(3)
    search = make(catalog)
    old = CatalogPage(entries=(entry(99),), read_at=NOW, stale=True, bundled=True, error=SourceUnreachable(source="x"))

    async def give_old(query: CatalogQuery, *, refresh: bool = False) -> CatalogPage:
        return old

    catalog.list_models = give_old  # type: ignore[method-assign]
    search.open()
    state = await settled(search)
    assert (state.sources[0].bundled, len(state.rows)) == (True, 1)
    page = CatalogPage(entries=tuple(catalog.entries), read_at=NOW)
    # A script that asked for fewer rows is no concern of this list.
    few = CatalogPage(entries=page.entries[:2], read_at=NOW)
    catalog.updated.publish(CatalogUpdate(query=CatalogQuery(limit=12), page=few))
    assert search.state.sources[0].bundled
    catalog.updated.publish(CatalogUpdate(query=CatalogQuery(), page=page))
    assert [row.model_name[-5:] for row in search.state.rows] == ["00000", "00001", "00002"]
    assert not search.state.sources[0].stale


async def test_rows_are_judged_by_the_memory_of_now_and_exact_figures_stay(make: MakeSearch) -> None:
    search = make(hub(3))
    search.set_memory(host(8 * GB))
    search.open()
    state = await settled(search)
    fits = [row.fit for row in state.rows]
    assert all(fit is not None and fit.place is FitPlace.RAM for fit in fits)
    assert fits[0] is not None
    exact = replace(fits[0], grade=FitGrade.EXACT, needed_bytes=3 * GB)
    search.replace_entries([replace(state.rows[0], fit=exact)])
    judged: asyncio.Future[CatalogState] = asyncio.get_running_loop().create_future()
    search.changed.subscribe(judged.set_result)
    search.set_memory(host(GB))
    after = await asyncio.wait_for(judged, 5)
    assert all(row.fit is not None and row.fit.place is FitPlace.TOO_BIG for row in after.rows)
    assert after.rows[0].fit is not None
    assert (after.rows[0].fit.needed_bytes, after.rows[0].fit.grade) == (3 * GB, FitGrade.EXACT)


async def test_small_changes_of_memory_judge_nothing_until_they_add_up(make: MakeSearch) -> None:
    search = make(hub(3))
    search.set_memory(host(8 * GB))
    search.open()
    await settled(search)
    heard: list[CatalogState] = []
    search.changed.subscribe(heard.append)
    for step in range(1, 3):
        search.set_memory(host(8 * GB - step * 100_000_000))
    await asyncio.sleep(0)
    assert heard == []
    judged: asyncio.Future[CatalogState] = asyncio.get_running_loop().create_future()
    search.changed.subscribe(judged.set_result)
    search.set_memory(host(8 * GB - 300_000_000))
    await asyncio.wait_for(judged, 5)


@pytest.mark.parametrize(
    ("filters", "passing"),
    [
        (CatalogFilters(), [0, 1, 2, 3]),
        (CatalogFilters(providers=frozenset({ModelProvider.OLLAMA})), []),
        (CatalogFilters(abilities=frozenset({Ability.TOOLS})), [0]),
        (CatalogFilters(size_bytes=(2 * GB, 3 * GB)), [2, 3]),
        (CatalogFilters(quantizations=frozenset({"Q8_0"})), [3]),
        (CatalogFilters(licenses=frozenset({"mit"})), [1, 3]),
        (CatalogFilters(gated=False), [1, 2]),
        (CatalogFilters(runtimes=frozenset({"vllm"})), []),
        (CatalogFilters(runtimes=frozenset({"llama_cpp", "vllm"}), gated=True), [0, 3]),
        (CatalogFilters(fits_here=True), []),
    ],
)
def test_each_filter_lets_through_what_it_names(filters: CatalogFilters, passing: list[int]) -> None:
    rows = [
        Row.of(entry(number, size_bytes=max(number, 1) * GB, label="Q8_0" if number == 3 else "Q4_K_M"))
        for number in range(4)
    ]
    assert [rows.index(row) for row in filtered(rows, filters)] == passing


@pytest.mark.parametrize("sort", list(Sort))
def test_rows_put_in_later_stand_where_sorting_would_have_put_them(sort: Sort) -> None:
    rows = [Row.of(entry(number * 37 % 101, size_bytes=(number * 13 % 31 + 1) * GB)) for number in range(90)]
    few, many = rows[:20], in_order(rows[20:], sort)
    put_in_order(many, few, sort)
    together = in_order(rows, sort)
    assert [_figure(row, sort) for row in many] == [_figure(row, sort) for row in together]


def _judged(number: int, place: FitPlace | None, *, needed: int = GB) -> Row:
    made = entry(number)
    if place is None:
        return Row.of(made)
    fit = FitVerdict(
        place=place,
        grade=FitGrade.ESTIMATED,
        runtime="llama_cpp",
        needed_bytes=needed,
        error_bytes=0,
        weights_bytes=needed,
        kv_cache_bytes=0,
        overhead_bytes=0,
        context=8192,
        kv_type="f16",
        free_bytes=0,
        total_bytes=0,
    )
    return Row.of(replace(made, fit=fit))


def test_trending_is_the_sources_own_measure_and_what_has_none_comes_after_it() -> None:
    rows = [
        Row.of(replace(entry(0), trending=None, downloads=9)),
        Row.of(replace(entry(1), trending=2.5, downloads=1)),
        Row.of(replace(entry(2), trending=None, downloads=9_000_000)),
        Row.of(replace(entry(3), trending=40, downloads=None)),
        Row.of(replace(entry(4), trending=0, downloads=5)),
    ]
    assert [rows.index(row) for row in in_order(rows, Sort.TRENDING)] == [3, 1, 4, 2, 0]


def test_what_runs_best_here_stands_first_and_of_that_the_largest() -> None:
    rows = [
        _judged(0, None),
        _judged(1, FitPlace.TOO_BIG),
        _judged(2, FitPlace.GPU, needed=GB),
        _judged(3, FitPlace.RAM),
        _judged(4, FitPlace.GPU, needed=3 * GB),
        _judged(5, FitPlace.GPU_AND_RAM, needed=90 * GB),
    ]
    assert [rows.index(row) for row in in_order(rows, Sort.FIT)] == [4, 2, 5, 3, 1, 0]


def test_a_range_of_parameters_finds_a_name_with_several_models_by_each_of_them() -> None:
    tags = tuple(Quantization(label=label, files=()) for label in ("1b", "4b", "27b", "latest"))
    family = replace(entry(1, provider=ModelProvider.OLLAMA), quantizations=tags, parameters=None)
    single = replace(entry(2), parameters=7_600_000_000)
    unknown = entry(3)
    rows = [Row.of(one) for one in (family, single, unknown)]

    def found(low: int, high: int) -> list[int]:
        return [rows.index(row) for row in filtered(rows, CatalogFilters(parameters=(low * GB, high * GB)))]

    assert (found(2, 5), found(5, 10), found(20, 40), found(40, 90)) == ([0], [1], [0], [])


def test_what_is_installed_is_found_or_left_out() -> None:
    rows = [Row.of(entry(number)) for number in range(3)]
    home = frozenset({rows[1].entry.key})

    assert filtered(rows, CatalogFilters(installed=True, home=home)) == [rows[1]]
    assert filtered(rows, CatalogFilters(installed=False, home=home)) == [rows[0], rows[2]]


def _figure(row: Row, sort: Sort) -> object:
    match sort:
        case Sort.DOWNLOADS:
            return row.entry.downloads
        case Sort.TRENDING:
            return row.entry.trending
        case Sort.LIKES:
            return row.entry.likes
        case Sort.UPDATED:
            return row.entry.updated
        case Sort.SIZE:
            return row.sizes
        case Sort.FIT:
            return row.entry.fit


@settings(max_examples=count(300, 10_000), deadline=None)
@given(typed=st.lists(st.text(alphabet="mod el-012A", max_size=9), max_size=8))
def test_whatever_is_typed_in_whatever_order_finds_what_a_plain_search_finds(typed: list[str]) -> None:
    rows = [Row.of(entry(number, name=f"model{number % 3}")) for number in range(30)]
    narrowing = Narrowing(rows)
    for text in typed:
        found = narrowing.found(text)
        plain = [row for row in rows if all(word in row.key for word in text.lower().split())]
        assert found.rows() == plain
        assert list(found) == [row.entry for row in plain] == [found[place] for place in range(len(found))]
        assert list(found[1:3]) == [row.entry for row in plain[1:3]]
