"""Two or three words of which one is chosen: views of the same thing."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QButtonGroup, QFrame, QPushButton, QSizePolicy

from venom_desktop.ui import theme
from venom_desktop.ui.widgets.layouts import row


class Segmented(QFrame):
    """Arrow keys move between the words; `chosen(int)` tells the new index."""

    chosen = QtSignal(int)

    def __init__(self, words: Sequence[str], *, meaning: str, current: int = 0) -> None:
        super().__init__()
        self.setProperty("role", "segmented")
        self.setAccessibleName(meaning)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._group = QButtonGroup(self)
        self.setLayout(row(spacing=0, margins=(1, 1, 1, 1)))
        for index, word in enumerate(words):
            button = QPushButton(word)
            button.setProperty("role", "segment")
            button.setCheckable(True)
            button.setAutoDefault(False)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            theme.set_font(button, "medium")
            self._group.addButton(button, index)
            layout = self.layout()
            if layout is not None:
                layout.addWidget(button)
        self._group.button(current).setChecked(True)
        self._group.idToggled.connect(self._tell)

    @property
    def current(self) -> int:
        return self._group.checkedId()

    def choose(self, index: int) -> None:
        self._group.button(index).setChecked(True)

    def _tell(self, index: int, on: bool) -> None:
        if on:
            self.chosen.emit(index)
