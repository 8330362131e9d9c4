"""Hugging Face: the address of the hub or of a mirror, and the token."""

from PySide6.QtGui import QShowEvent

from venom_desktop.core.catalog.hub_account import HubAccount, host_of
from venom_desktop.core.secrets.vault import Vault
from venom_desktop.core.settings.store import SettingsStore
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.settings.rows import FieldRow
from venom_desktop.ui.settings.token_row import TokenRow
from venom_desktop.ui.widgets import Button, SettingsPage


class EndpointRow(FieldRow):
    """An address of another form is refused; whether it answers is tried on request, without the token."""

    def __init__(self, bridge: Bridge, settings: SettingsStore, account: HubAccount) -> None:
        self._account = account
        self._first = settings.snapshot.hf_endpoint
        self.try_button = Button(tr("Try"), on_click=self._press_try)
        super().__init__(
            bridge,
            settings,
            "hf_endpoint",
            title=tr("Address of the hub"),
            help_text=tr("The hub itself or a mirror. A change takes effect after a restart."),
            width=230,
            beside=(self.try_button,),
        )

    def _press_try(self) -> None:
        self.run(self._try(self.field.text()))

    async def _try(self, address: str) -> None:
        self.show_result(tr("Asking {address}…", address=address.strip()), "text2")
        endpoint = await self._account.try_endpoint(address)
        await self.save(endpoint)
        self.show_result(tr("{host} answers as a hub does.", host=host_of(endpoint)), "ok")

    def show_stored(self) -> None:
        super().show_stored()
        if self.stored != self._first:
            host = host_of(self._first)
            self.show_result(tr("Until the restart {host} is asked.", host=host), "part")


class HubPage(SettingsPage):
    """The keyring is asked for the token when the page is shown, not before."""

    def __init__(self, bridge: Bridge, settings: SettingsStore, vault: Vault, account: HubAccount) -> None:
        super().__init__(tr("Hugging Face"))
        self.endpoint = EndpointRow(bridge, settings, account)
        self.token = TokenRow(bridge, vault, account)
        self.add_group("", self.endpoint)
        self.add_group(tr("Sign in"), self.token)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.token.look()
