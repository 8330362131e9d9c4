"""The catalogs over HTTP: the seed's fields, paging, filters, and honesty when the hub is down."""

from pathlib import Path

from tests.api.caller import REPO, Caller, offer
from tests.fakes.hub import HubServer

SEED_ENTRY = {"provider", "model_name", "display_name", "size_gb", "runtime", "tags", "downloads", "likes"}
SEED_PAGE = {"success", "models", "count", "stale", "error"}


async def test_a_list_has_the_fields_of_the_seed(call: Caller, hub: HubServer, tiny_llama: Path) -> None:
    offer(hub, tiny_llama)
    page = await call.good("GET", "models/providers", params={"provider": "huggingface", "limit": 20})
    assert page.keys() >= SEED_PAGE
    assert (page["count"], page["stale"], page["error"]) == (1, False, None)
    [entry] = page["models"]
    assert entry.keys() >= SEED_ENTRY
    assert (entry["provider"], entry["model_name"], entry["runtime"]) == ("huggingface", REPO, "llama_cpp")


async def test_trending_names_its_provider(call: Caller, hub: HubServer) -> None:
    hub.many_repos(20)
    page = await call.good("GET", "models/trending", params={"provider": "huggingface"})
    assert page.keys() >= SEED_PAGE | {"provider"}
    assert (page["provider"], page["count"]) == ("huggingface", 12)
    [asked] = hub.requests_for("/api/models")
    assert asked.last("sort") == "trendingScore"


async def test_trending_of_a_library_that_does_not_answer_is_what_was_shipped(call: Caller) -> None:
    page = await call.good("GET", "models/trending", params={"provider": "ollama", "limit": 5})
    assert (page["provider"], page["count"], page["stale"], page["bundled"]) == ("ollama", 5, True, True)
    assert page["reason_code"] == "SOURCE_UNREACHABLE"
    downloads = [entry["downloads"] for entry in page["models"]]
    assert downloads == sorted(downloads, reverse=True)


async def test_a_cursor_leads_through_every_row_once(call: Caller, hub: HubServer) -> None:
    hub.many_repos(95)
    for path in ("models/providers?limit=20", "models/search?query=gguf&limit=20", "models/search?query=gguf&limit=7"):
        names = [str(entry["model_name"]) for entry in await _all(call, path)]
        assert len(names) == len(set(names)) == 95, path


async def test_a_filter_goes_on_until_the_page_is_full_and_skips_nothing(call: Caller, hub: HubServer) -> None:
    hub.many_repos(200)
    everything = await _all(call, "models/search?query=gguf&limit=50")
    licenses = {str(entry["license"]) for entry in everything}
    wanted = sorted(licenses)[0]
    expected = [entry["model_name"] for entry in everything if entry["license"] == wanted]
    found = await _all(call, f"models/search?query=gguf&limit=3&license={wanted}")
    assert len(expected) > 3
    assert [entry["model_name"] for entry in found] == expected
    first = await call.good("GET", f"models/search?query=gguf&limit=3&license={wanted}")
    assert first["count"] == 3
    assert first["among"] >= 3
    assert len(hub.requests_for("/api/models")) < 40


async def _all(call: Caller, path: str) -> list[dict[str, object]]:
    entries: list[dict[str, object]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await call.good("GET", f"{path}&cursor={cursor}" if cursor else path)
        entries += page["models"]
        cursor = page["next_cursor"]
    return entries


async def test_a_search_needs_two_characters_and_known_words(call: Caller) -> None:
    for query in ("query=", "query=a", "query=%20a%20", "", "query=ab&sort=size", "query=ab&capability=flying"):
        assert await call.refused("GET", f"models/search?{query}") == (400, "INVALID_INPUT"), query
    for path in ("models/providers", "models/trending", "models/search?query=ab"):
        join = "&" if "?" in path else "?"
        for provider in ("nobody", "google", "openai", ""):
            assert await call.refused("GET", f"{path}{join}provider={provider}") == (400, "INVALID_INPUT")
    for cursor in ("x", "AAAA", "W10=", "WzEsMiwzXQ==", "W251bGwsLTEsMjBd", "W251bGwsMCw5OTk5OV0="):
        assert await call.refused("GET", f"models/providers?cursor={cursor}") == (400, "INVALID_INPUT"), cursor


async def test_offline_gives_the_last_answer_marked_stale_with_the_error(
    call: Caller, hub: HubServer, tiny_llama: Path
) -> None:
    offer(hub, tiny_llama)
    fresh = await call.good("GET", "models/providers")
    hub.go_down()
    cached = await call.good("GET", "models/providers")
    assert (cached["stale"], cached["error"]) == (False, None)
    stale = await call.good("GET", "models/providers", params={"refresh": True})
    assert stale["stale"] is True
    assert stale["error"]
    assert stale["reason_code"] == "SOURCE_UNREACHABLE"
    assert stale["models"] == fresh["models"]
    assert stale["read_at"] == fresh["read_at"]


async def test_a_first_start_offline_gives_the_bundled_list(call: Caller, hub: HubServer) -> None:
    hub.go_down()
    page = await call.good("GET", "models/providers", params={"limit": 50})
    assert (page["stale"], page["bundled"]) == (True, True)
    assert page["count"] == 50
    assert page["error"]
    following = await call.good("GET", "models/providers", params={"limit": 50, "cursor": page["next_cursor"]})
    assert not {entry["model_name"] for entry in page["models"]} & {one["model_name"] for one in following["models"]}


async def test_every_row_has_a_verdict_for_this_machine_where_a_size_is_known(
    call: Caller, hub: HubServer, tiny_llama: Path
) -> None:
    offer(hub, tiny_llama)
    [entry] = (await call.good("GET", "models/search?query=tiny"))["models"]
    if entry["fit"] is not None:
        assert entry["fit"]["grade"] == "estimated"
        assert entry["fit"]["place"] in ("gpu", "part", "ram", "big")
    [fitting] = (await call.good("GET", "models/search?query=tiny&fits=true"))["models"] or [entry]
    assert fitting["model_name"] == REPO
