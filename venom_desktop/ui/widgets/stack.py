"""A bar of stacked amounts (memory, disk) and the legend that names them."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from venom_desktop.ui import theme
from venom_desktop.ui.theme_tokens import ColorRole
from venom_desktop.ui.widgets.labels import Label, LegendMark
from venom_desktop.ui.widgets.layouts import FlowLayout, clear, row, wrapped


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One amount in any unit that the others share; hatched means expected, unfinished or orphaned."""

    amount: float
    role: ColorRole = "chart"
    text: str = ""
    """The legend's words with the amount, "Weights 3.3"."""
    hatched: bool = False


class Stack(QWidget):
    """Segments side by side on a track that stands for `total`; a mark is a limit in the same unit."""

    def __init__(self, meaning: str, *, height: int = 10) -> None:
        super().__init__()
        self._segments: tuple[Segment, ...] = ()
        self._total = 1.0
        self._marks: tuple[float, ...] = ()
        self.setFixedHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(meaning)

    def show_segments(self, segments: Sequence[Segment], total: float, *, marks: Sequence[float] = ()) -> None:
        self._segments = tuple(segments)
        self._total = max(total, sum(segment.amount for segment in segments), 1e-9)
        self._marks = tuple(marks)
        self.setAccessibleDescription(", ".join(segment.text for segment in segments if segment.text))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(self.rect())
        if self.isRightToLeft():
            painter.translate(rect.width(), 0)
            painter.scale(-1, 1)
        outline = QPainterPath()
        outline.addRoundedRect(rect, 4, 4)
        painter.setClipPath(outline)
        painter.fillRect(rect, theme.color("track"))
        start = 0.0
        for segment in self._segments:
            width = rect.width() * segment.amount / self._total
            if segment.amount > 0:
                # 1.5 px of track between neighbours, so that two of one colour stay two.
                _paint_segment(painter, QRectF(start, 0, max(2.0, width - 1.5), rect.height()), segment)
            start += width
        for mark in self._marks:
            painter.fillRect(QRectF(rect.width() * mark / self._total - 1, 0, 2, rect.height()), theme.color("text"))


def _paint_segment(painter: QPainter, rect: QRectF, segment: Segment) -> None:
    if not segment.hatched:
        painter.fillRect(rect, theme.color(segment.role))
        return
    painter.fillRect(rect, theme.color(segment.role, 0.35))
    painter.save()
    painter.setClipRect(rect, Qt.ClipOperation.IntersectClip)
    painter.setPen(QPen(theme.color(segment.role), 1.6))
    x = rect.left() - 20
    while x < rect.right():
        painter.drawLine(QPointF(x, rect.bottom() + 1), QPointF(x + rect.height() + 2, rect.top() - 1))
        x += 6
    painter.restore()


class Legend(QWidget):
    """The words of a stack's segments, wrapped where the width ends."""

    def __init__(self, *, spacing: int = 12) -> None:
        super().__init__()
        self._flow = FlowLayout(spacing)
        self.setLayout(self._flow)
        self._shown: tuple[tuple[ColorRole, bool, str], ...] = ()

    def show_segments(self, segments: Sequence[Segment]) -> None:
        wanted = tuple((segment.role, segment.hatched, segment.text) for segment in segments if segment.text)
        if wanted == self._shown:
            return
        self._shown = wanted
        clear(self._flow)
        for role, hatched, text in wanted:
            mark = LegendMark(role, hatched=hatched)
            self._flow.addWidget(wrapped(row(mark, Label(text, "small", tone="text2"), spacing=6)))
        self.updateGeometry()
