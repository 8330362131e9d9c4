"""What stands between a gated model and its files: a token, or the licence that its account must accept."""

from collections.abc import Callable
from enum import Enum

from venom_desktop.ui.catalog.selection import Chosen
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.widgets import Button, Frame, Icon, Label, column, flow, row


class Need(Enum):
    """What is missing."""

    NOTHING = "nothing"
    UNKNOWN = "unknown"
    ACCOUNT = "account"
    LICENSE = "license"


def need_of(chosen: Chosen, *, has_token: bool | None) -> Need:
    """`has_token` None while the keyring was not asked."""
    if not chosen.entry.gated or chosen.opened:
        return Need.NOTHING
    if has_token is None:
        return Need.UNKNOWN
    if not has_token:
        return Need.ACCOUNT
    # Whoever may enter is not told to accept anything while that is being found out.
    return Need.NOTHING if chosen.opened is None else Need.LICENSE


class GateNote(Frame):
    """Hidden when nothing is missing."""

    def __init__(
        self, *, on_page: Callable[[], object], on_token: Callable[[], object], on_again: Callable[[], object]
    ) -> None:
        self._sentence = Label(tone="text2", wrap=True)
        self.page = Button(tr("Open the model page"), size="dense", icon="external", trailing=True, on_click=on_page)
        self.token = Button(tr("Add a token…"), size="dense", on_click=on_token)
        self.again = Button(tr("Check again"), size="dense", icon="refresh", on_click=on_again)
        buttons = flow(self.page, self.token, self.again)
        super().__init__("box", column(row(Icon("lock"), (self._sentence, 1)), buttons, margins=(12, 10, 12, 12)))
        self.show_need(Need.NOTHING)

    @property
    def sentence(self) -> str:
        return self._sentence.text()

    def show_need(self, need: Need) -> None:
        self.setVisible(need is not Need.NOTHING)
        self._sentence.setText(_sentence(need))
        self.token.setVisible(need is Need.ACCOUNT)
        self.again.setVisible(need is Need.LICENSE)


def _sentence(need: Need) -> str:
    match need:
        case Need.NOTHING:
            return ""
        case Need.UNKNOWN:
            return tr("This model is gated. Its licence has to be accepted on its page.")
        case Need.ACCOUNT:
            return tr(
                "This model is gated and no Hugging Face token is stored. Accept the licence on its page, "
                "then add the token of that account."
            )
        case Need.LICENSE:
            return tr(
                "This model is gated. A Hugging Face token is stored: accept the licence on the model page "
                "with the account of that token."
            )
