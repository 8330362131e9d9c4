"""Remote servers: those that were added, how each stands, and the verbs on them."""

from collections.abc import Coroutine, Mapping
from functools import partial
from typing import Any

from PySide6.QtWidgets import QVBoxLayout

from venom_desktop.core.runtimes.base import Runtime
from venom_desktop.core.runtimes.live import RuntimeNews
from venom_desktop.core.runtimes.remote import Remote
from venom_desktop.core.runtimes.remote_base import RemoteDraft, RemoteServer
from venom_desktop.core.runtimes.remotes import Remotes, Tried
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.dialogs import Question, answer, ask
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.messages import message_of
from venom_desktop.ui.remote_words import place_words, remote_look
from venom_desktop.ui.settings.picking import Picker
from venom_desktop.ui.settings.remote_dialog import NEW, RemoteDialog
from venom_desktop.ui.widgets import (
    Button,
    EmptyState,
    Pill,
    SettingRow,
    SettingsBox,
    SettingsPage,
    clear,
    column,
    row,
    wrapped,
)

WORK_KEY = "settings.remotes"


class RemoteRow(SettingRow):
    """One server: its name, place and state, and why it does not answer."""

    def __init__(self, page: "RemotesPage", remote: Remote) -> None:
        self.pill = Pill(remote_look(remote.snapshot))
        self.edit = Button(tr("Edit…"), size="dense", on_click=partial(page.edit, remote.name))
        self.remove = Button(tr("Remove…"), "danger", size="dense", on_click=partial(page.remove, remote.name))
        super().__init__(remote.server.title, "", wrapped(row(self.pill, self.edit, self.remove, spacing=10)))
        self.edit.setAccessibleName(tr("Edit {server}…", server=remote.server.title))
        self.remove.setAccessibleName(tr("Remove {server}…", server=remote.server.title))
        self.show_remote(remote)

    def show_remote(self, remote: Remote) -> None:
        snapshot, models = remote.snapshot, remote.store.snapshot.models
        count = None if models is None else len(models)
        self.set_help(place_words(remote.server.kind, remote.server.url, snapshot.version, count))
        self.pill.show_look(remote_look(snapshot))
        if snapshot.error is None:
            self.show_result("")
        else:
            message = message_of(snapshot.error)
            self.show_result(message.sentence, "warn", tip=message.tip)


class RemotesPage(SettingsPage):
    """Follows servers that come and go, also those that a script adds."""

    def __init__(self, bridge: Bridge, remotes: Remotes, runtimes: Mapping[str, Runtime], picker: Picker) -> None:
        super().__init__(tr("Remote servers"))
        self._bridge, self._remotes, self._picker = bridge, remotes, picker
        self.rows: dict[str, RemoteRow] = {}
        self._shown: tuple[RemoteServer, ...] | None = None
        self._list: QVBoxLayout = column(spacing=0)
        self.add_button = Button(tr("Add a server…"), icon="plus", on_click=self.add)
        self.empty = EmptyState(
            "cloud",
            tr("No server elsewhere yet"),
            tr("An Ollama or any OpenAI-compatible server on another machine is used like a runtime of this one."),
        )
        self.add_widget(wrapped(self._list))
        self.add_widget(self.empty)
        self.add_widget(wrapped(row(self.add_button, None, margins=(0, 12, 0, 0))))
        bridge.listen_merged(RuntimeNews(runtimes), self, lambda _: self.show_state())
        self.show_state()

    def show_state(self) -> None:
        """List what there is now."""
        if self._shown != self._remotes.servers:
            self._shown = self._remotes.servers
            clear(self._list)
            self.rows = {remote.name: RemoteRow(self, remote) for remote in self._remotes.all}
            if self.rows:
                self._list.addWidget(SettingsBox(*self.rows.values()))
            self.empty.setVisible(not self.rows)
        for remote in self._remotes.all:
            self.rows[remote.name].show_remote(remote)

    def add(self) -> None:
        """Ask for a server and keep it."""
        self._run(self._add())

    def edit(self, name: str) -> None:
        self._run(self._edit(name))

    def remove(self, name: str) -> None:
        """Ask, then forget a server with its key."""
        self._run(self._remove(name))

    async def _add(self) -> None:
        async def save(draft: RemoteDraft, key: str | None, openly: bool) -> object:
            return await self._kept(await self._remotes.add(draft, key, openly=openly))

        await self._answered(NEW, save=save, name=None, mask=None)

    async def _edit(self, name: str) -> None:
        async def save(draft: RemoteDraft, key: str | None, openly: bool) -> object:
            return await self._kept(await self._remotes.edit(name, draft, key, openly=openly))

        mask = (await self._remotes.key_status(name)).mask
        await self._answered(self._remotes.get(name).draft, save=save, name=name, mask=mask)

    async def _answered(self, draft: RemoteDraft, *, save: Any, name: str | None, mask: str | None) -> None:
        async def try_out(tried: RemoteDraft, key: str | None, openly: bool) -> Tried:
            return await self._remotes.try_out(tried, key, name=None if key == "" else name, openly=openly)

        await answer(
            RemoteDialog(
                self.window(), self._bridge, save=save, try_out=try_out, picker=self._picker, draft=draft, mask=mask
            )
        )

    async def _kept(self, server: RemoteServer) -> RemoteServer:
        """How it stands shows without waiting for the next look."""
        for remote in self._remotes.all:
            if remote.name == server.name:
                self._bridge.start(f"look at {server.name}", remote.refresh())
        return server

    async def _remove(self, name: str) -> None:
        server = self._remotes.get(name)
        question = Question(
            title=tr("Remove {server}?", server=server.title),
            consequence=tr("Its address and its key are deleted from this computer. Its models stay where they are."),
            safe=tr("Keep"),
            action=tr("Remove server"),
            destroys=True,
        )
        if await ask(self.window(), question):
            await self._remotes.remove(name)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        self._bridge.start(WORK_KEY, work)
