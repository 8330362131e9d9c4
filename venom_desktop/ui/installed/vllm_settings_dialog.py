"""How one model is run by vLLM, with the command line that follows from it."""

from PySide6.QtWidgets import QWidget

from venom_desktop.core.errors import InvalidSetting, VenomError
from venom_desktop.core.runtimes.base import LoadSettings
from venom_desktop.core.runtimes.vllm_lower import Proposal
from venom_desktop.core.runtimes.vllm_order import Preview
from venom_desktop.core.runtimes.vllm_settings import VllmSettings, require_usable
from venom_desktop.ui.dialogs import Dialog
from venom_desktop.ui.i18n import tokens, tr
from venom_desktop.ui.installed.command_box import CommandBox
from venom_desktop.ui.installed.vllm_form import VllmForm
from venom_desktop.ui.installed.vllm_words import change_words
from venom_desktop.ui.widgets import Button, Frame, Label, column, row, scrolling

WIDTH = 600
MARGIN = 40
"""Stays free of the window above and below."""


class VllmSettingsDialog(Dialog):
    """`settings` and `load` are what the fields say.

    `proposal` is filled in and told: then the model is started with it. `error` is what it follows from.
    """

    def __init__(
        self,
        parent: QWidget,
        name: str,
        preview: Preview,
        settings: VllmSettings,
        load: LoadSettings,
        *,
        most_context: int | None = None,
        error: VenomError | None = None,
        proposal: Proposal | None = None,
    ) -> None:
        starts = error is not None
        title = tr("Lower memory use") if proposal is not None else tr("Load settings")
        action = tr("Save and start") if starts else tr("Save")
        super().__init__(parent, title, safe=tr("Cancel"), action=action)
        self.setMinimumWidth(WIDTH)
        self._preview = preview
        self._load = load
        self.form = VllmForm(preview.options)
        self.note = Label(_note(name, most_context), tone="text2", wrap=True)
        self.changes = Label("", wrap=True)
        self.reason = Label("", "small", tone="text2", wrap=True)
        self.problem = Label("", "small", tone="bad", wrap=True)
        self.command = CommandBox(tr("What will run"))
        self.reset = Button(tr("All automatic"), "quiet", size="dense", on_click=self._reset)
        self._area = scrolling(self.form)
        self._told = Frame("box", column(self.changes, self.reason, spacing=4, margins=(12, 8, 12, 8)))
        for part in (self.note, self._told, self._area, self.problem, self.command):
            self.body.addWidget(part)
        self.body.addLayout(row(None, self.reset))
        self.form.show_settings(settings, load)
        self._tell(error, proposal)
        self.form.changed.connect(self._follow)
        self._follow()

    @property
    def settings(self) -> VllmSettings:
        return self.form.settings

    @property
    def load(self) -> LoadSettings:
        return self.form.load(self._load)

    def open(self) -> None:
        self._fit()
        super().open()

    def focus_first(self) -> None:
        self.form.context.setFocus()

    def _tell(self, error: VenomError | None, proposal: Proposal | None) -> None:
        changes = () if proposal is None else proposal.changes
        for change in changes:
            self.form.take(change)
        self.changes.setText("\n".join(change_words(change) for change in changes))
        self.changes.setVisible(bool(changes))
        self.reason.setText(_reason(error))
        self._told.setVisible(bool(self.reason.text()) or bool(changes))

    def _follow(self) -> None:
        """Show what would run, or what keeps it from being stored."""
        settings = self.settings
        self.command.show_command(self._preview.command(settings, self.load))
        try:
            require_usable(settings)
        except InvalidSetting as error:
            sentence = tr(str(error.parameters["expected"]))
            self._refuse(sentence)
        else:
            self._refuse("")

    def _refuse(self, sentence: str) -> None:
        self.problem.setText(sentence)
        self.problem.setVisible(bool(sentence))
        if sentence:
            self.action.forbid(sentence)
        else:
            self.action.allow()

    def _reset(self) -> None:
        self.form.show_settings(VllmSettings(), LoadSettings())

    def _fit(self) -> None:
        """The fields scroll where the window is too low for all of them."""
        self.form.adjustSize()
        wanted = self.form.sizeHint().height() + 4
        self._area.setFixedHeight(wanted)
        parent = self.parentWidget()
        if parent is None:
            return
        layout = self.layout()
        others = (layout.totalHeightForWidth(WIDTH) if layout is not None else 0) - wanted
        room = parent.window().height() - MARGIN - others
        self._area.setFixedHeight(max(120, min(wanted, room)))


def _reason(error: VenomError | None) -> str:
    told = {} if error is None else error.parameters
    return tr(str(told.get("advice") or told.get("explanation") or ""))


def _note(name: str, most_context: int | None) -> str:
    note = tr("These settings count from the next activation of {name}.", name=name)
    held = tr("The model holds up to {tokens} tokens.", tokens=tokens(most_context)) if most_context else ""
    return " ".join(part for part in (note, held) if part)
