"""Keeps a subscription for as long as a widget can be seen: hidden in the tray the program asks nobody anything."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget

from venom_desktop.core.signals import Unsubscribe

_OF_SIGHT = (QEvent.Type.Show, QEvent.Type.Hide, QEvent.Type.WindowStateChange)


class WhileSeen(QObject):
    """`begin` is called when the widget shows, what it returned when it is hidden or minimised.

    To be closed before the widget is gone.
    """

    def __init__(self, widget: QWidget, begin: Callable[[], Unsubscribe]) -> None:
        super().__init__(widget)
        self._widget = widget
        self._begin = begin
        self._under_way: Unsubscribe | None = None
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
        if seen and self._under_way is None:
            self._under_way = self._begin()
        elif not seen:
            self._end()

    def _end(self) -> None:
        end, self._under_way = self._under_way, None
        if end is not None:
            end()
