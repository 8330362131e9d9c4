"""Made-up lists for the tests of the Trending tab."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from tests.ui.catalog.rows import entry
from venom_desktop.core.catalog.base import CatalogEntry
from venom_desktop.core.catalog.listing import SourceState
from venom_desktop.core.catalog.trending import LISTED, Trend, TrendingList
from venom_desktop.core.errors import VenomError
from venom_desktop.core.registry.model import ModelProvider


def row(number: int, provider: ModelProvider = ModelProvider.HUGGINGFACE) -> CatalogEntry:
    name = f"org/Model-{number}-GGUF" if provider is ModelProvider.HUGGINGFACE else f"model{number}"
    publisher = "Google" if provider is ModelProvider.HUGGINGFACE else None
    return entry(name, provider=provider, display_name=f"Model {number}", publisher=publisher, likes=1_234 + number)


def rows_of(trend: Trend, count: int = LISTED) -> tuple[CatalogEntry, ...]:
    start = 100 * list(Trend).index(trend)
    return tuple(row(start + number, trend.provider) for number in range(count))


def listed(
    trend: Trend,
    rows: Sequence[CatalogEntry] | None = None,
    *,
    minutes_ago: float = 4,
    loading: bool = False,
    bundled: bool = False,
    error: VenomError | None = None,
) -> TrendingList:
    shown = rows_of(trend) if rows is None else tuple(rows)
    source = SourceState(
        provider=trend.provider,
        loading=loading,
        loaded=len(shown),
        stale=error is not None,
        bundled=bundled,
        read_at=datetime.now(UTC) - timedelta(minutes=minutes_ago) if shown else None,
        error=error,
    )
    return TrendingList(trend=trend, rows=shown, source=source)


def all_lists() -> tuple[TrendingList, ...]:
    return tuple(listed(trend) for trend in Trend)
