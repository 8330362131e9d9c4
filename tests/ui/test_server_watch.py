"""Servers are followed while the window can be seen, and left alone otherwise."""

from typing import cast

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.ui.runtime.plain_server import PlainServer
from venom_desktop.core.runtimes.base import Runtime
from venom_desktop.ui.main_window import MainWindow
from venom_desktop.ui.server_watch import ServerWatch


def test_a_server_is_watched_only_while_the_window_can_be_seen(themed: QApplication, qtbot: QtBot) -> None:
    window, server = MainWindow(), PlainServer()
    qtbot.addWidget(window)
    watch = ServerWatch(window, {server.name: cast(Runtime, server)})
    assert server.watchers == 0
    window.show()
    assert server.watchers == 1
    window.showMinimized()
    assert server.watchers == 0
    window.showNormal()
    assert server.watchers == 1
    window.hide()
    assert server.watchers == 0
    window.show()
    watch.close()
    assert server.watchers == 0
    window.hide()
    window.show()
    assert server.watchers == 0
