"""The switch of the local API does what it says, and the token goes to the clipboard without being shown."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from tests.fakes.hub import HubServer
from tests.ui.settings.desk import API_TOKEN, Desk, open_desk, said_by, until
from venom_desktop.core.errors import Conflict
from venom_desktop.ui.settings.local_api import LocalApiPage
from venom_desktop.ui.settings.tab import PageName


@pytest.fixture
async def desk(themed: QApplication, private_home: Path, hub: HubServer) -> AsyncIterator[Desk]:
    async with open_desk(private_home, hub) as opened:
        yield opened


def page_of(desk: Desk) -> LocalApiPage:
    page = desk.tab.show_page(PageName.LOCAL_API)
    assert isinstance(page, LocalApiPage)
    return page


async def test_the_switch_starts_and_stops_it_and_remembers_the_choice(desk: Desk) -> None:
    page = page_of(desk)
    page.switch.switch.click()
    await until(lambda: desk.settings.snapshot.api_enabled)
    assert page.switch.pill.look.text == "Running"
    assert page.address.shown.text() == "http://127.0.0.1:8642"
    page.switch.switch.click()
    await until(lambda: not desk.settings.snapshot.api_enabled)
    assert not desk.api.running
    assert page.address.shown.text() == "Not running"


async def test_a_start_that_fails_leaves_the_switch_off_and_says_why(desk: Desk) -> None:
    desk.api.refusal = Conflict(problem="Port 8642 is taken. Choose another one.")
    page = page_of(desk)
    page.switch.switch.click()
    await until(lambda: page.switch.result)
    assert page.switch.result == "Port 8642 is taken. Choose another one."
    assert not page.switch.switch.isChecked()
    assert not desk.settings.snapshot.api_enabled


async def test_a_start_from_elsewhere_shows(desk: Desk) -> None:
    page = page_of(desk)
    await desk.api.start()
    assert page.switch.switch.isChecked()
    assert not desk.settings.snapshot.api_enabled


@pytest.mark.parametrize("typed", ["0", "65536", "eighty", ""])
async def test_a_port_that_is_none_is_refused_in_place(desk: Desk, typed: str) -> None:
    port = page_of(desk).port
    port.field.setText(typed)
    port.field.editingFinished.emit()
    await until(lambda: port.result)
    assert port.result.endswith("Give a port from 1 to 65535.")
    assert desk.settings.snapshot.api_port == 8642


async def test_a_running_api_moves_to_a_new_port(desk: Desk) -> None:
    await desk.api.start()
    port = page_of(desk).port
    port.field.setText("9001")
    port.field.editingFinished.emit()
    await until(lambda: desk.settings.snapshot.api_port == 9001)
    await until(lambda: desk.api.starts == 2)
    assert desk.api.running


async def test_the_token_is_copied_and_shows_only_as_its_mask(desk: Desk) -> None:
    page = page_of(desk)
    await desk.api.start()
    page.token.copy_button.click()
    assert QGuiApplication.clipboard().text() == API_TOKEN
    said = said_by(desk.tab)
    assert "vd_0…cdef" in said
    assert API_TOKEN not in said
