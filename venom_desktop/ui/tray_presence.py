"""Tells whether the desktop has a tray now, and when one comes or goes (a panel that is restarted, a late login).

Qt answers this too, but remembers its first "no StatusNotifier" for good (QGenericUnixTheme), so it is not asked
before there is a tray.
"""

import sys

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QSystemTrayIcon

from venom_desktop.ui.compositor import selection_is_owned

EVERY_MS = 3000
ANSWER_WITHIN_MS = 500
WATCHER = "org.kde.StatusNotifierWatcher"


class TrayPresence(QObject):
    """`there` is known from the start; `changed` tells of every change. The desktop is asked every three seconds."""

    changed = QtSignal(bool)

    def __init__(self, parent: QObject | None = None, *, every_ms: int = EVERY_MS) -> None:
        super().__init__(parent)
        self.there = False
        self._asked: QObject | None = None
        self.look(wait=True)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.CoarseTimer)
        self._timer.setInterval(every_ms)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def close(self) -> None:
        self._timer.stop()

    def look(self, *, wait: bool = False) -> None:
        """Ask now; the answer comes through `changed`, or before this returns with `wait`."""
        platform = QGuiApplication.platformName()
        if not sys.platform.startswith("linux"):
            self._take(QSystemTrayIcon.isSystemTrayAvailable())
        elif platform == "xcb" and selection_is_owned("_NET_SYSTEM_TRAY_S0"):
            self._take(True)
        elif platform == "xcb" or platform.startswith("wayland"):
            self._ask_watcher(wait=wait)

    def _ask_watcher(self, *, wait: bool) -> None:
        from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusPendingCallWatcher

        bus = QDBusConnection.sessionBus()
        if not bus.isConnected():
            self._take(False)
            return
        question = QDBusMessage.createMethodCall(
            WATCHER, "/StatusNotifierWatcher", "org.freedesktop.DBus.Properties", "Get"
        )
        question.setArguments([WATCHER, "IsStatusNotifierHostRegistered"])
        question.setAutoStartService(False)
        watcher = QDBusPendingCallWatcher(bus.asyncCall(question, ANSWER_WITHIN_MS), self)

        def hear() -> None:
            reply = watcher.reply()
            arguments = reply.arguments() if reply.type() is QDBusMessage.MessageType.ReplyMessage else []
            self._take(bool(arguments and _plain(arguments[0])))
            watcher.deleteLater()

        if wait:
            watcher.waitForFinished()
            hear()
        else:
            watcher.finished.connect(lambda _: hear())

    def _take(self, there: bool) -> None:
        if there != self.there:
            self.there = there
            self.changed.emit(there)


def _plain(value: object) -> object:
    """What a D-Bus variant holds."""
    variant = getattr(value, "variant", None)
    return variant() if callable(variant) else value
