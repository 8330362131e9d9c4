"""Shows the command line that will run, to read and to copy."""

from PySide6.QtGui import QGuiApplication, QTextOption
from PySide6.QtWidgets import QPlainTextEdit

from venom_desktop.ui import theme
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.widgets import Frame, Label, ToolButton, column, row

LINES = 4


class CommandBox(Frame):
    """Wraps anywhere, so that nothing hides at the side; longer ones scroll."""

    def __init__(self, title: str) -> None:
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setFrameShape(QPlainTextEdit.Shape.NoFrame)
        self.text.setProperty("role", "log")
        self.text.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.text.setAccessibleName(title)
        theme.set_font(self.text, "mono")
        self.text.setFixedHeight(theme.metrics("mono").lineSpacing() * LINES + 24)
        self.copy = ToolButton("copy", tr("Copy the command line"), icon_size=14, on_click=self._copy)
        head = row(Label(title, "small", tone="text2"), None, self.copy, margins=(8, 0, 4, 0))
        super().__init__("box", column(head, self.text, spacing=0, margins=(4, 2, 4, 4)))

    @property
    def command(self) -> str:
        return self.text.toPlainText()

    def show_command(self, command: str) -> None:
        if command != self.command:
            self.text.setPlainText(command)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.command)
