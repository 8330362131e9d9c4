"""How long a page of 200 models of the Ollama library takes, what it holds up, and a list while the site is down."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from tests.fakes.hub_faults import Hang, failing
from tests.fakes.ollama_library import OllamaLibraryServer, listed_model
from tests.fakes.ollama_library_pages import search_page
from venom_desktop.core.catalog.answered_in_time import ANSWER_WITHIN_S
from venom_desktop.core.catalog.base import CatalogPage, CatalogQuery
from venom_desktop.core.catalog.cache import DiskCache
from venom_desktop.core.catalog.ollama_html import parsed_page
from venom_desktop.core.catalog.ollama_library import OllamaLibrary
from venom_desktop.core.catalog.ollama_pages import parse_list_page
from venom_desktop.core.catalog.ollama_registry import OllamaRegistries
from venom_desktop.core.catalog.snapshot import read_bundled_rows
from venom_desktop.core.http import make_client
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.resources import resource

_ROWS: Final = 200
_TIMES: Final = 30
_BEAT_S: Final = 0.001


async def _page() -> None:
    body = search_page([listed_model(number) for number in range(_ROWS)], text="", next_page=2).encode()
    parse = partial(parse_list_page, body, page=1, text="", now=datetime.now(UTC))
    assert len(parse()["rows"]) == _ROWS  # the import of lxml is not counted
    bare = min(_timed(partial(parsed_page, body)) for _ in range(_TIMES))
    stalls: list[float] = []
    beating = asyncio.Event()
    beat = asyncio.create_task(_beat(beating, stalls))
    took = []
    for _ in range(_TIMES):
        started = time.perf_counter()
        await asyncio.to_thread(parse)
        took.append(time.perf_counter() - started)
    beating.set()
    await beat
    print(f"ollama_library_page_lxml {bare * 1000:.1f} ms (limit 20, {len(body) // 1000} KB)")
    print(f"ollama_library_page_in_a_thread {statistics.median(took) * 1000:.1f} ms (limit 300, {_ROWS} models)")
    print(f"ollama_library_page_stall_max {max(stalls) * 1000:.1f} ms (limit 50)")


async def _beat(end: asyncio.Event, stalls: list[float]) -> None:
    while not end.is_set():
        started = time.perf_counter()
        await asyncio.sleep(_BEAT_S)
        stalls.append(time.perf_counter() - started - _BEAT_S)


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


async def _down(name: str, break_site: Callable[[OllamaLibraryServer], object], *, read_before: bool) -> None:
    with tempfile.TemporaryDirectory() as folder, OllamaLibraryServer() as site:
        site.many_models(_ROWS)
        async with make_client() as http:
            cache = DiskCache(Path(folder))
            library = OllamaLibrary(
                http,
                registries=OllamaRegistries(
                    http, registry=lambda: site.url, hugging_face=lambda: site.url, cache=cache
                ),
                cache=cache,
                endpoint=lambda: site.url,
                bundled=lambda: read_bundled_rows(resource("catalog_snapshot.json"), ModelProvider.OLLAMA),
            )
            if read_before:
                await library.list_models(CatalogQuery())
            break_site(site)
            started = time.perf_counter()
            page: CatalogPage = await library.list_models(CatalogQuery(), refresh=True)
            took_s = time.perf_counter() - started
            code = page.error.reason_code if page.error else "no error"
            print(
                f"ollama_library_{name}_{'bundled' if page.bundled else 'last'}_list {took_s:.3f} s "
                f"(limit {ANSWER_WITHIN_S:.0f}, {len(page.entries)} rows, {code})"
            )
            await library.close()


async def main() -> None:
    await _page()
    for read_before in (True, False):
        await _down("refused", OllamaLibraryServer.go_down, read_before=read_before)
        await _down("hanging", lambda site: site.fault(Hang(), times=None), read_before=read_before)
        await _down("error_500", lambda site: site.fault(failing(500), times=None), read_before=read_before)


if __name__ == "__main__":
    asyncio.run(main())
