"""Everything that can be worked with has a name for a screen reader, in every tab and in the window around them."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QFileDialog, QPushButton, QWidget

from tests.fakes.hub import HubServer
from tests.support.accessible import interactive_names, unnamed
from tests.ui.catalog.desk import TINY, tiny_hub
from tests.ui.furnished import Furnished, open_furnished
from tests.ui.workbench import turns, until
from venom_desktop.core.registry.model import ModelMetadata, ModelProvider
from venom_desktop.ui.catalog.tab import CatalogTab
from venom_desktop.ui.settings.tab import PageName, SettingsTab
from venom_desktop.ui.tab_bar import TabName


@pytest.mark.parametrize("name", list(TabName))
async def test_everything_in_a_tab_has_a_name(
    themed: QApplication, hub: HubServer, tmp_path: Path, name: TabName
) -> None:
    tiny_hub(hub, tmp_path)
    async with open_furnished(tmp_path / "home", HF_ENDPOINT=hub.url) as desk:
        await put_one_model(desk, tmp_path)
        page = desk.window.show_tab(name)
        if isinstance(page, CatalogTab):
            await until(lambda: page.details.primary.isVisible() and page.details.primary.label)

        assert unnamed(page) == []
        assert interactive_names(page)
        assert desk.errors == []


async def test_everything_on_the_first_run_page_has_a_name(
    themed: QApplication, hub: HubServer, tmp_path: Path
) -> None:
    async with open_furnished(tmp_path / "home", HF_ENDPOINT=hub.url) as desk:
        page = desk.window.page(TabName.CATALOG)

        assert unnamed(page) == []
        assert {"Import a file…", "Browse the catalog"} <= set(interactive_names(page))


async def test_everything_on_every_page_of_the_settings_has_a_name(
    themed: QApplication, hub: HubServer, tmp_path: Path
) -> None:
    async with open_furnished(tmp_path / "home", HF_ENDPOINT=hub.url) as desk:
        page = desk.window.show_tab(TabName.SETTINGS)
        assert isinstance(page, SettingsTab)

        for name in PageName:
            page.show_page(name)
            await turns()
            assert (name, unnamed(page)) == (name, [])


async def test_everything_around_the_tabs_has_a_name(themed: QApplication, hub: HubServer, tmp_path: Path) -> None:
    async with open_furnished(tmp_path / "home", HF_ENDPOINT=hub.url) as desk:
        assert unnamed(desk.window) == []
        assert {"Alerts", "Menu"} <= set(interactive_names(desk.window))


async def test_the_first_run_asks_for_a_file_where_installed_models_are(
    themed: QApplication, hub: HubServer, tmp_path: Path
) -> None:
    async with open_furnished(tmp_path / "home", HF_ENDPOINT=hub.url) as desk:
        page = desk.window.page(TabName.CATALOG)
        assert isinstance(page, CatalogTab)

        page.first_run.file_card.button.click()

        assert desk.window.current_tab is TabName.INSTALLED
        await until(lambda: [dialog for dialog in desk.window.findChildren(QFileDialog) if dialog.isVisible()])
        for dialog in desk.window.findChildren(QFileDialog):
            dialog.reject()


def test_a_button_without_words_is_found(themed: QApplication) -> None:
    page = QWidget()
    QPushButton("Install", page)
    QPushButton(page)

    assert unnamed(page) == ["QPushButton < QWidget"]


async def put_one_model(desk: Furnished, folder: Path) -> None:
    path = folder / "tiny-Q8_0.gguf"
    row = ModelMetadata(
        name=f"{TINY}:Q8_0",
        provider=ModelProvider.LOCAL,
        display_name="tiny",
        runtime="llama_cpp",
        local_path=path,
        size_bytes=path.stat().st_size,
    )
    await desk.services.registry.manifest.put(row)
    await desk.services.registry.inventory.refresh()
