"""The list of models that ships with the program, for a first start without a connection."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from venom_desktop.core.catalog.base import CatalogEntry, CatalogPage, CatalogQuery, Sort
from venom_desktop.core.errors import VenomError
from venom_desktop.core.registry.model import ModelProvider

BUNDLED_CURSOR: Final = "bundled-"

SORT_KEYS: Mapping[Sort, Callable[[CatalogEntry], float]] = MappingProxyType(
    {
        Sort.DOWNLOADS: lambda entry: entry.downloads if entry.downloads is not None else -1,
        Sort.LIKES: lambda entry: entry.likes if entry.likes is not None else -1,
        Sort.UPDATED: lambda entry: entry.updated.timestamp() if entry.updated else -1,
        Sort.SIZE: lambda entry: entry.size_range_bytes[1] if entry.size_range_bytes else -1,
        # A source without such a measure comes after one with it, what is loaded most first.
        Sort.TRENDING: lambda entry: -1 / (2 + (entry.downloads or 0)) if entry.trending is None else entry.trending,
        Sort.FIT: lambda entry: entry.downloads if entry.downloads is not None else -1,
    }
)
"""The largest stands first; what is unknown stands last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BundledRows:
    """Rows in the source's own JSON, and the day they were read."""

    rows: Sequence[Any] = ()
    as_of: datetime | None = None


def read_bundled_rows(path: Path, provider: ModelProvider) -> BundledRows:
    """Blocking. A missing or damaged file gives no rows: the source's error is then shown over an empty list."""
    try:
        stored = json.loads(path.read_bytes())[provider.value]
        return BundledRows(rows=stored["rows"], as_of=datetime.fromisoformat(stored["as_of"]).replace(tzinfo=UTC))
    except (OSError, ValueError, KeyError, TypeError):
        return BundledRows()


def bundled_page(
    entries: Sequence[CatalogEntry], query: CatalogQuery, *, as_of: datetime | None, error: VenomError | None
) -> CatalogPage:
    """The page of the bundled list that `query` asks for, marked stale."""
    words = query.text.lower().split()
    found = [entry for entry in entries if all(word in entry.model_name.lower() for word in words)]
    found.sort(key=SORT_KEYS[query.sort], reverse=True)
    told = (query.cursor or "").removeprefix(BUNDLED_CURSOR)
    start = int(told) if told.isdigit() else 0
    stop = start + query.limit
    return CatalogPage(
        entries=tuple(found[start:stop]),
        next_cursor=f"{BUNDLED_CURSOR}{stop}" if stop < len(found) else None,
        read_at=as_of,
        stale=True,
        bundled=True,
        error=error,
    )
