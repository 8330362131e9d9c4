"""What the trending lists and their cards say."""

from venom_desktop.core.catalog.listing import SourceState
from venom_desktop.core.catalog.trending import Trend
from venom_desktop.ui.i18n import ago, facts, tr


def title_of(trend: Trend) -> str:
    match trend:
        case Trend.OLLAMA_POPULAR:
            return tr("Ollama, most popular")
        case Trend.OLLAMA_NEWEST:
            return tr("Ollama, newest")
        case Trend.HUGGING_FACE:
            return tr("Hugging Face, trending")


def note_of(trend: Trend, source: SourceState) -> str:
    """ "Last 7 days · read 4 min ago"; nothing of a list that came with the program, whose banner tells its age."""
    if source.bundled or source.read_at is None:
        return ""
    # The hub counts the likes of so many days.
    span = tr("Last 7 days") if trend is Trend.HUGGING_FACE else None
    return facts(span, tr("read {when}", when=ago(source.read_at)))
