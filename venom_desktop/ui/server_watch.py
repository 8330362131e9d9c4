"""Follows servers that other programs use too, for as long as the window can be seen."""

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QObject

from venom_desktop.core.runtimes.base import Runtime, ServerRuntime
from venom_desktop.core.signals import Unsubscribe
from venom_desktop.ui.main_window import MainWindow

_OF_SIGHT = (QEvent.Type.Show, QEvent.Type.Hide, QEvent.Type.WindowStateChange)


class ServerWatch(QObject):
    """From its making until `close`; a window that is hidden or minimised asks nobody anything."""

    def __init__(self, window: MainWindow, runtimes: Iterable[Runtime]) -> None:
        super().__init__(window)
        self._window = window
        self._servers = [runtime for runtime in runtimes if isinstance(runtime, ServerRuntime)]
        self._ends: list[Unsubscribe] = []
        window.installEventFilter(self)
        self._follow()

    def close(self) -> None:
        self._window.removeEventFilter(self)
        self._end()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _OF_SIGHT:
            self._follow()
        return super().eventFilter(watched, event)

    def _follow(self) -> None:
        seen = self._window.isVisible() and not self._window.isMinimized()
        if seen and not self._ends:
            self._ends = [server.watch() for server in self._servers]
        elif not seen:
            self._end()

    def _end(self) -> None:
        ends, self._ends = self._ends, []
        for end in ends:
            end()
