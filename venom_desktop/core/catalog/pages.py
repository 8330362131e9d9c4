"""Reads a catalog page by page for callers that want rows and a cursor: filters included, nothing skipped."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from venom_desktop.core.catalog.base import Catalog, CatalogEntry, CatalogPage, CatalogQuery
from venom_desktop.core.catalog.filters import CatalogFilters, Row, filtered
from venom_desktop.core.errors import InvalidInput, VenomError

MOST_ROWS_READ: Final = 500
_FILTERED_PAGE_ROWS: Final = 60
"""A filter that lets few rows pass must not ask the source for every row alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilteredPage:
    """`among` is the number of rows that were looked through for a filter the source cannot do, else None."""

    entries: tuple[CatalogEntry, ...]
    next_cursor: str | None
    stale: bool
    bundled: bool
    read_at: datetime | None
    error: VenomError | None
    among: int | None


async def read_filtered(
    catalog: Catalog,
    query: CatalogQuery,
    filters: CatalogFilters,
    *,
    judge: Callable[[CatalogEntry], CatalogEntry],
    refresh: bool = False,
) -> FilteredPage:
    """`query.limit` rows that pass the filters, or what 500 rows hold. `judge` gives a row its fit verdict.

    The cursor is ours: it names a place inside a page of the source. Raises `InvalidInput` for a foreign one.
    """
    rows_a_page = max(query.limit, _FILTERED_PAGE_ROWS) if filters.is_local else query.limit
    place = _Place.parse(query.cursor) if query.cursor else _Place(cursor=None, skip=0, rows=rows_a_page)
    found: list[CatalogEntry] = []
    looked_at = 0
    while True:
        page = await catalog.list_models(replace(query, cursor=place.cursor, limit=place.rows), refresh=refresh)
        rows = [Row.of(judge(entry)) for entry in page.entries]
        passing = {id(row) for row in filtered(rows, filters)}
        for number, row in enumerate(rows[place.skip :], start=place.skip):
            if len(found) == query.limit:
                resumed = replace(place, skip=number)
                return _page(found, page, resumed, looked_at=looked_at, filters=filters)
            looked_at += 1
            if id(row) in passing:
                found.append(row.entry)
        following = None if page.next_cursor is None else replace(place, cursor=page.next_cursor, skip=0)
        done = len(found) == query.limit or looked_at >= MOST_ROWS_READ
        if following is None or done or (page.error is not None and not page.bundled):
            return _page(found, page, following, looked_at=looked_at, filters=filters)
        place = following


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """`rows` a page must be the same for every page, or `skip` would mean another row."""

    cursor: str | None
    skip: int
    rows: int

    @classmethod
    def parse(cls, told: str) -> "_Place":
        """Raises `InvalidInput`."""
        try:
            match json.loads(base64.b64decode(told, altchars=b"-_", validate=True)):
                case [str() | None as cursor, int(skip), int(rows)] if skip >= 0 and 1 <= rows <= MOST_ROWS_READ:
                    return cls(cursor=cursor, skip=skip, rows=rows)
        except (ValueError, RecursionError):
            pass
        raise InvalidInput(problem="This cursor is not from an earlier answer. Leave it out to begin again.")

    def text(self) -> str:
        return base64.urlsafe_b64encode(json.dumps([self.cursor, self.skip, self.rows]).encode()).decode()


def _page(
    found: list[CatalogEntry],
    page: CatalogPage,
    following: _Place | None,
    *,
    looked_at: int,
    filters: CatalogFilters,
) -> FilteredPage:
    return FilteredPage(
        entries=tuple(found),
        next_cursor=None if following is None else following.text(),
        stale=page.stale,
        bundled=page.bundled,
        read_at=page.read_at,
        error=page.error,
        among=looked_at if filters.is_local else None,
    )
