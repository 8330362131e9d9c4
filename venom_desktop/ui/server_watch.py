"""Follows servers that other programs use too, for as long as what shows them can be seen."""

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget

from venom_desktop.core.runtimes.base import Runtime
from venom_desktop.core.runtimes.live import watch_servers
from venom_desktop.core.signals import Unsubscribe

_OF_SIGHT = (QEvent.Type.Show, QEvent.Type.Hide, QEvent.Type.WindowStateChange)


class ServerWatch(QObject):
    """From its making until `close`; while the widget is hidden or minimised nobody is asked anything."""

    def __init__(self, widget: QWidget, runtimes: Mapping[str, Runtime]) -> None:
        super().__init__(widget)
        self._widget = widget
        self._runtimes = runtimes
        self._watch: Unsubscribe | None = None
        widget.installEventFilter(self)
        self._follow()

    def close(self) -> None:
        self._widget.removeEventFilter(self)
        self._end()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _OF_SIGHT:
            self._follow()
        return super().eventFilter(watched, event)

    def _follow(self) -> None:
        seen = self._widget.isVisible() and not self._widget.isMinimized()
        if seen and self._watch is None:
            self._watch = watch_servers(self._runtimes)
        elif not seen:
            self._end()

    def _end(self) -> None:
        end, self._watch = self._watch, None
        if end is not None:
            end()
