"""Shows the file that a systemd unit lacks, and asks before it is written."""

from PySide6.QtWidgets import QPlainTextEdit, QWidget

from venom_desktop.core.runtimes.control.drop_in import DropIn
from venom_desktop.core.settings.schema import UnitScope
from venom_desktop.ui import theme
from venom_desktop.ui.dialogs import Dialog
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.widgets import ElidedLabel, Frame, Label, column

MOST_LINES = 14
WIDTH = 580


class DropInDialog(Dialog):
    """A unit of the user's own is written from here; one of the system by a command that is offered instead."""

    def __init__(self, parent: QWidget, drop_in: DropIn) -> None:
        self.writes = drop_in.scope is UnitScope.USER
        super().__init__(
            parent,
            tr("Write a file for {unit}?", unit=drop_in.unit)
            if self.writes
            else tr("Settings for {unit}", unit=drop_in.unit),
            safe=tr("Leave the unit alone"),
            action=tr("Write and restart") if self.writes else tr("Copy the command"),
        )
        self.setMinimumWidth(WIDTH)
        self.body.addWidget(Label(_meaning(writes=self.writes), tone="text2", wrap=True))
        path = ElidedLabel(str(drop_in.path), "small", tone="text2", middle=True)
        path.setAccessibleName(tr("File: {path}", path=str(drop_in.path)))
        self.body.addWidget(path)
        self.text = QPlainTextEdit(drop_in.text.rstrip())
        self._dress_text(drop_in.text)
        self.body.addWidget(Frame("box", column(self.text, margins=(4, 2, 4, 2))))

    def _dress_text(self, text: str) -> None:
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setFrameShape(QPlainTextEdit.Shape.NoFrame)
        self.text.setProperty("role", "log")
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setAccessibleName(tr("Text of the file"))
        theme.set_font(self.text, "mono")
        lines = min(MOST_LINES, text.count("\n"))
        self.text.setFixedHeight(self.text.fontMetrics().lineSpacing() * lines + 36)


def _meaning(*, writes: bool) -> str:
    if writes:
        return tr("The unit takes these settings from it at every start. Remove the file to go back.")
    return tr(
        "The unit belongs to the system, so an administrator has to write this file. "
        "The command does it in a terminal and restarts the unit."
    )
