"""What the HTTP API and the command line ask of the catalogs; no web framework here."""

from collections.abc import Callable

from venom_desktop.api.payloads import Json, entry_payload, page_payload
from venom_desktop.api.sampling import latest_sample
from venom_desktop.core.catalog.base import Catalog, CatalogEntry, CatalogQuery, Quantization, Sort
from venom_desktop.core.catalog.filters import NO_FILTERS, CatalogFilters
from venom_desktop.core.catalog.judge import Judge
from venom_desktop.core.catalog.pages import FilteredPage, read_filtered
from venom_desktop.core.catalog.run_on import runtime_of
from venom_desktop.core.errors import InvalidInput
from venom_desktop.core.host.sample import HostSample
from venom_desktop.core.registry.choice import best_quantization
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.services import Services

Make = Callable[[], Json]
"""Builds an answer of many rows from snapshots that never change, in whatever thread."""


class CatalogDesk:
    """A provider is the name of one with a catalog; None is the first one. Raises `InvalidInput` for another."""

    def __init__(self, services: Services) -> None:
        self._catalogs = services.catalogs
        self._host = services.host
        self._load_settings = services.load_settings

    async def page(
        self, provider: str | None, query: CatalogQuery, filters: CatalogFilters = NO_FILTERS, *, refresh: bool
    ) -> Make:
        return await self._page(self._catalog(provider), query, filters, refresh=refresh)

    async def trending(self, provider: str | None, *, limit: int, refresh: bool) -> Make:
        """What many look at now, by the source's own measure."""
        catalog = self._catalog(provider)
        make = await self._page(catalog, CatalogQuery(sort=Sort.TRENDING, limit=limit), NO_FILTERS, refresh=refresh)
        return lambda: {**make(), "provider": catalog.provider.value}

    async def _page(self, catalog: Catalog, query: CatalogQuery, filters: CatalogFilters, *, refresh: bool) -> Make:
        host = await latest_sample(self._host)
        judge = Judge(self._load_settings)
        judge.set_memory(host)
        page = await read_filtered(catalog, query, filters, judge=judge.judged, refresh=refresh)
        return lambda: self._body(page, host)

    def _body(self, page: FilteredPage, host: HostSample) -> Json:
        return page_payload(page, [entry_payload(entry, self._installable(entry, host)) for entry in page.entries])

    def _installable(self, entry: CatalogEntry, host: HostSample) -> Quantization | None:
        runtime = runtime_of(entry)
        if not entry.variants(runtime):
            return None
        return best_quantization(entry, host, settings=self._load_settings(runtime))

    def _catalog(self, name: str | None) -> Catalog:
        if name is None:
            return next(iter(self._catalogs.values()))
        if name not in set(ModelProvider):
            raise InvalidInput(problem=f"No provider is called {name!r:.60}. Known are {', '.join(ModelProvider)}.")
        if name not in self._catalogs:
            raise InvalidInput(problem=f"{name} has no catalog in this version. Use {', '.join(self._catalogs)}.")
        return self._catalogs[ModelProvider(name)]
