"""Local API: the switch, the port, and what a caller needs."""

from PySide6.QtCore import QSignalBlocker
from PySide6.QtGui import QGuiApplication

from venom_desktop.core.secrets.masking import mask
from venom_desktop.core.settings.store import SettingsStore
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.messages import message_of
from venom_desktop.ui.settings.api_control import ApiControl
from venom_desktop.ui.settings.rows import FieldRow
from venom_desktop.ui.widgets import Label, PillLook, SettingRow, SettingsPage, Switch, ToolButton, row, wrapped
from venom_desktop.ui.widgets.pills import Pill

SWITCH_KEY = "settings.api_enabled"


class ApiSwitchRow(SettingRow):
    """Starts and stops at once, and remembers the choice for the next start once it worked."""

    def __init__(self, bridge: Bridge, settings: SettingsStore, api: ApiControl) -> None:
        self._bridge, self._settings, self._api = bridge, settings, api
        title = tr("Serve other programs on this computer")
        self.switch = Switch(title)
        self.pill = Pill(PillLook(text=""))
        help_text = tr("An HTTP API for scripts and for tools that speak OpenAI's protocol.")
        super().__init__(title, help_text, wrapped(row(self.pill, self.switch, spacing=12)))
        self.show_state()
        self.switch.toggled.connect(self._turn)

    def show_state(self) -> None:
        running = self._api.running
        with QSignalBlocker(self.switch):
            self.switch.setChecked(running)
        self.switch.update()
        look = PillLook(text=tr("Running"), glyph="disc", state="ok")
        self.pill.show_look(look if running else PillLook(text=tr("Off"), glyph="ring"))

    def _turn(self, on: bool) -> None:
        self.show_result("")
        self._bridge.start(SWITCH_KEY, self._switch(on), on_error=self._show_problem)

    async def _switch(self, on: bool) -> None:
        await (self._api.start() if on else self._api.stop())
        await self._settings.set("api_enabled", on)
        self.show_state()

    def _show_problem(self, error: Exception) -> None:
        message = message_of(error)
        self.show_result(message.sentence, "bad", tip=message.tip)
        self.show_state()


class PortRow(FieldRow):
    """A running API moves to the new port."""

    def __init__(self, bridge: Bridge, settings: SettingsStore, api: ApiControl) -> None:
        self._api = api
        super().__init__(
            bridge,
            settings,
            "api_port",
            title=tr("Port"),
            help_text=tr("On 127.0.0.1, so that other computers cannot reach it."),
            width=96,
            read=_read_port,
            number=True,
        )

    async def save(self, value: object) -> None:
        await super().save(value)
        if self._api.running:
            await self._api.stop()
            await self._api.start()


class CopyRow(SettingRow):
    """A value with a button that copies it; `shown` is what the eye gets of it."""

    def __init__(self, title: str, help_text: str, copy_words: str) -> None:
        self._value = ""
        self.shown = Label("", "mono", tone="text2")
        self.copy_button = ToolButton("copy", copy_words, icon_size=16, on_click=self._copy)
        super().__init__(title, help_text, wrapped(row(self.shown, self.copy_button, spacing=6)))

    def show_value(self, value: str | None, *, shown: str, absent: str) -> None:
        self._value = value or ""
        self.shown.setText(shown if value else absent)
        self.shown.setAccessibleName(f"{self.title}: {self.shown.text()}")
        self.copy_button.setVisible(bool(value))
        self.show_result("")

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._value)
        self.show_result(tr("Copied to the clipboard."), "ok")


class LocalApiPage(SettingsPage):
    def __init__(self, bridge: Bridge, settings: SettingsStore, api: ApiControl) -> None:
        super().__init__(tr("Local API"))
        self._api = api
        self.switch = ApiSwitchRow(bridge, settings, api)
        self.port = PortRow(bridge, settings, api)
        self.address = CopyRow(tr("Address"), tr("What other programs take as base URL."), tr("Copy the address"))
        self.token = CopyRow(tr("Token"), tr("Every request carries it as bearer token."), tr("Copy the token"))
        self.add_group("", self.switch, self.port)
        self.add_group(tr("For callers"), self.address, self.token)
        bridge.listen(api.changed, self, lambda _: self._show())
        self._show()

    def _show(self) -> None:
        self.switch.show_state()
        url, token = self._api.url, self._api.token
        self.address.show_value(url, shown=url or "", absent=tr("Not running"))
        self.token.show_value(token, shown=mask(token or ""), absent=tr("Shown while it runs"))


def _read_port(text: str) -> object:
    """The number, or the text where it is none."""
    plain = text.strip()
    return int(plain) if plain.isascii() and plain.isdigit() else plain
