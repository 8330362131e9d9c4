"""A field for the name of a model in a runtime's store: what is typed is judged in place, by the core's own rules."""

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QLineEdit, QWidget

from venom_desktop.core.errors import AlreadyInstalled, AmbiguousName, InvalidName, UnknownModel
from venom_desktop.core.registry.inventory import Inventory
from venom_desktop.core.registry.names import key_for
from venom_desktop.ui import theme
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.installed.words import runtime_title
from venom_desktop.ui.messages import message_of
from venom_desktop.ui.theme_tokens import ColorRole
from venom_desktop.ui.widgets import Label, column

MOST_TRIED: Final = 100


class NameField(QWidget):
    """`changed` at every change; `problem` is empty for a name that can be taken, `name` is what it will be called.

    `own` is the name of the model that gets another one.
    """

    changed = QtSignal()
    entered = QtSignal()

    def __init__(self, inventory: Inventory, runtime: str, title: str | None = None, *, own: str | None = None) -> None:
        super().__init__()
        self._inventory = inventory
        self._runtime = runtime
        self._title = runtime_title(runtime, title)
        self._own = own
        self.problem = ""
        self.name = ""
        self.line = QLineEdit()
        self.line.setAccessibleName(tr("Name"))
        theme.set_font(self.line, "body")
        self.note = Label("", "small", tone="text2", wrap=True)
        # Two lines, so that nothing below moves while somebody types.
        self.note.setMinimumHeight(2 * theme.metrics("small").height())
        self.note.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeading)
        self.setLayout(column(self.line, self.note, spacing=4))
        self.line.textChanged.connect(lambda _: self._judge())
        self.line.returnPressed.connect(self.entered)
        self._judge()

    def propose(self, name: str) -> None:
        """Put a name there, selected, so that typing replaces it."""
        self.line.setText(name)
        self.line.selectAll()

    def free_name(self, wanted: str) -> str:
        """`wanted`, or with a number behind it where that is taken."""
        path, mark, tag = wanted.partition(":")
        numbered = (f"{path}-{number}{mark}{tag}" for number in range(2, MOST_TRIED))
        return next((name for name in (wanted, *numbered) if self._taken_by(name) is None), wanted)

    def show_refusal(self, error: Exception) -> None:
        """What the core said of it; it holds until something else is typed."""
        self._tell(message_of(error).sentence)

    def _judge(self) -> None:
        text = self.line.text().strip()
        self.name = ""
        try:
            self.name = key_for(text, self._runtime).name
        except InvalidName as error:
            self._tell(message_of(error).sentence if text else tr("Enter a name."))
            return
        taken = self._taken_by(text)
        if taken is not None and taken == self._own:
            self._tell(tr("Type the new name."), tone="text2")
            return
        if taken is not None:
            self._tell(message_of(AlreadyInstalled(model_name=taken, runtime=self._title)).sentence)
            return
        own = tr("{runtime} will call it {name}.", runtime=self._title, name=self.name)
        self._tell("", own if self.name != text else "")

    def _taken_by(self, text: str) -> str | None:
        try:
            return self._inventory.find(text, self._runtime).name
        except (UnknownModel, AmbiguousName, InvalidName):
            return None

    def _tell(self, problem: str, note: str = "", *, tone: ColorRole = "bad") -> None:
        self.problem = problem
        self.note.setText(problem or note)
        theme.set_tone(self.note, tone if problem else "text2")
        self.line.setAccessibleDescription(problem or note)
        self.changed.emit()
