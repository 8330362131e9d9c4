"""The menu at the end of the header, and the dialog that lists the keys."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QGridLayout, QWidget

from venom_desktop.ui.i18n import tr
from venom_desktop.ui.main_window import MainWindow
from venom_desktop.ui.widgets import Button, Label, column, hairline, row


class HeaderMenu:
    """Fills the window's menu and binds F1 and Ctrl+Q; the other keys are the window's own."""

    def __init__(
        self,
        window: MainWindow,
        *,
        toggle_operations: Callable[[], object],
        show_settings: Callable[[], object],
        show_about: Callable[[], object],
        quit_: Callable[[], object],
    ) -> None:
        self._window = window
        menu = window.menu
        entries: Sequence[tuple[str, str, Callable[[], object]] | None] = (
            (tr("Operations panel"), "Ctrl+J", toggle_operations),
            (tr("Settings"), "Ctrl+6", show_settings),
            None,
            (tr("Keyboard shortcuts"), "F1", self.show_keys),
            (tr("About Venom Desktop"), "", show_about),
            None,
            (tr("Quit"), "Ctrl+Q", quit_),
        )
        for entry in entries:
            if entry is None:
                menu.addSeparator()
            else:
                words, keys, act = entry
                # Behind the tab stands what the window binds itself: a second binding would make both ambiguous.
                menu.addAction(f"{words}\t{keys}" if keys else words).triggered.connect(lambda _=False, act=act: act())
        # The button's own popup would hang over the window's edge. Qt takes a null pointer here.
        window.menu_button.setMenu(None)  # type: ignore[arg-type]
        window.menu_button.clicked.connect(self.open)
        _bind(window, "F1", self.show_keys)
        _bind(window, "Ctrl+Q", quit_)

    def open(self) -> None:
        """Open under the button, both ending at the same edge."""
        button, menu = self._window.menu_button, self._window.menu
        menu.popup(button.mapToGlobal(QPoint(button.width() - menu.sizeHint().width(), button.height() + 4)))

    def show_keys(self) -> None:
        KeysDialog(self._window).open()


class KeysDialog(QDialog):
    """Every key of the window, in three groups."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("role", "dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(True)
        self.setWindowTitle(tr("Keyboard shortcuts"))
        self.setAccessibleName(tr("Keyboard shortcuts"))
        self.close_button = Button(tr("Close"), on_click=self.reject)
        self.close_button.setDefault(True)
        groups = [part for title, keys in keys_by_group() for part in (_heading(title), _grid(keys), 12)]
        foot = row(None, self.close_button)
        title = Label(tr("Keyboard shortcuts"), "heading")
        self.setLayout(column(title, 8, *groups, hairline(), 6, foot, spacing=6, margins=(20, 18, 20, 16)))
        self.setMinimumWidth(440)


def keys_by_group() -> Sequence[tuple[str, Sequence[tuple[str, str]]]]:
    """Title, then keys and what they do."""
    return (
        (
            tr("Everywhere"),
            (
                ("Ctrl+1 … Ctrl+6", tr("Go to a tab")),
                ("Ctrl+K", tr("Switch runtime or model")),
                ("Ctrl+J", tr("Open or close the operations panel")),
                ("F5", tr("Read this tab again")),
                ("F1", tr("Show these keys")),
                ("Ctrl+Q", tr("Quit")),
            ),
        ),
        (
            tr("In a list"),
            (
                ("Ctrl+F", tr("Search")),
                ("Enter", tr("Do what the main button says")),
                ("Space", tr("Toggle or pause")),
                ("Delete", tr("Remove…")),
                ("Shift+F10", tr("Menu of the row")),
                ("Esc", tr("Close the panel, then clear the filter")),
            ),
        ),
        (tr("In the prompt"), (("Ctrl+Enter", tr("Send")),)),
    )


def _heading(title: str) -> QWidget:
    return Label(title, "small_medium", tone="text2")


def _grid(keys: Sequence[tuple[str, str]]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(16)
    grid.setVerticalSpacing(6)
    grid.setColumnMinimumWidth(0, 130)
    grid.setColumnStretch(1, 1)
    for line, (key, meaning) in enumerate(keys):
        grid.addWidget(Label(key, "medium"), line, 0)
        grid.addWidget(Label(meaning, tone="text2"), line, 1)
    return grid


def _bind(window: MainWindow, keys: str, act: Callable[[], object]) -> None:
    QShortcut(QKeySequence(keys), window).activated.connect(lambda: act())
