"""General settings: how the window looks, and what it does when it is closed or the session begins."""

from collections.abc import Callable

from venom_desktop.core.login_start import LoginStart
from venom_desktop.core.settings.schema import Settings, Theme
from venom_desktop.core.settings.store import SettingsStore
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.settings.login_row import LoginRow
from venom_desktop.ui.settings.rows import SegmentedRow, SwitchRow
from venom_desktop.ui.widgets import SettingsPage


class GeneralPage(SettingsPage):
    """`dress` puts a chosen theme on the whole window, at once; `login` None: this system has no such thing."""

    def __init__(
        self,
        bridge: Bridge,
        settings: SettingsStore,
        dress: Callable[[Theme], object],
        login: LoginStart | None = None,
    ) -> None:
        super().__init__(tr("General"))
        self._worn = settings.snapshot.theme
        self._dress = dress
        self.theme = SegmentedRow(
            bridge,
            settings,
            "theme",
            title=tr("Theme"),
            help_text=tr("System follows the desktop, also when it changes with the time of day."),
            choices=[(Theme.SYSTEM, tr("System")), (Theme.LIGHT, tr("Light")), (Theme.DARK, tr("Dark"))],
        )
        self.close_to_tray = SwitchRow(
            bridge,
            settings,
            "close_to_tray",
            title=tr("Keep running in the tray when the window is closed"),
            help_text=tr("Models go on answering. Quit in the tray's menu ends the program."),
        )
        self.start_minimised = SwitchRow(
            bridge,
            settings,
            "start_minimised",
            title=tr("Start minimised"),
            help_text=tr("In the tray, or as a minimised window where the desktop has none."),
        )
        self.login = LoginRow(bridge, login)
        self.notifications = SwitchRow(
            bridge,
            settings,
            "notifications",
            title=tr("Notifications"),
            help_text=tr("When something finished or failed while you were not looking at the window."),
        )
        self.offline = SwitchRow(
            bridge,
            settings,
            "offline",
            title=tr("Work offline"),
            help_text=tr(
                "Nothing outside this computer is asked. The catalog shows what was read last, downloads pause, and "
                "models of other servers do not answer."
            ),
        )
        self.add_group("", self.theme)
        self.add_group(tr("Window and tray"), self.close_to_tray, self.start_minimised, self.login, self.notifications)
        self.add_group(tr("Network"), self.offline)
        bridge.listen(settings.changed, self, self._take)

    def _take(self, settings: Settings) -> None:
        if settings.theme is not self._worn:
            self._worn = settings.theme
            self._dress(settings.theme)
