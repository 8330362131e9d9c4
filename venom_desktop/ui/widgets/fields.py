"""Fields: search, a choice out of a list, rows of named facts."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtGui import QAction, QWheelEvent
from PySide6.QtWidgets import QComboBox, QLineEdit, QVBoxLayout, QWidget

from venom_desktop.ui import icons, theme
from venom_desktop.ui.widgets.labels import ElidedLabel, Label
from venom_desktop.ui.widgets.layouts import clear, column, row, wrapped


class SearchField(QLineEdit):
    """A line with a magnifier. Esc reaches the page's `go_back`: it closes the panel first, then clears the filter."""

    def __init__(self, placeholder: str) -> None:
        super().__init__()
        self.setPlaceholderText(placeholder)
        self.setAccessibleName(placeholder)
        self.setClearButtonEnabled(False)
        theme.set_font(self, "body")
        magnifier = QAction(icons.icon("search", "text3"), "", self)
        self.addAction(magnifier, QLineEdit.ActionPosition.LeadingPosition)


class Choice(QComboBox):
    """One value of several, each with its words; `chosen(object)` tells a change made by the user or `choose`."""

    chosen = QtSignal(object)

    def __init__(self, meaning: str, choices: Sequence[tuple[object, str]] = ()) -> None:
        super().__init__()
        # Not as Qt's item data: that gives an enum of words back as a plain text.
        self._values: tuple[object, ...] = ()
        self.setAccessibleName(meaning)
        # On Linux Qt gives readers the value as the name, so what it is a value of stands here too.
        self.setAccessibleDescription(meaning)
        # Scrolling a page must not change a value that the pointer happens to cross.
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        theme.set_font(self, "body")
        self.set_choices(choices)
        self.currentIndexChanged.connect(lambda _: self.chosen.emit(self.value))

    @property
    def value(self) -> object:
        """The chosen value, None when there is none."""
        place = self.currentIndex()
        return self._values[place] if 0 <= place < len(self._values) else None

    def set_choices(self, choices: Sequence[tuple[object, str]]) -> None:
        """Replace the choices, keeping the chosen value where it is still offered; tells nothing."""
        kept = self.value
        blocked = self.blockSignals(True)
        self.clear()
        self._values = tuple(value for value, _ in choices)
        self.addItems([words for _, words in choices])
        position = next((place for place, (value, _) in enumerate(choices) if value == kept), 0)
        self.setCurrentIndex(position if choices else -1)
        self.blockSignals(blocked)

    def show_choices(self, choices: Sequence[tuple[object, str]], chosen: object) -> None:
        """Replace the choices and stand on `chosen`; tells nothing. An open list stays when nothing is new."""
        blocked = self.blockSignals(True)
        shown = [(value, self.itemText(place)) for place, value in enumerate(self._values)]
        if shown != list(choices):
            self.set_choices(choices)
            self.blockSignals(True)
        self.choose(chosen)
        self.blockSignals(blocked)

    def choose(self, value: object) -> None:
        if value in self._values:
            self.setCurrentIndex(self._values.index(value))

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class FactList(QWidget):
    """Named facts in two columns, the values elided and selectable by their tooltip."""

    def __init__(self, *, name_width: int = 104, spacing: int = 7) -> None:
        super().__init__()
        self._name_width = name_width
        self._layout: QVBoxLayout = column(spacing=spacing)
        self.setLayout(self._layout)
        self._shown: tuple[tuple[str, str, bool], ...] = ()

    def show_facts(self, facts: Sequence[tuple[str, str, bool]]) -> None:
        """Each fact: name, value, and True where the value's end matters (hashes, paths)."""
        if tuple(facts) == self._shown:
            return
        self._shown = tuple(facts)
        clear(self._layout)
        for name, value, middle in facts:
            label = Label(name, tone="text2")
            label.setFixedWidth(self._name_width)
            shown = ElidedLabel(value, middle=middle)
            shown.setAccessibleName(f"{name}: {value}")
            self._layout.addWidget(wrapped(row(label, (shown, 1))))
