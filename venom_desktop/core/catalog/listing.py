"""The rows one catalog has given for one question so far, and how it stands with the rest of them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from venom_desktop.core.catalog.base import SORTED_HERE, CatalogEntry, CatalogPage, Sort
from venom_desktop.core.catalog.filters import Key, Row
from venom_desktop.core.errors import VenomError
from venom_desktop.core.registry.model import ModelProvider


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of the sources; orders that they do not know are made here, among the rows most downloaded.

    `safetensors` asks for what vLLM runs: those rows are no part of the list of GGUF files.
    """

    text: str = ""
    sort: Sort = Sort.DOWNLOADS
    safetensors: bool = False

    @classmethod
    def of(cls, text: str, sort: Sort, *, safetensors: bool = False) -> "Question":
        order = Sort.DOWNLOADS if sort in SORTED_HERE else sort
        return cls(text=text.strip().lower(), sort=order, safetensors=safetensors)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """How one source stands: `read_at` is the age of what is shown, `error` why it is not newer."""

    provider: ModelProvider
    loading: bool = False
    more: bool = False
    loaded: int = 0
    stale: bool = False
    bundled: bool = False
    read_at: datetime | None = None
    error: VenomError | None = None


class Listing:
    """`judge` puts the verdict of this machine on an entry. What is loaded never gives way to older rows."""

    def __init__(self, provider: ModelProvider, question: Question, *, judge: Callable[[CatalogEntry], CatalogEntry]):
        self.question = question
        self.state = SourceState(provider=provider)
        self.rows: dict[Key, Row] = {}
        self.cursor: str | None = None
        self.read_limit = 0
        self.failed_further_on = False
        """True after the source gave the first page and failed at a later one."""
        self._judge = judge

    @property
    def is_new(self) -> bool:
        """True until a first page has come, were it an old one."""
        return self.state.read_at is None and self.state.error is None

    def take(self, page: CatalogPage, *, first: bool) -> None:
        """Add a page; a first one starts over, unless it is older than what is here."""
        nothing_new = first or not page.entries
        self.failed_further_on = page.error is not None and not first
        if page.stale and nothing_new and self.rows and not self.state.bundled:
            self.state = replace(self.state, stale=True, error=page.error, more=self.cursor is not None)
            return
        if first:
            self.rows = {}
        self.cursor = page.next_cursor
        for entry in page.entries:
            self.rows[entry.key] = Row.of(self._judge(entry))
        self.state = replace(
            self.state,
            more=page.next_cursor is not None,
            loaded=len(self.rows),
            stale=page.stale,
            bundled=page.bundled,
            read_at=page.read_at,
            error=page.error,
        )

    def fail(self, error: VenomError, *, first: bool) -> None:
        """The source gave nothing, not even an old page."""
        self.failed_further_on = not first
        self.state = replace(self.state, stale=True, error=error)

    def set_loading(self, loading: bool) -> None:
        # Asked of every listing with every key that is pressed.
        if loading != self.state.loading:
            self.state = replace(self.state, loading=loading)

    def replace_entries(self, entries: Iterable[CatalogEntry]) -> bool:
        """Newer knowledge about rows that are here; True when there was one."""
        found = False
        for entry in entries:
            if entry.key in self.rows:
                self.rows[entry.key] = Row.of(entry)
                found = True
        return found
