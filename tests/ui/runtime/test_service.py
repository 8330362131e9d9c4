"""A server becomes a systemd service of the account from the menu of its card, shown before it is written."""

from pathlib import Path

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication

from tests.fakes.ollama_process import install_ollama
from tests.fakes.systemd import FakeSystemd
from tests.fakes.vllm import install_vllm
from tests.ui.runtime.desk import Desk, run_desk
from tests.ui.runtime.plain_server import OLLAMA
from tests.ui.runtime.vllm_desk import VLLM, activated, installed, vllm_environ
from venom_desktop.core.runtimes.base import Control
from venom_desktop.core.runtimes.control.ports import free_port
from venom_desktop.ui.runtime.card_facts import Verb
from venom_desktop.ui.runtime.service_dialog import ServiceDialog

ENTRY = "Run as a service…"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    programs = tmp_path / "programs"
    programs.mkdir()
    install_ollama(programs)
    return {"PATH": str(programs), "OLLAMA_PORT": str(free_port()), "OLLAMA_MODELS": str(tmp_path / "ollama")}


@pytest.fixture
def unit_path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "systemd" / "user" / "ollama.service"


def entry(desk: Desk, runtime: str = OLLAMA) -> QAction | None:
    menu = desk.tab.cards[runtime].menu
    menu.aboutToShow.emit()
    return next((action for action in menu.actions() if action.text() == ENTRY), None)


async def shown_dialog(desk: Desk) -> ServiceDialog:
    await desk.until(lambda: any(one.isVisible() for one in desk.tab.findChildren(ServiceDialog)))
    return next(one for one in desk.tab.findChildren(ServiceDialog) if one.isVisible())


async def asked(desk: Desk, runtime: str) -> ServiceDialog:
    """Choose the entry of the menu; what it asks."""
    await desk.until(lambda: entry(desk, runtime) is not None)
    offered = entry(desk, runtime)
    assert offered is not None
    offered.trigger()
    return await shown_dialog(desk)


async def start(desk: Desk) -> None:
    card = desk.tab.cards[OLLAMA]
    await desk.until(lambda: card.pill.look.text == "Stopped")
    card.buttons[Verb.START].click()
    await desk.until(lambda: card.pill.look.text == "Running")


def test_a_running_server_of_ours_goes_over_to_systemd(
    themed: QApplication, tmp_path: Path, environ: dict[str, str], fake_systemd: FakeSystemd, unit_path: Path
) -> None:
    async def scenario(desk: Desk) -> None:
        await start(desk)
        runtime = desk.services.runtimes[OLLAMA]
        assert runtime.snapshot.control is Control.CHILD
        dialog = await asked(desk, OLLAMA)
        assert dialog.windowTitle() == "Run Ollama as a service?"
        assert "It is restarted now." in dialog.meaning.text()
        assert dialog.text.viewport().height() >= 14 * dialog.text.fontMetrics().lineSpacing()
        assert f'ExecStart="{tmp_path / "programs" / "ollama"}" serve' in dialog.text.toPlainText()
        assert f'Environment="OLLAMA_HOST=127.0.0.1:{environ["OLLAMA_PORT"]}"' in dialog.text.toPlainText()
        assert not unit_path.exists()
        dialog.action.click()
        await desk.until(lambda: runtime.snapshot.control is Control.SYSTEMD)
        await desk.until(lambda: desk.tab.cards[OLLAMA].pill.look.text == "Running")
        assert runtime.snapshot.pid == fake_systemd.pid("ollama.service", "user")
        assert "ollama.service (user)" in " ".join(desk.tab.cards[OLLAMA].lines)
        assert entry(desk) is None

    run_desk(themed, tmp_path / "home", scenario, environ=environ)


def test_a_child_of_vllm_with_its_model_goes_over_to_systemd(
    themed: QApplication, tmp_path: Path, fake_systemd: FakeSystemd, unit_path: Path
) -> None:
    program = install_vllm(tmp_path / "bin")

    async def scenario(desk: Desk) -> None:
        runtime, card = desk.services.runtimes[VLLM], desk.tab.cards[VLLM]
        await installed(desk, tmp_path)
        await activated(desk)
        await desk.until(lambda: "Active · small answers here" in card.lines)
        assert runtime.snapshot.control is Control.CHILD
        await desk.until(lambda: not desk.tab.verbs.is_switching())
        dialog = await asked(desk, VLLM)
        assert dialog.windowTitle() == "Run vLLM as a service?"
        assert "It is restarted now." in dialog.meaning.text()
        lines = dialog.text.toPlainText().splitlines()
        assert f"EnvironmentFile={tmp_path}/home/config/vllm.env" in lines
        assert f'ExecStart="{program}" serve ${{VLLM_MODEL_PATH}} $VLLM_ARGUMENTS' in lines
        dialog.action.click()
        await desk.until(lambda: runtime.snapshot.control is Control.SYSTEMD)
        await desk.until(lambda: "small answers here" in " ".join(card.lines))
        assert runtime.snapshot.pid == fake_systemd.pid("vllm.service", "user")
        assert entry(desk, VLLM) is None

    run_desk(themed, tmp_path / "home", scenario, environ=vllm_environ(tmp_path))


def test_without_a_model_vllm_becomes_a_service_that_starts_with_the_first_one(
    themed: QApplication, tmp_path: Path, fake_systemd: FakeSystemd, unit_path: Path
) -> None:
    install_vllm(tmp_path / "bin")

    async def scenario(desk: Desk) -> None:
        card = desk.tab.cards[VLLM]
        await desk.until(lambda: card.pill.look.text == "Stopped")
        dialog = await asked(desk, VLLM)
        assert "It is not started now: it serves one model" in dialog.meaning.text()
        dialog.action.click()
        await desk.until(unit_path.with_name("vllm.service").exists)
        await desk.until(lambda: "vllm.service (user)" in " ".join(card.lines))
        assert entry(desk, VLLM) is None
        assert fake_systemd.pid("vllm.service", "user") == 0
        assert (card.pill.look.text, card.failure.text()) == ("Stopped", "")

    run_desk(themed, tmp_path / "home", scenario, environ=vllm_environ(tmp_path))


def test_nothing_is_written_or_restarted_where_it_is_left_as_it_is(
    themed: QApplication, tmp_path: Path, environ: dict[str, str], fake_systemd: FakeSystemd, unit_path: Path
) -> None:
    async def scenario(desk: Desk) -> None:
        await start(desk)
        before = desk.services.runtimes[OLLAMA].snapshot.pid
        (await asked(desk, OLLAMA)).safe.click()
        await desk.until(lambda: not desk.tab.findChildren(ServiceDialog))
        assert not unit_path.exists()
        assert desk.services.runtimes[OLLAMA].snapshot.pid == before

    run_desk(themed, tmp_path / "home", scenario, environ=environ)


def test_an_account_without_a_service_manager_is_told_on_the_card(
    themed: QApplication, tmp_path: Path, environ: dict[str, str], fake_systemd: FakeSystemd, unit_path: Path
) -> None:
    fake_systemd.take_manager("user")

    async def scenario(desk: Desk) -> None:
        await start(desk)
        (await asked(desk, OLLAMA)).action.click()
        card = desk.tab.cards[OLLAMA]
        await desk.until(card.failure.isVisible)
        assert "service manager does not answer" in card.failure.text()
        assert not unit_path.exists()
        assert desk.services.runtimes[OLLAMA].snapshot.control is Control.CHILD

    run_desk(themed, tmp_path / "home", scenario, environ=environ)


def test_without_systemd_it_is_not_offered(
    themed: QApplication, tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))

    async def scenario(desk: Desk) -> None:
        await desk.until(lambda: desk.tab.cards[OLLAMA].pill.look.text == "Stopped")
        assert entry(desk) is None

    run_desk(themed, tmp_path / "home", scenario, environ=environ)
