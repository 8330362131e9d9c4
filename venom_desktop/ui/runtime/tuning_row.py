"""One variable of a server: what it is for, where its value comes from, and the field that changes it."""

from typing import Final

from PySide6.QtCore import QSignalBlocker
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QLineEdit, QWidget

from venom_desktop.core.errors import InvalidSetting
from venom_desktop.core.runtimes.tuning import Source, TuningRow, check
from venom_desktop.ui import theme
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.runtime.tuning_words import source_look, variable_title, waiting_words
from venom_desktop.ui.settings.words import problem_of
from venom_desktop.ui.widgets import Choice, ElidedLabel, Label, Pill, ToolButton, column, row, wrapped

ON_OR_OFF: Final = frozenset({"OLLAMA_FLASH_ATTENTION", "OLLAMA_NO_CLOUD"})
KV_TYPE: Final = "OLLAMA_KV_CACHE_TYPE"
ELSEWHERE: Final = frozenset({"OLLAMA_HOST"})
"""Stored in Settings, where the window learns of it too: a server that moved alone would not be found."""
EDITOR_WIDTH = 150


class TuningRowView(QWidget):
    """`edited(name, value)`; None returns to the profile. A refused text is said at once and never told."""

    edited = QtSignal(str, object)

    def __init__(self, shown: TuningRow, runtime: str) -> None:
        super().__init__()
        self.name = shown.name
        self.title = variable_title(shown.name)
        self._runtime = runtime
        self._row = shown
        self.pill = Pill(source_look(shown))
        self.field = QLineEdit()
        self.choice = Choice(self.title, _choices(shown))
        self.fixed = ElidedLabel("", tone="text2", middle=True)
        # Where the text of a field would begin.
        self._fixed_place = wrapped(row((self.fixed, 1), margins=(10, 0, 0, 0)))
        self.reset = ToolButton("close", tr("Return to the profile"), icon_size=14, on_click=self._reset)
        self._problem = Label("", "small", tone="bad", wrap=True)
        self._waiting = Label("", "small", tone="warn", wrap=True)
        self._place(shown)
        self.field.textEdited.connect(self._judge)
        self.field.editingFinished.connect(self._commit)
        self.choice.chosen.connect(self._choose)
        self.show_row(shown)

    @property
    def row(self) -> TuningRow:
        return self._row

    @property
    def problem(self) -> str:
        return self._problem.text()

    @property
    def waiting(self) -> str:
        """What is said while the running server does not have the value."""
        return self._waiting.text()

    def show_row(self, shown: TuningRow) -> None:
        """Take what is now; a text that is being typed stays."""
        self._row = shown
        locked = shown.source is Source.ENVIRONMENT or self.name in ELSEWHERE
        self.pill.show_look(source_look(shown))
        self._fixed_place.setVisible(locked)
        self.fixed.setText(shown.value or tr("Server decides"))
        self.field.setVisible(not locked and not self._has_choice)
        self.choice.setVisible(not locked and self._has_choice)
        self.reset.setVisible(shown.source is Source.SETTING and self.name not in ELSEWHERE)
        self._waiting.setText(waiting_words(shown, self._runtime))
        self._waiting.setVisible(bool(self._waiting.text()))
        if not self.field.isModified():
            self._show_value(shown)
            self._say(shown.problem)
        self.setAccessibleName(f"{self.title}: {shown.value or tr('Server decides')}, {self.pill.look.text}")

    @property
    def _has_choice(self) -> bool:
        return self.name in ON_OR_OFF or self.name == KV_TYPE

    def _place(self, shown: TuningRow) -> None:
        self.field.setAccessibleName(self.title)
        self.field.setPlaceholderText(tr("Server decides"))
        theme.set_font(self.field, "body")
        for editor in (self.field, self.choice, self._fixed_place):
            editor.setFixedWidth(EDITOR_WIDTH)
        kept = self.reset.sizePolicy()
        kept.setRetainSizeWhenHidden(True)
        self.reset.setSizePolicy(kept)
        name = ElidedLabel("" if self.title == self.name else self.name, "small", tone="text3")
        meaning = Label(_meaning(shown), "small", tone="text2", wrap=True)
        meaning.setVisible(bool(meaning.text()))
        head = row(Label(self.title, "medium"), (name, 1), spacing=8)
        words = column(None, head, meaning, self._problem, self._waiting, None, spacing=2)
        control = row(self.pill, self.field, self.choice, self._fixed_place, self.reset, spacing=10)
        self.setLayout(row((words, 1), control, spacing=16, margins=(16, 8, 8, 8)))
        self.setMinimumHeight(58)

    def _show_value(self, shown: TuningRow) -> None:
        with QSignalBlocker(self.field), QSignalBlocker(self.choice):
            self.field.setText(shown.value or "")
            self.choice.set_choices(_choices(shown))
            self.choice.choose(shown.value)

    def _judge(self, text: str) -> None:
        """At every key: an empty field is no mistake, it returns to the profile."""
        self._say(self._refusal(text))

    def _commit(self) -> None:
        text = self.field.text().strip()
        if text == (self._row.value or ""):
            self.field.setModified(False)
            self._say(self._row.problem)
        elif not text:
            self._reset()
        elif self._refusal(text) is None:
            self.field.setModified(False)
            self.edited.emit(self.name, check(self.name, text))

    def _choose(self, value: object) -> None:
        if value is not None and value != self._row.value:
            self.edited.emit(self.name, value)

    def _reset(self) -> None:
        self.field.setModified(False)
        if self._row.source is Source.SETTING:
            self.edited.emit(self.name, None)
        else:
            self._show_value(self._row)
            self._say(self._row.problem)

    def _refusal(self, text: str) -> InvalidSetting | None:
        try:
            if text.strip():
                check(self.name, text)
        except InvalidSetting as error:
            return error
        return None

    def _say(self, problem: InvalidSetting | None) -> None:
        self._problem.setText("" if problem is None else problem_of(problem, self.title).sentence)
        self._problem.setVisible(problem is not None)
        theme.set_variant(self.field, "state", "bad" if problem is not None else "")


def _choices(shown: TuningRow) -> tuple[tuple[object, str], ...]:
    own: tuple[tuple[object, str], ...]
    if shown.name in ON_OR_OFF:
        own = (("1", tr("On")), ("0", tr("Off")))
    elif shown.name == KV_TYPE:
        own = (("f16", tr("f16")), ("q8_0", tr("q8_0, half of it")), ("q4_0", tr("q4_0, a quarter")))
    else:
        own = ()
    undecided: tuple[tuple[object, str], ...] = () if shown.value is not None else ((None, tr("Server decides")),)
    return (*undecided, *own)


def _meaning(shown: TuningRow) -> str:
    if shown.name in ELSEWHERE:
        return tr("Where the server listens. It is set in Settings, Runtimes.")
    return tr(shown.meaning) if shown.meaning else ""
