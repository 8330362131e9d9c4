"""Shows a file whole and asks before it is written."""

from pathlib import Path

from PySide6.QtWidgets import QPlainTextEdit, QWidget

from venom_desktop.ui import theme
from venom_desktop.ui.dialogs import Dialog
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.widgets import ElidedLabel, Frame, Label, column

MOST_LINES = 14
WIDTH = 580


class FileDialog(Dialog):
    """`meaning` says what follows from the file."""

    def __init__(
        self, parent: QWidget, title: str, *, meaning: str, path: Path, text: str, safe: str, action: str
    ) -> None:
        super().__init__(parent, title, safe=safe, action=action)
        self.setMinimumWidth(WIDTH)
        self.meaning = Label(meaning, tone="text2", wrap=True)
        self.body.addWidget(self.meaning)
        place = ElidedLabel(str(path), "small", tone="text2", middle=True)
        place.setAccessibleName(tr("File: {path}", path=str(path)))
        self.body.addWidget(place)
        self.text = QPlainTextEdit(text.rstrip())
        self._dress_text()
        box = Frame("box", column(self.text, margins=(4, 2, 4, 2)))
        # The sheet's least height of a text takes back a fixed one of its own.
        box.setFixedHeight(self.text.fontMetrics().lineSpacing() * min(MOST_LINES, text.count("\n")) + 40)
        self.body.addWidget(box)

    def _dress_text(self) -> None:
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setFrameShape(QPlainTextEdit.Shape.NoFrame)
        self.text.setProperty("role", "log")
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setAccessibleName(tr("Text of the file"))
        theme.set_font(self.text, "mono")
