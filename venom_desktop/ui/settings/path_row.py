"""A row that names a folder or a program, with a button that chooses another and one that returns to the default."""

from pathlib import Path

from PySide6.QtWidgets import QSizePolicy, QWidget

from venom_desktop.core.settings.store import SettingsStore
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.settings.picking import Picker
from venom_desktop.ui.settings.rows import StoredRow
from venom_desktop.ui.widgets import Button, ElidedLabel, ToolButton, row, wrapped

PATH_WIDTH = 230


def path_label(path: str = "") -> ElidedLabel:
    """A path beside its button: no wider than it needs, and its end stays readable."""
    label = ElidedLabel(path, tone="text2", middle=True)
    label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
    label.setMaximumWidth(PATH_WIDTH)
    return label


class PathRow(StoredRow):
    """A subclass says how a path is chosen (`choose`) and what stands there without one (`default_words`)."""

    def __init__(
        self, bridge: Bridge, settings: SettingsStore, key: str, *, title: str, help_text: str, undo: str
    ) -> None:
        self.path = path_label()
        self.button = Button(tr("Choose…"), size="dense", on_click=lambda: self.run(self.choose()))
        self.undo = ToolButton("close", undo, icon_size=14, on_click=lambda: self.run(self.return_to_default()))
        control: QWidget = wrapped(row(self.path, self.button, self.undo, spacing=10))
        super().__init__(bridge, settings, key, title=title, help_text=help_text, control=control, shown=self._words)
        control.setAccessibleName(title)
        self.show_stored()

    def default_words(self) -> str:
        """What is used while no path is stored."""
        raise NotImplementedError

    async def choose(self) -> None:
        """Ask for a path, check it and store it."""
        raise NotImplementedError

    async def return_to_default(self) -> None:
        await self._settings.reset(self.key)
        self.show_stored()

    def show_stored(self) -> None:
        self.path.setText(self._words(self.stored))
        self.path.setAccessibleName(f"{self.title}: {self.path.text()}")
        self.undo.setVisible(self.stored is not None)

    def _words(self, path: Path | None) -> str:
        return self.default_words() if path is None else str(path)


class ProgramRow(PathRow):
    """A program is tried before it is kept; `program` is what its dialog asks for.

    A subclass tries it (`tried`) and says what stands there without a choice.
    """

    def __init__(
        self,
        bridge: Bridge,
        settings: SettingsStore,
        picker: Picker,
        key: str,
        *,
        program: str,
        title: str,
        help_text: str,
        undo: str,
    ) -> None:
        self._picker = picker
        self._program = program
        super().__init__(bridge, settings, key, title=title, help_text=help_text, undo=undo)

    async def tried(self, program: Path) -> str:
        """What it is, in words. Raises `UnusableProgram`."""
        raise NotImplementedError

    async def choose(self) -> None:
        start = self.stored.parent if self.stored is not None else Path.home()
        program = await self._picker.file(self, tr("Choose {program}", program=self._program), start)
        if program is None:
            return
        self.show_result(tr("Trying {name}…", name=program.name), "text2")
        words = await self.tried(program)
        await self.save(program)
        self.show_result(words, "ok")
