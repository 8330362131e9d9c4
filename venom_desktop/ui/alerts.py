"""The alerts under the bell: what stands, each with its cure, and a count on the bell."""

from collections.abc import Callable

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from venom_desktop.core.errors import Cure, VenomError
from venom_desktop.core.notices import Notices
from venom_desktop.ui import theme
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.i18n import number, plural, tr
from venom_desktop.ui.messages import cure_words, message_of
from venom_desktop.ui.popup import Popup
from venom_desktop.ui.widgets import (
    Button,
    Icon,
    Label,
    ToolButton,
    clear,
    column,
    hairline,
    row,
    scrolling,
    wrapped,
)

CureOfNotice = Callable[[Cure, VenomError], object]
WIDTH = 400
MOST_HEIGHT = 420
_BADGE = 15
_MARGINS = (16, 14, 16, 14)


class Alerts:
    """Ties the notices to the bell; the popup is made when it is first opened."""

    def __init__(self, bridge: Bridge, notices: Notices, bell: QToolButton, on_cure: CureOfNotice) -> None:
        self._notices = notices
        self._bell = bell
        self._badge = Badge(bell)
        self.popup = AlertsPopup(bell, dismiss=notices.dismiss, on_cure=on_cure)
        bridge.listen(notices.changed, bell, self._show)
        self._show(notices.standing)

    def open(self) -> None:
        """Open the list under the bell."""
        self.popup.open_below(self._bell)

    def _show(self, standing: tuple[VenomError, ...]) -> None:
        self._badge.show_count(len(standing))
        words = plural("{count} alert", "{count} alerts", len(standing)) if standing else tr("Alerts")
        self._bell.setToolTip(words)
        self._bell.setAccessibleName(words)
        self.popup.show_notices(standing)


class Badge(QWidget):
    """A count in the corner of the bell; nothing while there is nothing."""

    def __init__(self, bell: QWidget) -> None:
        super().__init__(bell)
        self._text = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFixedSize(_BADGE, _BADGE)
        self.move(bell.width() - _BADGE, 0)

    @property
    def text(self) -> str:
        return self._text

    def show_count(self, count: int) -> None:
        self._text = ("9+" if count > 9 else number(count)) if count else ""
        self.setVisible(bool(count))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent"))
        painter.drawEllipse(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        font = theme.font("small_medium")
        painter.setFont(type(font)(font.family(), 7, font.weight()))
        painter.setPen(theme.color("on_accent"))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._text)


class AlertsPopup(Popup):
    """A row per notice: sentence, first cure, and a button that takes it away."""

    def __init__(self, bell: QWidget, *, dismiss: Callable[[VenomError], object], on_cure: CureOfNotice) -> None:
        self._dismiss, self._on_cure = dismiss, on_cure
        self._rows: QVBoxLayout = column(spacing=0)
        self._list = wrapped(self._rows)
        self._area = scrolling(self._list)
        head = row(Label(tr("Alerts"), "strong"), margins=(16, 12, 16, 10))
        super().__init__(bell, column(head, hairline(), (self._area, 1), spacing=0, margins=(1, 1, 1, 1)))
        self.setFixedWidth(WIDTH)
        self.setAccessibleName(tr("Alerts"))

    def show_notices(self, notices: tuple[VenomError, ...]) -> None:
        clear(self._rows)
        for position, notice in enumerate(notices):
            if position:
                self._rows.addWidget(wrapped(row(hairline(), margins=(16, 0, 0, 0))))
            self._rows.addWidget(self._row(notice))
        if not notices:
            empty = row(
                Icon("check", 16, "ok"), (Label(tr("Nothing needs you"), tone="text2"), 1), spacing=10, margins=_MARGINS
            )
            self._rows.addWidget(wrapped(empty))
        self._rows.addStretch(1)
        self._fit_height()

    def _row(self, notice: VenomError) -> QWidget:
        message = message_of(notice)
        sentence = Label(message.sentence, wrap=True)
        sentence.setToolTip(message.tip)
        close = ToolButton("close", tr("Dismiss"), icon_size=14, on_click=lambda: self._dismiss(notice))
        icon = column(4, Icon("warning", 16, "warn"), None, spacing=0)
        words = column(4, sentence, None, spacing=0)
        below = 10 if message.cure is None else 0
        top = row(icon, (words, 1), close, spacing=10, margins=(16, 8, 8, below))
        top.setAlignment(close, Qt.AlignmentFlag.AlignTop)
        if message.cure is None:
            return wrapped(top)
        cure = message.cure
        button = Button(cure_words(cure), size="dense", on_click=lambda: self._cure(notice, cure))
        return wrapped(column(top, row(button, None, margins=(42, 0, 16, 12)), spacing=8))

    def _cure(self, notice: VenomError, cure: Cure) -> None:
        self.close()
        self._dismiss(notice)
        self._on_cure(cure, notice)

    def _fit_height(self) -> None:
        """As high as its rows, up to where it scrolls."""
        layout = self._list.layout()
        needed = layout.heightForWidth(WIDTH - 2) if layout is not None and layout.hasHeightForWidth() else -1
        needed = needed if needed > 0 else self._list.sizeHint().height()
        self._area.setFixedHeight(min(MOST_HEIGHT, needed))
        if self.isVisible():
            self.adjustSize()
