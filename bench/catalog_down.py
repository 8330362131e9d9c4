"""How long a catalog takes to answer while the hub refuses, hangs or answers with errors (3 s at most)."""

import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.fakes.hub import HubServer
from tests.fakes.hub_faults import Hang, failing
from venom_desktop.core.catalog.base import CatalogPage, CatalogQuery
from venom_desktop.core.catalog.cache import DiskCache
from venom_desktop.core.catalog.hugging_face import ANSWER_WITHIN_S, HuggingFaceCatalog
from venom_desktop.core.catalog.snapshot import read_bundled_rows
from venom_desktop.core.http import make_client
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.resources import resource

_ROWS = 1_000


async def _answered(catalog: HuggingFaceCatalog, *, refresh: bool) -> tuple[float, CatalogPage]:
    started = time.perf_counter()
    page = await catalog.list_models(CatalogQuery(), refresh=refresh)
    return time.perf_counter() - started, page


async def _measure(name: str, break_hub: Callable[[HubServer], object], *, read_before: bool) -> None:
    with tempfile.TemporaryDirectory() as folder, HubServer() as hub:
        hub.many_repos(_ROWS)
        async with make_client() as http:
            catalog = HuggingFaceCatalog(
                http,
                endpoint=hub.url,
                cache=DiskCache(Path(folder)),
                bundled=lambda: read_bundled_rows(resource("catalog_snapshot.json"), ModelProvider.HUGGINGFACE),
            )
            if read_before:
                healthy_s, _ = await _answered(catalog, refresh=True)
                print(f"catalog_down_healthy {healthy_s:.3f} s")
            break_hub(hub)
            took_s, page = await _answered(catalog, refresh=True)
            kind = "bundled" if page.bundled else "last"
            code = page.error.reason_code if page.error else "no error"
            ratio = took_s / ANSWER_WITHIN_S
            print(
                f"catalog_down_{name}_{kind}_list {took_s:.3f} s "
                f"(limit {ANSWER_WITHIN_S:.0f}, ratio {ratio:.2f}, {len(page.entries)} rows, {code})"
            )
            await catalog.close()


async def main() -> None:
    for read_before in (True, False):
        await _measure("refused", HubServer.go_down, read_before=read_before)
        await _measure("hanging", lambda hub: hub.fault(Hang(), times=None), read_before=read_before)
        await _measure("error_500", lambda hub: hub.fault(failing(500), times=None), read_before=read_before)


if __name__ == "__main__":
    asyncio.run(main())
