"""How the state of a runtime looks and reads, the same on card, list and status bar."""

from typing import NamedTuple, assert_never

from venom_desktop.core.runtimes.state import RuntimeState
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.theme_tokens import StateRole


class StateLook(NamedTuple):
    """A word, the icon beside it and their colour, by role."""

    text: str
    glyph: str
    state: StateRole


def state_look(state: RuntimeState) -> StateLook:
    match state:
        case RuntimeState.RUNNING:
            return StateLook(tr("Running"), "disc", "ok")
        case RuntimeState.STARTING:
            return StateLook(tr("Starting"), "refresh", "part")
        case RuntimeState.STOPPING:
            return StateLook(tr("Stopping"), "refresh", "part")
        case RuntimeState.STOPPED:
            return StateLook(tr("Stopped"), "ring", "off")
        case RuntimeState.EXITED:
            return StateLook(tr("Exited"), "error", "bad")
        case RuntimeState.UNAVAILABLE:
            return StateLook(tr("Unavailable"), "warning", "warn")
        case _:
            assert_never(state)
