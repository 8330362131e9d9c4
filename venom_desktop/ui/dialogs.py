"""Dialogs to destroy, to spend, to enter a secret or to decide; opened, never executed, and awaited by a future."""

import asyncio
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QDialog, QLineEdit, QVBoxLayout, QWidget
from shiboken6 import isValid

from venom_desktop.ui.i18n import tr
from venom_desktop.ui.widgets.buttons import Button
from venom_desktop.ui.widgets.labels import Label
from venom_desktop.ui.widgets.layouts import column, row

WIDTH = 440


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, what follows in numbers, and two verbs: the safe one is focused and answers Esc."""

    title: str
    consequence: str
    safe: str
    action: str
    destroys: bool = False


class Dialog(QDialog):
    """Title, body and two buttons. `answered(bool)` tells once: True for the action, False for the safe way out."""

    answered = QtSignal(bool)

    def __init__(self, parent: QWidget, title: str, *, safe: str, action: str, destroys: bool = False) -> None:
        super().__init__(parent)
        self.setProperty("role", "dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.setMinimumWidth(WIDTH)
        self.setModal(True)
        self.body: QVBoxLayout = column(spacing=8)
        """Between the title and the buttons."""
        self.safe = Button(safe, on_click=self.reject)
        self.action = Button(action, "destroy" if destroys else "primary", on_click=self.accept)
        heading = Label(title, "heading", wrap=True)
        foot = row(None, self.safe, self.action)
        self.setLayout(column(heading, self.body, 6, foot, spacing=6, margins=(20, 18, 20, 16)))
        self.finished.connect(lambda result: self.answered.emit(result == QDialog.DialogCode.Accepted.value))

    def open(self) -> None:
        # The size hint of wrapped texts counts the lines of a narrower dialog.
        layout = self.layout()
        if layout is not None and layout.hasHeightForWidth():
            width = max(WIDTH, self.sizeHint().width())
            self.resize(width, layout.totalHeightForWidth(width))
        super().open()
        self.focus_first()

    def focus_first(self) -> None:
        """The safe button, unless there is a field to fill."""
        self.safe.setDefault(True)
        self.safe.setFocus(Qt.FocusReason.TabFocusReason)


class QuestionDialog(Dialog):
    """A question with its consequence."""

    def __init__(self, parent: QWidget, question: Question) -> None:
        super().__init__(parent, question.title, safe=question.safe, action=question.action, destroys=question.destroys)
        self.body.addWidget(Label(question.consequence, tone="text2", wrap=True))


class SecretDialog(Dialog):
    """Takes a key or token; it is hidden while typed and leaves the field with the dialog."""

    def __init__(self, parent: QWidget, title: str, help_text: str, *, action: str | None = None) -> None:
        super().__init__(parent, title, safe=tr("Cancel"), action=action or tr("Store"))
        self._field = QLineEdit()
        self._field.setEchoMode(QLineEdit.EchoMode.Password)
        self._field.setAccessibleName(title)
        self.body.addWidget(Label(help_text, tone="text2", wrap=True))
        self.body.addWidget(self._field)
        self._field.textChanged.connect(self._judge)
        self._field.returnPressed.connect(self._take)
        self._judge()

    @property
    def secret(self) -> str:
        return self._field.text().strip()

    def forget(self) -> None:
        """Empty the field: a dialog that waits to be deleted must not hold a key."""
        self._field.clear()

    def focus_first(self) -> None:
        self._field.setFocus(Qt.FocusReason.TabFocusReason)

    def _judge(self) -> None:
        if self.secret:
            self.action.allow()
        else:
            self.action.forbid(tr("Enter it first"))

    def _take(self) -> None:
        if self.secret:
            self.accept()


async def answer(dialog: Dialog) -> bool:
    """Open a dialog and wait; a closed window or a cancelled task counts as the safe answer."""
    future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def settle(agreed: bool) -> None:
        if not future.done():
            future.set_result(agreed)

    dialog.answered.connect(settle)
    # A parent that goes away takes the dialog along without an answer.
    dialog.destroyed.connect(lambda: settle(False))
    dialog.open()
    try:
        return await future
    except asyncio.CancelledError:
        if isValid(dialog):
            dialog.reject()
        raise


async def ask(parent: QWidget, question: Question) -> bool:
    """True when the user chose the action."""
    return await answer(QuestionDialog(parent, question))


async def ask_secret(parent: QWidget, title: str, help_text: str) -> str | None:
    """The key the user typed, or None."""
    dialog = SecretDialog(parent, title, help_text)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    agreed = await answer(dialog)
    secret = dialog.secret if agreed else None
    dialog.forget()
    dialog.deleteLater()
    return secret
