"""A desktop without a tray is told once to whoever asked for one, and to nobody else."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from shiboken6 import delete

from tests.ui.test_tray_window import Presence
from tests.ui.workbench import Workbench, open_workbench, turns, until
from venom_desktop.app.tray import TOLD, TrayAbsence
from venom_desktop.core.errors import TrayMissing
from venom_desktop.core.notices import Notices
from venom_desktop.core.settings.ui_state import UiState


@dataclass
class Desk:
    bench: Workbench
    presence: Presence
    notices: Notices
    ui_state: UiState

    def begin(self) -> TrayAbsence:
        """The part of one run of the program."""
        return TrayAbsence(
            self.bench.bridge,
            self.bench.services,
            self.presence,
            self.notices,
            self.ui_state,
            patience_ms=30,
        )

    @property
    def told(self) -> list[str]:
        return [type(notice).__name__ for notice in self.notices.standing]


@pytest.fixture
async def desk(qapp: QApplication, private_home: Path) -> AsyncIterator[Desk]:
    async with open_workbench(private_home) as bench:
        made = Desk(bench, Presence(there=False), Notices(), UiState(private_home / "ui.json"))
        yield made
        delete(made.presence)


async def test_who_wants_the_tray_is_told_once_that_there_is_none(desk: Desk) -> None:
    await desk.bench.services.settings.set("close_to_tray", True)
    first = desk.begin()
    await until(lambda: desk.told == ["TrayMissing"])
    delete(first)
    desk.notices.dismiss(TrayMissing())
    second = desk.begin()
    await until(lambda: not second._timer.isActive())
    assert desk.told == []


async def test_nobody_is_told_who_did_not_ask_for_it(desk: Desk) -> None:
    absence = desk.begin()
    await turns()
    assert not absence._timer.isActive()
    await desk.bench.services.settings.set("close_to_tray", True)
    await until(lambda: desk.told)


async def test_a_panel_that_comes_in_time_is_no_news_and_one_that_comes_later_takes_the_notice_away(
    desk: Desk,
) -> None:
    await desk.bench.services.settings.set("close_to_tray", True)
    desk.begin()
    desk.presence.become(True)
    await turns()
    assert desk.told == []
    desk.presence.become(False)
    await until(lambda: desk.told)
    assert desk.ui_state.get(TOLD) is True
    desk.presence.become(True)
    assert desk.told == []
    assert desk.ui_state.get(TOLD) is False
