"""Filter chips: off, on with a check mark, and chips that open a menu and show the chosen value."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QPushButton

from venom_desktop.ui import icons, theme
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.widgets.menu import Menu


class Chip(QPushButton):
    """A filter that is on or off; `toggled(bool)` tells."""

    def __init__(self, text: str, *, checked: bool = False) -> None:
        super().__init__(text)
        self._text = text
        _dress_chip(self)
        self.setAccessibleName(text)
        self.toggled.connect(self._show_state)
        self.setChecked(checked)

    def _show_state(self, on: bool) -> None:
        self.setIcon(icons.icon("check", "accent_text") if on else icons.nothing())


class MenuChip(QPushButton):
    """A filter with one value out of a menu, shown in the chip; `chosen(object)` tells, None being "any"."""

    chosen = QtSignal(object)

    def __init__(self, text: str, choices: Sequence[tuple[object, str]] = ()) -> None:
        super().__init__(text)
        self._text = text
        self._value: object = None
        self._words: dict[object, str] = {}
        _dress_chip(self)
        self.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        self._menu = Menu(self)
        self._group = QActionGroup(self)
        self.clicked.connect(self._open)
        self.set_choices(choices)

    @property
    def value(self) -> object:
        """The chosen value, or None for any."""
        return self._value

    def set_choices(self, choices: Sequence[tuple[object, str]]) -> None:
        """Offer these values with their words; "Any" is always first."""
        self._words = dict(choices)
        self._menu.clear()
        for value, words in ((None, tr("Any")), *choices):
            action = self._menu.addAction(words)
            action.setCheckable(True)
            action.setData(value)
            self._group.addAction(action)
            action.triggered.connect(lambda _=False, value=value: self.choose(value))
        self._show_state()

    def choose(self, value: object) -> None:
        """Take a value as if it had been picked; tells only when it changed."""
        changed = value != self._value
        self._value = value
        self._show_state()
        if changed:
            self.chosen.emit(value)

    def _open(self) -> None:
        self._show_state()
        self._menu.popup(self.mapToGlobal(self.rect().bottomLeft()))

    def _show_state(self) -> None:
        on = self._value is not None
        words = self._words.get(self._value, "")
        text = tr("{filter}: {value}", filter=self._text, value=words) if on else self._text
        self.setText(text)
        self.setAccessibleName(text)
        self.setChecked(on)
        self.setIcon(icons.icon("down", "accent_text" if on else "text2"))
        for action in self._menu.actions():
            action.setChecked(action.data() == self._value)


def _dress_chip(chip: QPushButton) -> None:
    chip.setProperty("role", "chip")
    chip.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    chip.setAutoDefault(False)
    chip.setCheckable(True)
    chip.setIconSize(QSize(14, 14))
    theme.set_font(chip, "medium")
