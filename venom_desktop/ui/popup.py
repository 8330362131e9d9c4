"""A panel that opens beside a button, above or below it, and closes with Esc or a click elsewhere."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLayout, QWidget

from venom_desktop.ui.compositor import composes
from venom_desktop.ui.widgets import Frame

GAP = 4


class Popup(Frame):
    """Belongs to `owner`'s window. It does not reach over the window's edge."""

    def __init__(self, owner: QWidget, layout: QLayout | None = None) -> None:
        super().__init__("popup", layout)
        self._owner = owner
        self.setParent(owner, Qt.WindowType.Popup)
        if composes(QGuiApplication.platformName()):
            self.setWindowFlag(Qt.WindowType.FramelessWindowHint)
            self.setWindowFlag(Qt.WindowType.NoDropShadowWindowHint)
            self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)

    def open_below(self, button: QWidget) -> None:
        """Under the button, its end edge on the button's."""
        self._fit()
        corner = button.mapToGlobal(QPoint(button.width() - self.width(), button.height() + GAP))
        self._show_at(corner)

    def open_above(self, button: QWidget) -> None:
        """Over the button, its start edge on the button's."""
        self._fit()
        self._show_at(button.mapToGlobal(QPoint(0, -self.height() - GAP)))

    def _fit(self) -> None:
        self.ensurePolished()
        self.adjustSize()

    def _show_at(self, corner: QPoint) -> None:
        window = self._owner.window()
        least = window.mapToGlobal(QPoint(8, 8))
        most = window.mapToGlobal(QPoint(window.width() - self.width() - 8, window.height() - self.height() - 8))
        self.move(max(least.x(), min(corner.x(), most.x())), max(least.y(), min(corner.y(), most.y())))
        self.show()
        self.setFocus(Qt.FocusReason.PopupFocusReason)
