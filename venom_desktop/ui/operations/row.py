"""One job in the open panel: 52 px whatever happens to it."""

from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from venom_desktop.ui import theme
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.operations.presenter import Action, Look
from venom_desktop.ui.widgets import Bar, Button, ElidedLabel, Icon, ToolButton, clear, column, row, wrapped
from venom_desktop.ui.widgets.buttons import ButtonKind

LEAST_HEIGHT = 52
AMOUNTS_WIDTH = 210
TEXT_WIDTH = 330
NARROW_TEXT_WIDTH = 232
ACTIONS_WIDTH = 190
NARROW_ACTIONS_WIDTH = 132


def _paused_actions_width() -> int:
    """Room for "Resume" and the cross, so that pausing moves no bar in any language."""
    return Button(tr("Resume"), icon="play", size="dense").sizeHint().width() + ToolButton("close", "").width() + 4


class OperationRow(QWidget):
    """Shows a `Look`; `pressed` tells the operation's id and the verb or cure."""

    pressed = QtSignal(str, object)

    def __init__(self) -> None:
        super().__init__()
        self._look: Look | None = None
        self._narrow = False
        self._icon = Icon("download", 18)
        self.title = ElidedLabel("", "medium", middle=True)
        self.detail = ElidedLabel("", "small", tone="text2")
        self.bar = Bar("")
        self.amounts = ElidedLabel("", "small", tone="text2")
        self.amounts.setFixedWidth(AMOUNTS_WIDTH)
        self._texts = wrapped(column(None, self.title, self.detail, None, spacing=2))
        self._bar_place = wrapped(column(None, self.bar, None))
        self._actions = row(spacing=4)
        actions = wrapped(row(None, self._actions, spacing=0))
        actions.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Preferred)
        self._actions_place = actions
        self._row = row(
            *(self._icon, self._texts, (self._bar_place, 1), self.amounts, actions),
            spacing=14,
            margins=(16, 0, 12, 0),
        )
        self.setLayout(self._row)
        upper, lower = theme.metrics("medium").height(), theme.metrics("small").height()
        self.setFixedHeight(max(LEAST_HEIGHT, upper + lower + 16))

    @property
    def look(self) -> Look | None:
        return self._look

    @property
    def buttons(self) -> list[QAbstractButton]:
        """What can be pressed now, first to last."""
        items = (self._actions.itemAt(place) for place in range(self._actions.count()))
        widgets = (item.widget() for item in items if item is not None)
        return [widget for widget in widgets if isinstance(widget, QAbstractButton)]

    def show_look(self, look: Look) -> None:
        before, self._look = self._look, look
        if look == before:
            return
        self._icon.show_icon(look.icon, look.icon_role)
        self.title.setText(look.title)
        self.detail.setText(look.detail)
        self.detail.set_tone(look.detail_role)
        self.detail.setAccessibleDescription(look.tip)
        self.amounts.setText(look.amounts)
        self.bar.setAccessibleName(look.title)
        self.bar.show_progress(look.fraction, paused=look.paused)
        self.setToolTip(look.tip)
        self.setAccessibleName(look.sentence)
        if before is None or before.has_bar != look.has_bar:
            self._give_room()
        if before is None or before.actions != look.actions:
            self._offer(look.actions)

    def set_narrow(self, narrow: bool) -> None:
        if narrow != self._narrow:
            self._narrow = narrow
            self._give_room()

    def _give_room(self) -> None:
        """Columns of fixed width beside a bar, the whole width without one."""
        has_bar = self._look is not None and self._look.has_bar
        self._bar_place.setVisible(has_bar)
        self.amounts.setVisible(has_bar)
        width = NARROW_TEXT_WIDTH if self._narrow else TEXT_WIDTH
        self._texts.setMinimumWidth(width if has_bar else 0)
        self._texts.setMaximumWidth(width if has_bar else 16_777_215)
        self._row.setStretchFactor(self._texts, 0 if has_bar else 1)
        least = NARROW_ACTIONS_WIDTH if self._narrow else ACTIONS_WIDTH
        self._actions_place.setMinimumWidth(max(least, _paused_actions_width()))

    def _offer(self, actions: tuple[Action, ...]) -> None:
        had_focus = any(button.hasFocus() for button in self.buttons)
        clear(self._actions)
        for action in actions:
            self._actions.addWidget(self._button(action))
        if had_focus and self.buttons:
            self.buttons[0].setFocus()

    def _button(self, action: Action) -> QAbstractButton:
        def press() -> None:
            if self._look is not None:
                self.pressed.emit(self._look.operation_id, action.what)

        if not action.worded:
            return ToolButton(action.icon or "", action.text, on_click=press)
        kind: ButtonKind = "quiet" if action.quiet else "default"
        return Button(action.text, kind, icon=action.icon, size="dense", on_click=press)
