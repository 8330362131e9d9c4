"""A dialog's form: words at the start, fields of one width at the end."""

from collections.abc import Sequence

from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QSpinBox, QWidget

from venom_desktop.ui import theme
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.widgets import Label, column, row, wrapped

FIELD_WIDTH = 220


def form(fields: Sequence[tuple[str, QWidget]], *, spacing: int = 8) -> QWidget:
    """Each field with its words, which become its accessible name."""
    lines = []
    for words, field in fields:
        field.setAccessibleName(words)
        field.setFixedWidth(FIELD_WIDTH)
        label = Label(words)
        label.setBuddy(field)
        lines.append(row((label, 1), field, spacing=16))
    return wrapped(column(*lines, spacing=spacing))


class OptionalNumber(QSpinBox):
    """A whole number or nothing ("Automatic"), one step below the least; `doubles` makes each step double or halve.

    Emptying the field means nothing too.
    """

    def __init__(
        self, least: int, most: int, *, automatic: str | None = None, names: dict[int, str] | None = None, step: int = 1
    ) -> None:
        super().__init__()
        self._nothing = least - 1
        self._names = names or {}
        self._automatic = automatic or tr("Automatic")
        self._doubles = step == 0
        self.setRange(self._nothing, most)
        self.setSingleStep(max(step, 1))
        self.setGroupSeparatorShown(False)
        self.setKeyboardTracking(False)
        theme.set_font(self, "body")
        # The sheet's padding does not reach the line edit inside a spin box.
        self.lineEdit().setTextMargins(8, 0, 0, 0)
        self.setFixedHeight(max(32, theme.metrics("body").height() + 14))
        self.setValue(self._nothing)

    @property
    def number(self) -> int | None:
        self.interpretText()
        return None if self.value() == self._nothing else self.value()

    def show_number(self, number: int | None) -> None:
        self.setValue(self._nothing if number is None else number)

    def textFromValue(self, value: int) -> str:
        if value == self._nothing:
            return self._automatic
        return self._names.get(value, str(value))

    def valueFromText(self, text: str) -> int:
        bare = text.strip()
        named = {words.casefold(): value for value, words in self._names.items()}
        if not bare or bare.casefold() == self._automatic.casefold():
            return self._nothing
        if bare.casefold() in named:
            return named[bare.casefold()]
        return int("".join(bare.split()))

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        try:
            value = self.valueFromText(text)
        except ValueError:
            state = QValidator.State.Intermediate if _begins(text, self._words()) else QValidator.State.Invalid
            return state, text, position
        fits = self.minimum() <= value <= self.maximum()
        return (QValidator.State.Acceptable if fits else QValidator.State.Intermediate), text, position

    def fixup(self, text: str) -> str:
        """What cannot stand goes back to nothing chosen, never to a number nobody typed."""
        return self._automatic

    def stepBy(self, steps: int) -> None:
        if not self._doubles:
            super().stepBy(steps)
            return
        value = self.value()
        for _ in range(abs(steps)):
            value = self._doubled(value) if steps > 0 else self._halved(value)
        self.setValue(value)

    def _doubled(self, value: int) -> int:
        return max(2048, self.minimum() + 1) if value == self._nothing else min(value * 2, self.maximum())

    def _halved(self, value: int) -> int:
        return value // 2 if value // 2 > self._nothing and value > 2048 else self._nothing

    def _words(self) -> list[str]:
        return [self._automatic, *self._names.values()]


def _begins(text: str, words: Sequence[str]) -> bool:
    return any(word.casefold().startswith(text.strip().casefold()) for word in words) or text.strip() in ("-", "")
