"""vLLM's card over the real core: a program that speaks its wire, loaded, failed, mended and ended from the card."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QLabel
from shiboken6 import isValid

from tests.fakes import vllm_log as log
from tests.fakes.vllm import Plan, install_vllm, open_gate, write_model
from tests.ui.runtime.desk import Desk, run_desk
from tests.ui.runtime.vllm_desk import VLLM, activated, installed, vllm_environ
from venom_desktop.core.errors import Cure
from venom_desktop.core.runtimes.base import Control, RuntimeState
from venom_desktop.core.settings.schema import Profile
from venom_desktop.ui.dialogs import QuestionDialog
from venom_desktop.ui.installed.vllm_settings_dialog import VllmSettingsDialog
from venom_desktop.ui.runtime import cards
from venom_desktop.ui.runtime.card import RuntimeCard
from venom_desktop.ui.runtime.card_facts import Verb

NO_BREAK = "\u00a0"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return vllm_environ(tmp_path)


def card_of(desk: Desk) -> RuntimeCard:
    return desk.tab.cards[VLLM]


def word(desk: Desk) -> str:
    return card_of(desk).pill.look.text


def said(desk: Desk) -> str:
    card = card_of(desk)
    return "\n".join((card.failure.text(), card.sentence.text(), *card.lines)).replace(NO_BREAK, " ")


def test_a_load_shows_how_far_it_is_then_who_answers_and_ends_from_the_card(
    themed: QApplication, tmp_path: Path, environ: Mapping[str, str]
) -> None:
    steps = (log.VERSION_LINE, log.STARTING_TO_LOAD, log.shard(3, 8), {"gate": "weights"}, log.LOADED)
    install_vllm(tmp_path / "bin", Plan(steps=steps))

    async def scenario(desk: Desk) -> None:
        await installed(desk, tmp_path)
        await desk.until(lambda: word(desk) == "Stopped")
        await activated(desk)
        await desk.until(lambda: "Loading weights 3 of 8" in said(desk))
        look = card_of(desk).look
        assert look is not None
        assert (look.has_bar, look.fraction) == (True, 0.375)
        assert card_of(desk).lines[0] == "Loading small"
        assert card_of(desk).lines[2] == "Child process"
        words = [label.text() for label in desk.tab.prompt.empty.findChildren(QLabel)]
        assert "vLLM answers as soon as it is loaded." in words
        open_gate(tmp_path / "bin", "weights")
        await desk.until(lambda: word(desk) == "Running")
        await desk.until(lambda: "Active · small answers here" in said(desk))
        snapshot = desk.services.runtimes[VLLM].snapshot
        assert f"Child process · port {environ['VLLM_PORT']} · PID {snapshot.pid}" in said(desk)
        assert "Context 40 960" in said(desk)
        assert not card_of(desk).bar.isVisible()
        look = card_of(desk).look
        assert look is not None
        assert look.version == "0.20.2"
        card_of(desk).buttons[Verb.STOP].click()
        await desk.until(lambda: word(desk) == "Stopped")

    run_desk(themed, tmp_path / "home", scenario, environ=environ)


def test_a_full_graphics_memory_is_told_in_two_lines_and_lowered_from_the_card(
    themed: QApplication, tmp_path: Path, environ: Mapping[str, str]
) -> None:
    install_vllm(tmp_path / "bin", Plan(fails=log.ended_with(log.SMALL_CACHE)))

    async def scenario(desk: Desk) -> None:
        await installed(desk, tmp_path)
        await activated(desk)
        await desk.until(lambda: card_of(desk).failure.text() == "Ran out of graphics memory")
        await desk.until(lambda: not desk.tab.verbs.is_switching())
        await desk.until(lambda: word(desk) == "Exited")
        card = card_of(desk)
        assert card.lines[0].replace(NO_BREAK, " ") == "Wanted 10.2 GB, 5.6 GB were free"
        assert "Lower the context to 71 872 tokens" in card.failure.toolTip().replace(NO_BREAK, " ")
        assert "OUT_OF_GRAPHICS_MEMORY" in card.failure.toolTip()
        assert not card.buttons[Verb.START].isVisible()
        shown = [button for button in card.cure_buttons if button.isVisible()]
        assert [button.label for button in shown] == ["Lower memory use…"]

        install_vllm(tmp_path / "bin")
        shown[0].click()
        await desk.until(lambda: desk.tab.findChildren(VllmSettingsDialog))
        dialog = desk.tab.findChildren(VllmSettingsDialog)[0]
        assert dialog.changes.text().replace(NO_BREAK, " ") == "Context 131 072 → 71 872 needs 4.6 GB less"
        dialog.form.context.setValue(16384)
        dialog.action.click()
        await desk.until(lambda: word(desk) == "Running")
        assert desk.services.runtimes[VLLM].snapshot.loaded[0].context == 16384

    run_desk(themed, tmp_path / "home", scenario, environ=environ)


def test_without_its_program_the_card_says_how_it_is_had_and_leads_to_its_path(
    themed: QApplication, tmp_path: Path, environ: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(cards, "open_link", opened.append)

    async def scenario(desk: Desk) -> None:
        await desk.until(lambda: VLLM in desk.tab.cards and word(desk) == "Not installed")
        card = card_of(desk)
        assert card.failure.text() == ""
        assert "a Python environment of its own" in card.sentence.text()
        shown = [button for button in card.cure_buttons if button.isVisible()]
        assert [button.label for button in shown] == ["Runtime settings"]
        shown[0].click()
        assert desk.cures == [Cure.OPEN_RUNTIME_SETTINGS]
        assert card.buttons[Verb.INSTALL].label == "Get vLLM"
        card.buttons[Verb.INSTALL].click()
        await desk.until(lambda: opened)
        assert opened == ["https://docs.vllm.ai/en/stable/getting_started/installation/"]

        program = install_vllm(tmp_path / "elsewhere")
        await desk.services.settings.set("vllm_path", program)
        await desk.until(lambda: word(desk) == "Stopped")
        await desk.until(lambda: card.look is not None and card.look.version == "0.20.2")

    run_desk(themed, tmp_path / "home", scenario, environ=environ)


def test_its_card_comes_and_goes_with_the_profile(
    themed: QApplication, tmp_path: Path, environ: Mapping[str, str]
) -> None:
    install_vllm(tmp_path / "bin")
    light = {name: value for name, value in environ.items() if name != "VENOM_RUNTIME_PROFILE"}

    async def scenario(desk: Desk) -> None:
        assert VLLM not in desk.tab.cards
        await desk.services.settings.set("runtime_profile", Profile.FULL)
        await desk.until(lambda: VLLM in desk.tab.cards and card_of(desk).isVisible())
        card = card_of(desk)
        await desk.services.settings.set("runtime_profile", Profile.LIGHT)
        await desk.until(lambda: VLLM not in desk.tab.cards)
        await desk.until(lambda: not isValid(card))

    run_desk(themed, tmp_path / "home", scenario, environ=light)


def test_a_server_of_another_program_is_stopped_only_after_a_question(
    themed: QApplication, tmp_path: Path, environ: Mapping[str, str]
) -> None:
    program = install_vllm(tmp_path / "bin")
    folder = write_model(tmp_path / "models" / "acme--small")

    async def scenario(desk: Desk) -> None:
        other = await asyncio.create_subprocess_exec(
            str(program), "serve", str(folder), "--port", environ["VLLM_PORT"], "--host", "127.0.0.1"
        )
        try:
            await desk.until(lambda: VLLM in desk.tab.cards and word(desk) == "Running")
            assert desk.services.runtimes[VLLM].snapshot.control is Control.EXTERNAL
            assert "Started by another program" in said(desk)
            stop = card_of(desk).buttons[Verb.STOP]
            await desk.until(lambda: stop.label == "Stop…")
            stop.click()
            await desk.until(lambda: desk.tab.findChildren(QuestionDialog))
            assert other.returncode is None
            desk.tab.findChildren(QuestionDialog)[0].action.click()
            await desk.until(lambda: desk.services.runtimes[VLLM].snapshot.state is RuntimeState.STOPPED)
            await asyncio.wait_for(other.wait(), 60)
        finally:
            if other.returncode is None:
                other.kill()

    run_desk(themed, tmp_path / "home", scenario, environ=environ)


def test_its_log_is_shown_over_the_page(themed: QApplication, tmp_path: Path, environ: Mapping[str, str]) -> None:
    install_vllm(tmp_path / "bin", Plan(steps=(log.VERSION_LINE, log.shard(3, 8))))

    async def scenario(desk: Desk) -> None:
        await installed(desk, tmp_path)
        await activated(desk)
        await desk.until(lambda: word(desk) == "Running")
        card_of(desk).log_button.click()
        await desk.until(desk.tab.log.isVisible)
        await desk.until(lambda: "Loading safetensors checkpoint shards" in desk.tab.log.text.toPlainText())

    run_desk(themed, tmp_path / "home", scenario, environ=environ)
