"""The collapsed operations bar: the job that matters most, in one line of 40 px."""

from PySide6.QtCore import Qt
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from venom_desktop.core.errors import Cure
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus
from venom_desktop.ui import theme
from venom_desktop.ui.i18n import percent, plural, tr
from venom_desktop.ui.operations import words
from venom_desktop.ui.operations.presenter import Counts, Look, Verb, is_busy
from venom_desktop.ui.widgets import Bar, Button, ElidedLabel, Icon, Label, PillLook, ToolButton, pill, row

HEIGHT = 40
BAR_WIDTH = 280
TITLE_WIDTH = 320
NARROW_TITLE_WIDTH = 260


class OperationsBar(QWidget):
    """Shows the leading job; `pressed` tells its id and a verb, `expand_wanted` that the list is asked for."""

    pressed = QtSignal(str, object)
    expand_wanted = QtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._narrow = False
        self._operation_id = ""
        self._verb: Verb | Cure = Verb.PAUSE
        self._icon = Icon("download", 16, "accent_text")
        self.title = ElidedLabel("", "medium", middle=True)
        self.title.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self.bar = Bar("")
        self.bar.setMaximumWidth(BAR_WIDTH)
        self.percent = Label("", "medium")
        self.percent.setMinimumWidth(theme.metrics("medium").horizontalAdvance(percent(0.99)))
        self.amounts = ElidedLabel("", tone="text2")
        self._paused, self._failed, self._running = pill("", "pause"), pill("", "error", "bad"), pill("", "download")
        self._tool = ToolButton("pause", tr("Pause"), on_click=self._press)
        self._button = Button("", "quiet", size="dense", on_click=self._press)
        self._other = Button("", size="dense", on_click=lambda: self._press(Verb.STOP_AND_SWITCH))
        expand = ToolButton("up", tr("Show operations (Ctrl+J)"), on_click=self.expand_wanted.emit)
        self.setLayout(
            row(
                *(self._icon, self.title, (self.bar, 3), self.percent, (self.amounts, 4)),
                *(self._running, self._failed, self._paused, self._button, self._other, self._tool, expand),
                spacing=12,
                margins=(16, 0, 12, 0),
            )
        )
        self.setFixedHeight(max(HEIGHT, theme.metrics("medium").height() + 20))
        self.setCursor(Qt.CursorShape.ArrowCursor)

    def show_leader(self, operation: ModelOperation, look: Look, counts: Counts) -> None:
        self._operation_id = operation.operation_id
        self._icon.show_icon(look.icon, look.icon_role)
        self.title.setText(words.going_on(operation) if is_busy(operation) else look.title)
        self._show_progress(operation, look)
        self._show_counts(operation, counts)
        self._show_verb(look)
        self.setAccessibleName(look.sentence)
        self.setToolTip(look.tip)

    def set_narrow(self, narrow: bool) -> None:
        self._narrow = narrow

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click on the line itself opens the list."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.expand_wanted.emit()

    def _show_progress(self, operation: ModelOperation, look: Look) -> None:
        self.title.setMaximumWidth(NARROW_TITLE_WIDTH if self._narrow else TITLE_WIDTH)
        self.bar.setVisible(look.has_bar)
        self.bar.setAccessibleName(look.title)
        self.bar.show_progress(look.fraction, paused=look.paused)
        self.percent.setVisible(look.has_bar and look.fraction is not None)
        self.percent.setText(percent(look.fraction))
        text = words.bar_amounts(operation, narrow=self._narrow) if look.has_bar else look.detail
        self.amounts.setText(text)
        self.amounts.set_tone(look.detail_role)

    def _show_counts(self, operation: ModelOperation, counts: Counts) -> None:
        """Pills for what the line itself does not show."""
        more = counts.running - is_busy(operation)
        paused = counts.paused - (operation.status is OperationStatus.PAUSED)
        failed = counts.failed - (operation.status is OperationStatus.FAILED)
        look = PillLook(text=plural("{count} more", "{count} more", more), glyph="download")
        self._running.show_look(look)
        self._running.setVisible(more > 0)
        look = PillLook(text=plural("{count} paused", "{count} paused", paused), glyph="pause")
        self._paused.show_look(look)
        self._paused.setVisible(paused > 0 and not self._narrow)
        text = plural("{count} needs you", "{count} need you", failed)
        self._failed.show_look(PillLook(text=text, glyph="error", state="bad"))
        self._failed.setVisible(failed > 0)

    def _show_verb(self, look: Look) -> None:
        """The first verb of the row: pause as an icon, the others in words; cancelling takes the list.

        A question has both of its answers.
        """
        offered = [action for action in look.actions if action.what is not Verb.CANCEL]
        action = offered[0] if offered else None
        self._button.setVisible(action is not None and action.worded)
        self._tool.setVisible(action is not None and not action.worded)
        other = next((one for one in offered if one.what is Verb.STOP_AND_SWITCH), None)
        self._other.setVisible(other is not None)
        if other is not None:
            self._other.set_content(other.text, other.icon)
        if action is None:
            return
        self._verb = action.what
        if action.worded:
            self._button.set_content(action.text, action.icon)
        else:
            self._tool.set_content(action.icon or "", action.text)

    def _press(self, verb: Verb | None = None) -> None:
        self.pressed.emit(self._operation_id, verb or self._verb)
