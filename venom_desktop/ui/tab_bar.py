"""The six tabs of the window."""

from enum import StrEnum

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QTabBar

from venom_desktop.ui import icons, theme
from venom_desktop.ui.i18n import tr

_ICON = 18
_PADDING = 13
_ICON_GAP = 8


class TabName(StrEnum):
    """The tabs in their order; the word is also the name of the icon."""

    CATALOG = "catalog"
    TRENDING = "trending"
    INSTALLED = "installed"
    RUNTIME = "runtime"
    PAPERS = "papers"
    SETTINGS = "settings"


def tab_title(name: TabName) -> str:
    match name:
        case TabName.CATALOG:
            return tr("Catalog")
        case TabName.TRENDING:
            return tr("Trending")
        case TabName.INSTALLED:
            return tr("Installed")
        case TabName.RUNTIME:
            return tr("Runtime")
        case TabName.PAPERS:
            return tr("Papers")
        case TabName.SETTINGS:
            return tr("Settings")


class TabBar(QTabBar):
    """Every tab reserves the width of its bold text, so that none moves when it is chosen."""

    def __init__(self) -> None:
        super().__init__()
        self.setExpanding(False)
        self.setDrawBase(False)
        self.setUsesScrollButtons(False)
        self.setElideMode(Qt.TextElideMode.ElideNone)
        self.setIconSize(QSize(_ICON, _ICON))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(tr("Tabs"))
        theme.set_font(self, "body")
        for name in TabName:
            index = self.addTab(icons.icon(name.value, "text2", "accent_text"), tab_title(name))
            self.setTabToolTip(index, tr("Ctrl+{digit}", digit=index + 1))

    def tabSizeHint(self, index: int) -> QSize:
        size = super().tabSizeHint(index)
        words = theme.metrics("strong").horizontalAdvance(self.tabText(index))
        size.setWidth(words + _ICON + _ICON_GAP + 2 * _PADDING)
        return size

    def minimumTabSizeHint(self, index: int) -> QSize:
        return self.tabSizeHint(index)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.hasFocus():
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("focus"), 2))
        painter.drawRoundedRect(QRectF(self.tabRect(self.currentIndex())).adjusted(3, 7, -3, -7), 7, 7)
