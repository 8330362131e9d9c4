"""The row that starts the program with the session; it shows what is on the disk, whoever put it there."""

from PySide6.QtCore import QSignalBlocker
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from venom_desktop.core.login_start import LoginStart
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.messages import message_of
from venom_desktop.ui.widgets import Label, SettingRow, Switch

WORK_KEY = "settings.login"


class LoginRow(SettingRow):
    """`login` None says that this system does not offer it."""

    def __init__(self, bridge: Bridge, login: LoginStart | None) -> None:
        self._bridge, self._login = bridge, login
        title = tr("Start when I log in")
        self.switch = Switch(title)
        control: QWidget = self.switch
        help_text = tr("Minimised, through the desktop's list of autostart programs.")
        if login is None:
            control, help_text = Label(tr("Not offered here"), tone="text2"), tr("Only on Linux so far.")
        super().__init__(title, help_text, control)
        self.switch.toggled.connect(self._turn)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._start_look()

    def _start_look(self) -> None:
        if self._login is not None:
            self._bridge.start(f"{WORK_KEY}.look", self._look(self._login), on_error=self._show_problem)

    async def _look(self, login: LoginStart) -> None:
        on = await login.is_on()
        with QSignalBlocker(self.switch):
            self.switch.setChecked(on)
        self.switch.update()

    def _turn(self, on: bool) -> None:
        if self._login is not None:
            self.show_result("")
            self._bridge.start(WORK_KEY, self._store(self._login, on=on), on_error=self._refuse)

    async def _store(self, login: LoginStart, *, on: bool) -> None:
        await login.set(on)
        self._start_look()

    def _refuse(self, error: Exception) -> None:
        """The switch goes back to what is on the disk; the sentence stays."""
        self._show_problem(error)
        self._start_look()

    def _show_problem(self, error: Exception) -> None:
        message = message_of(error)
        self.show_result(message.sentence, "bad", tip=message.tip)
