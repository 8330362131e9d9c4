"""The catalog against a hub on a real socket: pages, details, and what it shows when the hub fails."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.fakes import gguf_files, gguf_profiles
from tests.fakes.hub import HubServer
from tests.fakes.hub_faults import Answers, Hang, failing, html, other_shape
from tests.fakes.hub_store import Sized
from tests.fakes.hub_wire import as_json
from venom_desktop.core.catalog.base import (
    Ability,
    CatalogQuery,
    CatalogUpdate,
    FitGrade,
    Sort,
)
from venom_desktop.core.catalog.cache import DiskCache
from venom_desktop.core.catalog.entry_fit import estimated_fit
from venom_desktop.core.catalog.fit import LoadSettings
from venom_desktop.core.catalog.hugging_face import HuggingFaceCatalog
from venom_desktop.core.catalog.hugging_face_wire import parse_entry
from venom_desktop.core.catalog.snapshot import BundledRows
from venom_desktop.core.errors import (
    GatedRepository,
    InvalidName,
    SourceBusy,
    SourceChanged,
    SourceUnreachable,
    TokenRefused,
    UnknownRepository,
    UpstreamSlow,
    VenomError,
)
from venom_desktop.core.host.sample import HostSample
from venom_desktop.core.host.system import SystemSampler
from venom_desktop.core.http import make_client

TOKEN = "hf_thetokenofthetests"
HEADER = gguf_files.header_of(gguf_profiles.GEMMA_3_4B, vocabulary_size=262_144)
HOST = HostSample(
    taken_at=datetime(2026, 11, 1, tzinfo=UTC),
    cpu_percent=1,
    cpu_count=2,
    memory_total_bytes=16 * 10**9,
    memory_available_bytes=8 * 10**9,
)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_minutes(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)


MakeCatalog = Callable[..., HuggingFaceCatalog]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def make(tmp_path: Path, clock: Clock) -> AsyncIterator[MakeCatalog]:
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(make_client())

        def made(hub: HubServer, *, token: str | None = None, rows: tuple[object, ...] = ()) -> HuggingFaceCatalog:
            catalog = HuggingFaceCatalog(
                http,
                endpoint=hub.url,
                token=lambda: token,
                cache=DiskCache(tmp_path / "cache"),
                bundled=lambda: BundledRows(rows=rows, as_of=datetime(2026, 5, 5, tzinfo=UTC)),
                clock=clock,
            )
            stack.push_async_callback(catalog.close)
            return catalog

        yield made


def add_gemma(hub: HubServer, *, gated: bool = False) -> None:
    hub.add_repo(
        "unsloth/gemma-3-4b-it-GGUF",
        {
            "gemma-3-4b-it-Q4_K_M.gguf": Sized(total_bytes=2_490_000_000, head=HEADER),
            "gemma-3-4b-it-Q8_0.gguf": Sized(total_bytes=4_130_000_000, head=HEADER),
            "mmproj-F16.gguf": Sized(total_bytes=851_000_000, head=b"GGUF"),
            "imatrix_unsloth.gguf_file": b"x",
        },
        gated=gated,
        license="gemma",
        downloads=12_000,
        likes=7,
        trending_score=41,
        pipeline_tag="image-text-to-text",
        gguf={
            "total": 3_880_099_328,
            "architecture": "gemma3",
            "context_length": 131_072,
            "chat_template": "{% if tools %}{% endif %}<think>",
        },
    )


async def test_a_row_carries_what_the_list_tells(hub: HubServer, make: MakeCatalog) -> None:
    add_gemma(hub)
    page = await make(hub).list_models(CatalogQuery())
    (row,) = page.entries
    assert (row.model_name, row.display_name, row.publisher) == (
        "unsloth/gemma-3-4b-it-GGUF",
        "gemma 3 4b it",
        "unsloth",
    )
    assert (row.parameters, row.context_length, row.architecture) == (3_880_099_328, 131_072, "gemma3")
    assert (row.license, row.gated, row.downloads, row.likes, row.trending) == ("gemma", False, 12_000, 7, 41)
    assert row.abilities == {Ability.VISION, Ability.TOOLS, Ability.THINKING}
    assert row.updated is not None
    assert row.quantizations is not None
    assert [choice.label for choice in row.quantizations] == ["Q4_K_M", "Q8_0"]
    assert (page.stale, page.bundled, page.error) == (False, False, None)


async def test_pages_follow_each_other_without_a_row_missing_or_twice(hub: HubServer, make: MakeCatalog) -> None:
    hub.many_repos(150)
    catalog, cursor, names = make(hub), None, []
    for _ in range(3):
        page = await catalog.list_models(CatalogQuery(cursor=cursor))
        names += [row.model_name for row in page.entries]
        cursor = page.next_cursor
    assert cursor is None
    assert len(names) == len(set(names)) == 150


@pytest.mark.parametrize("sort", list(Sort))
async def test_the_source_sorts_and_searches(hub: HubServer, make: MakeCatalog, sort: Sort) -> None:
    hub.many_repos(30)
    page = await make(hub).list_models(CatalogQuery(text="model 0001", sort=sort))
    assert len(page.entries) == 11
    figures: dict[Sort, list[float]] = {
        Sort.DOWNLOADS: [row.downloads or 0 for row in page.entries],
        Sort.LIKES: [row.likes or 0 for row in page.entries],
        Sort.UPDATED: [row.updated.timestamp() if row.updated else 0 for row in page.entries],
    }
    assert figures.get(sort, []) == sorted(figures.get(sort, []), reverse=True)


async def test_a_next_link_to_a_foreign_host_is_never_followed(
    hub: HubServer, hub_with_cdn: HubServer, make: MakeCatalog
) -> None:
    foreign = {"Link": f'<{hub_with_cdn.url}/api/models?cursor=abc>; rel="next"'}
    hub.fault(Answers(reply=as_json([{"id": "a/b"}], headers=foreign)), "/api/models")
    catalog = make(hub, token=TOKEN)
    page = await catalog.list_models(CatalogQuery())
    hub.fault(Answers(reply=as_json([{"id": "c/d"}])), "/api/models")
    following = await catalog.list_models(CatalogQuery(cursor=page.next_cursor))
    assert [row.model_name for row in following.entries] == ["c/d"]
    assert hub.requests[-1].last("cursor") == "abc"
    assert hub_with_cdn.requests == []


async def test_a_list_is_asked_for_again_after_half_an_hour_or_on_refresh(
    hub: HubServer, make: MakeCatalog, clock: Clock
) -> None:
    add_gemma(hub)
    catalog = make(hub)
    await catalog.list_models(CatalogQuery())
    clock.pass_minutes(29)
    await catalog.list_models(CatalogQuery())
    assert len(hub.requests) == 1
    await catalog.list_models(CatalogQuery(), refresh=True)
    assert len(hub.requests) == 2
    clock.pass_minutes(31)
    await catalog.list_models(CatalogQuery())
    assert len(hub.requests) == 3


async def test_a_hub_that_is_down_leaves_the_last_list_marked_stale(
    hub: HubServer, make: MakeCatalog, clock: Clock
) -> None:
    add_gemma(hub)
    catalog = make(hub)
    read_at = (await catalog.list_models(CatalogQuery())).read_at
    hub.go_down()
    clock.pass_minutes(300)
    page = await catalog.list_models(CatalogQuery())
    assert [row.model_name for row in page.entries] == ["unsloth/gemma-3-4b-it-GGUF"]
    assert (page.stale, page.bundled, page.read_at) == (True, False, read_at)
    assert isinstance(page.error, SourceUnreachable)


async def test_a_first_start_offline_shows_the_bundled_list_as_such(hub: HubServer, make: MakeCatalog) -> None:
    hub.go_down()
    rows = ({"id": "a/Small-1B-GGUF", "downloads": 5}, {"id": "b/Big-70B-GGUF", "downloads": 50})
    catalog = make(hub, rows=rows)
    page = await catalog.list_models(CatalogQuery())
    assert [row.model_name for row in page.entries] == ["b/Big-70B-GGUF", "a/Small-1B-GGUF"]
    assert (page.stale, page.bundled, page.read_at) == (True, True, datetime(2026, 5, 5, tzinfo=UTC))
    assert isinstance(page.error, SourceUnreachable)
    searched = await catalog.list_models(CatalogQuery(text="small"))
    assert [row.model_name for row in searched.entries] == ["a/Small-1B-GGUF"]
    first = await catalog.list_models(CatalogQuery(limit=1))
    second = await catalog.list_models(CatalogQuery(limit=1, cursor=first.next_cursor))
    assert [row.model_name for row in second.entries] == ["a/Small-1B-GGUF"]


async def test_a_later_page_that_fails_can_be_asked_for_again(hub: HubServer, make: MakeCatalog) -> None:
    hub.many_repos(70)
    catalog = make(hub, rows=({"id": "a/b"},))
    first = await catalog.list_models(CatalogQuery())
    hub.go_down()
    page = await catalog.list_models(CatalogQuery(cursor=first.next_cursor))
    assert (page.entries, page.next_cursor, page.stale) == ((), first.next_cursor, True)
    hub.come_back()
    again = await catalog.list_models(CatalogQuery(cursor=first.next_cursor))
    assert len(again.entries) == 10


async def test_a_hanging_hub_is_answered_for_within_three_seconds_and_its_answer_arrives_later(
    hub: HubServer, make: MakeCatalog
) -> None:
    add_gemma(hub)
    hang = hub.fault(Hang(), "/api/models")
    catalog = make(hub, rows=({"id": "a/b"},))
    late: asyncio.Future[CatalogUpdate] = asyncio.get_running_loop().create_future()
    catalog.updated.subscribe(late.set_result)
    started = time.monotonic()
    page = await catalog.list_models(CatalogQuery())
    assert time.monotonic() - started < 3
    assert [row.model_name for row in page.entries] == ["a/b"]
    assert isinstance(page.error, UpstreamSlow)
    hang.release()
    update = await asyncio.wait_for(late, 10)
    assert update.query == CatalogQuery()
    assert [row.model_name for row in update.page.entries] == ["unsloth/gemma-3-4b-it-GGUF"]
    assert not (await catalog.list_models(CatalogQuery())).stale
    assert len(hub.requests) == 1


async def test_details_of_a_hanging_hub_are_the_last_ones_or_an_error_within_three_seconds(
    hub: HubServer, make: MakeCatalog
) -> None:
    add_gemma(hub)
    catalog = make(hub)
    known = await catalog.details("unsloth/gemma-3-4b-it-GGUF")
    hub.fault(Hang(), times=None)
    started = time.monotonic()
    again, failed = await asyncio.gather(
        catalog.details("unsloth/gemma-3-4b-it-GGUF", refresh=True), catalog.details("a/b"), return_exceptions=True
    )
    assert time.monotonic() - started < 3
    assert again == known
    assert isinstance(failed, UpstreamSlow)


@pytest.mark.parametrize("wrong", [other_shape({"models": []}), other_shape([{"name": "x"}]), html()])
async def test_an_answer_of_another_shape_is_called_so(hub: HubServer, make: MakeCatalog, wrong: Answers) -> None:
    hub.fault(wrong, "/api/models")
    page = await make(hub, rows=({"id": "a/b"},)).list_models(CatalogQuery())
    assert isinstance(page.error, SourceChanged)
    assert page.entries


async def test_a_hub_that_asks_to_wait_is_left_alone_so_long(hub: HubServer, make: MakeCatalog, clock: Clock) -> None:
    add_gemma(hub)
    hub.fault(failing(429, retry_after_s=60), "/api/models")
    catalog = make(hub)
    page = await catalog.list_models(CatalogQuery())
    assert isinstance(page.error, SourceBusy)
    assert page.error.parameters["retry_after_s"] == 60
    clock.pass_minutes(0.5)
    again = await catalog.list_models(CatalogQuery())
    assert isinstance(again.error, SourceBusy)
    assert again.error.parameters["retry_after_s"] == 30
    assert len(hub.requests) == 1
    clock.pass_minutes(0.6)
    assert not (await catalog.list_models(CatalogQuery())).stale


async def test_details_carry_sizes_checksums_commit_and_projector(hub: HubServer, make: MakeCatalog) -> None:
    add_gemma(hub)
    entry = await make(hub).details("unsloth/gemma-3-4b-it-GGUF:Q4_K_M")
    assert entry.quantizations is not None
    four, eight = entry.quantizations
    assert (four.label, four.size_bytes) == ("Q4_K_M", 2_490_000_000 + 851_000_000)
    assert four.files[0].sha256 is not None
    assert len(four.files[0].sha256) == 64
    assert eight.projector is not None
    assert eight.projector.name == "mmproj-F16.gguf"
    assert entry.size_range_bytes == (3_341_000_000, 4_981_000_000)
    assert entry.revision == hub.store.repos["unsloth/gemma-3-4b-it-GGUF"].sha
    assert entry.license == "gemma"
    assert entry.chat_template is not None


async def test_a_repository_with_only_pickle_weights_is_found_by_its_name_and_marked(
    hub: HubServer, make: MakeCatalog
) -> None:
    hub.add_repo("old/model", {"pytorch_model.bin": b"x"})
    page = await make(hub).list_models(CatalogQuery(text="old/model:Q4_K_M"))
    (row,) = page.entries
    assert (row.only_pickle, row.quantizations, row.runtimes) == (True, (), ())


@pytest.mark.parametrize("as_public_hub", [False, True])
async def test_a_repository_that_does_not_exist_is_unknown(make: MakeCatalog, *, as_public_hub: bool) -> None:
    with HubServer(anonymous_missing_is_401=as_public_hub) as hub, pytest.raises(UnknownRepository):
        await make(hub).details("no/where")


async def test_a_wrong_token_is_told_from_an_unknown_repository(hub: HubServer, make: MakeCatalog) -> None:
    add_gemma(hub)
    catalog = make(hub, token="hf_wrong")
    with pytest.raises(TokenRefused):
        await catalog.details("no/where")
    assert (await catalog.details("unsloth/gemma-3-4b-it-GGUF")).quantizations
    # Lists are public: they are asked without the token and show whatever becomes of it.
    assert (await catalog.list_models(CatalogQuery())).error is None
    assert [request.token for request in hub.requests if request.path == "/api/models"] == [None]


@pytest.mark.parametrize("name", ["gemma3", "../../etc/passwd", "a/..", "a/b/c", "a/b?x=1", "", "a/ b"])
async def test_a_name_that_is_no_repository_asks_nobody(hub: HubServer, make: MakeCatalog, name: str) -> None:
    with pytest.raises(InvalidName):
        await make(hub).details(name)
    assert hub.requests == []


async def test_the_exact_verdict_reads_at_most_half_a_megabyte_in_two_requests_and_once_per_revision(
    hub: HubServer, make: MakeCatalog
) -> None:
    add_gemma(hub)
    catalog = make(hub)
    entry = await catalog.details("unsloth/gemma-3-4b-it-GGUF")
    assert entry.quantizations is not None
    hub.forget_requests()
    for context in (8192, 4096):
        verdict = await catalog.exact_fit(
            entry, entry.quantizations[0], settings=LoadSettings(context=context), host=HOST
        )
        assert verdict is not None
        assert verdict.grade is FitGrade.EXACT
        assert verdict.weights_bytes == 2_490_000_000 + 851_000_000
    again = make(hub)
    await again.exact_fit(entry, entry.quantizations[0], settings=LoadSettings(), host=HOST)
    assert len(hub.requests) <= 2
    assert sum(request.sent_bytes for request in hub.requests) <= 512 << 10


async def test_at_most_two_headers_are_read_at_a_time(hub: HubServer, make: MakeCatalog) -> None:
    for number in range(4):
        hub.add_repo(f"o/m{number}", {f"m{number}-Q8_0.gguf": Sized(total_bytes=10**9, head=HEADER)})
    catalog = make(hub)
    entries = [await catalog.details(f"o/m{number}") for number in range(4)]
    hub.forget_requests()
    hang = hub.fault(Hang(), "*/resolve/*", times=2)
    reads = asyncio.gather(
        *(
            catalog.exact_fit(entry, entry.quantizations[0], settings=LoadSettings(), host=HOST)
            for entry in entries
            if entry.quantizations
        )
    )
    await asyncio.to_thread(hub.wait_for, "*/resolve/*", count=2)
    assert len(hub.requests_for("*/resolve/*")) == 2
    hang.release()
    assert all(verdict is not None for verdict in await reads)


async def test_a_gated_file_gives_an_estimate_that_says_why_and_with_the_licence_accepted_the_exact_one(
    hub: HubServer, make: MakeCatalog
) -> None:
    add_gemma(hub, gated=True)
    hub.add_account(TOKEN, accepted=["unsloth/gemma-3-4b-it-GGUF"])
    entry = await make(hub).details("unsloth/gemma-3-4b-it-GGUF")
    assert entry.gated
    assert entry.quantizations is not None
    choice = entry.quantizations[0]
    rough = await make(hub).exact_fit(entry, choice, settings=LoadSettings(), host=HOST)
    assert rough is not None
    assert rough.grade is FitGrade.ESTIMATED
    assert GatedRepository.reason_code in rough.assumptions[-1]
    exact = await make(hub, token=TOKEN).exact_fit(entry, choice, settings=LoadSettings(), host=HOST)
    assert exact is not None
    assert exact.grade is FitGrade.EXACT


async def test_the_token_reaches_the_hub_and_not_the_host_it_redirects_to(
    hub_with_cdn: HubServer, make: MakeCatalog
) -> None:
    add_gemma(hub_with_cdn, gated=True)
    hub_with_cdn.add_account(TOKEN, accepted=("unsloth/gemma-3-4b-it-GGUF",))
    catalog = make(hub_with_cdn, token=TOKEN)
    entry = await catalog.details("unsloth/gemma-3-4b-it-GGUF")
    assert entry.quantizations is not None
    verdict = await catalog.exact_fit(entry, entry.quantizations[0], settings=LoadSettings(), host=HOST)
    assert verdict is not None
    assert verdict.grade is FitGrade.EXACT
    assert [request.token for request in hub_with_cdn.requests_for("*/resolve/*", side="hub")] == [None, TOKEN]
    assert {request.token for request in hub_with_cdn.requests if request.side == "cdn"} == {None}
    assert "authorization" not in hub_with_cdn.requests_for("*", side="cdn")[0].headers


async def test_a_token_never_shows_in_an_error_or_in_what_is_kept(
    hub: HubServer, make: MakeCatalog, tmp_path: Path
) -> None:
    add_gemma(hub)
    hub.add_account(TOKEN)
    catalog = make(hub, token=TOKEN)
    await catalog.list_models(CatalogQuery())
    hub.go_down()
    error = (await catalog.list_models(CatalogQuery(), refresh=True)).error
    assert isinstance(error, VenomError)
    assert TOKEN not in f"{error}{error!r}{error.parameters}"
    kept = [path.read_text() for path in (tmp_path / "cache").iterdir()]
    assert kept
    assert not any(TOKEN in text for text in kept)


@pytest.mark.parametrize("told", ["../../../etc/cron.d/evil", "abc", "g" * 64])
def test_a_checksum_that_is_none_is_no_answer_of_a_hub(told: str) -> None:
    row = {"id": "org/repo", "siblings": [{"rfilename": "a.gguf", "lfs": {"sha256": told, "size": 5}}]}
    with pytest.raises(SourceChanged):
        parse_entry(row, endpoint="https://hub.example.org")


def test_half_a_character_in_a_file_name_costs_that_file_alone() -> None:
    names = ("bad\ud800-Q4_0.gguf", "good-Q8_0.gguf")
    row = {"id": "org/repo", "siblings": [{"rfilename": name, "size": 5} for name in names]}
    entry = parse_entry(row, endpoint="https://hub.example.org")
    assert [choice.label for choice in entry.quantizations or ()] == ["Q8_0"]


def test_a_number_beyond_all_measure_is_unknown_and_not_a_failure_later_on() -> None:
    row = {"id": "org/repo", "gguf": {"total": 10**400}, "siblings": [{"rfilename": "a-Q8_0.gguf", "size": 10**400}]}
    entry = parse_entry(row, endpoint="https://hub.example.org")
    assert entry.parameters is None
    assert estimated_fit(entry, settings=LoadSettings(), host=SystemSampler().sample_now()) is None
