"""Asks for the name of a copy, or for a new name; it stays open until the store has taken one."""

from collections.abc import Awaitable, Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.dialogs import Dialog
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.installed.name_field import NameField
from venom_desktop.ui.widgets import Label

WORK = "give a model a name"


class NameDialog(Dialog):
    """`take` gives the model the name; what it refuses is told under the field, and the name can be mended there."""

    def __init__(
        self,
        parent: QWidget,
        bridge: Bridge,
        *,
        title: str,
        consequence: str,
        action: str,
        field: NameField,
        take: Callable[[str], Awaitable[object]],
    ) -> None:
        super().__init__(parent, title, safe=tr("Cancel"), action=action)
        self._bridge = bridge
        self._take = take
        self.field = field
        self.body.addWidget(Label(consequence, tone="text2", wrap=True))
        self.body.addSpacing(4)
        self.body.addWidget(field)
        field.changed.connect(self._judge)
        field.entered.connect(self.accept)
        self._judge()

    def focus_first(self) -> None:
        self.field.line.setFocus(Qt.FocusReason.TabFocusReason)

    def accept(self) -> None:
        if not self.action.isEnabled():
            return
        self.action.forbid(tr("Waiting for the answer"))
        self._bridge.start(WORK, self._carry_out(self.field.name), on_error=self._refused)

    async def _carry_out(self, name: str) -> None:
        await self._take(name)
        if isValid(self):
            super().accept()

    def _refused(self, error: Exception) -> None:
        if isValid(self):
            self.field.show_refusal(error)

    def _judge(self) -> None:
        if self.field.problem:
            self.action.forbid(self.field.problem)
        else:
            self.action.allow()
