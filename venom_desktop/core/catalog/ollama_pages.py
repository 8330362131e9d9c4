"""Reads the pages of the Ollama library by their structure: links to models, and the words that stand beside them.

Classes and markup change with every redesign; addresses and words last. A page is hostile input: it is bounded in
size, rows and text, and a name in it counts only when it is a usable one.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any, Final, TypedDict
from urllib.parse import unquote

from venom_desktop.core.catalog.ollama_cards import CardWords, card_words
from venom_desktop.core.catalog.ollama_html import SOURCE, attributes_of, parsed_page, whole_text
from venom_desktop.core.errors import InvalidName, SourceChanged
from venom_desktop.core.registry.names import check_name

MOST_ROWS: Final = 2_000
MOST_LINKS: Final = 20_000
_CLIMB_AT_MOST: Final = 8
_LONGEST_ADDRESS: Final = 300
_LOOKED_AT_MOST: Final = 4
"""A name linked ten thousand times and never as a row must not cost ten thousand looks around."""
_ROW_ELEMENTS = frozenset({"li", "article", "tr"})
_LIST_ELEMENTS = frozenset({"ul", "ol", "table", "tbody", "main", "body", "html"})
_NOTHING_FOUND = re.compile(
    r"\bno (?:models?|results?|matches)\b|\bnothing (?:was )?found\b|\b0 (?:models|results)\b", re.I
)
_STATISTICS = re.compile(r"\b(?:pulls|downloads)\b", re.I)
_FOLLOWING = re.compile(r"[?&]page=(\d{1,6})(?!\d)")
# First parts of addresses that are no users of the library.
_NO_USERS = frozenset(
    {"library", "blog", "docs", "public", "assets", "search", "download", "settings", "cdn-cgi", "api"}
)


class LibraryRow(TypedDict):
    """One model of a listing, in JSON; None is unknown."""

    name: str
    description: str | None
    sizes: list[str]
    words: list[str]
    """What it can do, and everything else that is marked on it: `tools`, `vision`, `cloud`."""
    pulls: int | None
    tag_count: int | None
    updated: str | None


class ListPage(TypedDict):
    """`next` is the number of the following page, as text."""

    rows: list[LibraryRow]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link to a model: `name` is `gemma3` or `user/model`; `rest` what follows it in the address."""

    element: Any
    name: str
    tag: str | None
    rest: str = ""

    @property
    def target(self) -> tuple[str, str | None]:
        return self.name, self.tag


Owners = Mapping[Any, tuple[str, str | None] | None]
"""Elements, and name and tag of the only model that they link to."""


def parse_list_page(body: bytes, *, page: int, text: str, now: datetime) -> ListPage:
    """The models of `/search` or `/library`; blocking. `text` is what was searched for.

    Raises `SourceChanged` for a page without models that does not say that nothing was found.
    """
    root = parsed_page(body)
    if root is None:
        # What follows the last page is an empty piece of one.
        if page > 1:
            return ListPage(rows=[], next=None)
        raise SourceChanged(source=SOURCE)
    has_marks = b"x-test-" in body
    rows: dict[str, LibraryRow] = {}
    looked_at: Counter[str] = Counter()
    owners = owners_of(root)
    for link in model_links(root):
        if link.tag is not None or link.rest or link.name in rows or looked_at[link.name] >= _LOOKED_AT_MOST:
            continue
        looked_at[link.name] += 1
        row = _row(link, owners, now, has_marks=has_marks)
        if row is not None:
            rows[link.name] = row
        if len(rows) >= MOST_ROWS:
            break
    if not rows and not _says_nothing_found(root, page=page, text=text):
        raise SourceChanged(source=SOURCE)
    return ListPage(rows=list(rows.values()), next=_following(root, page) if rows else None)


def model_links(root: Any) -> Iterator[Link]:
    """Every link to a model of the library, and to two-part addresses that may be models of users."""
    for element in islice(root.iter("a"), MOST_LINKS):
        found = _named_by(element.get("href", ""))
        if found is not None:
            name, tag, rest = found
            yield Link(element=element, name=name, tag=tag, rest=rest)


def owners_of(root: Any) -> Owners:
    """Of every element around links: the one model they lead to, None for several.

    One pass for the whole page: to look into each link's surroundings anew takes minutes on a page made for that.
    """
    owners: dict[Any, tuple[str, str | None] | None] = {}
    for link in model_links(root):
        if link.rest:
            continue
        for element in link.element.iterancestors():
            if element in owners and owners[element] in (None, link.target):
                break
            owners[element] = None if element in owners else link.target
    return owners


def surroundings(link: Link, owners: Owners) -> Any:
    """The row of a link: the largest element around it that links to nothing else."""
    row = link.element
    for _ in range(_CLIMB_AT_MOST):
        if row.tag in _ROW_ELEMENTS:
            return row
        parent = row.getparent()
        if parent is None or parent.tag in _LIST_ELEMENTS or owners.get(parent) != link.target:
            return row
        row = parent
    return row


@lru_cache(maxsize=4096)
def _named_by(address: str) -> tuple[str, str | None, str] | None:
    """Name, tag and the rest of an address; None for one that names no model."""
    if not address.startswith("/") or len(address) > _LONGEST_ADDRESS:
        return None
    path = unquote(address.partition("?")[0].partition("#")[0]).strip("/")
    library = path.startswith("library/")
    parts = path.removeprefix("library/").split("/", 1 if library else 2)
    if not library and (len(parts) < 2 or parts[0] in _NO_USERS):
        return None
    name, rest = (parts[0], parts[1:]) if library else ("/".join(parts[:2]), parts[2:])
    bare, colon, tag = name.partition(":")
    try:
        return check_name(bare), check_name(tag) if colon else None, "/".join(rest)
    except InvalidName:
        return None


def _row(link: Link, owners: Owners, now: datetime, *, has_marks: bool) -> LibraryRow | None:
    words = card_words(surroundings(link, owners), name=link.name, now=now, has_marks=has_marks)
    if not _is_card(link, words):
        return None
    return LibraryRow(
        name=link.name,
        description=words.description,
        sizes=list(words.sizes),
        words=list(words.marks),
        pulls=words.pulls,
        tag_count=words.tag_count,
        updated=words.updated.isoformat() if words.updated else None,
    )


def _is_card(link: Link, words: CardWords) -> bool:
    """A link in a menu or in running text is no row; an address of two parts may be anything."""
    if "/" in link.name:
        return words.pulls is not None
    return words.pulls is not None or words.has_heading or bool(words.sizes)


def _says_nothing_found(root: Any, *, page: int, text: str) -> bool:
    words = whole_text(root)
    if _NOTHING_FOUND.search(words):
        return True
    if _STATISTICS.search(words):
        return False
    if page > 1:
        return not words.strip()
    return bool(text) and any(field.get("value", "").strip() == text for field in root.iter("input"))


def _following(root: Any, page: int) -> str | None:
    """The page after this one, where something on this one asks for it."""
    wanted = f"page={page + 1}"
    for address in attributes_of(root, "hx-get", "data-hx-get", "href"):
        if wanted in address and f"{page + 1}" in _FOLLOWING.findall(address):
            return str(page + 1)
    return None
