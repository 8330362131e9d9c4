"""The Runtime tab over the program's own Ollama: a process that speaks its wire, started and ended from the card."""

import asyncio
from pathlib import Path

import httpx
import pytest
from PySide6.QtWidgets import QApplication

from tests.fakes.ollama_process import install_ollama
from tests.ui.runtime.desk import Desk, run_desk
from tests.ui.runtime.plain_server import OLLAMA
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.runtimes.base import RuntimeState, ServerRuntime
from venom_desktop.core.runtimes.control.ports import free_port
from venom_desktop.ui.runtime.card_facts import Verb


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Where Ollama is, and at which port."""
    programs = tmp_path / "programs"
    programs.mkdir()
    install_ollama(programs)
    return {"PATH": str(programs), "OLLAMA_PORT": str(free_port()), "OLLAMA_MODELS": str(tmp_path / "ollama")}


def runtime_of(desk: Desk) -> ServerRuntime:
    runtime = desk.services.runtimes[OLLAMA]
    assert isinstance(runtime, ServerRuntime)
    return runtime


def word(desk: Desk) -> str:
    return desk.tab.cards[OLLAMA].pill.look.text


async def start(desk: Desk) -> None:
    await desk.until(lambda: word(desk) == "Stopped")
    desk.tab.cards[OLLAMA].buttons[Verb.START].click()
    await desk.until(lambda: word(desk) == "Running")


async def call(desk: Desk, method: str, **arguments: object) -> None:
    """Have the stand-in do something."""
    url = f"{runtime_of(desk).snapshot.endpoint}/stand-in/call"
    body = {"method": method, "arguments": arguments}
    answer = await asyncio.to_thread(httpx.post, url, json=body, timeout=10)
    answer.raise_for_status()


async def load(desk: Desk, name: str) -> None:
    """As another program would."""
    body = {"model": name, "keep_alive": "10m"}
    url = f"{runtime_of(desk).snapshot.endpoint}/api/generate"
    answer = await asyncio.to_thread(httpx.post, url, json=body, timeout=10)
    answer.raise_for_status()


def test_the_server_is_started_restarted_and_stopped_from_its_card(
    themed: QApplication, tmp_path: Path, environ: dict[str, str]
) -> None:
    async def scenario(desk: Desk) -> None:
        await start(desk)
        card = desk.tab.cards[OLLAMA]
        before = runtime_of(desk).snapshot
        assert before.version == "0.16.3"
        assert f"port {environ['OLLAMA_PORT']}" in card.lines[1]
        card.buttons[Verb.RESTART].click()
        await desk.until(lambda: runtime_of(desk).snapshot.pid not in {None, before.pid})
        await desk.until(lambda: word(desk) == "Running")
        card.buttons[Verb.STOP].click()
        await desk.until(lambda: word(desk) == "Stopped")
        assert runtime_of(desk).snapshot.state is RuntimeState.STOPPED

    run_desk(themed, tmp_path / "home", scenario, environ=environ)


def test_what_others_load_appears_counts_down_and_is_pinned_and_unloaded_one_by_one(
    themed: QApplication, tmp_path: Path, environ: dict[str, str]
) -> None:
    async def scenario(desk: Desk) -> None:
        await start(desk)
        for name in ("first:latest", "second:latest"):
            await call(desk, "add_model", name=name, layers=[4_000_000])
            await load(desk, name)
        loaded = desk.tab.loaded
        await desk.until(lambda: {row.key.name for row in loaded.rows.rows} == {"first:latest", "second:latest"})
        assert loaded.is_counting
        loaded.pin_wanted.emit(ModelKey(name="first:latest", runtime=OLLAMA), True)
        await desk.until(lambda: any(row.pinned for row in loaded.rows.rows))
        assert [row.key.name for row in loaded.rows.rows if row.pinned] == ["first:latest"]
        loaded.unload_wanted.emit(ModelKey(name="second:latest", runtime=OLLAMA))
        await desk.until(lambda: [row.key.name for row in loaded.rows.rows] == ["first:latest"])

    run_desk(themed, tmp_path / "home", scenario, environ=environ)


def test_a_changed_setting_is_marked_until_the_restart_that_brings_it(
    themed: QApplication, tmp_path: Path, environ: dict[str, str]
) -> None:
    async def scenario(desk: Desk) -> None:
        await start(desk)
        desk.tab.show_tuning(OLLAMA)
        page = desk.tab.tuning
        assert page is not None
        await desk.until(lambda: page.form.is_whole)
        assert not page.banner.isVisible()
        page.rows["OLLAMA_KV_CACHE_TYPE"].choice.choose("q4_0")
        await desk.until(page.banner.isVisible)
        assert page.banner.sentence == "The running server lacks 1 of 12 settings."
        before = runtime_of(desk).snapshot.pid
        page.banner.button.click()
        await desk.until(lambda: runtime_of(desk).snapshot.pid not in {None, before})
        await desk.until(lambda: word(desk) == "Running" and not page.banner.isVisible())
        answer = await asyncio.to_thread(httpx.get, f"{runtime_of(desk).snapshot.endpoint}/stand-in/environment")
        assert answer.json()["OLLAMA_KV_CACHE_TYPE"] == "q4_0"

    run_desk(themed, tmp_path / "home", scenario, environ=environ)


def test_the_log_of_the_server_is_on_the_page(themed: QApplication, tmp_path: Path, environ: dict[str, str]) -> None:
    async def scenario(desk: Desk) -> None:
        await start(desk)
        desk.tab.cards[OLLAMA].log_button.click()
        await desk.until(lambda: "Listening" in desk.tab.log.text.toPlainText())

    run_desk(themed, tmp_path / "home", scenario, environ=environ)


def test_without_a_program_the_card_offers_to_install_it(themed: QApplication, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.until(lambda: word(desk) == "Not installed")
        assert desk.tab.cards[OLLAMA].buttons[Verb.INSTALL].isVisible()

    environ = {"PATH": str(tmp_path), "OLLAMA_PORT": str(free_port())}
    run_desk(themed, tmp_path / "home", scenario, environ=environ)
