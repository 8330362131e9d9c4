"""The card of one runtime: its state, three facts, its verbs, its log."""

from functools import partial
from typing import Final

from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QSizePolicy, QToolButton, QVBoxLayout, QWidget

from venom_desktop.ui.i18n import tr
from venom_desktop.ui.runtime.card_facts import CardLook, Fact, Remedy, Verb
from venom_desktop.ui.runtime.card_words import MOST_REMEDIES, verb_words
from venom_desktop.ui.widgets import (
    Bar,
    Button,
    ElidedLabel,
    Frame,
    Label,
    Menu,
    Pill,
    PillLook,
    ToolButton,
    column,
    flow,
    row,
)

HEIGHT = 148
LINES = 3
_QUIET: Final = frozenset({Verb.STOP, Verb.CANCEL, Verb.UPDATE, Verb.STAY_DOWN})


class RuntimeCard(Frame):
    """Shows a `CardLook` and tells what was pressed."""

    verb_pressed = QtSignal(Verb)
    log_wanted = QtSignal()
    cure_wanted = QtSignal(object)

    def __init__(self, title: str) -> None:
        self._name = Label(title, "heading")
        self._version = Label("", "small", tone="text2")
        self.pill = Pill(PillLook(text=""))
        self.failure = Label("", "small", tone="bad", wrap=True)
        self.sentence = Label("", "small", tone="text2", wrap=True)
        self._lines = [ElidedLabel("", "small", tone="text2") for _ in range(LINES)]
        self.bar = Bar(tr("Progress"))
        self.buttons = {verb: _verb_button(verb, partial(self._press, verb)) for verb in Verb}
        self.cure_buttons = [Button("", size="dense", on_click=partial(self._cure, at)) for at in range(MOST_REMEDIES)]
        self.log_button = ToolButton("log", tr("Show the log"), icon_size=16, on_click=lambda: self.log_wanted.emit())
        self.more_button = ToolButton("more", tr("More"), icon_size=16)
        self._remedies: tuple[Remedy, ...] = ()
        self._look: CardLook | None = None
        super().__init__("card", self._placed())
        self.menu = Menu(self)
        self.more_button.setMenu(self.menu)
        self.more_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setMinimumHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.setAccessibleName(title)

    def _placed(self) -> QVBoxLayout:
        verbs = flow(*self.cure_buttons, *self.buttons.values(), spacing=6)
        tools = row((verbs, 1), column(None, row(self.log_button, self.more_button, spacing=4)), spacing=4)
        head = row(self._name, self._version, None, self.pill, 4)
        bar = row((self.bar, 1), 4, spacing=0)
        return column(
            head, 5, self.failure, self.sentence, *self._lines, 4, bar, (QWidget(), 1), 5, tools,
            spacing=3, margins=(14, 12, 10, 10),
        )  # fmt: skip

    @property
    def look(self) -> CardLook | None:
        return self._look

    @property
    def lines(self) -> list[str]:
        """The facts as they are read."""
        return [line.text() for line in self._lines if line.text()]

    def show_look(self, look: CardLook) -> None:
        if look == self._look:
            return
        self._look = look
        self._version.setText(look.version)
        self.pill.show_look(look.pill)
        self.set_current(look.current)
        self._show_failure(look)
        self.sentence.setText(look.sentence)
        self.sentence.setVisible(bool(look.sentence))
        self._show_facts(look.facts)
        self.bar.setVisible(look.has_bar)
        self.bar.show_progress(look.fraction if look.has_bar else 0.0, paused=look.paused)
        self._show_verbs(look)
        said = (look.pill.text, look.sentence, self.failure.text(), *self.lines)
        self.setAccessibleDescription(". ".join(part.rstrip(".") for part in said if part))

    def _show_facts(self, facts: tuple[Fact, ...]) -> None:
        shown = [*facts, *[None] * LINES][:LINES]
        for line, fact in zip(self._lines, shown, strict=True):
            line.setText(fact.text if fact else "")
            line.set_tone(fact.tone if fact else "text2")
            line.setVisible(fact is not None)

    def _show_failure(self, look: CardLook) -> None:
        failure, remedies = look.failure, look.remedies
        self.failure.setText(failure.sentence if failure else "")
        self.failure.setToolTip("\n".join((failure.tip, *look.last_lines)) if failure else "")
        self.failure.setVisible(failure is not None)
        self._remedies = remedies
        for place, button in enumerate(self.cure_buttons):
            button.setVisible(place < len(remedies))
            button.set_content(remedies[place].words if place < len(remedies) else "")

    def _show_verbs(self, look: CardLook) -> None:
        for verb, button in self.buttons.items():
            button.setVisible(verb in look.verbs)
            words, icon = verb_words(verb, look)
            if button.label != words:
                button.set_content(words, icon)
        start = self.buttons[Verb.START]
        if look.no_start:
            start.forbid(look.no_start)
        else:
            start.allow()

    def _press(self, verb: Verb) -> None:
        self.verb_pressed.emit(verb)

    def _cure(self, place: int) -> None:
        if place < len(self._remedies):
            self.cure_wanted.emit(self._remedies[place].cure)


def _verb_button(verb: Verb, on_click: partial[None]) -> Button:
    return Button(verb.value, "quiet" if verb in _QUIET else "default", size="dense", on_click=on_click)
