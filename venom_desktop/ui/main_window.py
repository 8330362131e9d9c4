"""The shell of the window: places tabs, page, operations and status, and passes keys on; nothing else."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtGui import QCloseEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QMainWindow, QStackedWidget, QToolButton, QWidget

from venom_desktop.ui.i18n import tr
from venom_desktop.ui.status_bar import StatusBar
from venom_desktop.ui.tab_bar import TabBar, TabName
from venom_desktop.ui.widgets.banner import Banner
from venom_desktop.ui.widgets.buttons import ToolButton
from venom_desktop.ui.widgets.frames import Frame
from venom_desktop.ui.widgets.layouts import column, row
from venom_desktop.ui.widgets.menu import Menu
from venom_desktop.ui.widgets.panel import NARROW_BELOW

if TYPE_CHECKING:
    from venom_desktop.ui.messages import CureAction

HEADER_HEIGHT = 53
OPERATIONS_SHARE = 0.45


class MainWindow(QMainWindow):
    """`pages` makes each tab's widget when it is first shown; until `set_pages` brings them the page is empty.

    A page may have `set_narrow(bool)`, `focus_search()`, `refresh()` and `go_back() -> bool`; the operations
    widget may have `toggle()` and `set_narrow(bool)`. What is missing is not called.
    """

    narrow_changed = QtSignal(bool)
    tab_changed = QtSignal(str)
    alerts_requested = QtSignal()
    switcher_requested = QtSignal()

    def __init__(
        self,
        pages: Mapping[TabName, Callable[[], QWidget]] | None = None,
        *,
        operations: QWidget | None = None,
        status: StatusBar | None = None,
    ) -> None:
        super().__init__()
        self._factories = dict(pages or {})
        self._built: dict[TabName, QWidget] = {}
        self._narrow: bool | None = None
        self.may_close: Callable[[], bool] = lambda: True
        """Asked when the user closes the window; False keeps it (hide it there for a tray)."""
        self.tabs = TabBar()
        self.status = status or StatusBar()
        self.operations = operations
        self.menu = Menu(self)
        """The menu behind the button at the end of the header; the application fills it."""
        self.notice = Banner("cure", closable=True)
        self._stack = QStackedWidget()
        self._empty = QWidget()
        self._stack.addWidget(self._empty)
        self._place()
        self._bind_keys()
        self.tabs.currentChanged.connect(self._show_current)
        self.setWindowTitle(tr("Venom Desktop"))
        self.setMinimumSize(960, 600)
        self.resize(1280, 800)
        self._show_current(self.tabs.currentIndex())

    def _place(self) -> None:
        self.alerts_button = ToolButton("bell", tr("Alerts"), on_click=self.alerts_requested.emit)
        self.menu_button = ToolButton("menu", tr("Menu"))
        self.menu_button.setMenu(self.menu)
        self.menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        header = Frame(
            "header",
            row(self.tabs, None, self.alerts_button, self.menu_button, spacing=4, margins=(3, 0, 12, 0)),
        )
        header.setFixedHeight(max(HEADER_HEIGHT, self.tabs.sizeHint().height()))
        self._notice_place = Frame("panel", column(self.notice, margins=(16, 8, 16, 8)))
        self._notice_place.hide()
        self.notice.dismissed.connect(self._notice_place.hide)
        content = QWidget()
        below = [self.operations] if self.operations is not None else []
        self._column = column(header, self._notice_place, (self._stack, 1), *below, self.status, spacing=0)
        content.setLayout(self._column)
        self.setCentralWidget(content)
        # Without this the first tab would wear a focus ring that no key asked for.
        content.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        content.setFocus()
        self.status.switcher_requested.connect(self.switcher_requested)

    def _bind_keys(self) -> None:
        for index, name in enumerate(TabName):
            self._bind(f"Ctrl+{index + 1}", partial(self.show_tab, name))
        self._bind("Ctrl+J", lambda: _call(self.operations, "toggle"))
        self._bind("Ctrl+K", self.switcher_requested.emit)
        self._bind("F5", lambda: _call(self.page(), "refresh"))
        self._bind("Ctrl+F", lambda: _call(self.page(), "focus_search"))
        self._bind("Esc", self._go_back)

    def _bind(self, keys: str, action: Callable[[], object]) -> None:
        shortcut = QShortcut(QKeySequence(keys), self)
        shortcut.activated.connect(lambda: action())

    @property
    def current_tab(self) -> TabName:
        return list(TabName)[self.tabs.currentIndex()]

    @property
    def is_narrow(self) -> bool:
        """True under 1100 px."""
        return bool(self._narrow)

    def set_pages(self, pages: Mapping[TabName, Callable[[], QWidget]]) -> None:
        """Bring the pages after the window is on the screen; the current tab's is built now."""
        self._factories = dict(pages)
        self._show_current(self.tabs.currentIndex())

    def set_operations(self, operations: QWidget) -> None:
        """Bring the operations bar after the window is on the screen; it stands above the status bar."""
        self.operations = operations
        self._column.insertWidget(self._column.count() - 1, operations)
        operations.setMaximumHeight(int(self.height() * OPERATIONS_SHARE))
        _call(operations, "set_narrow", self.is_narrow)

    def show_tab(self, name: TabName) -> QWidget:
        """Bring a tab to the front, building it when it is new, and answer its page."""
        self.tabs.setCurrentIndex(list(TabName).index(name))
        return self.page(name)

    def page(self, name: TabName | None = None) -> QWidget:
        """The page of a tab (default: the current one); it is built now if it was not yet shown."""
        wanted = name or self.current_tab
        page = self._built.get(wanted)
        if page is None and wanted not in self._factories:
            return self._empty
        if page is None:
            page = self._factories[wanted]()
            self._built[wanted] = page
            self._stack.addWidget(page)
            _call(page, "set_narrow", self.is_narrow)
        return page

    def report(self, error: Exception, on_cure: "CureAction | None" = None) -> None:
        """Show an error that belongs to no place of its own, over the page; never as a dialog."""
        # Imported when there is one to show: the first picture of the window needs no errors.
        from venom_desktop.ui.messages import show_error

        show_error(self.notice, error, on_cure)
        self._notice_place.show()

    def state(self) -> QByteArray:
        """Size and place, to be kept between runs."""
        return self.saveGeometry()

    def restore(self, state: QByteArray) -> None:
        if not state.isEmpty():
            self.restoreGeometry(state)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.operations is not None:
            self.operations.setMaximumHeight(int(self.height() * OPERATIONS_SHARE))
        narrow = self.width() < NARROW_BELOW
        if narrow != self._narrow:
            self._narrow = narrow
            for widget in (*self._built.values(), self.operations, self.status):
                _call(widget, "set_narrow", narrow)
            self.narrow_changed.emit(narrow)

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.may_close():
            event.accept()
        else:
            event.ignore()

    def _show_current(self, index: int) -> None:
        name = list(TabName)[index]
        self._stack.setCurrentWidget(self.page(name))
        self.tab_changed.emit(name.value)

    def _go_back(self) -> None:
        if self._notice_place.isVisible():
            self._notice_place.hide()
        else:
            _call(self.page(), "go_back")


def _call(widget: QWidget | None, method: str, *arguments: object) -> object:
    """Call an optional method of a page."""
    action = getattr(widget, method, None)
    return action(*arguments) if callable(action) else None
