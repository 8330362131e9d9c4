"""Menus with round corners where the desktop composes, and square ones where corners would turn black."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu, QWidget

from venom_desktop.ui.compositor import composes


class Menu(QMenu):
    """Use it for every menu of the window; tray menus are the desktop's own."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        if composes(QGuiApplication.platformName()):
            self.setWindowFlag(Qt.WindowType.FramelessWindowHint)
            self.setWindowFlag(Qt.WindowType.NoDropShadowWindowHint)
            self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
