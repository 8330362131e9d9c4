"""Newer versions: asked for when the user asks, told above the table, in the rows and in the panel, and fetched."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from tests.fakes.oci_registry import OciRegistryServer
from tests.fakes.ollama_server import OllamaStandIn
from tests.ui.installed.store_desk import KEPT, StoreDesk, open_store_desk, publish
from tests.ui.workbench import plain, until
from venom_desktop.core.operations.operation import OperationStatus, OperationType
from venom_desktop.ui.installed.states import State

OLD, OTHER, SAME = "gemma3:4b", "qwen2.5:7b", "phi4:latest"


@pytest.fixture
def ollama(tmp_path: Path) -> OllamaStandIn:
    server = OllamaStandIn(tmp_path / "ollama-models", environment=KEPT)
    for name in (OLD, OTHER, SAME):
        server.add_model(name, seed=name)
    return server


@pytest.fixture
def library(ollama: OllamaStandIn) -> Iterator[OciRegistryServer]:
    """With newer versions of two of the models."""
    with OciRegistryServer() as registry:
        publish(registry, ollama, OLD, seed="newer")
        publish(registry, ollama, OTHER, seed="newer")
        publish(registry, ollama, SAME, seed=SAME)
        yield registry


async def found(desk: StoreDesk, words: str) -> None:
    await until(lambda: plain(desk.tab.list.updates.found.text()) == words)


async def check(desk: StoreDesk, words: str) -> None:
    await desk.listed(OLD, OTHER, SAME)
    await until(desk.tab.list.updates.check.isEnabled)
    desk.tab.list.updates.check.click()
    await found(desk, words)


async def test_nothing_is_asked_before_the_button_is_pressed(
    themed: QApplication, tmp_path: Path, ollama: OllamaStandIn, library: OciRegistryServer
) -> None:
    async with ollama, open_store_desk(tmp_path, ollama, VENOM_OLLAMA_REGISTRY_URL=library.url) as desk:
        await desk.listed(OLD, OTHER, SAME)
        await found(desk, "")
        assert library.requests == []


async def test_a_newer_version_shows_in_the_row_and_its_box_fetches_it(
    themed: QApplication, tmp_path: Path, ollama: OllamaStandIn, library: OciRegistryServer
) -> None:
    async with ollama, open_store_desk(tmp_path, ollama, VENOM_OLLAMA_REGISTRY_URL=library.url) as desk:
        await check(desk, "2 updates")
        assert {name: desk.row(name).state for name in (OLD, OTHER, SAME)} == {
            OLD: State.UPDATE_AVAILABLE,
            OTHER: State.UPDATE_AVAILABLE,
            SAME: State.RESTING,
        }
        desk.select(SAME)
        assert desk.tab.details.update_box.isHidden()
        desk.select(OLD)
        await until(desk.tab.details.update_box.isVisible)
        assert plain(desk.tab.details.update_box._detail.text()) == "Up to 4.0 MB to download"
        before = desk.row(OLD).model.revision
        desk.tab.details.update_box.button.click()
        await until(lambda: desk.row(OLD).state is State.RESTING)
        assert desk.row(OLD).model.revision != before
        assert desk.tab.details.update_box.isHidden()
        await found(desk, "1 update")
        done = desk.bench.registry.operations.operations[0]
        assert (done.operation_type, done.status) == (OperationType.UPDATE, OperationStatus.COMPLETED)


async def test_several_are_fetched_with_one_press(
    themed: QApplication, tmp_path: Path, ollama: OllamaStandIn, library: OciRegistryServer
) -> None:
    async with ollama, open_store_desk(tmp_path, ollama, VENOM_OLLAMA_REGISTRY_URL=library.url) as desk:
        await check(desk, "2 updates")
        banner = desk.tab.list.update_all
        await until(banner.isVisible)
        assert plain(banner.sentence) == "2 newer versions are published, up to 8.0 MB to download."
        banner.button.click()
        await found(desk, "Up to date")
        assert banner.isHidden()
        assert {one.model_name for one in desk.bench.registry.operations.operations} == {OLD, OTHER}


async def test_the_active_model_keeps_its_state_and_gets_a_sign_beside_it(
    themed: QApplication, tmp_path: Path, ollama: OllamaStandIn, library: OciRegistryServer
) -> None:
    async with ollama, open_store_desk(tmp_path, ollama, VENOM_OLLAMA_REGISTRY_URL=library.url) as desk:
        await desk.listed(OLD)
        await desk.bench.registry.activate_model(OLD, "ollama")
        await check(desk, "2 updates")
        await until(lambda: desk.row(OLD).has_update)
        assert desk.row(OLD).state is State.ACTIVE
        place = desk.tab.list.rows.place_of(desk.row(OLD).key)
        sentence = desk.tab.list.rows._sentence(desk.tab.list.rows.rows[place])
        assert sentence.endswith("Active, Update available")


async def test_what_a_registry_does_not_tell_is_not_known_and_says_why(
    themed: QApplication, tmp_path: Path, ollama: OllamaStandIn, library: OciRegistryServer
) -> None:
    library.remove(f"library/{SAME}")
    async with ollama, open_store_desk(tmp_path, ollama, VENOM_OLLAMA_REGISTRY_URL=library.url) as desk:
        await check(desk, "2 updates · not known for 1")
        assert f"{SAME}: " in desk.tab.list.updates.found.toolTip()
    async with open_store_desk(tmp_path / "other", ollama) as nobody_there:
        assert not nobody_there.tab.list.updates.check.isEnabled()


async def test_nothing_of_a_server_that_is_down_is_fetched(
    themed: QApplication, tmp_path: Path, ollama: OllamaStandIn, library: OciRegistryServer
) -> None:
    async with ollama, open_store_desk(tmp_path, ollama, VENOM_OLLAMA_REGISTRY_URL=library.url) as desk:
        await check(desk, "2 updates")
        desk.select(OLD)
        await until(desk.tab.details.update_box.isVisible)
        ollama.go_down()
        await desk.seen_down()
        assert not desk.tab.details.update_box.button.isEnabled()
        await until(desk.tab.list.update_all.isHidden)
        assert desk.row(OLD).state is State.UPDATE_AVAILABLE
