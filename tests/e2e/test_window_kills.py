"""The windowed program killed at its worst moments: nothing lost, nothing false, nobody left behind."""

import contextlib
import hashlib
import json
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.e2e.app_window import WAIT_S, AppWindow, assert_gone, wait_for
from tests.e2e.conftest import OpenWindow
from tests.e2e.shelf import NAME, SPEECH, Shelf, fill_shelf, slow_down
from tests.fakes.hub import HubServer
from venom_desktop import ModelRegistry

pytestmark = pytest.mark.window


@pytest.fixture
def shelf(hub: HubServer, tmp_path: Path) -> Shelf:
    return fill_shelf(hub, tmp_path, others=3, endless=True)


@pytest.fixture
async def installed(shelf: Shelf, hub: HubServer, private_home: Path, monkeypatch: pytest.MonkeyPatch) -> HubServer:
    """The hub of a home in which the model is installed."""
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    async with ModelRegistry(models_dir=private_home / "data/models") as registry:
        await registry.wait(await registry.install_model(NAME))
    return hub


def _begin_install(window: AppWindow) -> None:
    """Choose the model in the catalog, and see some of it come."""
    window.browse()
    window.click_row("Tiny Llama, *", "CatalogTable")
    wait_for(lambda: len(window.rows("QuantizationTable")) == 2)
    window.click_row("Q4_K_M, *", "QuantizationTable")
    window.click_offer("Install Q4_K_M · 9.0 MB")
    window.see("[1-9]* %", "Label", inside="OperationsBar")


def _rows(home: Path) -> list[dict[str, Any]]:
    manifest = home / "data/models/manifest.json"
    rows: list[dict[str, Any]] = json.loads(manifest.read_bytes())["models"] if manifest.exists() else []
    return rows


def _assert_paused(window: AppWindow) -> None:
    """The row waits with what it had, and nothing passes for installed."""
    window.see("Resume", "Button", inside="OperationsBar")
    window.press("Ctrl+J")
    window.see("Paused when the program ended", "Label", inside="OperationRow")
    window.press("Ctrl+J")
    assert _rows(window.home) == []
    (partial,) = window.home.rglob("*.part")
    assert partial.stat().st_size > 0


def _finish_install(window: AppWindow, shelf: Shelf) -> None:
    window.click("Resume", inside="OperationsBar")
    wait_for(lambda: _rows(window.home))
    (row,) = _rows(window.home)
    content = (window.home / "data/models" / row["local_path"]).read_bytes()
    assert hashlib.sha256(content).digest() == hashlib.sha256(shelf.small.read_bytes()).digest()
    assert list(window.home.rglob("*.part")) == []


def _quit(window: AppWindow) -> None:
    window.press("Ctrl+Q")
    assert window.ends() == 0
    assert window.errors() == ""


def test_kill_9_in_the_middle_of_an_install_leaves_it_paused_and_resume_finishes_it(
    open_window: OpenWindow, hub: HubServer, shelf: Shelf
) -> None:
    slow_down(hub, 2_000_000)
    window = open_window(hub.url)
    _begin_install(window)
    assert window.child("downloads.worker").is_running()
    window.kill()
    hub.clear_faults()
    again = open_window(hub.url)
    _assert_paused(again)
    hub.forget_requests()
    _finish_install(again, shelf)
    ranges = [request.headers.get("range") for request in hub.requests_for("*/resolve/*", method="GET")]
    assert ranges
    assert all(asked and not asked.startswith("bytes=0-") for asked in ranges), ranges
    _quit(again)


def test_sigterm_with_an_install_running_ends_cleanly_and_keeps_what_came(
    open_window: OpenWindow, hub: HubServer, shelf: Shelf
) -> None:
    slow_down(hub, 2_000_000)
    window = open_window(hub.url)
    _begin_install(window)
    window.process.send_signal(signal.SIGTERM)
    assert window.ends() == 0
    assert window.warnings() == []
    hub.clear_faults()
    again = open_window(hub.url)
    _assert_paused(again)
    _finish_install(again, shelf)
    _quit(again)


def _activate(window: AppWindow) -> None:
    window.go_to("Installed")
    window.click("Activate on llama.cpp", inside="InstalledDetails")


def _ask(window: AppWindow) -> None:
    """See an answer that does not end by itself begin."""
    window.go_to("Runtime")
    window.type_into("Ask the active model", "Go on", kind="QuestionField")
    window.press("Ctrl+Return")
    window.see(f"{SPEECH[:40]}*", "Prose")
    window.see("Stop", "SendButton")


def test_kill_9_while_a_model_loads_leaves_no_engine_behind(open_window: OpenWindow, installed: HubServer) -> None:
    window = open_window(installed.url)
    _activate(window)
    # A stopped engine never gets ready, so the kill comes while it loads.
    window.child("llama_cpp_server").send_signal(signal.SIGSTOP)
    assert window.sees("Activate *", inside="OperationsBar")
    window.kill()
    again = open_window(installed.url)
    again.go_to("Runtime")
    again.see("Stopped", "Pill", inside="RuntimeCard")
    _activate(again)
    again.see("Unload", "Button", inside="InstalledDetails")
    _quit(again)


def test_kill_9_while_a_model_answers_leaves_no_engine_behind(open_window: OpenWindow, installed: HubServer) -> None:
    window = open_window(installed.url)
    _activate(window)
    window.see("Unload", "Button", inside="InstalledDetails")
    _ask(window)
    window.kill()
    again = open_window(installed.url)
    again.go_to("Runtime")
    again.see("Stopped", "Pill", inside="RuntimeCard")
    again.click("Start", inside="RuntimeCard")
    again.see("Running", "Pill", inside="RuntimeCard")
    _ask(again)
    _quit(again)


def test_an_engine_that_is_to_stay_is_the_next_windows_until_that_is_switched_off(
    open_window: OpenWindow, installed: HubServer, private_home: Path
) -> None:
    (private_home / "config").mkdir(parents=True, exist_ok=True)
    (private_home / "config/settings.json").write_text('{"keep_running_after_quit": true}')
    window = open_window(installed.url)
    _activate(window)
    window.see("Unload", "Button", inside="InstalledDetails")
    engine = window.child("llama_cpp_server")
    family = [engine, *engine.parents()[:1]]
    try:
        window.press("Ctrl+Q")
        assert window.process.wait(WAIT_S) == 0
        assert window.errors() == ""
        again = open_window(installed.url)
        again.go_to("Runtime")
        again.see("Running", "Pill", inside="RuntimeCard")
        assert engine.is_running()
        _ask(again)
        again.go_to("Settings")
        again.click_row("Runtimes", "NavigationList")
        again.click("Keep servers running after quit", "Switch")
        wait_for(lambda: "true" not in (private_home / "config/settings.json").read_text())
        _quit(again)
        assert_gone(family)
    finally:
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


def test_a_second_start_shows_the_first_window_and_ends(open_window: OpenWindow, hub: HubServer) -> None:
    first = open_window(hub.url)
    first.do("minimize")
    wait_for(lambda: first.ask("window")["minimized"])
    second = open_window(hub.url, wait=False)
    assert second.ends() == 0
    wait_for(lambda: first.ask("window")["active"])
    assert first.process.poll() is None
    first.press("Ctrl+Q")
    assert first.ends() == 0
    assert first.warnings() == []
