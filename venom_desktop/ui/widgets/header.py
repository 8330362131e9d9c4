"""A table header that paints its own sections."""

from PySide6.QtCore import QEvent, QRect, QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHeaderView

from venom_desktop.ui import icons, theme
from venom_desktop.ui.widgets.pictures import paint_kept

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
        shown = (self._title(section), self._is_trailing(section), self._start(section), self._arrow(section))
        paint_kept(painter, QRectF(rect), shown, lambda brush, place: self._paint(brush, place.toRect(), section))

    def _start(self, section: int) -> int:
        """The margin before the title."""
        return self._first_margin if self.visualIndex(section) == 0 else 8

    def _arrow(self, section: int) -> str | None:
        """The arrow of the column that the rows are sorted by."""
        if not self.isSortIndicatorShown() or self.sortIndicatorSection() != section:
            return None
        return "down" if self.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder else "up"

    def _paint(self, painter: QPainter, rect: QRect, section: int) -> None:
        painter.save()
        painter.fillRect(rect, theme.color("surface"))
        painter.fillRect(rect.left(), rect.bottom(), rect.width(), 1, theme.color("line"))
        arrow_name = self._arrow(section)
        metrics = theme.metrics("small_medium")
        start = self._start(section)
        mirrored = self.isRightToLeft()
        place = QRectF(rect).adjusted(*((8, 0, -start, 0) if mirrored else (start, 0, -8, 0)))
        arrow = ARROW if arrow_name else 0
        text = metrics.elidedText(self._title(section), Qt.TextElideMode.ElideRight, int(place.width()) - arrow)
        width = metrics.horizontalAdvance(text)
        at_the_right = self._is_trailing(section) != mirrored
        x = place.right() - width - arrow if at_the_right else place.left()
        painter.setFont(theme.font("small_medium"))
        painter.setPen(theme.color("text" if arrow_name else "text3"))
        painter.drawText(QRectF(x, place.top(), width + 2, place.height()), Qt.AlignmentFlag.AlignVCenter, text)
        if arrow_name:
            icons.paint(painter, arrow_name, QRectF(x + width + 3, place.center().y() - 6, 12, 12), "text")
        painter.restore()

    def _title(self, section: int) -> str:
        return str(self.model().headerData(section, Qt.Orientation.Horizontal) or "")

    def _is_trailing(self, section: int) -> bool:
        role = Qt.ItemDataRole.TextAlignmentRole
        alignment = self.model().headerData(section, Qt.Orientation.Horizontal, role)
        return bool(Qt.AlignmentFlag(alignment) & Qt.AlignmentFlag.AlignRight) if alignment else False

    def _fit_height(self) -> None:
        self.setFixedHeight(max(HEIGHT, theme.metrics("small_medium").height() + 14))
