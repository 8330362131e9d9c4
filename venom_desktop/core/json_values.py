"""Takes values out of JSON that others wrote: what is not of its kind is unknown."""

from collections.abc import Mapping
from datetime import MAXYEAR, MINYEAR, datetime, tzinfo
from typing import Any, Final

BEYOND_ALL_COUNTS: Final = 1 << 63
"""JSON takes numbers of any length; neither a float nor the history's database does."""


def count_in(value: Any) -> int | None:
    """A whole number from 0 that 63 bits hold."""
    return value if type(value) is int and 0 <= value < BEYOND_ALL_COUNTS else None


def text_in(value: Any) -> str | None:
    """A text that is not empty."""
    return value if isinstance(value, str) and value else None


def mapping_in(value: Any) -> Mapping[str, Any]:
    """An object; an empty one for everything else."""
    return value if isinstance(value, Mapping) else {}


def moment_in(value: Any, *, zone: tzinfo | None = None) -> datetime | None:
    """A moment in ISO 8601; one that names no zone is of `zone`, and unknown without it.

    In the first and the last year a moment of one zone may be none in another.
    """
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return moment if moment.tzinfo is not None and MINYEAR < moment.year < MAXYEAR else None
