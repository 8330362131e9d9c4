"""Reads the pages of one model of the Ollama library: its tags with their sizes, and what its own page tells."""

import re
from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import Any, Final, TypedDict

from venom_desktop.core.catalog.ollama_cards import LONGEST_DESCRIPTION, card_words
from venom_desktop.core.catalog.ollama_html import SOURCE, parsed_page, texts_of, whole_text
from venom_desktop.core.catalog.ollama_numbers import parse_age, parse_bytes, parse_context
from venom_desktop.core.catalog.ollama_pages import LibraryRow, Link, model_links, owners_of, surroundings
from venom_desktop.core.errors import SourceChanged

MOST_TAGS: Final = 1_000
_LOOKED_AT_MOST: Final = 4
_BULLETS = re.compile(r"\s*[•·|]\s*")
_DIGEST = re.compile(r"[0-9a-f]{12,64}")
_INPUT_WORDS = frozenset({"text", "image", "audio", "video"})
# What a licence's first lines say, and what the hub calls it.
_LICENSES: Final = (
    ("apache license", "apache-2.0"),
    ("mit license", "mit"),
    ("gemma terms of use", "gemma"),
    ("llama 3.3 community", "llama3.3"),
    ("llama 3.2 community", "llama3.2"),
    ("llama 3.1 community", "llama3.1"),
    ("llama 3 community", "llama3"),
    ("llama 4 community", "llama4"),
    ("llama 2 community", "llama2"),
)


class LibraryTag(TypedDict):
    """One tag of a model, in JSON; None is unknown. `digest` is the beginning of the manifest's."""

    tag: str
    size_bytes: int | None
    context: int | None
    inputs: list[str]
    digest: str | None
    updated: str | None


class ModelPage(TypedDict):
    """What a model's own page tells beside its tags."""

    row: LibraryRow
    license: str | None


def parse_tags_page(body: bytes, *, name: str, now: datetime) -> list[LibraryTag]:
    """The tags of `/library/<model>/tags`, as the page orders them; blocking. Raises `SourceChanged` without any."""
    root = parsed_page(body)
    if root is None:
        raise SourceChanged(source=SOURCE)
    words: dict[str, list[str]] = {}
    looked_at: dict[str, int] = {}
    owners = owners_of(root)
    for link in model_links(root):
        if link.name.lower() != name.lower() or link.tag is None or link.rest:
            continue
        looked_at[link.tag] = looked_at.get(link.tag, 0) + 1
        if looked_at[link.tag] <= _LOOKED_AT_MOST:
            words.setdefault(link.tag, []).extend(_pieces(surroundings(link, owners)))
        if len(words) >= MOST_TAGS:
            break
    tags = [_tag(tag, pieces, now) for tag, pieces in words.items()]
    if not any(tag["digest"] or tag["size_bytes"] is not None for tag in tags):
        raise SourceChanged(source=SOURCE)
    return tags


def parse_model_page(body: bytes, *, name: str, now: datetime) -> ModelPage:
    """What `/library/<model>` tells of the model; blocking. Raises `SourceChanged` when it is no page of it."""
    root = parsed_page(body)
    if root is None or not any(link.name.lower() == name.lower() for link in model_links(root)):
        raise SourceChanged(source=SOURCE)
    head = _head(root, name)
    words = card_words(head, name=name, now=now)
    row = LibraryRow(
        name=name,
        description=words.description or _told(root),
        sizes=list(words.sizes),
        words=list(words.marks),
        pulls=words.pulls,
        tag_count=words.tag_count,
        updated=words.updated.isoformat() if words.updated else None,
    )
    return ModelPage(row=row, license=_license(model_links(root)))


def _head(root: Any, name: str) -> Any:
    """The part of the page about the model as a whole: what stands around its heading, without the table of tags."""
    for heading in root.iter("h1", "h2"):
        if name.rpartition("/")[2].lower() in whole_text(heading).lower():
            row, tables = heading, _around_tags(root)
            while (parent := row.getparent()) is not None and parent.tag not in ("body", "html", "main"):
                if parent in tables:
                    break
                row = parent
            return row
    return root


def _around_tags(root: Any) -> set[Any]:
    """Every element that holds a link to a tag."""
    found: set[Any] = set()
    for link in model_links(root):
        if link.tag is None:
            continue
        for element in link.element.iterancestors():
            if element in found:
                break
            found.add(element)
    return found


def _told(root: Any) -> str | None:
    """The description that the page gives to search engines."""
    for element in root.iter("meta"):
        if element.get("name") == "description" and element.get("content"):
            return " ".join(element.get("content").split())[:LONGEST_DESCRIPTION]
    return None


def _license(links: Iterable[Link]) -> str | None:
    """Read from the first lines of the licence file, which the list of a model's files shows."""
    told = (link for link in links if "blobs/" in link.rest and "license" in whole_text(link.element).lower())
    for link in islice(told, _LOOKED_AT_MOST):
        parent = link.element.getparent()
        around = link.element if parent is None or parent.getparent() is None else parent.getparent()
        words = whole_text(around).lower()
        for phrase, called in _LICENSES:
            if phrase in words:
                return called
    return None


def _pieces(row: Any) -> list[str]:
    return [piece for text in texts_of(row) for piece in _BULLETS.split(text) if piece]


def _tag(tag: str, pieces: list[str], now: datetime) -> LibraryTag:
    """The first piece of each kind; a tag stands on the page twice, for narrow and for wide windows."""
    ages = (parse_age(piece, now) for piece in pieces)
    updated = next((age for age in ages if age is not None), None)
    return LibraryTag(
        tag=tag,
        size_bytes=next((size for piece in pieces if (size := parse_bytes(piece)) is not None), None),
        context=next((found for piece in pieces if (found := _context(piece)) is not None), None),
        inputs=next((words for piece in pieces if (words := _inputs(piece))), []),
        digest=next((piece for piece in pieces if _DIGEST.fullmatch(piece)), None),
        updated=updated.isoformat() if updated else None,
    )


def _context(piece: str) -> int | None:
    """A bare number is no context: it may be anything."""
    return None if piece.isdigit() or _DIGEST.fullmatch(piece) else parse_context(piece)


def _inputs(piece: str) -> list[str]:
    words = [word.strip() for word in piece.lower().removesuffix("input").split(",")]
    return words if words and all(word in _INPUT_WORDS for word in words) else []
