"""GET models/providers, models/trending and models/search: the catalogs, from their 30-minute cache."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from venom_desktop.api.payloads import Json, entry_payload, page_payload
from venom_desktop.api.replies import long_reply
from venom_desktop.api.sampling import latest_sample
from venom_desktop.api.schemas import LONGEST_NAME
from venom_desktop.core.catalog.base import Ability, Catalog, CatalogEntry, CatalogQuery, Quantization, Sort
from venom_desktop.core.catalog.filters import NO_FILTERS, CatalogFilters
from venom_desktop.core.catalog.judge import Judge
from venom_desktop.core.catalog.pages import FilteredPage, read_filtered
from venom_desktop.core.catalog.run_on import SettingsOf, runtime_of
from venom_desktop.core.errors import InvalidInput
from venom_desktop.core.host.monitor import HostMonitor
from venom_desktop.core.host.sample import HostSample
from venom_desktop.core.registry.choice import best_quantization
from venom_desktop.core.registry.model import ModelProvider

MOST_ROWS = 100
SORTS = {"downloads": Sort.DOWNLOADS, "likes": Sort.LIKES, "updated": Sort.UPDATED, "trending": Sort.TRENDING}

Limit = Annotated[int, Query(ge=1, le=MOST_ROWS)]
Cursor = Annotated[str | None, Query(max_length=4000)]
Provider = Annotated[str | None, Query(max_length=60)]
Words = Annotated[list[str], Query(max_length=20)]


class CatalogRoutes:
    def __init__(self, catalogs: Mapping[ModelProvider, Catalog], host: HostMonitor, load_settings: SettingsOf) -> None:
        self._catalogs = catalogs
        self._host = host
        self._load_settings = load_settings

    def add_to(self, router: APIRouter) -> None:
        router.add_api_route("/models/providers", self.providers, methods=["GET"])
        router.add_api_route("/models/trending", self.trending, methods=["GET"])
        router.add_api_route("/models/search", self.search, methods=["GET"])

    async def providers(
        self, provider: Provider = None, limit: Limit = 20, cursor: Cursor = None, refresh: bool = False
    ) -> Response:
        """A catalog, most downloaded first."""
        query = CatalogQuery(sort=Sort.DOWNLOADS, limit=limit, cursor=cursor)
        return await self._answer(self._catalog(provider), query, refresh=refresh)

    async def trending(self, provider: Provider = None, limit: Limit = 12, refresh: bool = False) -> Response:
        """What many look at now, by the source's own measure."""
        catalog = self._catalog(provider)
        query = CatalogQuery(sort=Sort.TRENDING, limit=limit)
        return await self._answer(catalog, query, refresh=refresh, more={"provider": catalog.provider.value})

    async def search(
        self,
        query: Annotated[str, Query(max_length=LONGEST_NAME)],
        provider: Provider = None,
        limit: Limit = 20,
        cursor: Cursor = None,
        sort: str = "downloads",
        capability: Words = [],  # noqa: B006 - read by the framework, never changed
        quantization: Words = [],  # noqa: B006
        license: Words = [],  # noqa: B006
        runtime: Words = [],  # noqa: B006
        gated: bool | None = None,
        fits: bool = False,
        refresh: bool = False,
    ) -> Response:
        """Two characters or more. A filter looks through 500 rows at most and tells how many it saw (`among`)."""
        words = query.strip()
        if len(words) < 2:
            raise InvalidInput(problem="A search needs two characters or more.")
        if sort not in SORTS:
            raise InvalidInput(problem=f"The order is one of {', '.join(SORTS)}.")
        filters = CatalogFilters(
            abilities=_abilities(capability),
            quantizations=frozenset(label.upper() for label in quantization),
            licenses=frozenset(license),
            runtimes=frozenset(runtime),
            gated=gated,
            fits_here=fits,
        )
        asked = CatalogQuery(
            text=words, sort=SORTS[sort], limit=limit, cursor=cursor, safetensors=filters.wants_safetensors
        )
        return await self._answer(self._catalog(provider), asked, filters, refresh=refresh)

    async def _answer(
        self,
        catalog: Catalog,
        query: CatalogQuery,
        filters: CatalogFilters = NO_FILTERS,
        *,
        refresh: bool,
        more: Json | None = None,
    ) -> Response:
        host = await latest_sample(self._host)
        judge = Judge(self._load_settings)
        judge.set_memory(host)
        page = await read_filtered(catalog, query, filters, judge=judge.judged, refresh=refresh)
        return await long_reply(lambda: {**self._body(page, host), **(more or {})})

    def _body(self, page: FilteredPage, host: HostSample) -> Json:
        return page_payload(page, [entry_payload(entry, self._installable(entry, host)) for entry in page.entries])

    def _installable(self, entry: CatalogEntry, host: HostSample) -> Quantization | None:
        runtime = runtime_of(entry)
        if not entry.variants(runtime):
            return None
        return best_quantization(entry, host, settings=self._load_settings(runtime))

    def _catalog(self, name: str | None) -> Catalog:
        """Without a name the first one. Raises `InvalidInput`."""
        if name is None:
            return next(iter(self._catalogs.values()))
        if name not in set(ModelProvider):
            raise InvalidInput(problem=f"No provider is called {name!r:.60}. Known are {', '.join(ModelProvider)}.")
        if name not in self._catalogs:
            raise InvalidInput(problem=f"{name} has no catalog in this version. Use {', '.join(self._catalogs)}.")
        return self._catalogs[ModelProvider(name)]


def _abilities(words: list[str]) -> frozenset[Ability]:
    try:
        return frozenset(Ability(word) for word in words)
    except ValueError as error:
        raise InvalidInput(problem=f"A capability is one of {', '.join(Ability)}.") from error
