"""Each runtime profile in the window: cards, switcher and status follow it at once, and a change asks first."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from tests.fakes.gguf_files import write_tiny_llama
from tests.fakes.hub import HubServer
from tests.ui.furnished import Furnished, open_furnished
from tests.ui.settings.desk import until
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.runtimes.profiles import LOCAL_RUNTIMES
from venom_desktop.ui.dialogs import QuestionDialog
from venom_desktop.ui.runtime.tab import RuntimeTab
from venom_desktop.ui.settings.runtimes import RuntimesPage
from venom_desktop.ui.settings.tab import PageName, SettingsTab
from venom_desktop.ui.switcher_rows import switch_rows
from venom_desktop.ui.tab_bar import TabName

OFFERED = {"light": {"ollama", "llama_cpp"}, "llm_off": set(), "full": set(LOCAL_RUNTIMES)}


def runtime_tab(opened: Furnished) -> RuntimeTab:
    tab = opened.window.show_tab(TabName.RUNTIME)
    assert isinstance(tab, RuntimeTab)
    return tab


def active(opened: Furnished) -> ModelKey | None:
    return opened.services.active.snapshot.key


def cards(opened: Furnished) -> set[str]:
    return {name for name, card in runtime_tab(opened).cards.items() if not card.isHidden()}


def settings_page(opened: Furnished) -> RuntimesPage:
    tab = opened.window.show_tab(TabName.SETTINGS)
    assert isinstance(tab, SettingsTab)
    page = tab.show_page(PageName.RUNTIMES)
    assert isinstance(page, RuntimesPage)
    return page


@pytest.mark.parametrize("profile", list(OFFERED))
async def test_the_window_shows_the_runtimes_of_its_profile(
    themed: QApplication, hub: HubServer, tmp_path: Path, profile: str
) -> None:
    told = {"HF_ENDPOINT": hub.url, "VENOM_RUNTIME_PROFILE": profile}
    async with open_furnished(tmp_path / "home", **told) as opened:
        await until(lambda: cards(opened) == OFFERED[profile])
        assert opened.errors == []


async def test_the_cards_follow_a_change_at_once_and_back(themed: QApplication, hub: HubServer, tmp_path: Path) -> None:
    async with open_furnished(tmp_path / "home", HF_ENDPOINT=hub.url) as opened:
        for profile in ("full", "light", "llm_off", "full", "light"):
            await opened.services.settings.set("runtime_profile", profile)
            await until(lambda: cards(opened) == OFFERED[profile])  # noqa: B023 - awaited in this turn
        assert opened.errors == []


async def test_a_change_asks_then_stops_what_answers_and_nobody_offers_it_any_more(
    themed: QApplication, hub: HubServer, tmp_path: Path
) -> None:
    async with open_furnished(tmp_path / "home", HF_ENDPOINT=hub.url) as opened:
        services, window = opened.services, opened.window
        key = await services.registry.import_file(write_tiny_llama(tmp_path / "tiny.gguf"))
        await services.registry.activate_model(key.name, key.runtime)
        row = settings_page(opened).profile

        def dialogs() -> list[QuestionDialog]:
            return [one for one in row.findChildren(QuestionDialog) if one.isVisible()]

        row.control.choose(2)
        await until(dialogs)
        assert services.runtimes[key.runtime].snapshot.pid is not None
        dialogs()[0].safe.click()
        await until(lambda: not dialogs() and row.stored.value == "light" and row.control.current == 0)
        assert active(opened) == key
        row.control.choose(2)
        await until(dialogs)
        dialogs()[0].action.click()
        await until(lambda: services.settings.snapshot.runtime_profile.value == "llm_off")
        assert services.runtimes[key.runtime].snapshot.pid is None
        assert active(opened) is None
        await until(lambda: cards(opened) == set())
        inventory = services.registry.inventory.snapshot
        assert inventory.models
        assert switch_rows(inventory, "", allows=services.profiles.allows) == ()
        assert key.name not in window.status.runtime.text()
