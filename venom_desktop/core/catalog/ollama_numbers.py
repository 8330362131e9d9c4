"""Reads the numbers of the Ollama library's pages as people write them: `1.2M`, `4.9GB`, `128K`, `2 weeks ago`."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from venom_desktop.core.catalog.quantizations import level_in

_MOST: Final = 1 << 63
"""What no count and no size reaches; a longer number is no number but an attack on what adds it up."""
_NUMBER = r"(\d{1,15}(?:[.,]\d{1,6})?)"
_COUNT = re.compile(rf"{_NUMBER}\s*([KMBT]?)", re.IGNORECASE)
_COUNT_SCALE = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+")
_BYTES = re.compile(rf"{_NUMBER}\s*([KMGT]?)i?B", re.IGNORECASE)
_BYTES_SCALE = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_CONTEXT = re.compile(rf"{_NUMBER}\s*([KM]?)(?:\s+(?:context(?:\s+window)?|tokens))?", re.IGNORECASE)
# 128K on a page is 131,072 in the model's header.
_CONTEXT_SCALE = {"": 1, "K": 1 << 10, "M": 1 << 20}
_SIZE = re.compile(r"e?(?:(\d{1,4})x)?(\d{1,6}(?:\.\d{1,4})?)([bmt])", re.IGNORECASE)
_SIZE_SCALE = {"M": 10**6, "B": 10**9, "T": 10**12}
_AGE = re.compile(r"(?:(?:about|over|almost)\s+)?(\d{1,4}|an?)\s+(second|minute|hour|day|week|month|year)s?\s+ago")
_JUST_NOW = frozenset({"now", "just now", "moments ago"})
_AGE_DAYS = {"second": 0, "minute": 1 / 1440, "hour": 1 / 24, "day": 1, "week": 7, "month": 30, "year": 365}
# By hand, as strptime reads the months in the language that Qt has set for the process.
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MOMENT = re.compile(r"([A-Z][a-z]{2})[a-z]{0,6} (\d{1,2}), (\d{4})(?: (\d{1,2}):(\d{2}) ([AP])M)?(?: UTC)?")


def parse_count(text: str) -> int | None:
    """`118.7M`, `850K`, `1,234`; None for anything else."""
    text = text.strip()
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    return _scaled(_COUNT.fullmatch(text), _COUNT_SCALE)


def parse_bytes(text: str) -> int | None:
    """`4.9GB` in bytes, as rounded as the page shows it."""
    return _scaled(_BYTES.fullmatch(text.strip()), _BYTES_SCALE)


def parse_context(text: str) -> int | None:
    """`128K` or `128K context window` in tokens."""
    return _scaled(_CONTEXT.fullmatch(text.strip()), _CONTEXT_SCALE)


def parse_parameters(text: str) -> int | None:
    """The number of parameters that `8b`, `270m`, `0.6B` or `8x7b` (all experts) tells; None for any other word."""
    # Asked of every word on a page: most of them end otherwise.
    match = _SIZE.fullmatch(text.strip()) if text[-1:] in "bmtBMT" else None
    if match is None:
        return None
    return round(int(match[1] or 1) * float(match[2]) * _SIZE_SCALE[match[3].upper()])


def parse_age(text: str, now: datetime) -> datetime | None:
    """The day that `2 weeks ago` means, as rough as the words are."""
    word = text.strip().lower().removeprefix("updated").lstrip()
    if word in _JUST_NOW:
        return now
    if word == "yesterday":
        return now - timedelta(days=1)
    match = _AGE.fullmatch(word) if word.endswith("ago") else None
    if match is None:
        return None
    count = 1 if match[1] in ("a", "an") else int(match[1])
    try:
        return now - timedelta(days=count * _AGE_DAYS[match[2]])
    except OverflowError:
        return None


def parse_moment(text: str) -> datetime | None:
    """The date that stands in a `title`: `Dec 1, 2024 5:23 PM UTC`."""
    match = _MOMENT.fullmatch(" ".join(text.split()))
    if match is None or match[1].lower() not in _MONTHS:
        return None
    hour = int(match[4] or 0) % 12 + (12 if match[6] == "P" else 0)
    try:
        month = _MONTHS.index(match[1].lower()) + 1
        return datetime(int(match[3]), month, int(match[2]), hour, int(match[5] or 0), tzinfo=UTC)
    except ValueError:
        return None


def tag_parameters(tag: str) -> int | None:
    """The parameters that a tag such as `8b-instruct-q4_K_M` tells with its first word that is a size."""
    return next((found for word in tag.split("-") if (found := parse_parameters(word)) is not None), None)


def tag_level(tag: str) -> str | None:
    """The quantization that a tag tells: `Q4_K_M` of `8b-instruct-q4_K_M`."""
    return level_in(tag)


def _scaled(match: "re.Match[str] | None", scale: dict[str, int]) -> int | None:
    if match is None:
        return None
    value = round(float(match[1].replace(",", ".")) * scale[match[2].upper()])
    return value if value < _MOST else None
