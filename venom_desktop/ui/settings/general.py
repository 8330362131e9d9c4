"""General settings: how the window looks."""

from collections.abc import Callable

from venom_desktop.core.settings.schema import Settings, Theme
from venom_desktop.core.settings.store import SettingsStore
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.settings.rows import SegmentedRow
from venom_desktop.ui.widgets import SettingsPage


class GeneralPage(SettingsPage):
    """`dress` puts a chosen theme on the whole window, at once."""

    def __init__(self, bridge: Bridge, settings: SettingsStore, dress: Callable[[Theme], object]) -> None:
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
        self.add_group("", self.theme)
        bridge.listen(settings.changed, self, self._take)

    def _take(self, settings: Settings) -> None:
        if settings.theme is not self._worn:
            self._worn = settings.theme
            self._dress(settings.theme)
