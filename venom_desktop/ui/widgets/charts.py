"""Sparklines and charts of the last minutes, stepping once a second."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QLinearGradient, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from venom_desktop.ui import theme
from venom_desktop.ui.theme_tokens import ColorRole


class Sparkline(QWidget):
    """Values from 0 to 1, newest last; turns `warn` while the newest is above 0.9."""

    def __init__(self, meaning: str, *, width: int = 44, height: int = 16, samples: int = 40) -> None:
        super().__init__()
        self._values: tuple[float, ...] = ()
        self._samples = samples
        self.setFixedSize(width, height)
        self.setAccessibleName(meaning)

    def add(self, value: float) -> None:
        """Append the newest value and drop the oldest."""
        self.show_values((*self._values, value))

    def show_values(self, values: Sequence[float]) -> None:
        self._values = tuple(min(1.0, max(0.0, value)) for value in values[-self._samples :])
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if len(self._values) < 2:
            return
        role: ColorRole = "warn" if self._values[-1] > 0.9 else "text3"
        width, height = self.width(), self.height()
        step = (width - 2) / (len(self._values) - 1)
        points = [QPointF(1 + i * step, height - 1.5 - v * (height - 3)) for i, v in enumerate(self._values)]
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(role, 0.16))
        painter.drawPolygon(QPolygonF([*points, QPointF(width - 1, height), QPointF(1, height)]))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.color(role), 1.3))
        painter.drawPolyline(QPolygonF(points))


class Chart(QWidget):
    """Values from 0 to 1 over time with hairlines at 0, half and 1; `limit` draws a dashed line."""

    def __init__(self, meaning: str, *, limit: float | None = None, samples: int = 120) -> None:
        super().__init__()
        self._values: tuple[float, ...] = ()
        self._limit = limit
        self._samples = samples
        self.setMinimumHeight(52)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(meaning)

    def add(self, value: float, description: str) -> None:
        """Append the newest value; `description` is what a screen reader says ("6.4 of 12 GB")."""
        self.show_values((*self._values, value), description)

    def show_values(self, values: Sequence[float], description: str) -> None:
        self._values = tuple(min(1.0, max(0.0, value)) for value in values[-self._samples :])
        self.setAccessibleDescription(description)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width, height = self.width(), self.height() - 1
        painter.setPen(QPen(theme.color("line"), 1))
        for y in (0.5, round(height / 2) + 0.5, height - 0.5):
            painter.drawLine(QPointF(0, y), QPointF(width, y))
        if len(self._values) > 1:
            self._paint_line(painter, width, height)
        if self._limit is not None:
            y = height - self._limit * (height - 2)
            painter.setPen(QPen(theme.color("warn"), 1, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(0, y), QPointF(width, y))

    def _paint_line(self, painter: QPainter, width: int, height: int) -> None:
        # The scale is the window of samples, so that a fresh chart grows from the right.
        step = width / (self._samples - 1)
        start = width - step * (len(self._values) - 1)
        points = [QPointF(start + i * step, height - v * (height - 2) - 1) for i, v in enumerate(self._values)]
        fill = QLinearGradient(0, 0, 0, height)
        fill.setColorAt(0, theme.color("chart", 0.26))
        fill.setColorAt(1, theme.color("chart", 0.03))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        painter.drawPolygon(QPolygonF([*points, QPointF(width, height), QPointF(start, height)]))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.color("chart"), 1.6))
        painter.drawPolyline(QPolygonF(points))
