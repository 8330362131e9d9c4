"""The Ollama library against a site and a registry on real sockets: what it lists, and what it shows when they fail."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.fakes import gguf_files, gguf_profiles
from tests.fakes.hub_faults import Answers, Effect, Hang, failing, html, other_shape
from tests.fakes.hub_store import Sized
from tests.fakes.hub_wire import data
from tests.fakes.oci_registry import OciRegistryServer
from tests.fakes.ollama_library import GEMMA, OllamaLibraryServer
from tests.fakes.ollama_library_pages import ListedModel, ListedTag
from venom_desktop.core.catalog.base import Ability, CatalogEntry, CatalogQuery, CatalogUpdate, FitGrade, FitPlace, Sort
from venom_desktop.core.catalog.cache import DiskCache
from venom_desktop.core.catalog.entry_fit import estimated_fit, rough_size_range
from venom_desktop.core.catalog.fit import LoadSettings
from venom_desktop.core.catalog.ollama_library import OllamaLibrary
from venom_desktop.core.catalog.ollama_registry import OllamaRegistries
from venom_desktop.core.catalog.quantizations import default_quantization
from venom_desktop.core.catalog.snapshot import BundledRows
from venom_desktop.core.errors import (
    InvalidName,
    SourceBusy,
    SourceChanged,
    SourceUnreachable,
    UnknownLibraryModel,
    UpstreamFailed,
    UpstreamSlow,
    VenomError,
)
from venom_desktop.core.host.sample import HostSample
from venom_desktop.core.http import make_client
from venom_desktop.core.registry.model import ModelProvider

HEADER = gguf_files.header_of(gguf_profiles.GEMMA_3_4B, vocabulary_size=262_144)
BUNDLED = ({"name": "small", "pulls": 5, "sizes": ["1b"]}, {"name": "big", "pulls": 50, "sizes": ["70b"]})
HOST = HostSample(
    taken_at=datetime(2026, 11, 1, tzinfo=UTC),
    cpu_percent=1,
    cpu_count=2,
    memory_total_bytes=16 * 10**9,
    memory_available_bytes=8 * 10**9,
)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 8, 21, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_minutes(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)


Make = Callable[..., OllamaLibrary]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def site() -> Iterator[OllamaLibraryServer]:
    with OllamaLibraryServer(GEMMA) as server:
        yield server


@pytest.fixture
def registry() -> Iterator[OciRegistryServer]:
    with OciRegistryServer() as server:
        yield server


@pytest.fixture
async def make(
    tmp_path: Path, clock: Clock, site: OllamaLibraryServer, registry: OciRegistryServer
) -> AsyncIterator[Make]:
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(make_client())

        def made(*, rows: tuple[object, ...] = ()) -> OllamaLibrary:
            cache = DiskCache(tmp_path / "cache")
            library = OllamaLibrary(
                http,
                registries=OllamaRegistries(
                    http,
                    registry=lambda: registry.url,
                    hugging_face=lambda: "https://huggingface.co",
                    cache=cache,
                    clock=clock,
                ),
                cache=cache,
                endpoint=lambda: site.url,
                bundled=lambda: BundledRows(rows=rows, as_of=datetime(2026, 8, 1, tzinfo=UTC)),
                clock=clock,
            )
            stack.push_async_callback(library.close)
            return library

        yield made


def labels_of(entry: CatalogEntry) -> list[str]:
    return [choice.label for choice in entry.quantizations or ()]


async def test_a_cursor_that_is_no_number_means_the_first_page(make: Make) -> None:
    catalog = make()
    first = await catalog.list_models(CatalogQuery())
    assert (await catalog.list_models(CatalogQuery(cursor="²"))).entries == first.entries


async def test_a_row_carries_what_the_page_tells(make: Make, site: OllamaLibraryServer) -> None:
    page = await make().list_models(CatalogQuery())
    (row,) = page.entries
    assert (row.provider, row.model_name, row.display_name) == (ModelProvider.OLLAMA, "gemma3", "Gemma3")
    assert (row.publisher, row.description, row.downloads) == ("Google", GEMMA.description, 39_700_000)
    assert row.abilities == {Ability.VISION}
    assert (row.runtimes, row.updated) == (("ollama",), datetime(2025, 12, 18, 9, 4, tzinfo=UTC))
    assert (row.page_url, row.tags) == (f"{site.url}/library/gemma3", ("vision",))
    assert (row.gated, row.only_cloud, row.parameters) == (False, False, None)
    assert (page.stale, page.bundled, page.error) == (False, False, None)


async def test_a_row_offers_its_sizes_with_a_rough_verdict_before_its_tags_are_read(make: Make) -> None:
    (row,) = (await make().list_models(CatalogQuery())).entries
    assert labels_of(row) == ["270m", "1b", "4b", "12b", "27b"]
    smallest, largest = rough_size_range(row) or (0, 0)
    assert 0.1e9 < smallest < 0.3e9
    assert 14e9 < largest < 19e9
    assert row.size_range_bytes is None
    verdict = estimated_fit(row, settings=LoadSettings(runtime="ollama"), host=HOST)
    assert verdict is not None
    assert (verdict.place, verdict.grade) == (FitPlace.RAM, FitGrade.ESTIMATED)


async def test_pages_follow_each_other_without_a_row_missing_or_twice(make: Make, site: OllamaLibraryServer) -> None:
    site.many_models(64)
    catalog, cursor, names = make(), None, []
    for _ in range(4):
        page = await catalog.list_models(CatalogQuery(cursor=cursor))
        names += [row.model_name for row in page.entries]
        cursor = page.next_cursor
    assert cursor is None
    assert len(names) == len(set(names)) == 65


@pytest.mark.parametrize("sort", list(Sort))
async def test_the_site_searches_and_orders_as_far_as_it_can(make: Make, site: OllamaLibraryServer, sort: Sort) -> None:
    site.many_models(30)
    page = await make().list_models(CatalogQuery(text="  made-up000:8b ", sort=sort))
    assert len(page.entries) == 10
    assert site.requests[-1].last("q") == "made-up000"
    assert site.requests[-1].last("o") == ("newest" if sort is Sort.UPDATED else "popular")


async def test_a_list_is_asked_for_again_after_half_an_hour_or_on_refresh(
    make: Make, site: OllamaLibraryServer, clock: Clock
) -> None:
    catalog = make()
    await catalog.list_models(CatalogQuery())
    clock.pass_minutes(29)
    await catalog.list_models(CatalogQuery())
    assert len(site.requests) == 1
    await catalog.list_models(CatalogQuery(), refresh=True)
    clock.pass_minutes(31)
    await catalog.list_models(CatalogQuery())
    assert len(site.requests) == 3


@pytest.mark.parametrize(
    ("effect", "kind"),
    [
        (html(), SourceChanged),
        (Answers(reply=data(b"<html><body><b>39.7M Pulls</b></body></html>", "text/html")), SourceChanged),
        (other_shape({"models": []}), SourceChanged),
        (failing(404), UpstreamFailed),
        (failing(429, retry_after_s=60), SourceBusy),
        (failing(500), UpstreamFailed),
        (None, SourceUnreachable),
    ],
)
async def test_a_site_that_fails_leaves_the_last_list_marked_stale_with_its_age(
    make: Make, site: OllamaLibraryServer, clock: Clock, effect: Effect | None, kind: type[VenomError]
) -> None:
    catalog = make()
    read_at = (await catalog.list_models(CatalogQuery())).read_at
    if effect is None:
        site.go_down()
    else:
        site.fault(effect, times=None)
    clock.pass_minutes(300)
    page = await catalog.list_models(CatalogQuery())
    assert [row.model_name for row in page.entries] == ["gemma3"]
    assert (page.stale, page.bundled, page.read_at) == (True, False, read_at)
    assert type(page.error) is kind


async def test_a_changed_structure_is_said_on_a_first_start_too(make: Make, site: OllamaLibraryServer) -> None:
    site.change_structure()
    page = await make(rows=BUNDLED).list_models(CatalogQuery())
    assert isinstance(page.error, SourceChanged)
    assert [row.model_name for row in page.entries] == ["big", "small"]
    assert (page.stale, page.bundled, page.read_at) == (True, True, datetime(2026, 8, 1, tzinfo=UTC))


async def test_a_hanging_site_is_answered_for_within_three_seconds_and_its_answer_arrives_later(
    make: Make, site: OllamaLibraryServer
) -> None:
    hang = site.fault(Hang(), "/search")
    catalog = make(rows=BUNDLED)
    late: asyncio.Future[CatalogUpdate] = asyncio.get_running_loop().create_future()
    catalog.updated.subscribe(late.set_result)
    started = time.monotonic()
    page = await catalog.list_models(CatalogQuery())
    assert time.monotonic() - started < 3
    assert [row.model_name for row in page.entries] == ["big", "small"]
    assert isinstance(page.error, UpstreamSlow)
    hang.release()
    async with asyncio.timeout(60):
        update = await late
    assert [row.model_name for row in update.page.entries] == ["gemma3"]
    assert not (await catalog.list_models(CatalogQuery())).stale


async def test_a_later_page_that_fails_can_be_asked_for_again(make: Make, site: OllamaLibraryServer) -> None:
    site.many_models(30)
    catalog = make(rows=BUNDLED)
    first = await catalog.list_models(CatalogQuery())
    site.go_down()
    page = await catalog.list_models(CatalogQuery(cursor=first.next_cursor))
    assert (page.entries, page.next_cursor, page.stale) == ((), first.next_cursor, True)
    site.come_back()
    again = await catalog.list_models(CatalogQuery(cursor=first.next_cursor))
    assert len(again.entries) == 11


async def test_a_search_without_a_result_is_empty_and_no_failure(make: Make) -> None:
    page = await make(rows=BUNDLED).list_models(CatalogQuery(text="nothing such"))
    assert (page.entries, page.error, page.stale) == ((), None, False)


async def test_a_site_that_asks_to_wait_is_left_alone_so_long(
    make: Make, site: OllamaLibraryServer, clock: Clock
) -> None:
    site.fault(failing(429, retry_after_s=60), "/search")
    catalog = make()
    for seconds in (60, 30):
        page = await catalog.list_models(CatalogQuery())
        assert isinstance(page.error, SourceBusy)
        assert page.error.parameters["retry_after_s"] == seconds
        clock.pass_minutes(0.5)
    assert len(site.requests) == 1
    assert not (await catalog.list_models(CatalogQuery())).stale


async def test_details_have_one_quantization_for_each_tag_that_can_be_installed(make: Make) -> None:
    entry = await make().details("gemma3:12b")
    assert labels_of(entry) == ["latest", "270m", "1b", "4b", "12b", "27b", "4b-it-q4_K_M", "4b-it-q8_0"]
    latest, small, _, four, *_ = entry.quantizations or ()
    assert (latest.size_bytes, latest.level, latest.digest) == (3_300_000_000, "Q4_K_M", "a2af6cc3eb7f")
    assert (small.context_length, small.level) == (32_768, None)
    assert (entry.license, entry.context_length, entry.parameters) == ("gemma", 131_072, 4_000_000_000)
    assert entry.size_range_bytes == (292_000_000, 17_000_000_000)
    assert (entry.description, entry.downloads, entry.tags) == (GEMMA.description, 39_700_000, ("vision",))
    assert four.level == "Q4_K_M"


async def test_latest_says_what_it_stands_for(make: Make) -> None:
    entry = await make().details("gemma3")
    same = {choice.label: choice.same_as for choice in entry.quantizations or ()}
    assert same["latest"] == "4b"
    assert (same["4b"], same["4b-it-q4_K_M"], same["12b"]) == ("4b-it-q4_K_M", None, None)


@pytest.mark.parametrize(
    ("room_bytes", "label"), [(40 * 10**9, "4b"), (3_400_000_000, "4b"), (10**9, "1b"), (10**8, None)]
)
async def test_the_publishers_choice_is_preselected_else_the_largest_size_that_fits(
    make: Make, room_bytes: int, label: str | None
) -> None:
    entry = await make().details("gemma3")
    best = default_quantization(entry.quantizations or (), lambda choice: (choice.size_bytes or 0) <= room_bytes)
    assert (best.label if best else None) == label


async def test_a_users_model_is_found_and_described(make: Make, site: OllamaLibraryServer) -> None:
    tags = (ListedTag(tag="latest", size="2.5GB"), ListedTag(tag="4b", size="2.5GB"))
    site.models.append(ListedModel(name="mannix/jan-nano", sizes=("4b",), tags=tags))
    page = await make().list_models(CatalogQuery(text="jan-nano"))
    (row,) = page.entries
    assert (row.model_name, row.publisher, row.page_url) == ("mannix/jan-nano", "mannix", f"{site.url}/mannix/jan-nano")
    entry = await make().details("mannix/jan-nano:4b")
    assert (entry.model_name, labels_of(entry), entry.parameters) == (
        "mannix/jan-nano",
        ["latest", "4b"],
        4_000_000_000,
    )


async def test_a_model_of_the_cloud_alone_is_no_model_to_install(make: Make, site: OllamaLibraryServer) -> None:
    tags = (ListedTag(tag="cloud", size=None),)
    site.models = [ListedModel(name="kimi-k2", sizes=(), abilities=("tools", "cloud"), tags=tags)]
    catalog = make()
    (row,) = (await catalog.list_models(CatalogQuery())).entries
    for entry in (row, await catalog.details("kimi-k2")):
        assert (entry.only_cloud, entry.quantizations, entry.runtimes) == (True, (), ())


async def test_details_without_the_models_own_page_are_its_tags(make: Make, site: OllamaLibraryServer) -> None:
    site.fault(failing(500), "/library/gemma3", times=None)
    entry = await make().details("gemma3")
    assert len(labels_of(entry)) == 8
    assert (entry.description, entry.license) == (None, None)


async def test_a_model_that_the_library_lacks_is_unknown(make: Make) -> None:
    with pytest.raises(UnknownLibraryModel):
        await make().details("no-such-model")


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/..", "hf.co/org/repo:Q4_0", "", "a b", "a?x=1", "host/a/b/c"])
async def test_a_name_that_is_none_of_the_library_asks_nobody(make: Make, site: OllamaLibraryServer, name: str) -> None:
    with pytest.raises(InvalidName):
        await make().details(name)
    assert site.requests == []


async def test_details_of_a_hanging_site_are_the_last_ones_or_an_error_within_three_seconds(
    make: Make, site: OllamaLibraryServer
) -> None:
    catalog = make()
    known = await catalog.details("gemma3")
    site.fault(Hang(), times=None)
    started = time.monotonic()
    again, failed = await asyncio.gather(
        catalog.details("gemma3", refresh=True), catalog.details("other"), return_exceptions=True
    )
    assert time.monotonic() - started < 3
    assert again == known
    assert isinstance(failed, UpstreamSlow)


async def test_the_exact_verdict_is_made_of_the_registrys_sizes_and_the_models_header(
    make: Make, registry: OciRegistryServer
) -> None:
    weights = Sized(total_bytes=3_338_792_448, head=HEADER)
    registry.publish("library/gemma3:4b", weights, others={"projector": b"p" * 1000, "license": b"Gemma"})
    catalog = make()
    entry = await catalog.details("gemma3")
    four = next(choice for choice in entry.quantizations or () if choice.label == "4b")
    for context in (32_768, 65_536):
        settings = LoadSettings(context=context, parallel=2)
        verdict = await catalog.exact_fit(entry, four, settings=settings, host=HOST)
        assert verdict is not None
        assert (verdict.grade, verdict.runtime, verdict.context) == (FitGrade.EXACT, "ollama", context)
        assert verdict.weights_bytes == 3_338_792_448 + 1000
        assert "2 answers at once" in verdict.assumptions
    assert len(registry.requests_for("*/manifests/*")) == 1
    assert len(registry.requests_for("*/blobs/*")) <= 2


async def test_a_registry_that_fails_leaves_an_estimate_that_says_why(
    make: Make, registry: OciRegistryServer, clock: Clock
) -> None:
    catalog = make()
    entry = await catalog.details("gemma3")
    four = next(choice for choice in entry.quantizations or () if choice.label == "4b")
    verdict = await catalog.exact_fit(entry, four, settings=LoadSettings(), host=HOST)
    assert verdict is not None
    assert (verdict.grade, verdict.weights_bytes, verdict.runtime) == (FitGrade.ESTIMATED, 3_300_000_000, "ollama")
    assert UnknownLibraryModel.reason_code in verdict.assumptions[-1]
    registry.publish("library/gemma3:4b", b"no header at all")
    verdict = await catalog.exact_fit(entry, four, settings=LoadSettings(), host=HOST)
    assert verdict is not None
    assert (verdict.grade, verdict.weights_bytes) == (FitGrade.ESTIMATED, len(b"no header at all"))


async def test_a_size_that_nobody_tells_gives_no_verdict(make: Make) -> None:
    catalog = make()
    entry = replace(await catalog.details("gemma3"), quantizations=None, parameters=None)
    nameless = replace((await catalog.details("gemma3")).quantizations[0], label="x", files=())  # type: ignore[index]
    assert await catalog.exact_fit(entry, nameless, settings=LoadSettings(), host=HOST) is None
