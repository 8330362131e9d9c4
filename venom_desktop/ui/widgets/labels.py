"""Texts: plain labels by font role and tone, labels that elide, and small pictures beside them."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from venom_desktop.ui import icons, theme
from venom_desktop.ui.theme_tokens import ColorRole, FontRole


class Label(QLabel):
    """Plain text, never interpreted as HTML. `wrap` lets it break into lines."""

    def __init__(
        self, text: str = "", role: FontRole = "body", *, tone: ColorRole = "text", wrap: bool = False
    ) -> None:
        super().__init__(text)
        self.setTextFormat(Qt.TextFormat.PlainText)
        theme.set_font(self, role)
        theme.set_tone(self, tone)
        self.setWordWrap(wrap)
        if wrap:
            self.setMinimumWidth(1)
            self.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeading)

    def set_tone(self, tone: ColorRole) -> None:
        theme.set_tone(self, tone)

    def make_selectable(self) -> None:
        """Let the mouse and the keyboard select and copy the text."""
        flags = Qt.TextInteractionFlag
        self.setTextInteractionFlags(flags.TextSelectableByMouse | flags.TextSelectableByKeyboard)


class ElidedLabel(Label):
    """One line that shortens with an ellipsis; the full text is the tooltip while it is cut.

    `middle` keeps the end readable: quantizations, hashes, paths.
    """

    def __init__(
        self, text: str = "", role: FontRole = "body", *, tone: ColorRole = "text", middle: bool = False
    ) -> None:
        super().__init__("", role, tone=tone)
        self._mode = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setText(text)

    def minimumSizeHint(self) -> QSize:
        return QSize(24, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        shown = self.fontMetrics().elidedText(self.text(), self._mode, self.width())
        tip = self.text() if shown != self.text() else ""
        if self.toolTip() != tip:
            self.setToolTip(tip)
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeading, shown)


class Icon(QWidget):
    """A picture of `size` pixels. Without an accessible name it is decoration."""

    def __init__(self, name: str, size: int = 16, role: ColorRole = "text2", *, meaning: str = "") -> None:
        super().__init__()
        self._name = name
        self._role: ColorRole = role
        self.setFixedSize(size, size)
        self.setToolTip(meaning)
        self.setAccessibleName(meaning)

    def show_icon(self, name: str, role: ColorRole) -> None:
        self._name, self._role = name, role
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        icons.paint(QPainter(self), self._name, QRectF(self.rect()), self._role)


class LegendMark(QWidget):
    """The small square that ties a word to a segment of a `Stack`."""

    def __init__(self, role: ColorRole, *, hatched: bool = False) -> None:
        super().__init__()
        self._role: ColorRole = role
        self._hatched = hatched
        self.setFixedSize(10, 10)

    def paintEvent(self, event: QPaintEvent) -> None:
        paint_legend_mark(QPainter(self), QRectF(self.rect()), self._role, hatched=self._hatched)


def paint_legend_mark(painter: QPainter, rect: QRectF, role: ColorRole, *, hatched: bool = False) -> None:
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color(role, 0.35) if hatched else theme.color(role))
    painter.drawRoundedRect(rect, 3, 3)
    if hatched:
        pen = painter.pen()
        pen.setStyle(Qt.PenStyle.SolidLine)
        pen.setColor(QColor(theme.color(role)))
        pen.setWidthF(1.6)
        painter.setPen(pen)
        inner = rect.adjusted(1, 1, -1, -1)
        painter.drawLine(inner.bottomLeft(), inner.topRight())
    painter.restore()
