"""A crash at its card: why, when it comes back, and the way to prevent that."""

import os
import signal
from pathlib import Path

from PySide6.QtWidgets import QApplication

from tests.ui.runtime.desk import NAME, Desk, run_desk
from venom_desktop.core.runtimes.base import RuntimeState
from venom_desktop.ui.runtime.card_facts import Verb


def test_a_crash_is_explained_and_its_restart_can_be_prevented(themed: QApplication, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.services.settings.set("restart_after_crash", True)
        await desk.activate()
        card = desk.tab.cards[NAME]
        assert card.buttons[Verb.STAY_DOWN].isHidden()
        os.kill(desk.pid, signal.SIGKILL)
        await desk.until(lambda: not card.buttons[Verb.STAY_DOWN].isHidden())
        assert "signal" in card.failure.text()
        assert card.failure.toolTip().startswith("RUNTIME_FAILED\n")
        assert card.lines[0].startswith("Restarts in")
        card.buttons[Verb.STAY_DOWN].click()
        await desk.until(lambda: card.buttons[Verb.STAY_DOWN].isHidden())
        assert desk.services.crash_watch.returns_in_s(NAME) is None
        assert desk.runtime.snapshot.state is RuntimeState.EXITED

    run_desk(themed, tmp_path / "home", scenario)


def test_what_crashed_answers_again_by_itself(themed: QApplication, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.services.settings.set("restart_after_crash", True)
        await desk.activate()
        before = desk.pid
        os.kill(before, signal.SIGKILL)
        await desk.until(lambda: desk.runtime.snapshot.pid not in (None, before) and desk.state_word == "Running")
        await desk.ask("Hello")
        await desk.ended()
        assert desk.answer

    run_desk(themed, tmp_path / "home", scenario)
