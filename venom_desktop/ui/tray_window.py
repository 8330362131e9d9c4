"""The window beside a tray: closing, hiding, coming back, and never a program that nobody can see."""

from collections.abc import Callable

from PySide6.QtCore import QElapsedTimer, QEvent, QObject, Qt
from PySide6.QtWidgets import QWidget

from venom_desktop.ui.main_window import MainWindow
from venom_desktop.ui.tray_presence import TrayPresence

JUST_NOW_MS = 400


def bring_to_front(window: QWidget) -> None:
    """Show it from hidden or minimised, as large as it was, and raise it."""
    window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized | Qt.WindowState.WindowActive)
    window.show()
    window.raise_()
    window.activateWindow()


class TrayWindow(QObject):
    """Takes over what closing does: with `wanted()` and a tray the window hides, else `quit_` is called.

    `begun_hidden`: it was started minimised; a tray that comes late (at login) then takes the window in.
    """

    def __init__(
        self,
        window: MainWindow,
        presence: TrayPresence,
        *,
        wanted: Callable[[], bool],
        quit_: Callable[[], object],
        begun_hidden: bool = False,
    ) -> None:
        super().__init__(window)
        self._window, self._presence = window, presence
        self._wanted, self._quit = wanted, quit_
        self._waits_for_tray = begun_hidden
        self._inactive_for = QElapsedTimer()
        self._closed = False
        window.may_close = self._may_close
        window.installEventFilter(self)
        presence.changed.connect(self._follow)
        self._follow(presence.there)

    def close(self) -> None:
        """From now on the window stays as it is."""
        self._closed = True
        self._window.removeEventFilter(self)

    def show(self) -> None:
        self._waits_for_tray = False
        bring_to_front(self._window)

    def toggle(self) -> None:
        """Hide the window that is in front, bring any other to the front."""
        if self._is_in_front() and self._presence.there:
            self._window.hide()
        else:
            self.show()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.WindowDeactivate:
            self._inactive_for.start()
        return super().eventFilter(watched, event)

    def _is_in_front(self) -> bool:
        if not self._window.isVisible() or self._window.isMinimized():
            return False
        # A click on the panel may take the keys away from the window before it is told of.
        left_now = self._inactive_for.isValid() and self._inactive_for.elapsed() < JUST_NOW_MS
        return self._window.isActiveWindow() or left_now

    def _may_close(self) -> bool:
        if not self._closed and self._wanted() and self._presence.there:
            self._window.hide()
        else:
            self._quit()
        return False

    def _follow(self, there: bool) -> None:
        if self._closed:
            return
        if not there and not self._window.isVisible():
            self._come_back()
        elif there and self._waits_for_tray and self._window.isMinimized():
            self._window.hide()
        if there:
            self._waits_for_tray = False

    def _come_back(self) -> None:
        """Into the task bar for one that nobody has asked for yet, else onto the screen."""
        if self._waits_for_tray:
            self._window.showMinimized()
        else:
            self._window.show()
