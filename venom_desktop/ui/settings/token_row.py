"""The Hugging Face token: where it is kept, its mask, and the verbs on it; the token itself is never shown."""

from collections.abc import Coroutine
from typing import Any

from PySide6.QtCore import Qt

from venom_desktop.core.catalog.hub_account import HubAccount
from venom_desktop.core.secrets.base import HUGGING_FACE, CredentialSource, CredentialStatus
from venom_desktop.core.secrets.vault import Vault
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.dialogs import Question, ask, ask_secret
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.messages import message_of
from venom_desktop.ui.settings.words import source_look, user_words
from venom_desktop.ui.widgets import Button, Label, Pill, PillLook, SettingRow, column, row, wrapped

STATUS_KEY = "settings.token.status"
WORK_KEY = "settings.token"


class TokenRow(SettingRow):
    def __init__(self, bridge: Bridge, vault: Vault, account: HubAccount) -> None:
        self._bridge, self._vault, self._account = bridge, vault, account
        self._wants_focus = False
        self.pill = Pill(PillLook(text=tr("Looking…")))
        self.shown = Label("", "mono", tone="text2")
        self.try_button = Button(tr("Try"), size="dense", on_click=lambda: self._run(self._try()))
        self.add_button = Button(tr("Add token…"), size="dense", on_click=self.add)
        self.replace_button = Button(tr("Replace…"), size="dense", on_click=self.add)
        self.remove_button = Button(tr("Remove…"), "danger", size="dense", on_click=lambda: self._run(self._remove()))
        self._buttons = (self.try_button, self.add_button, self.replace_button, self.remove_button)
        upper = row(None, self.shown, self.pill, spacing=10)
        control = wrapped(column(upper, row(None, *self._buttons), spacing=8, margins=(0, 4, 0, 4)))
        super().__init__(tr("Access token"), tr("Needed for gated and private models alone."), control)
        self._show_buttons(CredentialSource.ENVIRONMENT)
        self.try_button.hide()
        bridge.listen(vault.changed, self, lambda _: self.look())

    def look(self) -> None:
        """Ask the vault where the token is; the keyring may take a while to answer."""
        self._bridge.start(STATUS_KEY, self._look())

    def add(self) -> None:
        """Ask for a token, keep it and try it."""
        self._run(self._add())

    def focus(self) -> None:
        """Be ready for the keyboard once the vault has answered."""
        self._wants_focus = True
        self.look()

    async def _look(self) -> None:
        self._show(await self._vault.status(HUGGING_FACE))

    def _show(self, status: CredentialStatus) -> None:
        self.pill.show_look(source_look(status))
        self.shown.setText(status.mask or "")
        self.shown.setVisible(status.mask is not None)
        self.shown.setAccessibleName(tr("Token {mask}", mask=status.mask or ""))
        if status.source is CredentialSource.ENVIRONMENT:
            self.set_help(tr("Set by the environment, so it cannot be changed here."))
        self._show_buttons(status.source)

    def _show_buttons(self, source: CredentialSource) -> None:
        missing = source is CredentialSource.NONE
        ours = source in (CredentialSource.KEYRING, CredentialSource.MEMORY)
        self.try_button.setVisible(not missing)
        self.add_button.setVisible(missing)
        self.replace_button.setVisible(ours)
        self.remove_button.setVisible(ours)
        if self._wants_focus:
            self._wants_focus = False
            button = self.add_button if missing else self.replace_button if ours else self.try_button
            button.setFocus(Qt.FocusReason.TabFocusReason)

    async def _add(self) -> None:
        help_text = tr(
            "Paste a token with the right to read, made under Settings, Access Tokens on the hub. "
            "It goes to the system keyring and is sent to the hub alone."
        )
        token = await ask_secret(self.window(), tr("Hugging Face token"), help_text)
        if token is not None:
            await self._vault.set(HUGGING_FACE, token)
            await self._try()

    async def _try(self) -> None:
        self.show_result(tr("Asking the hub…"), "text2")
        self.show_result(user_words(await self._account.who()), "ok")

    async def _remove(self) -> None:
        question = Question(
            title=tr("Remove the Hugging Face token?"),
            consequence=tr("It is deleted from this computer. Gated models cannot be installed until one is added."),
            safe=tr("Keep"),
            action=tr("Remove token"),
            destroys=True,
        )
        if await ask(self.window(), question):
            await self._vault.remove(HUGGING_FACE)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        self.show_result("")
        self._bridge.start(WORK_KEY, work, on_error=self._show_problem)

    def _show_problem(self, error: Exception) -> None:
        message = message_of(error)
        self.show_result(message.sentence, "bad", tip=message.tip)
