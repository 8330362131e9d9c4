"""Puts rows into a menu: words change in place, and only another structure builds it anew."""

from collections.abc import Callable, Iterator
from functools import partial

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from venom_desktop.ui import icons
from venom_desktop.ui.tray_menu import Shape, TrayRow, Verb, shape
from venom_desktop.ui.widgets.menu import Menu

Identity = tuple[object, ...]


class TrayMenu(Menu):
    """`choose` gets the row whose action was triggered.

    While the menu is open a new structure waits: rows that went meanwhile are greyed, so that nothing moves under
    the pointer.
    """

    def __init__(self, choose: Callable[[TrayRow], object]) -> None:
        super().__init__()
        self._choose = choose
        self._rows: tuple[TrayRow, ...] = ()
        self._shape: Shape = ()
        self._actions: dict[Identity, tuple[QAction, TrayRow]] = {}
        self._waiting: tuple[TrayRow, ...] | None = None
        self.aboutToHide.connect(self._catch_up)

    def show_rows(self, rows: tuple[TrayRow, ...]) -> None:
        new = shape(rows)
        if new == self._shape:
            self._waiting = None
            self._update(rows)
        elif self.isVisible():
            self._waiting = rows
            self._update(rows, missing=True)
        else:
            self._build(rows, new)

    def submenu(self, name: str) -> QMenu | None:
        """The submenu of a row by the row's name."""
        found = next((action for action, row in self._actions.values() if row.name == name and row.rows), None)
        menu = None if found is None else found.menu()
        return menu if isinstance(menu, QMenu) else None

    def _catch_up(self) -> None:
        rows, self._waiting = self._waiting, None
        if rows is not None:
            self._build(rows, shape(rows))

    def _build(self, rows: tuple[TrayRow, ...], new: Shape) -> None:
        for menu in self.findChildren(QMenu):
            menu.deleteLater()
        self.clear()
        self._actions.clear()
        self._fill(self, rows, ())
        self._rows, self._shape = rows, new

    def _fill(self, menu: QMenu, rows: tuple[TrayRow, ...], place: Identity) -> None:
        for row in rows:
            if row.verb is Verb.SEPARATOR:
                menu.addSeparator()
                continue
            here = (*place, row.identity)
            if row.rows:
                below = Menu(self)
                action = menu.addMenu(below)
                self._fill(below, row.rows, here)
            else:
                action = menu.addAction("")
                action.triggered.connect(partial(self._take, here))
            self._actions[here] = (action, row)
            _dress(action, row)

    def _update(self, rows: tuple[TrayRow, ...], *, missing: bool = False) -> None:
        there = dict(_placed(rows, ()))
        for here, (action, before) in self._actions.items():
            row = there.get(here)
            if row is not None:
                self._actions[here] = (action, row)
                if row != before or action.isChecked() != bool(row.checked):
                    _dress(action, row)
            elif missing:
                action.setEnabled(False)
        self._rows = rows

    def _take(self, here: Identity, checked: bool = False) -> None:
        """The mark follows what is active, not what was clicked."""
        del checked
        action, row = self._actions[here]
        _dress(action, row)
        self._choose(row)


def _placed(rows: tuple[TrayRow, ...], place: Identity) -> Iterator[tuple[Identity, TrayRow]]:
    for row in rows:
        here = (*place, row.identity)
        yield here, row
        yield from _placed(row.rows, here)


def _dress(action: QAction, row: TrayRow) -> None:
    # A lone "&" would underline the letter after it.
    action.setText(row.text.replace("&", "&&"))
    action.setEnabled(row.enabled)
    action.setCheckable(row.checked is not None)
    action.setChecked(bool(row.checked))
    action.setIcon(icons.nothing() if row.icon is None else icons.icon(row.icon, row.icon_role))
