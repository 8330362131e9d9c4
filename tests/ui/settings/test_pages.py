"""What is chosen counts at once, what is refused says so in place, and what the environment decides is locked."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from tests.fakes.hub import HubServer
from tests.fakes.hub_faults import html
from tests.fakes.llama_server import install_llama_server
from tests.ui.settings.desk import Desk, open_desk, said_by, until
from venom_desktop.core.errors import Cure
from venom_desktop.core.registry.model import ModelMetadata, ModelProvider
from venom_desktop.core.settings.schema import Profile, Theme
from venom_desktop.core.settings.store import Source
from venom_desktop.ui import theme
from venom_desktop.ui.settings.general import GeneralPage
from venom_desktop.ui.settings.hub import HubPage
from venom_desktop.ui.settings.runtimes import RuntimesPage
from venom_desktop.ui.settings.storage import StoragePage, read_amount
from venom_desktop.ui.settings.tab import PageName
from venom_desktop.ui.theme import ThemeChoice
from venom_desktop.ui.widgets import Pill, SettingRow


@pytest.fixture
async def desk(themed: QApplication, private_home: Path, hub: HubServer) -> AsyncIterator[Desk]:
    async with open_desk(private_home, hub) as opened:
        yield opened
    theme.apply(themed, ThemeChoice.LIGHT)


def storage(desk: Desk) -> StoragePage:
    page = desk.tab.show_page(PageName.STORAGE)
    assert isinstance(page, StoragePage)
    return page


def hub_page(desk: Desk) -> HubPage:
    page = desk.tab.show_page(PageName.HUGGING_FACE)
    assert isinstance(page, HubPage)
    return page


def engine(desk: Desk) -> RuntimesPage:
    page = desk.tab.show_page(PageName.RUNTIMES)
    assert isinstance(page, RuntimesPage)
    return page


def enter(field: QLineEdit, text: str) -> None:
    field.setText(text)
    field.editingFinished.emit()


async def test_a_theme_is_worn_at_once_and_remembered_for_the_next_start(desk: Desk) -> None:
    page = desk.tab.page(PageName.GENERAL)
    assert isinstance(page, GeneralPage)
    page.theme.control.choose(2)
    await until(theme.is_dark)
    assert desk.settings.snapshot.theme is Theme.DARK
    assert desk.ui_state.get("theme") == "dark"
    page.theme.control.choose(1)
    await until(lambda: not theme.is_dark())


@pytest.mark.parametrize("typed", ["-3", "0", "plenty", "1e309"])
async def test_a_quota_that_makes_no_sense_is_refused_in_place_and_nothing_is_stored(desk: Desk, typed: str) -> None:
    quota = storage(desk).quota
    enter(quota.field, typed)
    await until(lambda: quota.result)
    assert quota.result.endswith("Give a number of GB above 0.")
    assert quota.result.startswith("Quota cannot be")
    assert quota.field.property("state") == "bad"
    assert desk.settings.source("max_storage_gb") is Source.DEFAULT
    enter(quota.field, "62.5 GB")
    await until(lambda: desk.settings.snapshot.max_storage_gb == 62.5)
    assert quota.result == ""
    assert quota.field.property("state") != "bad"


async def test_typing_the_stored_quota_again_takes_the_complaint_away(desk: Desk) -> None:
    quota = storage(desk).quota
    enter(quota.field, "none")
    await until(lambda: quota.result)
    enter(quota.field, "50")
    assert quota.result == ""


@pytest.mark.parametrize(("typed", "value"), [("50", 50.0), (" 62.5 GB", 62.5), ("1 000", 1000.0), ("a lot", "a lot")])
def test_an_amount_is_read_as_people_write_it(typed: str, value: object) -> None:
    assert read_amount(typed) == value


async def test_models_over_the_quota_are_told_with_both_ways_out(desk: Desk) -> None:
    page = storage(desk)
    models_dir = desk.registry.manifest.models_dir
    path = models_dir.resolve() / "huggingface" / "big.gguf"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        file.truncate(61_200_000_000)
    await desk.registry.manifest.put(
        ModelMetadata(
            name="org/big:Q4_K_M",
            provider=ModelProvider.HUGGINGFACE,
            display_name="Big",
            runtime="llama_cpp",
            size_bytes=61_200_000_000,
            local_path=path,
            files=("huggingface/big.gguf",),
        )
    )
    await desk.registry.inventory.refresh()
    await until(page.notice.isVisible)
    assert "61.2\u00a0GB" in page.notice.sentence
    page.notice.button.click()
    assert desk.went_to_free_space == [True]
    page.raise_button.click()
    await until(lambda: desk.settings.snapshot.max_storage_gb == 62)
    await until(lambda: not page.notice.isVisible())
    assert not page.raise_button.isVisible()


async def test_another_models_folder_is_stored_and_said_to_count_after_a_restart(desk: Desk, tmp_path: Path) -> None:
    folder = storage(desk).folder
    desk.picker.answer = tmp_path
    folder.button.click()
    await until(lambda: desk.settings.snapshot.models_dir == tmp_path)
    await until(lambda: "Until the restart" in folder.result)
    assert folder.path.text() == str(tmp_path)
    folder.undo.click()
    await until(lambda: desk.settings.snapshot.models_dir is None)
    await until(lambda: folder.result == "")


async def test_a_folder_that_cannot_be_written_is_refused_in_place(desk: Desk, tmp_path: Path) -> None:
    folder = storage(desk).folder
    desk.picker.answer = tmp_path / "missing"
    folder.button.click()
    await until(lambda: folder.result)
    assert "could not be written" in folder.result
    assert desk.settings.snapshot.models_dir is None


async def test_closing_the_dialog_changes_nothing(desk: Desk) -> None:
    folder = storage(desk).folder
    folder.button.click()
    await until(lambda: desk.picker.asked)
    await until(lambda: not desk.bridge.is_running("settings.models_dir"))
    assert desk.settings.source("models_dir") is Source.DEFAULT


async def test_a_program_that_is_no_llama_server_is_refused_and_a_real_one_is_kept(desk: Desk, tmp_path: Path) -> None:
    row = engine(desk).engine
    other = tmp_path / "other"
    other.write_text("#!/bin/sh\nexit 0\n")
    other.chmod(0o755)
    desk.picker.answer = other
    row.button.click()
    await until(lambda: "is not a llama-server" in row.result)
    assert desk.settings.snapshot.llama_server_path is None
    desk.picker.answer = install_llama_server(tmp_path)
    row.button.click()
    await until(lambda: "NVIDIA H200" in row.result)
    assert desk.settings.snapshot.llama_server_path == desk.picker.answer


async def test_local_runtimes_can_be_switched_off(desk: Desk) -> None:
    engine(desk).profile.control.choose(2)
    await until(lambda: desk.settings.snapshot.runtime_profile is Profile.LLM_OFF)


@pytest.mark.parametrize("typed", ["", "huggingface.co", "ftp://mirror.test", "https://me@mirror.test"])
async def test_what_is_no_address_of_a_hub_is_refused_in_place(desk: Desk, typed: str) -> None:
    row = hub_page(desk).endpoint
    enter(row.field, typed)
    await until(lambda: row.result)
    assert row.result.endswith("Give an address that starts with https:// or http://.")
    assert desk.settings.source("hf_endpoint") is Source.DEFAULT


async def test_trying_an_address_asks_it_and_says_what_came_of_it(desk: Desk) -> None:
    row = hub_page(desk).endpoint
    row.field.setText(f"{desk.hub.url}/")
    row.try_button.click()
    await until(lambda: row.result.endswith("answers as a hub does."))
    assert desk.settings.snapshot.hf_endpoint == desk.hub.url
    assert row.field.text() == desk.hub.url
    desk.hub.fault(html(), "/api/models")
    row.try_button.click()
    await until(lambda: "not as a Hugging Face hub" in row.result)


async def test_an_address_that_does_not_answer_is_not_stored_by_a_try(desk: Desk) -> None:
    row = hub_page(desk).endpoint
    desk.hub.go_down()
    row.field.setText(desk.hub.url)
    row.try_button.click()
    await until(lambda: "does not answer" in row.result)
    assert desk.settings.source("hf_endpoint") is Source.DEFAULT


async def test_what_the_environment_decides_shows_its_value_and_cannot_be_changed(
    themed: QApplication, private_home: Path, hub: HubServer
) -> None:
    environ = {
        "MAX_STORAGE_GB": "120",
        "HF_ENDPOINT": hub.url,
        "VENOM_RUNTIME_PROFILE": "llm_off",
    }
    async with open_desk(private_home, hub, environ) as desk:
        rows: dict[str, tuple[SettingRow, QWidget]] = {
            "MAX_STORAGE_GB": (storage(desk).quota, storage(desk).quota.field),
            "VENOM_RUNTIME_PROFILE": (engine(desk).profile, engine(desk).profile.control),
            "HF_ENDPOINT": (hub_page(desk).endpoint, hub_page(desk).endpoint.field),
        }
        for variable, (row, control) in rows.items():
            assert not control.isVisibleTo(row)
            assert f"From {variable}" in [pill.look.text for pill in row.findChildren(Pill)]
            assert "cannot be changed here" in said_by(row)
        assert "Off" in said_by(rows["VENOM_RUNTIME_PROFILE"][0])
        assert "120\u00a0GB" in said_by(rows["MAX_STORAGE_GB"][0])
        assert hub.url in said_by(rows["HF_ENDPOINT"][0])


async def test_a_cure_leads_to_the_place_and_is_ready_to_type(desk: Desk) -> None:
    desk.tab.show_cure(Cure.RAISE_LIMIT)
    assert storage(desk).quota.field.selectedText() == "50"
    desk.tab.show_cure(Cure.OPEN_TOKEN_SETTINGS)
    assert hub_page(desk).isVisible()
    runtimes = desk.tab.page(PageName.RUNTIMES)
    assert not runtimes.isVisible()
    desk.tab.show_cure(Cure.OPEN_RUNTIME_SETTINGS)
    assert runtimes.isVisible()


async def test_without_an_api_there_is_no_page_for_it(themed: QApplication, private_home: Path, hub: HubServer) -> None:
    async with open_desk(private_home, hub, with_api=False) as desk:
        words = [desk.tab.navigation.item(row).text() for row in range(desk.tab.navigation.count())]
        assert words == ["General", "Storage", "Runtimes", "Remote servers", "Hugging Face", "About"]


@pytest.mark.parametrize(("row", "key"), [("restart", "restart_after_crash"), ("stay", "keep_running_after_quit")])
async def test_what_servers_do_after_an_end_is_off_until_it_is_switched_on(desk: Desk, row: str, key: str) -> None:
    switch = getattr(engine(desk), row).control
    assert not switch.isChecked()
    switch.click()
    await until(lambda: getattr(desk.settings.snapshot, key))
    await desk.settings.set(key, False)
    assert not switch.isChecked()
