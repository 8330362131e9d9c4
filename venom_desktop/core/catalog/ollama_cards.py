"""Tells what the words on one row of the Ollama library mean: sizes, abilities, pulls, the date."""

import re
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

from venom_desktop.core.catalog.ollama_html import attributes_of, heading_texts, marked_with, texts_of, whole_text
from venom_desktop.core.catalog.ollama_numbers import parse_age, parse_count, parse_moment, parse_parameters

LONGEST_DESCRIPTION: Final = 600
_MOST_CHIPS: Final = 40
_MOST_PARAGRAPHS: Final = 40
_SHORTEST_SENTENCE = 24
_CHIP = re.compile(r"[A-Za-z][A-Za-z0-9+-]{1,23}")
_PULLS = frozenset({"pull", "pulls", "download", "downloads"})
_TAGS = frozenset({"tag", "tags"})
_COUNTED = re.compile(r"([\d.,]+\s?[KMBT]?)\s+(pulls?|downloads?|tags?)", re.IGNORECASE)
_NO_DESCRIPTION = re.compile(r"(?:^|\d[KMB]?\s*)(?:pulls?|downloads?|tags?)\b|^updated\b|\bago$", re.IGNORECASE)
# What the site's own tests held on to until autumn 2026; where they stand they are right.
_MARKED_SIZE, _MARKED_ABILITY = "x-test-size", "x-test-capability"
_MARKED_PULLS, _MARKED_TAGS, _MARKED_UPDATED = "x-test-pull-count", "x-test-tag-count", "x-test-updated"
_MARKS = (_MARKED_SIZE, _MARKED_ABILITY, _MARKED_PULLS, _MARKED_TAGS, _MARKED_UPDATED)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardWords:
    """What one row says; None is unknown."""

    description: str | None
    sizes: tuple[str, ...]
    marks: tuple[str, ...]
    pulls: int | None
    tag_count: int | None
    updated: datetime | None
    has_heading: bool


def card_words(card: Any, *, name: str, now: datetime, has_marks: bool = True) -> CardWords:
    """Read a row. Sizes and abilities look alike and are told apart by their text."""
    marked = _marked(card) if has_marks else {}
    described, description = _description(card)
    headings = set(heading_texts(card))
    counts, rest = _counts(_without(texts_of(card), described))
    chips = [word for word in rest if word != name and word not in headings]
    sizes = marked.get(_MARKED_SIZE) or [word for word in chips if parse_parameters(word) is not None]
    marks = marked.get(_MARKED_ABILITY) or [word for word in chips if _CHIP.fullmatch(word) and word not in sizes]
    return CardWords(
        description=description or _longest(chips),
        sizes=_unique(sizes),
        marks=tuple(mark for mark in _unique(marks) if mark != "updated"),
        pulls=_first_count(marked.get(_MARKED_PULLS), counts.get("pulls")),
        tag_count=_first_count(marked.get(_MARKED_TAGS), counts.get("tags")),
        updated=_updated(card, marked.get(_MARKED_UPDATED) or rest, now),
        has_heading=bool(headings),
    )


def _counts(words: list[str]) -> tuple[dict[str, int], list[str]]:
    """The numbers before "Pulls" and "Tags", in one piece or in two; and the words that are left."""
    counts: dict[str, int] = {}
    rest: list[str] = []
    for word in words:
        match = _COUNTED.fullmatch(word) if word[0].isdigit() else None
        unit = match[2].lower() if match else word.lower()
        kind = "pulls" if unit in _PULLS else "tags" if unit in _TAGS else None
        number = parse_count(match[1] if match else rest[-1]) if kind and (match or rest) else None
        if kind is None or number is None:
            rest.append(word)
            continue
        counts.setdefault(kind, number)
        if match is None:
            rest.pop()
    return counts, rest


def _description(card: Any) -> tuple[list[str], str | None]:
    """The first paragraph that is a sentence: its pieces, and the whole of it."""
    for paragraph in islice(card.iter("p"), _MOST_PARAGRAPHS):
        pieces = texts_of(paragraph)
        text = " ".join(pieces)
        if " " in text and not _NO_DESCRIPTION.search(text):
            return pieces, text[:LONGEST_DESCRIPTION]
    return [], None


def _longest(words: list[str]) -> str | None:
    """Where there are no paragraphs any more."""
    longest = max((word for word in words if not _NO_DESCRIPTION.search(word)), key=len, default="")
    return longest if len(longest) >= _SHORTEST_SENTENCE and " " in longest else None


def _without(words: list[str], pieces: list[str]) -> list[str]:
    """What stands in the description marks nothing."""
    for start in range(len(words) - len(pieces) + 1 if pieces else 0):
        if words[start : start + len(pieces)] == pieces:
            return words[:start] + words[start + len(pieces) :]
    return words


def _updated(card: Any, words: list[str], now: datetime) -> datetime | None:
    """A date stands in a title; the words beside it are rough."""
    found = (parse_moment(title) for title in attributes_of(card, "title"))
    ages = (parse_age(word, now) for word in words)
    return next((moment for moment in (*found, *ages) if moment is not None), None)


def _marked(card: Any) -> dict[str, list[str]]:
    return {name: [whole_text(one) for one in marked_with(card, name)] for name in _MARKS}


def _first_count(marked: list[str] | None, counted: int | None) -> int | None:
    told = parse_count(marked[0]) if marked else None
    return counted if told is None else told


def _unique(words: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.lower() for word in words))[:_MOST_CHIPS]
