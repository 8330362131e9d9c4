"""What is said over the list when a source gave an old answer or none, and the orders it can stand in."""

from collections.abc import Sequence

from venom_desktop.core.catalog.base import Sort
from venom_desktop.core.catalog.listing import SourceState
from venom_desktop.core.errors import SourceUnreachable, StayingOffline, UpstreamSlow, VenomError
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.ui.catalog.words import provider_words
from venom_desktop.ui.i18n import ago, date, tr
from venom_desktop.ui.messages import message_of


def sort_choices() -> list[tuple[object, str]]:
    return [
        (Sort.DOWNLOADS, tr("Most downloads")),
        (Sort.LIKES, tr("Most liked")),
        (Sort.UPDATED, tr("Recently updated")),
        (Sort.TRENDING, tr("Trending")),
        (Sort.SIZE, tr("Largest first")),
        (Sort.FIT, tr("Runs best here")),
    ]


def search_words(providers: Sequence[ModelProvider]) -> str:
    """ "Search Ollama and Hugging Face"."""
    names = [provider_words(provider) for provider in providers]
    if len(names) < 2:
        return tr("Search {source}", source="".join(names))
    return tr("Search {sources} and {last}", sources=", ".join(names[:-1]), last=names[-1])


def source_sentence(state: SourceState) -> str:
    """ "Hugging Face does not answer. Showing the list from 3 h ago." """
    if not state.loaded:
        return message_of(state.error).sentence if state.error else ""
    return f"{_what_happened(state)} {_what_is_shown(state)}".strip()


def _what_happened(state: SourceState) -> str:
    if state.error is None:
        return ""
    if isinstance(state.error, StayingOffline):
        return tr("{source} was not asked: you work offline.", source=provider_words(state.provider))
    if _is_silence(state.error):
        return tr("{source} does not answer.", source=provider_words(state.provider))
    return message_of(state.error).sentence


def _what_is_shown(state: SourceState) -> str:
    if state.bundled:
        return tr("Showing the list that came with this app, dated {date}.", date=date(state.read_at))
    if state.read_at is None:
        return ""
    return tr("Showing the list from {when}.", when=ago(state.read_at))


def _is_silence(error: VenomError) -> bool:
    return isinstance(error, (SourceUnreachable, UpstreamSlow))
