"""The tuning of a server over the page: profile, every variable with its source, and what a restart would bring."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from PySide6.QtCore import Signal as QtSignal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from venom_desktop.core.errors import InvalidSetting
from venom_desktop.core.runtimes.base import Control, RuntimeSnapshot, RuntimeState
from venom_desktop.core.runtimes.control.drop_in import DropIn
from venom_desktop.core.runtimes.tuning import TuningRow
from venom_desktop.core.settings.schema import OllamaProfile
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.dialogs import answer
from venom_desktop.ui.i18n import plural, tr
from venom_desktop.ui.messages import message_of
from venom_desktop.ui.runtime.card_facts import Verb
from venom_desktop.ui.runtime.drop_in_dialog import DropInDialog
from venom_desktop.ui.runtime.server_tools import TuningDesk
from venom_desktop.ui.runtime.tuning_profile import ProfileBox
from venom_desktop.ui.runtime.tuning_row import TuningRowView
from venom_desktop.ui.widgets import (
    Banner,
    Button,
    Label,
    SettingsBox,
    ToolButton,
    column,
    row,
    scrolling,
    wrapped,
)

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


class TuningPage(QWidget):
    """`closed` when the user is done; `verb_wanted(Verb)` asks to restart the server."""

    closed = QtSignal()
    verb_wanted = QtSignal(Verb)

    def __init__(self, bridge: Bridge, desk: TuningDesk, *, snapshot: Callable[[], RuntimeSnapshot]) -> None:
        super().__init__()
        self._bridge = bridge
        self._desk = desk
        self._snapshot = snapshot
        self._wanted: Mapping[str, str] | None = None
        self._storing = False
        self.rows: dict[str, TuningRowView] = {}
        self.profiles = ProfileBox(desk.profile_variable)
        self.banner = Banner("note", icon="refresh")
        self.problem = Banner("cure", closable=True)
        title = tr("Tuning of {runtime}", runtime=snapshot().title)
        self.back_button = ToolButton("left", tr("Back"), on_click=self.closed.emit)
        self.reset_button = Button(tr("Return all to the profile"), "quiet", size="dense")
        self.reset_button.clicked.connect(lambda: self._want({}))
        self._content: QVBoxLayout = column(spacing=0, margins=(0, 4, 0, 24))
        head = row(self.back_button, Label(title, "heading"), None, self.reset_button)
        banners = column(self.problem, self.banner, spacing=8)
        self.setLayout(column(head, banners, (self._scrolled(), 1), spacing=10, margins=(16, 12, 16, 0)))
        self.setAccessibleName(title)
        self._build()
        self.profiles.chosen.connect(self._choose_profile)
        bridge.listen(desk.changed, self, lambda _: self.look())
        self.look()

    def look(self) -> None:
        """Show what the settings and the running server are now."""
        try:
            rows = self._desk.rows()
        except InvalidSetting as error:
            self._tell(error)
            return
        if set(self.rows) != {shown.name for shown in rows}:
            self._add_further(rows)
        for shown in rows:
            self.rows[shown.name].show_row(shown)
        self.profiles.show_profile(self._desk.profile())
        if self._desk.chosen():
            self.reset_button.allow()
        else:
            self.reset_button.forbid(tr("Every value is the profile's already"))
        self._show_banner(rows)

    def _scrolled(self) -> QWidget:
        inner = QWidget()
        inner.setMaximumWidth(PAGE_WIDTH)
        inner.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        inner.setLayout(self._content)
        return scrolling(wrapped(row((inner, 1), margins=(8, 0, 8, 0))))

    def _build(self) -> None:
        by_name = {shown.name: shown for shown in self._desk.rows()}
        self._add_group(tr("Profile"), self.profiles)
        for heading, names in _GROUPS:
            self._add_group(
                heading(), SettingsBox(*self._views([by_name.pop(name) for name in names if name in by_name]))
            )
        self._further = SettingsBox()
        self._further_head = self._add_group(tr("Further variables"), self._further)
        self._show_further()
        self._content.addStretch(1)

    def _add_group(self, heading: str, box: QWidget) -> Label:
        label = Label(heading, "heading")
        self._content.addWidget(label)
        self._content.addSpacing(10)
        self._content.addWidget(box)
        self._content.addSpacing(22)
        return label

    def _add_further(self, rows: Sequence[TuningRow]) -> None:
        """Variables that this program does not know, set in the settings by hand."""
        for name in set(self.rows) - {shown.name for shown in rows}:
            self.rows.pop(name).hide()
        for view in self._views([shown for shown in rows if shown.name not in self.rows]):
            self._further.add(view)
        self._show_further()

    def _show_further(self) -> None:
        known = {name for _, names in _GROUPS for name in names}
        there = bool(set(self.rows) - known)
        self._further.setVisible(there)
        self._further_head.setVisible(there)

    def _views(self, rows: Sequence[TuningRow]) -> list[TuningRowView]:
        views = [TuningRowView(shown, self._snapshot().title) for shown in rows]
        for view in views:
            view.edited.connect(self._change)
            self.rows[view.name] = view
        return views

    def _show_banner(self, rows: Sequence[TuningRow]) -> None:
        snapshot, waiting = self._snapshot(), sum(shown.in_server is False for shown in rows)
        drop_in = self._desk.drop_in()
        restart = tr("Restart {runtime}", runtime=snapshot.title)
        if drop_in is not None and snapshot.control in {Control.SYSTEMD, None}:
            self.banner.tell(
                tr("systemd keeps {runtime}. The unit gets these settings from a file.", runtime=snapshot.title),
                tr("Show the file…"),
                lambda: self._bridge.start("tuning.drop_in", self._offer(drop_in), on_error=self._tell),
            )
        elif snapshot.state is not RuntimeState.RUNNING or not waiting:
            self.banner.hide()
        elif snapshot.control is Control.EXTERNAL:
            self.banner.tell(
                tr(
                    "Another program started {runtime} with settings of its own. A restart from here brings these.",
                    runtime=snapshot.title,
                ),
                tr("Restart {runtime}…", runtime=snapshot.title),
                lambda: self.verb_wanted.emit(Verb.RESTART),
            )
        else:
            self.banner.tell(
                plural(
                    "The running server lacks {count} of {total} settings.",
                    "The running server lacks {count} of {total} settings.",
                    waiting,
                    total=len(rows),
                ),
                restart,
                lambda: self.verb_wanted.emit(Verb.RESTART),
            )

    def _change(self, name: str, value: str | None) -> None:
        now = self._desk.chosen() if self._wanted is None else self._wanted
        others = {key: text for key, text in now.items() if key != name}
        self._want(others if value is None else {**others, name: value})

    def _choose_profile(self, profile: OllamaProfile) -> None:
        self.problem.hide()
        self._bridge.start("tuning.profile", self._store_profile(profile), on_error=self._tell)

    def _want(self, chosen: Mapping[str, str]) -> None:
        """A change made while another is being stored is stored after it, and both count."""
        self._wanted = chosen
        self.problem.hide()
        if not self._storing:
            self._storing = True
            self._bridge.start("tuning.chosen", self._store_wanted(), on_error=self._tell)

    async def _store_wanted(self) -> None:
        try:
            while (wanted := self._wanted) is not None:
                await self._desk.store_chosen(wanted)
                if self._wanted is wanted:
                    self._wanted = None
        finally:
            self._storing, self._wanted = False, None
            self.look()

    async def _store_profile(self, profile: OllamaProfile) -> None:
        await self._desk.store_profile(profile)
        self.look()

    async def _offer(self, drop_in: DropIn) -> None:
        """The file is shown, and written when the user agrees."""
        dialog = DropInDialog(self, drop_in)
        writes = dialog.writes
        if not await answer(dialog):
            return
        if not writes:
            QGuiApplication.clipboard().setText(drop_in.command)
        elif self._desk.write_drop_in is not None:
            await self._desk.write_drop_in()
            self.look()

    def _tell(self, error: Exception) -> None:
        message = message_of(error)
        self.problem.tell(message.sentence, tip=message.tip)
