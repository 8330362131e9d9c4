"""Progress bars: known, unknown (running) and paused."""

from PySide6.QtCore import QBasicTimer, QElapsedTimer, QRectF, Qt, QTimerEvent
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from venom_desktop.ui import theme
from venom_desktop.ui.i18n import percent, tr

_STEP_MS = 40
_LAP_MS = 1600
_RUNNER_SHARE = 0.24


class Bar(QWidget):
    """`show_progress(0.43)`, or None for an unknown total: then it runs, while it is visible and motion is wanted."""

    def __init__(self, meaning: str, *, height: int = 6) -> None:
        super().__init__()
        self._fraction: float | None = 0.0
        self._paused = False
        self._timer = QBasicTimer()
        self._clock = QElapsedTimer()
        self.setFixedHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(meaning)

    def show_progress(self, fraction: float | None, *, paused: bool = False) -> None:
        """Take 0.0 to 1.0, or None while the total is unknown."""
        if (fraction, paused) == (self._fraction, self._paused):
            return
        self._fraction = None if fraction is None else min(1.0, max(0.0, fraction))
        self._paused = paused
        self.setAccessibleDescription(tr("total unknown") if fraction is None else percent(self._fraction))
        self._run_or_rest()
        self.update()

    @property
    def is_running(self) -> bool:
        """True while the bar moves by itself."""
        return self._timer.isActive()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._run_or_rest()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()

    def timerEvent(self, event: QTimerEvent) -> None:
        if self.window().isMinimized():
            return
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        position = self._clock.elapsed() % _LAP_MS / _LAP_MS if self._timer.isActive() else None
        painter = QPainter(self)
        painter.setLayoutDirection(self.layoutDirection())
        paint_bar(painter, QRectF(self.rect()), self._fraction, paused=self._paused, position=position)

    def _run_or_rest(self) -> None:
        runs = self._fraction is None and not self._paused and self.isVisible() and theme.animates(self)
        if runs and not self._timer.isActive():
            self._clock.start()
            self._timer.start(_STEP_MS, self)
        elif not runs:
            self._timer.stop()


def paint_bar(
    painter: QPainter, rect: QRectF, fraction: float | None, *, paused: bool = False, position: float | None = None
) -> None:
    """Draw a bar; `position` (0 to 1) is where the runner of an unknown total is, None where it rests."""
    radius = rect.height() / 2
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("track"))
    painter.drawRoundedRect(rect, radius, radius)
    painter.setBrush(theme.color("control" if paused else "chart"))
    if fraction is None:
        painter.drawRoundedRect(_runner(rect, position), radius, radius)
    elif fraction > 0:
        width = max(rect.height(), rect.width() * fraction)
        start = rect.right() - width if painter.layoutDirection() == Qt.LayoutDirection.RightToLeft else rect.left()
        painter.drawRoundedRect(QRectF(start, rect.top(), width, rect.height()), radius, radius)
    painter.restore()


def _runner(rect: QRectF, position: float | None) -> QRectF:
    width = rect.width() * _RUNNER_SHARE
    if position is None:
        return QRectF(rect.left() + rect.width() * 0.3, rect.top(), width, rect.height())
    left = rect.left() - width + (rect.width() + width) * position
    whole = QRectF(left, rect.top(), width, rect.height())
    return whole.intersected(rect)
