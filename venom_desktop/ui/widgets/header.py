"""A table header that paints its own sections."""

from PySide6.QtCore import QEvent, QRect, QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHeaderView

from venom_desktop.ui import icons, theme

HEIGHT = 33
ARROW = 14


class Header(QHeaderView):
    """A header in a style sheet clips right-aligned text under its sort arrow, so every section is painted here."""

    def __init__(self, first_margin: int = 16) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._first_margin = first_margin
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self.setMinimumSectionSize(40)
        # Sorting is also in the sort box: the header takes no focus.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setDefaultAlignment(Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter)
        theme.set_font(self, "small_medium")
        self._fit_height()

    def width_for(self, section: int, *, arrow: bool = False) -> int:
        """The width a section's title needs, with room for the sort arrow where it may stand."""
        room = 18 + (ARROW if arrow else 0)
        return theme.metrics("small_medium").horizontalAdvance(self._title(section)) + room

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit_height()

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        painter.save()
        painter.fillRect(rect, theme.color("surface"))
        painter.fillRect(rect.left(), rect.bottom(), rect.width(), 1, theme.color("line"))
        sorted_here = self.isSortIndicatorShown() and self.sortIndicatorSection() == section
        metrics = theme.metrics("small_medium")
        start = self._first_margin if self.visualIndex(section) == 0 else 8
        mirrored = self.isRightToLeft()
        place = QRectF(rect).adjusted(*((8, 0, -start, 0) if mirrored else (start, 0, -8, 0)))
        arrow = ARROW if sorted_here else 0
        text = metrics.elidedText(self._title(section), Qt.TextElideMode.ElideRight, int(place.width()) - arrow)
        width = metrics.horizontalAdvance(text)
        at_the_right = self._is_trailing(section) != mirrored
        x = place.right() - width - arrow if at_the_right else place.left()
        painter.setFont(theme.font("small_medium"))
        painter.setPen(theme.color("text" if sorted_here else "text3"))
        painter.drawText(QRectF(x, place.top(), width + 2, place.height()), Qt.AlignmentFlag.AlignVCenter, text)
        if sorted_here:
            name = "down" if self.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder else "up"
            icons.paint(painter, name, QRectF(x + width + 3, place.center().y() - 6, 12, 12), "text")
        painter.restore()

    def _title(self, section: int) -> str:
        return str(self.model().headerData(section, Qt.Orientation.Horizontal) or "")

    def _is_trailing(self, section: int) -> bool:
        role = Qt.ItemDataRole.TextAlignmentRole
        alignment = self.model().headerData(section, Qt.Orientation.Horizontal, role)
        return bool(Qt.AlignmentFlag(alignment) & Qt.AlignmentFlag.AlignRight) if alignment else False

    def _fit_height(self) -> None:
        self.setFixedHeight(max(HEIGHT, theme.metrics("small_medium").height() + 14))
