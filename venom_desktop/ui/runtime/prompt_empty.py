"""What the prompt panel says before anything was asked."""

from collections.abc import Callable
from typing import assert_never

from PySide6.QtWidgets import QWidget

from venom_desktop.ui.i18n import tr
from venom_desktop.ui.runtime.prompt_words import Answerer, Readiness, short_name
from venom_desktop.ui.widgets import Button, EmptyState, column

WIDTH = 290


class PromptEmpty(QWidget):
    """One sentence on who answers, with the button that makes somebody answer."""

    def __init__(self, on_start: Callable[[], object], on_choose: Callable[[], object]) -> None:
        super().__init__()
        self.start_button = Button("", icon="play", on_click=on_start)
        self.choose_button = Button(tr("Activate a model"), on_click=on_choose)
        self._state = EmptyState("runtime", "", "", self.start_button, self.choose_button, width=WIDTH)
        self.setLayout(column((self._state, 1), spacing=0, margins=(20, 0, 20, 0)))

    def show_answerer(self, answerer: Answerer) -> None:
        title, sentence = _words(answerer)
        self._state.tell(title, sentence)
        can_start = answerer.readiness is Readiness.STOPPED or (
            answerer.readiness is Readiness.NOTHING_ACTIVE and answerer.last_model is not None
        )
        self.start_button.setVisible(can_start)
        self.start_button.set_content(tr("Start"), "play")
        self.choose_button.setVisible(answerer.readiness is Readiness.NOTHING_ACTIVE)


def _words(answerer: Answerer) -> tuple[str, str]:
    match answerer.readiness:
        case Readiness.READY:
            return tr("Ask {model}", model=answerer.model), tr("What is said here stays until you clear it.")
        case Readiness.LOADING:
            return tr("Loading a model"), tr("{runtime} answers as soon as it is loaded.", runtime=answerer.runtime)
        case Readiness.STOPPED:
            return (
                tr("{runtime} is not running", runtime=answerer.runtime),
                tr("Start it to ask {model}.", model=answerer.model),
            )
        case Readiness.NOTHING_ACTIVE:
            if answerer.last_model is None:
                return tr("No model is active"), tr("Activate one, then ask it something here.")
            last = short_name(answerer.last_model)
            return tr("No model is active"), tr(
                "{model} answered here last. Start it, or activate another.", model=last
            )
        case other:
            assert_never(other)
