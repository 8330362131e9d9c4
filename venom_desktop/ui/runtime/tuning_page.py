"""The tuning of a server over the page: profile, every variable with its source, and what a restart would bring."""

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import Signal as QtSignal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

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
from venom_desktop.ui.runtime.tuning_form import TuningForm
from venom_desktop.ui.widgets import (
    Banner,
    Button,
    Label,
    ToolButton,
    column,
    row,
    scrolling,
    wrapped,
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
        self.form = TuningForm(snapshot().title, profile_variable=desk.profile_variable)
        self.rows = self.form.rows
        self.profiles = self.form.profiles
        self.banner = Banner("note", icon="refresh")
        self.problem = Banner("cure", closable=True)
        title = tr("Tuning of {runtime}", runtime=snapshot().title)
        self.back_button = ToolButton("left", tr("Back"), on_click=self.closed.emit)
        self.reset_button = Button(tr("Return all to the profile"), "quiet", size="dense")
        self.reset_button.clicked.connect(lambda: self._want({}))
        head = row(self.back_button, Label(title, "heading"), None, self.reset_button)
        banners = column(self.problem, self.banner, spacing=8)
        page = scrolling(wrapped(row((self.form, 1), margins=(8, 0, 8, 0))))
        self.setLayout(column(head, banners, (page, 1), spacing=10, margins=(16, 12, 16, 0)))
        self.setAccessibleName(title)
        self.form.edited.connect(self._change)
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
        self.form.show_rows(rows)
        self.profiles.show_profile(self._desk.profile())
        if self._desk.chosen():
            self.reset_button.allow()
        else:
            self.reset_button.forbid(tr("Every value is the profile's already"))
        self._show_banner(rows)

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
