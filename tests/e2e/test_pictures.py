"""Takes a picture of every tab as it is when used: both themes, wide, narrow and at 150 %, into test-output/e2e."""

from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from tests.e2e.app_window import AppWindow, wait_for
from tests.e2e.conftest import OpenWindow
from tests.e2e.shelf import NAME, SPEECH, fill_shelf, slow_down
from tests.fakes.hub import HubServer
from venom_desktop import ModelRegistry

pytestmark = pytest.mark.window

WIDE, NARROW = (1280, 800), (960, 600)
TABS = ("Catalog", "Trending", "Installed", "Runtime", "Papers", "Settings")
SETTINGS_PAGES = ("General", "Storage", "Runtimes", "Hugging Face", "Local API", "About")


@pytest.fixture
async def used_home(hub: HubServer, private_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HubServer:
    """A home with one installed model, and the hub it came from."""
    fill_shelf(hub, tmp_path)
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    async with ModelRegistry(models_dir=private_home / "data/models") as registry:
        await registry.wait(await registry.install_model(NAME))
    return hub


def _use(window: AppWindow) -> None:
    """Activate, ask something, and leave a download under way."""
    window.type_into("Search Ollama and Hugging Face", "model", kind="SearchField")
    window.go_to("Installed")
    window.click("Activate on llama.cpp", inside="InstalledDetails")
    window.see("Unload", "Button", inside="InstalledDetails")
    window.go_to("Runtime")
    window.type_into("Ask the active model", "Why does water boil sooner up there?", kind="QuestionField")
    window.press("Ctrl+Return")
    window.see(SPEECH, "Prose")


def _dress(window: AppWindow, theme: str) -> None:
    window.go_to("Settings")
    window.click_row("General", "NavigationList")
    window.click(theme.title(), inside="Segmented")


def _photograph(window: AppWindow, name: str, *, size: tuple[int, int], scale: float = 1.0) -> None:
    window.do("resize", width=size[0], height=size[1])
    wait_for(lambda: window.ask("window")["size"] == list(size))
    pictures = []
    for tab in TABS:
        window.go_to(tab)
        pictures.append(window.picture(f"{tab.lower()}-{name}"))
    wanted = (round(size[0] * scale), round(size[1] * scale))
    for path in pictures:
        image = QImage(str(path))
        assert (image.width(), image.height()) == wanted, path
    assert len({path.read_bytes() for path in pictures}) == len(pictures)


def test_every_tab_in_both_themes_wide_and_narrow(open_window: OpenWindow, used_home: HubServer) -> None:
    window = open_window(used_home.url)
    _use(window)
    slow_down(used_home, 400_000)
    window.go_to("Catalog")
    window.press("Esc")
    window.click_row("Tiny Llama, *", "CatalogTable")
    wait_for(lambda: len(window.rows("QuantizationTable")) == 2)
    window.click_row("Q8_0, *", "QuantizationTable")
    window.click_offer("Install Q8_0 · 18 MB")
    window.see("* %", "Label", inside="OperationsBar")
    _dress(window, "light")
    _photograph_what_opens(window)
    for theme in ("light", "dark"):
        _dress(window, theme)
        _photograph(window, f"{theme}-1280x800", size=WIDE)
        _photograph(window, f"{theme}-960x600", size=NARROW)
    window.press("Ctrl+Q")
    assert window.ends() == 0
    assert window.warnings() == []


def test_every_tab_in_both_themes_at_150_percent(open_window: OpenWindow, used_home: HubServer) -> None:
    window = open_window(used_home.url, environ={"QT_SCALE_FACTOR": "1.5"})
    _use(window)
    for theme in ("light", "dark"):
        _dress(window, theme)
        _photograph(window, f"{theme}-150-percent", size=WIDE, scale=1.5)
    window.press("Ctrl+Q")
    assert window.ends() == 0
    assert window.warnings() == []


def _photograph_what_opens(window: AppWindow) -> None:
    """Panels, popups and dialogs, and that each one closes with Esc."""
    window.press("Ctrl+J")
    window.see("Operations", "Label", inside="OperationsPanel")
    window.picture("operations-light")
    window.press("Ctrl+J")
    window.press("Ctrl+K")
    window.see("*", "Switcher")
    window.picture("switcher-light")
    window.press("Esc")
    window.wait_until_gone("*", "Switcher")
    window.go_to("Installed")
    window.click("Change…", inside="InstalledDetails")
    window.see("*", "LoadSettingsDialog")
    window.picture("load-settings-light")
    window.press("Esc")
    window.wait_until_gone("*", "LoadSettingsDialog")
    window.do("resize", width=NARROW[0], height=NARROW[1])
    window.go_to("Runtime")
    window.click("Try a prompt", "Button", inside="RuntimeTab")
    window.see("Ask the active model", "QuestionField")
    window.picture("prompt-light-960x600")
    window.press("Esc")
    window.wait_until_gone("Ask the active model", "QuestionField")


def test_the_first_page_and_every_page_of_the_settings(open_window: OpenWindow, hub: HubServer) -> None:
    window = open_window(hub.url)
    for theme in ("light", "dark"):
        _dress(window, theme)
        for page in SETTINGS_PAGES:
            window.click_row(page, "NavigationList")
            window.picture(f"settings-{page.lower().replace(' ', '-')}-{theme}")
        window.go_to("Catalog")
        window.see("Run your first model")
        window.picture(f"first-run-{theme}")
    window.press("Ctrl+Q")
    assert window.ends() == 0
    assert window.warnings() == []
