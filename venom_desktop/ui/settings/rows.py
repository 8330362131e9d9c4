"""Rows whose values live in the settings: they store at once, say in place what was refused, and lock when told to."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QLineEdit, QWidget

from venom_desktop.core.settings.schema import info
from venom_desktop.core.settings.store import SettingsStore, Source
from venom_desktop.ui import theme
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.i18n import tr, with_unit
from venom_desktop.ui.settings.words import locked_help, problem_of
from venom_desktop.ui.widgets import Label, Segmented, SettingRow, Switch, row, wrapped


class StoredRow(SettingRow):
    """One setting. A subclass puts the stored value into its control in `show_stored`."""

    def __init__(
        self,
        bridge: Bridge,
        settings: SettingsStore,
        key: str,
        *,
        title: str,
        help_text: str,
        control: QWidget,
        shown: Callable[[Any], str] = str,
    ) -> None:
        self.key = key
        self.locked = settings.source(key) is Source.ENVIRONMENT
        self._bridge = bridge
        self._settings = settings
        words = locked_help(shown(self.stored)) if self.locked else help_text
        super().__init__(title, words, control, set_by=info(key).about.variable if self.locked else None)
        bridge.listen(settings.changed, self, lambda _: self.show_stored())

    @property
    def stored(self) -> Any:
        """The value in use."""
        return getattr(self._settings.snapshot, self.key)

    def show_stored(self) -> None:
        """Show `stored` in the control."""

    def store(self, value: object) -> None:
        self.run(self.save(value))

    def run(self, work: Coroutine[Any, Any, object]) -> None:
        """Start what changes this row; a newer change takes the place of an earlier one."""
        self.show_result("")
        self._bridge.start(f"settings.{self.key}", work, on_error=self.show_problem)

    async def save(self, value: object) -> None:
        await self._settings.set(self.key, value)
        self.show_stored()

    def show_problem(self, error: Exception) -> None:
        message = problem_of(error, self.title)
        self.show_result(message.sentence, "bad", tip=message.tip)


class SwitchRow(StoredRow):
    """On or off."""

    def __init__(self, bridge: Bridge, settings: SettingsStore, key: str, *, title: str, help_text: str) -> None:
        self.control = Switch(title)
        super().__init__(
            bridge,
            settings,
            key,
            title=title,
            help_text=help_text,
            control=self.control,
            shown=lambda on: tr("On") if on else tr("Off"),
        )
        self.show_stored()
        self.control.toggled.connect(self.store)

    def show_stored(self) -> None:
        with QSignalBlocker(self.control):
            self.control.setChecked(self.stored)
        self.control.update()

    def show_problem(self, error: Exception) -> None:
        super().show_problem(error)
        self.show_stored()


class SegmentedRow(StoredRow):
    """A few words to choose from."""

    def __init__(
        self,
        bridge: Bridge,
        settings: SettingsStore,
        key: str,
        *,
        title: str,
        help_text: str,
        choices: Sequence[tuple[object, str]],
    ) -> None:
        self._values = [value for value, _ in choices]
        self.control = Segmented([words for _, words in choices], meaning=title)
        super().__init__(
            bridge,
            settings,
            key,
            title=title,
            help_text=help_text,
            control=self.control,
            shown=dict(choices).__getitem__,
        )
        self.show_stored()
        self.control.chosen.connect(lambda index: self.store(self._values[index]))

    def show_stored(self) -> None:
        if self.stored in self._values:
            with QSignalBlocker(self.control):
                self.control.choose(self._values.index(self.stored))


class FieldRow(StoredRow):
    """A line to type into, stored with Enter or on leaving it; `read` makes the value of the text."""

    def __init__(
        self,
        bridge: Bridge,
        settings: SettingsStore,
        key: str,
        *,
        title: str,
        help_text: str,
        width: int,
        write: Callable[[Any], str] = str,
        read: Callable[[str], object] = str.strip,
        unit: str = "",
        number: bool = False,
        beside: Sequence[QWidget] = (),
    ) -> None:
        self._write, self._read = write, read
        self.field = _field(title, width, trailing=number or bool(unit))
        units = [Label(unit, "small", tone="text2")] if unit else []
        control = wrapped(row(self.field, *units, *beside))
        control.setAccessibleName(title)
        shown = (lambda value: with_unit(write(value), unit)) if unit else write
        super().__init__(bridge, settings, key, title=title, help_text=help_text, control=control, shown=shown)
        self.show_stored()
        self.field.editingFinished.connect(self._commit)

    def show_stored(self) -> None:
        self.field.setText(self._write(self.stored))
        # A text that is longer than its field shows how it begins.
        self.field.setCursorPosition(0)
        theme.set_variant(self.field, "state", "")

    def show_problem(self, error: Exception) -> None:
        super().show_problem(error)
        theme.set_variant(self.field, "state", "bad")

    def _commit(self) -> None:
        if self.field.text() != self._write(self.stored):
            self.store(self._read(self.field.text()))
        elif self.field.property("state") == "bad":
            self.show_result("")
            self.show_stored()


def _field(title: str, width: int, *, trailing: bool) -> QLineEdit:
    field = QLineEdit()
    field.setFixedWidth(width)
    field.setAccessibleName(title)
    theme.set_font(field, "body")
    if trailing:
        field.setAlignment(Qt.AlignmentFlag.AlignRight)
    return field
