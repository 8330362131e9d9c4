"""Asks what a file of the user's own is imported for: used where it lies, or copied into a runtime's store."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QRadioButton, QWidget
from shiboken6 import isValid

from venom_desktop.core.errors import AlreadyInstalled, Cure, InvalidName, OperationRunning
from venom_desktop.core.registry.names import slug_for_file
from venom_desktop.core.runtimes.base import RuntimeState, ServerRuntime
from venom_desktop.ui import theme
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.dialogs import Dialog
from venom_desktop.ui.i18n import gigabytes, tr
from venom_desktop.ui.installed.name_field import NameField
from venom_desktop.ui.messages import show_error
from venom_desktop.ui.widgets import Banner, Button, Label, column, row, wrapped

WORK, STARTING = "import a file", "start a server for an import"
INDENT = 26
_OF_THE_NAME = (AlreadyInstalled, InvalidName, OperationRunning)


class ImportDialog(Dialog):
    """`in_place` and `add` carry out the choice, `add` with the name; what they refuse is told here."""

    def __init__(
        self,
        parent: QWidget,
        bridge: Bridge,
        file: Path,
        *,
        size_bytes: int,
        server: ServerRuntime,
        field: NameField,
        in_place: Callable[[], Awaitable[object]],
        add: Callable[[str], Awaitable[object]],
        on_cure: Callable[[Cure], object],
    ) -> None:
        super().__init__(parent, tr("Import {name}", name=file.name), safe=tr("Cancel"), action="")
        self._bridge, self._server, self._size = bridge, server, gigabytes(size_bytes)
        self._in_place, self._add, self._on_cure = in_place, add, on_cure
        self.field = field
        self.used_in_place = _choice(tr("Use it in place with llama.cpp"))
        self.added = _choice(tr("Add to {runtime}", runtime=self._title))
        self.state = Label("", "small", tone="text2")
        self.start = Button(
            tr("Start {runtime}", runtime=self._title), icon="play", size="dense", on_click=self._start_server
        )
        self.problem = Banner("cure", closable=True, stacked=True)
        self._fill()
        field.propose(field.free_name(slug_for_file(file).lower()))
        self.used_in_place.setChecked(True)
        for choice in (self.used_in_place, self.added):
            choice.toggled.connect(lambda _: self._judge())
        field.changed.connect(self._judge)
        field.entered.connect(self.accept)
        bridge.listen_merged(server.changed, self, lambda _: self._judge())
        self._judge()

    @property
    def _title(self) -> str:
        return self._server.snapshot.title

    def focus_first(self) -> None:
        self.used_in_place.setFocus(Qt.FocusReason.TabFocusReason)

    def accept(self) -> None:
        if not self.action.isEnabled():
            return
        self.action.forbid(tr("Waiting for the answer"))
        self.problem.hide()
        work = self._add(self.field.name) if self.added.isChecked() else self._in_place()
        self._bridge.start(WORK, self._carry_out(work), on_error=self._refused)

    async def _carry_out(self, work: Awaitable[object]) -> None:
        await work
        if isValid(self):
            super().accept()

    def _fill(self) -> None:
        stays = Label(tr("The file stays where it is and takes no further space."), "small", tone="text2", wrap=True)
        copy = tr("{runtime} keeps a copy of its own, which takes {size} more.", runtime=self._title, size=self._size)
        copied = Label(copy, "small", tone="text2", wrap=True)
        self._running = wrapped(row(self.state, None, self.start, margins=(0, 2, 0, 0)))
        self._running.setVisible(not self._runs)
        indent = (INDENT, 0, 0, 0)
        parts: list[QWidget | int] = [
            4,
            *(self.used_in_place, wrapped(column(stays, margins=indent)), 6),
            *(self.added, wrapped(column(copied, 4, self.field, self._running, spacing=2, margins=indent))),
            self.problem,
        ]
        for part in parts:
            if isinstance(part, int):
                self.body.addSpacing(part)
            else:
                self.body.addWidget(part)
        self.body.setSpacing(4)

    @property
    def _runs(self) -> bool:
        return self._server.snapshot.state is RuntimeState.RUNNING

    def _judge(self) -> None:
        adds = self.added.isChecked()
        self.field.setEnabled(adds)
        self._show_server()
        words = tr("Add to {runtime} · {size}", runtime=self._title, size=self._size)
        self.action.set_content(words if adds else tr("Use in place"))
        reason = ""
        if adds and not self._runs:
            reason = tr("{runtime} is not running. Start it first.", runtime=self._title)
        elif adds:
            reason = self.field.problem
        if reason:
            self.action.forbid(reason)
        else:
            self.action.allow()

    def _show_server(self) -> None:
        """The line stays once it is there, so that nothing moves when the server has come."""
        starting = self._server.snapshot.state is RuntimeState.STARTING or self._bridge.is_running(STARTING)
        if self._runs:
            self.state.setText(tr("{runtime} is running.", runtime=self._title))
        elif starting:
            self.state.setText(tr("{runtime} is being started.", runtime=self._title))
        else:
            self.state.setText(tr("{runtime} is not running.", runtime=self._title))
        self.start.setEnabled(not (self._runs or starting))

    def _start_server(self) -> None:
        self.problem.hide()
        self._bridge.start(STARTING, self._server.start(), on_error=self._refused)
        self._judge()

    def _refused(self, error: Exception) -> None:
        if not isValid(self):
            return
        if isinstance(error, _OF_THE_NAME) and self.added.isChecked():
            self.field.show_refusal(error)
        else:
            show_error(self.problem, error, self._cure)
            self._judge()
            self.adjustSize()

    def _cure(self, cure: Cure) -> None:
        self.reject()
        self._on_cure(cure)


def _choice(words: str) -> QRadioButton:
    button = QRadioButton(words)
    theme.set_font(button, "medium")
    return button
