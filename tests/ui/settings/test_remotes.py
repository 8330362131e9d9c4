"""The page of servers elsewhere: added after a try, changed, removed after a question; the key never shows."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from tests.core.runtimes.remote_bench import draft
from tests.fakes.hub import HubServer
from tests.fakes.openai_server import OpenAiStandIn
from tests.support.accessible import unnamed
from tests.ui.settings.desk import Desk, open_desk, said_by, until
from venom_desktop.core.errors import Cure
from venom_desktop.core.governance.base import Terms
from venom_desktop.core.runtimes.remote_base import RemoteKind, RemoteServer
from venom_desktop.core.secrets.base import CredentialSource
from venom_desktop.ui.dialogs import QuestionDialog
from venom_desktop.ui.settings.remote_dialog import RemoteDialog
from venom_desktop.ui.settings.remotes import RemotesPage
from venom_desktop.ui.settings.tab import PageName

KEY = "sk-planted-0123456789abcdef"
LAB = "remote-lab-box"


@pytest.fixture
async def desk(themed: QApplication, private_home: Path, hub: HubServer) -> AsyncIterator[Desk]:
    async with open_desk(private_home, hub) as opened:
        yield opened


@pytest.fixture
def server() -> Iterator[OpenAiStandIn]:
    with OpenAiStandIn("tiny", "large", key=KEY) as made:
        yield made


def page_of(desk: Desk) -> RemotesPage:
    page = desk.tab.show_page(PageName.REMOTES)
    assert isinstance(page, RemotesPage)
    return page


async def opened(desk: Desk) -> RemoteDialog:
    await until(lambda: desk.tab.findChild(RemoteDialog))
    dialog = desk.tab.findChild(RemoteDialog)
    assert isinstance(dialog, RemoteDialog)
    return dialog


async def asked(desk: Desk) -> QuestionDialog:
    await until(lambda: desk.tab.findChild(QuestionDialog))
    dialog = desk.tab.findChild(QuestionDialog)
    assert isinstance(dialog, QuestionDialog)
    return dialog


def word(page: RemotesPage) -> str:
    return page.rows[LAB].pill.look.text if LAB in page.rows else ""


def kept(desk: Desk) -> list[RemoteServer]:
    return list(desk.remotes.servers)


async def closed(desk: Desk) -> None:
    await until(lambda: desk.tab.findChild(RemoteDialog) is None)


async def added(desk: Desk, url: str, key: str = KEY) -> RemotesPage:
    page = page_of(desk)
    page.add_button.click()
    dialog = await opened(desk)
    dialog.title.setText("Lab box")
    dialog.url.setText(url)
    dialog.key.setText(key)
    dialog.action.click()
    await closed(desk)
    return page


async def test_a_server_is_tried_and_added_and_its_state_shows(desk: Desk, server: OpenAiStandIn) -> None:
    page = page_of(desk)
    assert page.empty.isVisible()
    page.add_button.click()
    dialog = await opened(desk)
    assert not dialog.action.isEnabled()
    assert not dialog.try_button.isEnabled()
    dialog.title.setText("Lab box")
    dialog.url.setText(f"{server.url}/v1/")
    dialog.key.setText(KEY)
    dialog.input_usd.setText("0,5")
    dialog.limit.show_number(60)
    dialog.try_button.click()
    await until(lambda: dialog.told.text() == "vLLM · 2 models")
    assert kept(desk) == []
    assert unnamed(dialog) == []
    dialog.action.click()
    await closed(desk)
    [server_kept] = kept(desk)
    assert (server_kept.name, server_kept.url, server_kept.kind) == (LAB, server.url, RemoteKind.OPENAI)
    assert server_kept.terms == Terms(input_usd=0.5, requests_per_minute=60)
    await until(lambda: word(page) == "Reachable")
    await until(lambda: "2 models" in said_by(page))
    assert not page.empty.isVisible()
    assert unnamed(page) == []


async def test_a_try_that_fails_says_why_in_the_dialog(desk: Desk, server: OpenAiStandIn) -> None:
    page_of(desk).add_button.click()
    dialog = await opened(desk)
    dialog.url.setText(server.url)
    dialog.try_button.click()
    await until(lambda: "asks for a key and none is stored" in dialog.told.text())
    dialog.key.setText("sk-wrong-0123456789")
    dialog.try_button.click()
    await until(lambda: "refused the key" in dialog.told.text())
    server.go_down()
    dialog.try_button.click()
    await until(lambda: "does not answer at" in dialog.told.text())
    dialog.title.setText("Lab")
    dialog.input_usd.setText("cheap")
    dialog.action.click()
    await until(lambda: "number of dollars" in dialog.told.text())
    assert kept(desk) == []
    dialog.reject()
    await closed(desk)


async def test_the_key_is_hidden_while_typed_and_never_shown_again(desk: Desk, server: OpenAiStandIn) -> None:
    page = await added(desk, server.url)
    page.rows[LAB].edit.click()
    dialog = await opened(desk)
    assert (dialog.key.text(), dialog.key.echoMode()) == ("", dialog.key.EchoMode.Password)
    assert dialog.key.placeholderText() == "Kept: sk-p…cdef"
    assert dialog.title.text() == "Lab box"
    assert KEY not in said_by(desk.tab)
    assert KEY[4:-5] not in said_by(desk.tab)
    dialog.title.setText("Rack")
    dialog.action.click()
    await closed(desk)
    assert [one.title for one in desk.remotes.servers] == ["Rack"]
    await until(lambda: word(page) == "Reachable")
    assert "Rack" in said_by(page)


async def test_the_key_alone_is_removed_when_that_is_saved(desk: Desk, server: OpenAiStandIn) -> None:
    page = await added(desk, server.url)
    key_name = kept(desk)[0].key_name

    async def forget() -> RemoteDialog:
        page.rows[LAB].edit.click()
        dialog = await opened(desk)
        assert dialog.forget_button.isVisible()
        dialog.forget_button.click()
        assert (dialog.key.placeholderText(), dialog.forget_button.isVisible()) == ("Removed when you save", False)
        return dialog

    dialog = await forget()
    dialog.try_button.click()
    await until(lambda: "asks for a key and none is stored" in dialog.told.text())
    dialog.reject()
    await closed(desk)
    assert (await desk.remote_vault.status(key_name)).source is CredentialSource.MEMORY
    (await forget()).action.click()
    await closed(desk)
    assert (await desk.remote_vault.status(key_name)).source is CredentialSource.NONE
    await until(lambda: word(page) == "Key missing")


async def test_a_key_for_plain_http_elsewhere_is_asked_about_before_it_is_kept(desk: Desk) -> None:
    page_of(desk).add_button.click()
    dialog = await opened(desk)
    dialog.title.setText("Lab box")
    dialog.url.setText("http://models.example:8000")
    dialog.key.setText(KEY)
    dialog.action.click()
    question = await asked(desk)
    assert "models.example:8000 is another machine" in said_by(question)
    question.safe.click()
    await until(lambda: desk.tab.findChild(QuestionDialog) is None)
    assert kept(desk) == []
    assert dialog.isVisible()
    dialog.action.click()
    (await asked(desk)).action.click()
    await closed(desk)
    assert len(kept(desk)) == 1


async def test_removing_asks_and_takes_the_key_along(desk: Desk, server: OpenAiStandIn) -> None:
    page = await added(desk, server.url)
    key_name = kept(desk)[0].key_name
    page.rows[LAB].remove.click()
    (await asked(desk)).safe.click()
    await until(lambda: desk.tab.findChild(QuestionDialog) is None)
    assert len(kept(desk)) == 1
    page.rows[LAB].remove.click()
    (await asked(desk)).action.click()
    await until(lambda: page.empty.isVisible())
    assert kept(desk) == []
    assert (await desk.remote_vault.status(key_name)).source is CredentialSource.NONE


async def test_a_server_that_a_script_adds_or_that_goes_shows_by_itself(desk: Desk, server: OpenAiStandIn) -> None:
    page = page_of(desk)
    await desk.remotes.add(draft(server.url), KEY)
    await until(lambda: LAB in page.rows)
    await until(lambda: word(page) == "Not asked yet")
    server.go_down()
    await desk.remotes.all[0].refresh()
    await until(lambda: word(page) == "Not reachable")
    assert "does not answer at" in page.rows[LAB].result


async def test_an_authority_of_ones_own_is_chosen_and_taken_back(desk: Desk, tmp_path: Path) -> None:
    page_of(desk).add_button.click()
    dialog = await opened(desk)
    assert dialog.authority.text() == "The system's"
    desk.picker.answer = tmp_path / "ca.pem"
    dialog.choose_button.click()
    await until(lambda: dialog.authority.text() == str(tmp_path / "ca.pem"))
    assert dialog.draft == replace(dialog.draft, certificate_file=tmp_path / "ca.pem")
    dialog.clear_button.click()
    assert dialog.draft == replace(dialog.draft, certificate_file=None)
    dialog.reject()
    await closed(desk)


async def test_a_cure_leads_to_the_page(desk: Desk) -> None:
    desk.tab.show_cure(Cure.OPEN_REMOTES)
    assert isinstance(desk.tab._stack.currentWidget(), RemotesPage)
