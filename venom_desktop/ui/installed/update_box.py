"""The box that says a newer version of the selected model is published, with the verb that fetches it."""

from PySide6.QtCore import Signal as QtSignal

from venom_desktop.core.registry.updates import UpdateState
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.installed.update_words import update_detail
from venom_desktop.ui.widgets import Button, Frame, Icon, Label, column, row


class UpdateBox(Frame):
    """Hidden while there is none."""

    pressed = QtSignal()

    def __init__(self) -> None:
        super().__init__("box")
        self._detail = Label("", "small", tone="text2", wrap=True)
        self.button = Button(tr("Update"), size="dense", on_click=self.pressed.emit)
        words = column(Label(tr("A newer version is published"), "medium", wrap=True), self._detail, spacing=2)
        self.setLayout(row(Icon("update", 16, "part"), (words, 1), self.button, spacing=10, margins=(12, 8, 10, 8)))
        self.hide()

    def show_state(self, state: UpdateState | None, *, forbidden: str = "") -> None:
        """`forbidden` is why it cannot be fetched now, empty when it can."""
        if state is not None:
            self._detail.setText(update_detail(state))
            if forbidden:
                self.button.forbid(forbidden)
            else:
                self.button.allow()
        self.setVisible(state is not None)
