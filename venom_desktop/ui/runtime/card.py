"""The card of one runtime: its state, three facts, its verbs, its log."""

from functools import partial

from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QSizePolicy, QToolButton, QWidget

from venom_desktop.core.errors import Cure
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.messages import Message, cure_words
from venom_desktop.ui.runtime.card_words import CardLook, Verb
from venom_desktop.ui.widgets import Button, ElidedLabel, Frame, Label, Menu, Pill, PillLook, ToolButton, column, row

HEIGHT = 148
LINES = 3
_OWN_CURES = frozenset({Cure.START_RUNTIME, Cure.OPEN_LOG})
"""The card has its own buttons for these."""


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
        self._lines = [ElidedLabel("", "small", tone="text2") for _ in range(LINES)]
        self.buttons = {verb: _verb_button(verb, partial(self._press, verb)) for verb in Verb}
        self.cure_button = Button("", size="dense", on_click=self._cure)
        self.log_button = ToolButton("log", tr("Show the log"), icon_size=16, on_click=lambda: self.log_wanted.emit())
        self.more_button = ToolButton("more", tr("More"), icon_size=16)
        self._cures: tuple[Cure, ...] = ()
        self._look: CardLook | None = None
        tools = row(*self.buttons.values(), self.cure_button, None, self.log_button, self.more_button, spacing=4)
        head = row(self._name, self._version, None, self.pill, 4)
        body = column(
            head, 5, self.failure, *self._lines, (QWidget(), 1), 5, tools, spacing=3, margins=(14, 12, 10, 10)
        )
        super().__init__("card", body)
        self.menu = Menu(self)
        self.more_button.setMenu(self.menu)
        self.more_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setMinimumHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.setAccessibleName(title)

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
        self._show_failure(look.failure)
        shown = [*look.facts, *[None] * LINES][:LINES]
        for line, fact in zip(self._lines, shown, strict=True):
            line.setText(fact.text if fact else "")
            line.set_tone(fact.tone if fact else "text2")
            line.setVisible(fact is not None)
        for verb, button in self.buttons.items():
            button.setVisible(verb in look.verbs)
        self._allow_start(look)
        self.setAccessibleDescription(". ".join((look.pill.text, *self.lines)))

    def _show_failure(self, failure: Message | None) -> None:
        self.failure.setText(failure.sentence if failure else "")
        self.failure.setToolTip(failure.tip if failure else "")
        self.failure.setVisible(failure is not None)
        self._cures = tuple(cure for cure in (failure.cures if failure else ()) if cure not in _OWN_CURES)
        self.cure_button.setVisible(bool(self._cures))
        self.cure_button.set_content(cure_words(self._cures[0]) if self._cures else "")

    def _allow_start(self, look: CardLook) -> None:
        start = self.buttons[Verb.START]
        if look.no_start:
            start.forbid(look.no_start)
        else:
            start.allow()

    def _press(self, verb: Verb) -> None:
        self.verb_pressed.emit(verb)

    def _cure(self) -> None:
        if self._cures:
            self.cure_wanted.emit(self._cures[0])


def _verb_button(verb: Verb, on_click: partial[None]) -> Button:
    match verb:
        case Verb.START:
            return Button(tr("Start"), icon="play", size="dense", on_click=on_click)
        case Verb.RESTART:
            return Button(tr("Restart"), icon="refresh", size="dense", on_click=on_click)
        case Verb.STOP:
            return Button(tr("Stop"), "quiet", icon="stop", size="dense", on_click=on_click)
        case Verb.CANCEL:
            return Button(tr("Cancel"), "quiet", icon="close", size="dense", on_click=on_click)
