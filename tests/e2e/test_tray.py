"""The real program in a real tray: clicked with a pointer, found by a Wayland panel, and never lost from sight."""

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.app_window import AppWindow, screen, wait_for
from tests.e2e.conftest import OpenWindow
from tests.e2e.shelf import NAME, fill_shelf
from tests.fakes.hub import HubServer
from tests.fakes.tray_watcher import panel, session_bus, tray_watcher
from venom_desktop import ModelRegistry

pytestmark = pytest.mark.window

NO_BUS = "unix:path=/nonexistent"


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """A screen of its own: here panels come and go."""
    with screen("1400x900") as number:
        yield number


@contextmanager
def trayer(display: str) -> Iterator[None]:
    assert shutil.which("trayer"), "trayer is missing: `make test` brings it"
    command = ["trayer", "--edge", "bottom", "--expand", "true"]
    environ = {**os.environ, "DISPLAY": display}
    with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        wait_for(lambda: _is_there(display))
        try:
            yield
        finally:
            process.terminate()


def _is_there(display: str) -> bool:
    environ = {**os.environ, "DISPLAY": display}
    told = subprocess.run(["xdotool", "search", "--class", "trayer"], env=environ, capture_output=True, check=False)
    return told.returncode == 0


Start = Callable[..., AppWindow]


@pytest.fixture
def start(open_window: OpenWindow, hub: HubServer) -> Start:
    """`start(*arguments, bus=...)`: without a bus there is no StatusNotifier, only what X11 has."""

    def begin(*arguments: str, bus: str = NO_BUS) -> AppWindow:
        window = open_window(hub.url, *arguments, wait=False, environ={"DBUS_SESSION_BUS_ADDRESS": bus})
        wait_for(lambda: window.ask("window")["furnished"])
        return window

    return begin


def _set(home: Path, **settings: bool) -> None:
    file = home / "config/settings.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(settings))


def _click(window: AppWindow, place: list[int], display: str, button: int = 1) -> None:
    x, y = map(str, place)
    # Without --sync, which waits 15 s for a pointer that stands there already; one connection keeps the order.
    command = ["xdotool", "mousemove", x, y, "click", str(button)]
    subprocess.run(command, env={**os.environ, "DISPLAY": display}, check=True)


def _click_until(fact: Callable[[], bool], window: AppWindow, display: str) -> None:
    """Click the icon; once more where a panel that has just come took the click before the icon stood in it."""

    def done() -> bool:
        _click(window, _icon(window, display), display)
        with contextlib.suppress(TimeoutError):
            wait_for(fact, timeout_s=5)
        return fact()

    wait_for(done)


def _icon(window: AppWindow, display: str) -> list[int]:
    """Wait until the icon stands in the panel at the edge of the screen."""

    def found() -> list[int] | None:
        place: list[int] | None = window.ask("tray")["icon"]
        return place if place is not None and place[1] > 850 else None

    return wait_for(found) or []


def _open_menu(window: AppWindow, display: str) -> None:
    """By the right button; pressed again where the window manager was still busy with a key and took the click."""

    def opened() -> bool:
        _click(window, _icon(window, display), display, button=3)
        with contextlib.suppress(TimeoutError):
            wait_for(lambda: _rows(window), timeout_s=3)
        return bool(_rows(window))

    wait_for(opened)


def _row(window: AppWindow, words: str) -> list[int]:
    return wait_for(lambda: _rows(window).get(words)) or []


def _rows(window: AppWindow) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = window.ask("tray")["rows"]
    return rows


def _is_visible(window: AppWindow) -> bool:
    return bool(window.ask("tray")["visible"])


def _close(window: AppWindow, display: str) -> None:
    """Through the window manager, as the cross in the title bar does."""
    wait_for(lambda: window.ask("window")["active"])
    subprocess.run(["xdotool", "key", "alt+F4"], env={**os.environ, "DISPLAY": display}, check=True)


def test_the_left_button_opens_and_hides_and_the_middle_one_does_nothing(start: Start, display: str) -> None:
    with trayer(display):
        window = start()
        wait_for(lambda: window.ask("window")["active"])
        icon = _icon(window, display)
        _click(window, icon, display, button=2)
        _click(window, icon, display)
        wait_for(lambda: not _is_visible(window))
        _click(window, icon, display, button=2)
        _click(window, icon, display)
        wait_for(lambda: window.ask("window")["active"])
        _open_menu(window, display)
        _click(window, _row(window, "Quit"), display)
        assert window.ends() == 0
        assert window.warnings() == []


def test_closed_to_the_tray_it_goes_on_and_comes_back_by_its_menu_or_a_second_start(
    start: Start, open_window: OpenWindow, hub: HubServer, private_home: Path, display: str
) -> None:
    _set(private_home, close_to_tray=True)
    with trayer(display):
        window = start()
        _icon(window, display)
        _close(window, display)
        wait_for(lambda: not _is_visible(window))
        _open_menu(window, display)
        _click(window, _row(window, "Open Venom Desktop"), display)
        wait_for(lambda: window.ask("window")["active"])
        _close(window, display)
        wait_for(lambda: not _is_visible(window))
        login = open_window(hub.url, "--minimised", wait=False)
        assert login.ends() == 0
        assert not _is_visible(window)
        second = open_window(hub.url, wait=False)
        assert second.ends() == 0
        wait_for(lambda: window.ask("window")["active"])
        _open_menu(window, display)
        _click(window, _row(window, "Quit"), display)
        assert window.ends() == 0
        assert window.warnings() == []


def test_started_minimised_it_waits_in_the_tray_and_a_panel_that_dies_brings_it_back(
    start: Start, private_home: Path, display: str
) -> None:
    _set(private_home, start_minimised=True)
    with trayer(display):
        window = start()
        _icon(window, display)
        assert not _is_visible(window)
        assert window.ask("tray")["tip"] == "Venom Desktop: No model running"
    wait_for(lambda: _is_visible(window))
    with trayer(display):
        wait_for(lambda: window.ask("window")["active"])
        _click_until(lambda: not _is_visible(window), window, display)
        _click_until(lambda: window.ask("window")["active"], window, display)
    window.press("Ctrl+Q")
    assert window.ends() == 0
    assert window.warnings() == []


def test_without_a_tray_it_starts_in_the_task_bar_and_closes_as_windows_do(
    start: Start, open_window: OpenWindow, hub: HubServer, private_home: Path, display: str
) -> None:
    _set(private_home, close_to_tray=True)
    window = start("--minimised")
    wait_for(lambda: _is_visible(window) and window.ask("window")["minimized"])
    assert open_window(hub.url, wait=False).ends() == 0
    _close(window, display)
    assert window.ends() == 0
    assert window.warnings() == []


def test_a_panel_that_comes_after_a_minimised_start_takes_the_window_in(start: Start, display: str) -> None:
    window = start("--minimised")
    wait_for(lambda: window.ask("window")["minimized"])
    with trayer(display):
        _icon(window, display)
        wait_for(lambda: not _is_visible(window))
        window.process.terminate()
        assert window.ends() == 0
    assert window.warnings() == []


@pytest.fixture
async def installed(hub: HubServer, private_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The display name of a model in the home."""
    fill_shelf(hub, tmp_path, others=3)
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    async with ModelRegistry(models_dir=private_home / "data/models") as registry:
        await registry.wait(await registry.install_model(NAME))
        return registry.manifest[NAME].display_name


def test_a_model_is_switched_to_from_the_hidden_window_and_quit_ends_its_engine(
    start: Start, installed: str, display: str
) -> None:
    with trayer(display):
        window = start("--minimised")
        _icon(window, display)
        _open_menu(window, display)
        _click(window, _row(window, "Switch model"), display)
        _click(window, _row(window, installed), display)
        wait_for(lambda: window.ask("tray")["tip"].startswith(f"Venom Desktop: llama.cpp · {installed}, ready"))
        assert window.child("llama_cpp_server").is_running()
        assert not _is_visible(window)
        _open_menu(window, display)
        _row(window, f"Unload {installed}")
        _click(window, _row(window, "Quit"), display)
        assert window.ends() == 0
        assert window.warnings() == []


def test_a_wayland_panel_finds_the_item_its_menu_and_its_buttons(start: Start, private_home: Path) -> None:
    _set(private_home, close_to_tray=True)
    with session_bus() as bus, tray_watcher(bus) as watcher:
        window = start("--minimised", bus=bus)
        wait_for(lambda: watcher.items)
        assert not _is_visible(window)
        with panel(bus, watcher.items[-1]) as seen:
            wait_for(lambda: "Open Venom Desktop" in seen.rows())
            assert {"No model running", "Switch model", "Switch runtime", "Quit"} <= set(seen.rows())
            tip: Any = seen.fact("ToolTip")
            assert "Venom Desktop: No model running" in tip[2:]
            assert seen.fact("IconPixmap") or seen.fact("IconName")
            seen.activate()
            wait_for(lambda: _is_visible(window))
            seen.choose("Quit")
            assert window.ends() == 0
    assert window.warnings() == []


def test_a_wayland_panel_that_dies_brings_the_window_back_and_its_successor_gets_the_item(start: Start) -> None:
    with session_bus() as bus:
        with tray_watcher(bus) as watcher:
            window = start("--minimised", bus=bus)
            wait_for(lambda: watcher.items)
            assert not _is_visible(window)
        wait_for(lambda: _is_visible(window))
        with tray_watcher(bus) as successor:
            wait_for(lambda: successor.items)
            with panel(bus, successor.items[-1]) as seen:
                wait_for(lambda: "Quit" in seen.rows())
                seen.choose("Quit")
            assert window.ends() == 0
    assert window.warnings() == []
