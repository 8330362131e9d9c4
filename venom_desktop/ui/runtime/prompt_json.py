"""A field for JSON that is checked while it is typed."""

from collections.abc import Callable

from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from venom_desktop.core.errors import InvalidInput
from venom_desktop.ui import theme
from venom_desktop.ui.messages import message_of
from venom_desktop.ui.runtime.prompt_options import problem_of
from venom_desktop.ui.widgets import Label, column

HEIGHT = 76


class JsonField(QWidget):
    """`read` raises `InvalidInput` for what it does not take; `changed` tells every change."""

    changed = QtSignal()

    def __init__(self, title: str, placeholder: str, read: Callable[[str], object], text: str) -> None:
        super().__init__()
        self._read = read
        self.field = QPlainTextEdit(text)
        self.field.setPlaceholderText(placeholder)
        self.field.setAccessibleName(title)
        self.field.setFixedHeight(HEIGHT)
        self.field.setTabChangesFocus(True)
        theme.set_font(self.field, "mono")
        self.complaint = Label("", "small", tone="bad", wrap=True)
        self.setLayout(column(Label(title, "small_medium", tone="text2"), self.field, self.complaint, spacing=6))
        self.problem: InvalidInput | None = None
        self._judge()
        self.field.textChanged.connect(self._take)

    @property
    def text(self) -> str:
        return self.field.toPlainText()

    def _take(self) -> None:
        self._judge()
        self.changed.emit()

    def _judge(self) -> None:
        self.problem = problem_of(self._read, self.text)
        self.complaint.setText(message_of(self.problem).sentence if self.problem else "")
        self.complaint.setVisible(self.problem is not None)
