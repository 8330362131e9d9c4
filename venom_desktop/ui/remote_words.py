"""What is said of a server elsewhere, the same in Settings, on its card and in lists."""

from venom_desktop.core.errors import (
    NotAModelServer,
    RemoteElsewhere,
    RemoteKeyMissing,
    RemoteKeyRefused,
    RemoteUntrusted,
    UnusableAuthority,
)
from venom_desktop.core.runtimes.base import RuntimeSnapshot
from venom_desktop.core.runtimes.remote_base import RemoteKind, host_of
from venom_desktop.core.runtimes.remotes import Tried
from venom_desktop.core.runtimes.state import RuntimeState
from venom_desktop.ui.i18n import facts, plural, tr
from venom_desktop.ui.widgets.pills import PillLook


def remote_look(snapshot: RuntimeSnapshot) -> PillLook:
    """Whether it answered the last look, and if not, the word for why."""
    match snapshot.state, snapshot.error:
        case RuntimeState.RUNNING, _:
            return PillLook(text=tr("Reachable"), glyph="check", state="ok")
        case RuntimeState.STOPPED, _:
            return PillLook(text=tr("Not asked yet"), glyph="ring", state="off")
        case _, RemoteKeyMissing():
            return PillLook(text=tr("Key missing"), glyph="lock", state="warn")
        case _, RemoteKeyRefused():
            return PillLook(text=tr("Key refused"), glyph="lock", state="bad")
        case _, RemoteUntrusted() | UnusableAuthority():
            return PillLook(text=tr("Not trusted"), glyph="warning", state="bad")
        case _, NotAModelServer() | RemoteElsewhere():
            return PillLook(text=tr("Another address"), glyph="warning", state="warn")
        case _:
            return PillLook(text=tr("Not reachable"), glyph="cross", state="warn")


def kind_words(kind: RemoteKind) -> str:
    return "Ollama" if kind is RemoteKind.OLLAMA else tr("OpenAI-compatible")


def place_words(kind: RemoteKind, url: str, version: str | None, models: int | None) -> str:
    """ "Ollama 0.16.3 · lab:11434 · 12 models"; None is unknown and left out."""
    return facts(_who(kind, version), host_of(url), None if models is None else _count(models))


def tried_words(kind: RemoteKind, tried: Tried) -> str:
    """What a try found: "Ollama 0.16.3 · 12 models"."""
    return facts(_who(kind, tried.version), _count(tried.models))


def _who(kind: RemoteKind, version: str | None) -> str:
    """Of a server of OpenAI's wire the version is what made it ("vLLM"), where it says so."""
    if version is None:
        return kind_words(kind)
    return f"Ollama {version}" if kind is RemoteKind.OLLAMA else version


def _count(models: int) -> str:
    return plural("{count} model", "{count} models", models)
