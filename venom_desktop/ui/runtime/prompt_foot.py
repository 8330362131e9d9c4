"""The foot of the prompt panel: how fast the last answer was, and the field for the next question."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QMimeData
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtGui import QImage, QKeyEvent, Qt
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from venom_desktop.ui import theme
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.runtime.prompt_session import Figures
from venom_desktop.ui.runtime.prompt_words import figures_words
from venom_desktop.ui.widgets import Button, ElidedLabel, Label, ToolButton, row

HEIGHT = 64


class FiguresRow(QWidget):
    """Speed of the last answer at the start, what can be done with it at the end."""

    def __init__(self, on_copy: Callable[[], object], on_again: Callable[[], object]) -> None:
        super().__init__()
        self._speed = Label("", "small_medium")
        self._rest = ElidedLabel("", "small", tone="text2")
        self.copy_button = ToolButton("copy", tr("Copy the answer"), icon_size=16, on_click=on_copy)
        self.again_button = ToolButton("refresh", tr("Regenerate the answer"), icon_size=16, on_click=on_again)
        content = row((self._rest, 1), self.copy_button, self.again_button, spacing=2, margins=(20, 0, 14, 4))
        content.insertWidget(0, self._speed)
        content.insertSpacing(1, 8)
        self.setLayout(content)

    @property
    def words(self) -> str:
        return f"{self._speed.text()} {self._rest.text()}".strip()

    def show_figures(self, figures: Figures) -> None:
        speed, rest = figures_words(figures)
        self._speed.setText(speed)
        self._speed.setVisible(bool(speed))
        self._rest.setText(rest)


class QuestionField(QPlainTextEdit):
    """Some lines of text; Ctrl+Enter sends, Tab goes on to the next control."""

    send_wanted = QtSignal()
    image_given = QtSignal(object)
    """A `Path` or a `QImage`, pasted or dropped; only while `takes_images`."""

    def __init__(self) -> None:
        super().__init__()
        self.takes_images = False
        self.setPlaceholderText(tr("Ask the active model"))
        self.setAccessibleName(tr("Ask the active model"))
        self.setFixedHeight(HEIGHT)
        self.setTabChangesFocus(True)
        theme.set_font(self, "body")

    @property
    def question(self) -> str:
        return self.toPlainText().strip()

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        return (self.takes_images and _holds_image(source)) or super().canInsertFromMimeData(source)

    def insertFromMimeData(self, source: QMimeData) -> None:
        if not (self.takes_images and _holds_image(source)):
            super().insertFromMimeData(source)
        elif source.hasUrls():
            for url in source.urls():
                self.image_given.emit(Path(url.toLocalFile()))
        else:
            self.image_given.emit(QImage(source.imageData()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.send_wanted.emit()
        else:
            super().keyPressEvent(event)


def _holds_image(source: QMimeData) -> bool:
    if source.hasUrls():
        return all(url.isLocalFile() for url in source.urls())
    return source.hasImage()


class SendButton(Button):
    """Send while nothing is answered, Stop while something is; it keeps its place and its width."""

    def __init__(self, on_click: Callable[[], object]) -> None:
        super().__init__(tr("Send"), "primary", icon="send", on_click=on_click)
        self.setMinimumWidth(self.sizeHint().width())

    def show_busy(self, busy: bool) -> None:
        words = tr("Stop") if busy else tr("Send")
        if words != self.label:
            self.set_content(words)
            self.set_kind("default" if busy else "primary", "stop" if busy else "send")
