"""What the hand in the window's process tells of its tray: where the icon and the rows of its open menus are."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QApplication, QMenu, QSystemTrayIcon

from tests.e2e.hand import plain
from venom_desktop.ui.main_window import MainWindow


def tray() -> dict[str, object]:
    """Icon, tooltip, and the text of each row in an open menu with the middle of it; None without an icon."""
    icon = next((icon for window in _windows() for icon in window.findChildren(QSystemTrayIcon)), None)
    return {
        "icon": None if icon is None else _middle(icon.geometry()),
        "tip": "" if icon is None else plain(icon.toolTip()),
        "rows": {
            plain(action.text()): _middle(menu.actionGeometry(action).translated(menu.mapToGlobal(QPoint())))
            for menu in QApplication.topLevelWidgets()
            if isinstance(menu, QMenu) and menu.isVisible()
            for action in menu.actions()
            if action.isEnabled() and not action.isSeparator()
        },
        "visible": any(window.isVisible() for window in _windows()),
    }


def _windows() -> list[MainWindow]:
    return [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, MainWindow)]


def _middle(place: QRect) -> list[int]:
    return [place.center().x(), place.center().y()]


ACTIONS: dict[str, Callable[..., Any]] = {"tray": tray}
