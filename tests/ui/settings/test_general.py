"""General settings: what closing, starting and ending jobs do; the autostart entry on the disk is the truth."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.fakes.hub import HubServer
from tests.ui.settings.desk import Desk, open_desk, said_by, until
from tests.ui.workbench import turns
from venom_desktop.core.settings.store import SettingsStore
from venom_desktop.core.tasks import TaskScope
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.settings.general import GeneralPage
from venom_desktop.ui.settings.tab import PageName


@pytest.fixture
async def desk(themed: QApplication, private_home: Path, hub: HubServer) -> AsyncIterator[Desk]:
    async with open_desk(private_home, hub) as opened:
        yield opened


def general(desk: Desk) -> GeneralPage:
    page = desk.tab.page(PageName.GENERAL)
    assert isinstance(page, GeneralPage)
    return page


async def test_each_switch_is_stored_and_follows_what_is_stored_elsewhere(desk: Desk) -> None:
    page = general(desk)
    switches = {
        "close_to_tray": page.close_to_tray.control,
        "start_minimised": page.start_minimised.control,
        "notifications": page.notifications.control,
    }
    before = {key: control.isChecked() for key, control in switches.items()}
    assert before == {"close_to_tray": False, "start_minimised": False, "notifications": True}
    for key, control in switches.items():
        control.click()
        await until(partial(_is_stored, desk, key, not before[key]))
        await desk.settings.set(key, before[key])
        assert control.isChecked() is before[key]


def _is_stored(desk: Desk, key: str, value: bool) -> bool:
    return getattr(desk.settings.snapshot, key) is value


async def test_a_switch_that_cannot_be_stored_goes_back_and_says_why(desk: Desk, private_home: Path) -> None:
    page = general(desk)
    folder = private_home / "config"
    folder.write_text("a file in the way")
    page.close_to_tray.control.click()
    await until(lambda: page.close_to_tray.result)
    assert not page.close_to_tray.control.isChecked()
    folder.unlink()


async def test_starting_at_login_is_the_entry_on_the_disk_whoever_put_it_there(desk: Desk) -> None:
    page = general(desk)
    page.login.switch.click()
    await until(desk.login.path.exists)
    await until(lambda: not desk.bridge.is_running("settings.login"))
    await until(lambda: not desk.bridge.is_running("settings.login.look"))
    assert page.login.switch.isChecked()
    desk.login.path.unlink()
    desk.tab.hide()
    desk.tab.show()
    await until(lambda: not page.login.switch.isChecked())
    page.login.switch.click()
    await until(desk.login.path.exists)
    page.login.switch.click()
    await until(lambda: not desk.login.path.exists())


async def test_an_entry_that_cannot_be_written_is_told_and_the_switch_goes_back(desk: Desk) -> None:
    page = general(desk)
    await turns()
    desk.login.path.parent.write_text("a file in the way")
    page.login.switch.click()
    await until(lambda: page.login.result)
    await until(lambda: not page.login.switch.isChecked())
    assert page.login.result
    desk.login.path.parent.unlink()


async def test_a_system_without_autostart_says_so(themed: QApplication, qtbot: QtBot, tmp_path: Path) -> None:
    async with TaskScope("page") as scope:
        page = GeneralPage(Bridge(scope), SettingsStore(tmp_path / "settings.json", {}), lambda _: None, None)
        qtbot.addWidget(page)
        page.show()
        assert "Not offered here" in said_by(page.login)
        assert not page.login.switch.isVisible()
