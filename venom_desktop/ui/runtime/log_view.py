"""The log of a runtime over the page: its last lines, following the end."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtGui import QGuiApplication, QHideEvent, QShowEvent, QTextCursor
from PySide6.QtWidgets import QCheckBox, QPlainTextEdit, QStackedWidget, QWidget

from venom_desktop.ui import theme
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.links import open_file, open_folder
from venom_desktop.ui.messages import message_of
from venom_desktop.ui.widgets import (
    Banner,
    Button,
    ElidedLabel,
    EmptyState,
    Frame,
    Label,
    ToolButton,
    column,
    row,
)

LOOK_EVERY_MS = 500
ASK_EVERY_MS = 2000
"""A journal is read by a process of its own."""
MOST_LINES = 5000
LONGEST_LINE = 4000
"""A longer one is cut: laying out one line of megabytes would stop the window."""
_KEY = "runtime.log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """`lines` gives the last lines, oldest first, and `ask` the same after asking who keeps them (a journal).

    `path` is the file with all of them, None where there is none; `where` says so of what is no file.
    """

    title: str
    lines: Callable[[], tuple[str, ...]]
    ask: Callable[[], Awaitable[tuple[str, ...]]] | None = None
    path: Path | None = None
    where: str = ""


class LogView(QWidget):
    """`show_log` says whose; it looks for new lines while it is on the screen. `closed` when the user is done."""

    closed = QtSignal()

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._bridge = bridge
        self._log: Log | None = None
        self._shown: tuple[str, ...] = ()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.look)
        self.back_button = ToolButton("left", tr("Back"), on_click=self.closed.emit)
        self._title = Label("", "heading")
        self._where = ElidedLabel("", "small", tone="text2", middle=True)
        self.follow_box = QCheckBox(tr("Follow"))
        self.wrap_box = QCheckBox(tr("Wrap lines"))
        self.copy_button = Button(tr("Copy"), "quiet", icon="copy", size="dense", on_click=self._copy)
        self.open_button = ToolButton("external", tr("Open the log file"), icon_size=16, on_click=self._open)
        self.folder_button = ToolButton("folder", tr("Open its folder"), icon_size=16, on_click=self._open_folder)
        self.problem = Banner("cure")
        self.text = QPlainTextEdit()
        self.empty = EmptyState(
            "log", tr("Nothing was written yet"), tr("The log begins when the server starts or a model is loaded.")
        )
        self._dress_text()
        self._place()

    def _place(self) -> None:
        head = row(
            self.back_button, self._title, (self._where, 1), self.wrap_box, 6, self.follow_box, 6, self.copy_button,
            self.open_button, self.folder_button, spacing=6,
        )  # fmt: skip
        self._pages = QStackedWidget()
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self.text)
        card = Frame("card", column(self._pages, margins=(6, 6, 4, 6)))
        self.setLayout(column(head, self.problem, (card, 1), spacing=10, margins=(16, 12, 16, 16)))

    def show_log(self, log: Log) -> None:
        self._log, self._shown = log, ()
        self.text.clear()
        self.problem.hide()
        self.follow_box.setChecked(True)
        self._title.setText(tr("Log of {runtime}", runtime=log.title))
        self.setAccessibleName(self._title.text())
        self._where.setText(str(log.path or log.where))
        for button in (self.open_button, self.folder_button):
            button.setVisible(log.path is not None)
        self._show_lines(log.lines())
        if self.isVisible():
            self._begin_to_look()

    def look(self) -> None:
        """Show what is new."""
        if self._log is None:
            return
        if self._log.ask is None:
            self._show_lines(self._log.lines())
        elif not self._bridge.is_running(_KEY):
            self._bridge.start(_KEY, self._ask(self._log.ask), on_error=self._tell)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._begin_to_look()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()
        self._bridge.cancel(_KEY)

    def _begin_to_look(self) -> None:
        self.look()
        self._timer.start(LOOK_EVERY_MS if self._log is None or self._log.ask is None else ASK_EVERY_MS)

    async def _ask(self, ask: Callable[[], Awaitable[tuple[str, ...]]]) -> None:
        lines = await ask()
        self.problem.hide()
        self._show_lines(lines)

    def _show_lines(self, lines: tuple[str, ...]) -> None:
        """Add what is new and leave the rest alone: a selection in it stays."""
        if lines != self._shown:
            bar = self.text.verticalScrollBar()
            place = bar.value()
            new = new_lines(self._shown, lines)
            if new is None:
                self.text.setPlainText("\n".join(_cut(line) for line in lines[-MOST_LINES:]))
            else:
                self._append(new)
            self._shown = lines
            bar.setValue(bar.maximum() if self.follow_box.isChecked() else place)
        self._pages.setCurrentWidget(self.text if lines else self.empty)

    def _append(self, lines: tuple[str, ...]) -> None:
        cursor = QTextCursor(self.text.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText("".join(f"\n{_cut(line)}" for line in lines))

    def _dress_text(self) -> None:
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setFrameShape(QPlainTextEdit.Shape.NoFrame)
        self.text.setProperty("role", "log")
        self.text.setMaximumBlockCount(MOST_LINES)
        self.text.setUndoRedoEnabled(False)
        self.text.setAccessibleName(tr("Last lines of the log"))
        theme.set_font(self.text, "mono")
        self.follow_box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.follow_box.setToolTip(tr("Stay at the newest line"))
        self.follow_box.clicked.connect(self._to_the_end)
        self.wrap_box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.wrap_box.setChecked(True)
        self.wrap_box.toggled.connect(self._wrap)
        self.text.verticalScrollBar().actionTriggered.connect(lambda _: self._follow_at_the_end())

    def _to_the_end(self) -> None:
        if self.follow_box.isChecked():
            bar = self.text.verticalScrollBar()
            bar.setValue(bar.maximum())

    def _wrap(self, on: bool) -> None:
        mode = QPlainTextEdit.LineWrapMode
        self.text.setLineWrapMode(mode.WidgetWidth if on else mode.NoWrap)
        self._to_the_end()

    def _follow_at_the_end(self) -> None:
        """Who scrolls up wants to read; who scrolls to the end wants to follow again."""
        bar = self.text.verticalScrollBar()
        self.follow_box.setChecked(bar.sliderPosition() >= bar.maximum() - 1)

    def _tell(self, error: Exception) -> None:
        self._timer.stop()
        message = message_of(error)
        self.problem.tell(message.sentence, tr("Try again"), self._begin_to_look, tip=message.tip)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())

    def _open(self) -> None:
        if self._log is not None and self._log.path is not None:
            open_file(str(self._log.path))

    def _open_folder(self) -> None:
        if self._log is not None and self._log.path is not None:
            open_folder(str(self._log.path.parent))


def new_lines(before: tuple[str, ...], now: tuple[str, ...]) -> tuple[str, ...] | None:
    """What `now` adds behind the end of `before`; None when it does not go on from there."""
    for start in range(len(before)):
        kept = len(before) - start
        if before[start:] == now[:kept]:
            return now[kept:]
    return None


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…"
