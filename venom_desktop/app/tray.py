"""Gives the window its tray: when it hides, what is said where there is none, and the end of it all."""

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from venom_desktop.app.furnish import Furniture
from venom_desktop.core.errors import TrayMissing
from venom_desktop.core.notices import Notices
from venom_desktop.core.services import Services
from venom_desktop.core.settings.ui_state import UiState
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.main_window import MainWindow
from venom_desktop.ui.tray import Tray, TrayParts
from venom_desktop.ui.tray_presence import TrayPresence
from venom_desktop.ui.tray_window import TrayWindow

PATIENCE_MS = 10_000
"""How long after the start a panel may take to come, before its absence is told."""
TOLD = "tray.absence_told"


class TrayAbsence(QObject):
    """Says once that closing to the tray cannot work here; once more only after a tray was seen again."""

    def __init__(
        self,
        bridge: Bridge,
        services: Services,
        presence: TrayPresence,
        notices: Notices,
        ui_state: UiState,
        *,
        patience_ms: int = PATIENCE_MS,
    ) -> None:
        super().__init__(presence)
        self._settings, self._presence = services.settings, presence
        self._notices, self._ui_state = notices, ui_state
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(patience_ms)
        self._timer.timeout.connect(self._tell)
        presence.changed.connect(lambda _: self._follow())
        bridge.listen(services.settings.changed, self, lambda _: self._follow())
        self._follow()

    def _follow(self) -> None:
        if self._presence.there:
            self._timer.stop()
            self._ui_state.put(TOLD, False)
            self._notices.dismiss(TrayMissing())
        elif self._settings.snapshot.close_to_tray:
            self._timer.start()
        else:
            self._timer.stop()

    def _tell(self) -> None:
        if not self._ui_state.get(TOLD):
            self._ui_state.put(TOLD, True)
            self._notices.add(TrayMissing())


class TrayCorner:
    """Tray, window and notice together; `close` before the window is taken down."""

    def __init__(
        self,
        window: MainWindow,
        services: Services,
        bridge: Bridge,
        furniture: Furniture,
        *,
        notices: Notices,
        ui_state: UiState,
        quit_: Callable[[], object],
        begun_hidden: bool = False,
    ) -> None:
        self._presence = TrayPresence(window)
        self.place = TrayWindow(
            window,
            self._presence,
            wanted=lambda: services.settings.snapshot.close_to_tray,
            quit_=quit_,
            begun_hidden=begun_hidden,
        )
        self._absence = TrayAbsence(bridge, services, self._presence, notices, ui_state)
        self.tray = Tray(
            bridge,
            TrayParts(
                window=window,
                place=self.place,
                presence=self._presence,
                registry=services.registry,
                active=services.active,
                runtimes=services.runtimes,
                settings=services.settings,
                notices=notices,
                show_operations=furniture.show_operations,
                on_cure=furniture.cure,
                quit_=quit_,
            ),
        )

    def close(self) -> None:
        self._presence.close()
        self.place.close()
        self.tray.close()
