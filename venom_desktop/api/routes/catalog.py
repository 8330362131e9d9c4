"""GET models/providers, models/trending and models/search: the catalogs, from their 30-minute cache."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from venom_desktop.api.catalog_desk import CatalogDesk
from venom_desktop.api.replies import long_reply
from venom_desktop.api.schemas import LONGEST_NAME
from venom_desktop.core.catalog.base import Ability, CatalogQuery, Sort
from venom_desktop.core.catalog.filters import CatalogFilters
from venom_desktop.core.catalog.trending import LISTED
from venom_desktop.core.errors import InvalidInput

MOST_ROWS = 100
SORTS = {"downloads": Sort.DOWNLOADS, "likes": Sort.LIKES, "updated": Sort.UPDATED, "trending": Sort.TRENDING}

Limit = Annotated[int, Query(ge=1, le=MOST_ROWS)]
Cursor = Annotated[str | None, Query(max_length=4000)]
Provider = Annotated[str | None, Query(max_length=60)]
Words = Annotated[list[str], Query(max_length=20)]


class CatalogRoutes:
    def __init__(self, desk: CatalogDesk) -> None:
        self._desk = desk

    def add_to(self, router: APIRouter) -> None:
        router.add_api_route("/models/providers", self.providers, methods=["GET"])
        router.add_api_route("/models/trending", self.trending, methods=["GET"])
        router.add_api_route("/models/search", self.search, methods=["GET"])

    async def providers(
        self, provider: Provider = None, limit: Limit = 20, cursor: Cursor = None, refresh: bool = False
    ) -> Response:
        """A catalog, most downloaded first."""
        query = CatalogQuery(sort=Sort.DOWNLOADS, limit=limit, cursor=cursor)
        return await long_reply(await self._desk.page(provider, query, refresh=refresh))

    async def trending(self, provider: Provider = None, limit: Limit = LISTED, refresh: bool = False) -> Response:
        """What many look at now, by the source's own measure."""
        return await long_reply(await self._desk.trending(provider, limit=limit, refresh=refresh))

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
        return await long_reply(await self._desk.page(provider, asked, filters, refresh=refresh))


def _abilities(words: list[str]) -> frozenset[Ability]:
    try:
        return frozenset(Ability(word) for word in words)
    except ValueError as error:
        raise InvalidInput(problem=f"A capability is one of {', '.join(Ability)}.") from error
