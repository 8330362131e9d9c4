"""The token of the hub: where it is kept is said, it can be tried, and it never shows."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QLineEdit

from tests.fakes.hub import HubServer
from tests.ui.settings.desk import TOKEN, Desk, open_desk, said_by, until
from venom_desktop.core.secrets.base import HUGGING_FACE, CredentialSource, CredentialStatus
from venom_desktop.ui.dialogs import QuestionDialog, SecretDialog
from venom_desktop.ui.settings.hub import HubPage
from venom_desktop.ui.settings.tab import PageName
from venom_desktop.ui.settings.token_row import TokenRow
from venom_desktop.ui.settings.words import source_look

MASK = "hf_…6789"


@pytest.fixture
async def desk(themed: QApplication, private_home: Path, hub: HubServer) -> AsyncIterator[Desk]:
    async with open_desk(private_home, hub) as opened:
        yield opened


def row_of(desk: Desk) -> TokenRow:
    page = desk.tab.show_page(PageName.HUGGING_FACE)
    assert isinstance(page, HubPage)
    return page.token


async def type_token(desk: Desk, token: str) -> None:
    await until(lambda: desk.tab.findChild(SecretDialog))
    dialog = desk.tab.findChild(SecretDialog)
    assert isinstance(dialog, SecretDialog)
    field = dialog.findChild(QLineEdit)
    assert isinstance(field, QLineEdit)
    field.setText(token)
    dialog.action.click()


async def test_a_token_that_is_added_is_kept_tried_and_never_shown(desk: Desk) -> None:
    desk.hub.add_account(TOKEN, name="lena")
    row = row_of(desk)
    await until(lambda: row.pill.look.text == "Missing")
    assert not row.try_button.isVisible()
    row.add_button.click()
    await type_token(desk, TOKEN)
    await until(lambda: row.result == "The token works. It belongs to lena.")
    await until(lambda: row.pill.look.text == "Kept in the system keyring")
    assert row.shown.text() == MASK
    said = said_by(desk.tab)
    assert MASK in said
    assert TOKEN not in said
    assert TOKEN[4:-5] not in said


async def test_a_token_that_the_hub_refuses_is_said_so_and_does_not_show_either(desk: Desk) -> None:
    await desk.vault.set(HUGGING_FACE, TOKEN)
    row = row_of(desk)
    await until(row.try_button.isVisible)
    row.try_button.click()
    await until(lambda: "refused the stored token" in row.result)
    assert TOKEN not in said_by(desk.tab)


async def test_what_is_no_token_is_refused_in_place(desk: Desk) -> None:
    row = row_of(desk)
    await until(row.add_button.isVisible)
    row.add_button.click()
    await type_token(desk, "hf_with blank")
    await until(lambda: "not a usable key" in row.result)
    assert row.pill.look.text == "Missing"
    assert "hf_with blank" not in said_by(desk.tab)


async def test_a_token_is_removed_after_a_question_whose_safe_answer_keeps_it(desk: Desk) -> None:
    await desk.vault.set(HUGGING_FACE, TOKEN)
    row = row_of(desk)
    await until(row.remove_button.isVisible)
    row.remove_button.click()
    await until(lambda: desk.tab.findChild(QuestionDialog))
    desk.tab.findChild(QuestionDialog).safe.click()  # type: ignore[union-attr]
    await until(lambda: not desk.bridge.is_running("settings.token"))
    assert await desk.vault.get(HUGGING_FACE) is not None
    await until(lambda: not desk.tab.findChild(QuestionDialog))
    row.remove_button.click()
    await until(lambda: desk.tab.findChild(QuestionDialog))
    desk.tab.findChild(QuestionDialog).action.click()  # type: ignore[union-attr]
    await until(lambda: row.pill.look.text == "Missing")
    assert await desk.vault.get(HUGGING_FACE) is None


async def test_a_token_of_the_environment_can_be_tried_and_not_changed(
    themed: QApplication, private_home: Path, hub: HubServer
) -> None:
    hub.add_account(TOKEN, name="lena")
    async with open_desk(private_home, hub, {"HF_TOKEN": TOKEN}) as desk:
        row = row_of(desk)
        await until(lambda: row.pill.look.text == "From HF_TOKEN")
        assert not any(button.isVisible() for button in (row.add_button, row.replace_button, row.remove_button))
        row.try_button.click()
        await until(lambda: "lena" in row.result)
        assert TOKEN not in said_by(desk.tab)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (CredentialSource.ENVIRONMENT, "From HF_TOKEN"),
        (CredentialSource.KEYRING, "Kept in the system keyring"),
        (CredentialSource.MEMORY, "Only until you quit"),
        (CredentialSource.NONE, "Missing"),
    ],
)
def test_the_pill_says_where_a_token_is_kept(source: CredentialSource, words: str) -> None:
    status = CredentialStatus(name=HUGGING_FACE, source=source, mask=MASK, variable="HF_TOKEN")
    assert source_look(status).text == words
