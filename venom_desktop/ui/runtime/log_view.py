"""The log of a runtime over the page: its last lines, following the end."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtGui import QGuiApplication, QHideEvent, QShowEvent
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from venom_desktop.ui import theme
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.links import open_file
from venom_desktop.ui.widgets import Button, ElidedLabel, Frame, Label, ToolButton, column, row

LOOK_EVERY_MS = 500


class LogView(QWidget):
    """`show_log` says whose; it looks for new lines while it is on the screen. `closed` when the user is done."""

    closed = QtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._read: Callable[[], tuple[str, ...]] = tuple
        self._path: Path | None = None
        self._shown: tuple[str, ...] | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_EVERY_MS)
        self._timer.timeout.connect(self.look)
        self.back_button = ToolButton("left", tr("Back"), on_click=self.closed.emit)
        self._title = Label("", "heading")
        self._where = ElidedLabel("", "small", tone="text2", middle=True)
        self.copy_button = Button(tr("Copy"), "quiet", icon="copy", size="dense", on_click=self._copy)
        self.open_button = Button(tr("Open the log file"), "quiet", icon="external", size="dense", on_click=self._open)
        self.text = QPlainTextEdit()
        self._dress_text()
        head = row(self.back_button, self._title, (self._where, 1), self.copy_button, self.open_button)
        card = Frame("card", column(self.text, margins=(6, 6, 4, 6)))
        self.setLayout(column(head, (card, 1), spacing=10, margins=(16, 12, 16, 16)))

    def show_log(self, title: str, path: Path | None, read: Callable[[], tuple[str, ...]]) -> None:
        """`read` gives the last lines, oldest first; `path` is the file with all of them, None without one."""
        self._read, self._path, self._shown = read, path, None
        self._title.setText(tr("Log of {runtime}", runtime=title))
        self.setAccessibleName(self._title.text())
        self._where.setText(str(path or ""))
        self.open_button.setVisible(path is not None)
        self.look()

    def look(self) -> None:
        """Show what is new, staying where the user scrolled to."""
        lines = self._read()
        if lines == self._shown:
            return
        bar = self.text.verticalScrollBar()
        follows = self._shown is None or bar.value() >= bar.maximum() - 1
        place = bar.value()
        self._shown = lines
        self.text.setPlainText("\n".join(lines))
        bar.setValue(bar.maximum() if follows else place)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.look()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()

    def _dress_text(self) -> None:
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setFrameShape(QPlainTextEdit.Shape.NoFrame)
        self.text.setProperty("role", "log")
        self.text.setAccessibleName(tr("Last lines of the log"))
        self.text.setPlaceholderText(tr("Nothing was written yet. The log begins when a model is loaded."))
        theme.set_font(self.text, "mono")

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText("\n".join(self._shown or ()))

    def _open(self) -> None:
        if self._path is not None:
            open_file(str(self._path))
