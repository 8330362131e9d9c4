"""The groups of the tuning editor: the profile, and every variable under what it is about."""

from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtCore import QTimer
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from venom_desktop.core.runtimes.tuning import TuningRow
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.runtime.tuning_profile import ProfileBox
from venom_desktop.ui.runtime.tuning_row import TuningRowView
from venom_desktop.ui.widgets import Label, SettingsBox, column

PAGE_WIDTH = 760
_GROUPS: Final[tuple[tuple[Callable[[], str], tuple[str, ...]], ...]] = (
    (
        lambda: tr("Memory and speed"),
        (
            "OLLAMA_CONTEXT_LENGTH",
            "OLLAMA_NUM_PARALLEL",
            "OLLAMA_MAX_QUEUE",
            "OLLAMA_MAX_LOADED_MODELS",
            "OLLAMA_FLASH_ATTENTION",
            "OLLAMA_KV_CACHE_TYPE",
        ),
    ),
    (lambda: tr("Loading and unloading"), ("OLLAMA_KEEP_ALIVE", "OLLAMA_LOAD_TIMEOUT")),
    (lambda: tr("Access and files"), ("OLLAMA_NO_CLOUD", "OLLAMA_HOST", "OLLAMA_MODELS", "OLLAMA_ORIGINS")),
)


class TuningForm(QWidget):
    """At most 760 px wide; `edited(name, value)`, where None returns to the profile.

    It is built a row at a turn: twelve rows of fields at once would stop the window for longer than it may stand.
    """

    edited = QtSignal(str, object)

    def __init__(self, runtime: str, *, profile_variable: str | None) -> None:
        super().__init__()
        self._runtime = runtime
        self.rows: dict[str, TuningRowView] = {}
        self._shown: dict[str, TuningRow] = {}
        self._boxes: dict[str, SettingsBox] = {}
        self.profiles = ProfileBox(profile_variable)
        self._content: QVBoxLayout = column(spacing=0, margins=(0, 4, 0, 24))
        self.setLayout(self._content)
        self.setMaximumWidth(PAGE_WIDTH)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._add_group(tr("Profile"), self.profiles)
        for heading, names in _GROUPS:
            box = SettingsBox()
            self._add_group(heading(), box)
            self._boxes.update(dict.fromkeys(names, box))
        self._further = SettingsBox()
        self._further_heading = self._add_group(tr("Further variables"), self._further)
        self._content.addStretch(1)
        self._builder = QTimer(self)
        self._builder.setInterval(0)
        self._builder.timeout.connect(self._build_next)

    @property
    def is_whole(self) -> bool:
        """True once every variable has its row."""
        return self._shown.keys() == self.rows.keys()

    def show_rows(self, rows: Sequence[TuningRow]) -> None:
        self._shown = {shown.name: shown for shown in rows}
        for name in self.rows.keys() - self._shown.keys():
            self.rows.pop(name).hide()
        for name, view in self.rows.items():
            view.show_row(self._shown[name])
        there = bool(self._shown.keys() - self._boxes.keys())
        self._further.setVisible(there)
        self._further_heading.setVisible(there)
        if not self.is_whole:
            self._builder.start()

    def _build_next(self) -> None:
        name = next((name for name in self._shown if name not in self.rows), None)
        if name is None:
            self._builder.stop()
            return
        view = TuningRowView(self._shown[name], self._runtime)
        view.edited.connect(self.edited)
        self.rows[name] = view
        self._boxes.get(name, self._further).add(view)

    def _add_group(self, heading: str, box: QWidget) -> Label:
        label = Label(heading, "heading")
        self._content.addWidget(label)
        self._content.addSpacing(10)
        self._content.addWidget(box)
        self._content.addSpacing(22)
        return label
