"""The on-off switch of the settings."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton

from venom_desktop.ui import icons, theme


class Switch(QAbstractButton):
    """36 by 20; on shows a check mark too, so that colour is not the only sign. `toggled(bool)` tells."""

    def __init__(self, meaning: str, *, on: bool = False) -> None:
        super().__init__()
        self.setCheckable(True)
        self.setChecked(on)
        self.setFixedSize(self.sizeHint())
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(meaning)

    def sizeHint(self) -> QSize:
        return QSize(36, 20)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        on, usable = self.isChecked(), self.isEnabled()
        painter.setPen(Qt.PenStyle.NoPen if on else QPen(theme.color("control" if usable else "line"), 1))
        painter.setBrush(theme.color(("accent" if usable else "disabled") if on else "track"))
        painter.drawRoundedRect(QRectF(0.5, 0.5, 35, 19), 9.5, 9.5)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("on_accent" if on else "control" if usable else "disabled"))
        to_the_right = on != self.isRightToLeft()
        left = 19.0 if to_the_right else 3.0
        painter.drawEllipse(QRectF(left, 3, 14, 14))
        if on:
            icons.paint(painter, "check", QRectF(left + 2, 5, 10, 10), "accent" if usable else "disabled")
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("text" if on else "focus"), 2))
            painter.drawRoundedRect(QRectF(1, 1, 34, 18), 9, 9)
