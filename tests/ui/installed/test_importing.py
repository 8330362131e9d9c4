"""A file of the user's own: used in place, or made into a model of Ollama's; the choice, the name, the server."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from tests.fakes.ollama_server import OllamaStandIn
from tests.ui.installed.store_desk import KEPT, StoreDesk, open_desk_with_program, open_store_desk
from tests.ui.workbench import plain, until
from venom_desktop.core.operations.operation import OperationStatus, OperationType
from venom_desktop.ui.installed.import_dialog import ImportDialog


@pytest.fixture
def ollama(tmp_path: Path) -> Iterator[OllamaStandIn]:
    with OllamaStandIn(tmp_path / "ollama-models", environment=KEPT) as server:
        server.add_model("llama-mini:latest", seed="mini")
        yield server


@pytest.fixture
def file(tmp_path: Path, tiny_llama: Path) -> Path:
    return Path(shutil.copyfile(tiny_llama, tmp_path / "Llama Mini.gguf"))


async def asked(desk: StoreDesk, file: Path) -> ImportDialog:
    desk.tab.import_file(file)
    dialog = await desk.dialog(ImportDialog)
    assert isinstance(dialog, ImportDialog)
    return dialog


async def test_a_file_is_used_in_place_unless_something_else_is_chosen(
    themed: QApplication, tmp_path: Path, ollama: OllamaStandIn, file: Path
) -> None:
    async with open_store_desk(tmp_path, ollama) as desk:
        await desk.seen_running()
        dialog = await asked(desk, file)
        assert dialog.used_in_place.isChecked()
        assert not dialog.field.isEnabled()
        dialog.action.click()
        await until(lambda: "Llama-Mini" in desk.names)
        assert desk.tab.list.table.selected_row is not None
        assert desk.tab.list.table.selected_row.model.local_path == file
        assert ollama.requests_for("/api/create") == []


async def test_a_file_is_made_a_model_of_ollamas_under_a_free_name_and_stays_where_it_is(
    themed: QApplication, tmp_path: Path, ollama: OllamaStandIn, file: Path
) -> None:
    async with open_store_desk(tmp_path, ollama) as desk:
        await desk.listed("llama-mini:latest")
        dialog = await asked(desk, file)
        dialog.added.setChecked(True)
        assert dialog.field.line.text() == "llama-mini-2"
        assert dialog.action.label.startswith("Add to Ollama · ")
        dialog.field.line.setText("llama-mini")
        assert "already installed on Ollama" in dialog.field.note.text()
        assert not dialog.action.isEnabled()
        dialog.field.line.setText("own:mini")
        dialog.action.click()
        await desk.listed("own:mini")
        assert await desk.status(OperationType.INSTALL) is OperationStatus.COMPLETED
        assert file.exists()
        assert plain(desk.row("own:mini").model.display_name)
        desk.select("own:mini")
        assert desk.tab.details._second.text() == "own:mini · This computer"


async def test_a_server_that_does_not_run_is_started_from_the_question(
    themed: QApplication, tmp_path: Path, file: Path
) -> None:
    async with open_desk_with_program(tmp_path, "gemma3:4b") as desk:
        dialog = await asked(desk, file)
        assert dialog.action.isEnabled()
        dialog.added.setChecked(True)
        assert not dialog.action.isEnabled()
        assert dialog.state.text() == "Ollama is not running."
        dialog.start.click()
        await until(lambda: dialog.state.text() == "Ollama is running.")
        await until(dialog.action.isEnabled)
        dialog.action.click()
        await desk.listed("gemma3:4b", "llama-mini:latest")


async def test_a_file_that_holds_no_model_is_refused_in_the_question(
    themed: QApplication, tmp_path: Path, ollama: OllamaStandIn
) -> None:
    notes = tmp_path / "notes.gguf"
    notes.write_text("nothing")
    async with open_store_desk(tmp_path, ollama) as desk:
        await desk.seen_running()
        dialog = await asked(desk, notes)
        dialog.added.setChecked(True)
        dialog.field.line.setText("mine")
        dialog.action.click()
        await until(dialog.problem.isVisible)
        assert "notes.gguf is not a usable GGUF file" in dialog.problem.sentence
        assert dialog.field.line.text() == "mine"
        assert dialog.action.isEnabled()
        dialog.reject()


async def test_where_the_profile_offers_no_ollama_nothing_is_asked(
    themed: QApplication, tmp_path: Path, ollama: OllamaStandIn, file: Path
) -> None:
    async with open_store_desk(tmp_path, ollama, VENOM_RUNTIME_PROFILE="llm_off") as desk:
        desk.tab.import_file(file)
        await until(desk.tab.list.banner.isVisible)
        assert "profile" in desk.tab.list.banner.sentence
