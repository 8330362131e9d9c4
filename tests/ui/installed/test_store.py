"""The models of Ollama's own store in the Installed tab: listed, reached, named, removed."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.fakes.ollama_models import Facts
from tests.fakes.ollama_server import OllamaStandIn
from tests.ui.installed.store_desk import KEPT, StoreDesk, key, open_desk_with_program, open_store_desk
from tests.ui.workbench import plain, turns, until
from venom_desktop.core.errors import Cure
from venom_desktop.core.operations.operation import OperationStatus, OperationType
from venom_desktop.core.runtimes.base import LoadSettings, RuntimeState
from venom_desktop.ui.installed import words
from venom_desktop.ui.installed.capabilities_dialog import CapabilitiesDialog
from venom_desktop.ui.installed.group_button import GroupButton
from venom_desktop.ui.installed.groups import GroupCure
from venom_desktop.ui.installed.load_settings_dialog import LoadSettingsDialog
from venom_desktop.ui.installed.name_dialog import NameDialog
from venom_desktop.ui.installed.presenter import Group
from venom_desktop.ui.installed.remove_dialog import RemoveDialog
from venom_desktop.ui.installed.states import State
from venom_desktop.ui.widgets import Label, Menu

GEMMA = "gemma3:4b"
QWEN = "qwen2.5:7b"
VISION = Facts(capabilities=("completion", "vision", "tools"), context=131_072, license="Gemma Terms of Use")


@pytest.fixture
def ollama(tmp_path: Path) -> OllamaStandIn:
    """Not started: a test starts it as it needs it."""
    server = OllamaStandIn(tmp_path / "ollama-models", environment=KEPT)
    server.add_model(GEMMA, layers=(3_300_000,), facts=VISION)
    server.add_model(QWEN, layers=(4_700_000,))
    return server


def button_of(desk: StoreDesk) -> GroupButton:
    table, rows = desk.tab.list.table, desk.tab.list.rows
    place = next(place for place, row in enumerate(rows.rows) if isinstance(row, Group) and row.runtime == "ollama")
    shown = table.indexWidget(rows.index(place, 0))
    assert isinstance(shown, GroupButton)
    return shown


async def test_the_servers_models_stand_under_it_with_what_they_are(
    themed: QApplication, tmp_path: Path, ollama: OllamaStandIn
) -> None:
    async with ollama, open_store_desk(tmp_path, ollama) as desk:
        await desk.put("org/tiny:Q4_K_M")
        await desk.listed(GEMMA, QWEN)
        await desk.described(GEMMA)
        assert [row.runtime for row in desk.tab.list.rows.rows if isinstance(row, Group)] == ["ollama", "llama_cpp"]
        assert plain(words.group_detail(desk.group)) == "2 models · 8.0 MB"
        assert words.runtime_look(desk.group.state).text == "Running"
        shown = desk.row(GEMMA)
        assert words.ability_icons(shown.capabilities) == ["vision", "tools"]
        assert (shown.capabilities.quantization, shown.capabilities.max_context_length) == ("Q4_K_M", 131_072)
        facts = {name: value for name, value, _ in desk.tab.details.facts._shown}
        assert facts["Digest"] == f"sha256:{shown.model.revision}"
        assert facts["Licence"] == "Gemma Terms of Use"
        assert desk.tab.details.primary.label == "Activate on Ollama"


async def test_what_another_program_brings_or_removes_shows_by_itself(
    themed: QApplication, tmp_path: Path, ollama: OllamaStandIn
) -> None:
    async with ollama, open_store_desk(tmp_path, ollama) as desk:
        await desk.listed(GEMMA, QWEN)
        ollama.add_model("theirs:1b", seed="theirs")
        ollama.remove_model(QWEN)
        await until(lambda: set(desk.names) == {GEMMA, "theirs:1b"})


async def test_a_server_that_does_not_answer_leaves_its_rows_with_their_age_and_a_cure(
    themed: QApplication, tmp_path: Path
) -> None:
    async with open_desk_with_program(tmp_path, GEMMA) as desk:
        assert desk.tab.list.shows_empty_state
        await until(desk.tab.list.start_button.isVisible)
        assert desk.tab.list.start_button.label == "Start Ollama"
        desk.tab.list.start_button.click()
        await desk.listed(GEMMA)
        await desk.described(GEMMA)
        await desk.seen_running()
        await until(desk.tab.details.open_folder.isEnabled)
        await desk.server.stop()
        await desk.seen_down()
        assert words.group_age(desk.group).startswith("Last seen")
        assert desk.names == [GEMMA]
        assert desk.row(GEMMA).capabilities.max_context_length == 8192
        for button in (desk.tab.details.remove, desk.tab.details.copy, desk.tab.details.rename):
            assert "not running" in button.toolTip()
            assert not button.isEnabled()
        assert button_of(desk).button.label == "Start Ollama"
        button_of(desk).button.click()
        await desk.seen_running()
        assert not button_of(desk).button.isVisible()
        await until(desk.tab.details.remove.isEnabled)


async def test_activating_starts_a_server_that_is_down(themed: QApplication, tmp_path: Path) -> None:
    async with open_desk_with_program(tmp_path, GEMMA) as desk:
        await desk.server.start()
        await desk.described(GEMMA)
        await desk.server.stop()
        await desk.seen_down()
        assert desk.tab.details.primary.label == "Activate on Ollama"
        assert desk.tab._foot is not None
        assert desk.tab._foot.note == "Ollama is started first."
        QTest.keyClick(desk.tab.list.table, Qt.Key.Key_Return)
        await until(lambda: desk.tab.details.primary.label == "Unload")
        assert desk.server.snapshot.state is RuntimeState.RUNNING
        desk.tab.details.primary.click()
        await until(lambda: desk.bench.registry.inventory.snapshot.active is None)
        await until(lambda: desk.server.snapshot.loaded == ())


async def test_a_server_whose_program_is_not_here_leads_to_where_it_is_had(
    themed: QApplication, tmp_path: Path, ollama: OllamaStandIn
) -> None:
    async with ollama, open_store_desk(tmp_path, ollama, PATH=str(tmp_path)) as desk:
        await desk.listed(GEMMA)
        ollama.go_down()
        await desk.seen_down()
        await until(lambda: desk.group.cure is GroupCure.GET)
        assert button_of(desk).button.label == "Install Ollama…"
        button_of(desk).button.click()
        assert desk.told == [Cure.INSTALL_RUNTIME]


async def test_an_active_model_that_another_program_removed_says_so_in_its_row_and_comes_back(
    themed: QApplication, tmp_path: Path, ollama: OllamaStandIn
) -> None:
    async with ollama, open_store_desk(tmp_path, ollama) as desk:
        await desk.listed(GEMMA)
        await desk.bench.registry.activate_model(GEMMA, "ollama")
        await until(lambda: desk.row(GEMMA).state is State.ACTIVE)
        ollama.publish(GEMMA, layers=(3_300_000,), facts=VISION)
        ollama.remove_model(GEMMA)
        await until(lambda: desk.row(GEMMA).state is State.GONE)
        desk.select(GEMMA)
        assert words.group_detail(desk.group).startswith("1 model ")
        assert desk.tab.details.primary.label == "Install again"
        assert "Another program removed it from Ollama." in desk.tab.details._note.text()
        assert not desk.tab.details.remove.isEnabled()
        desk.tab.details.primary.click()
        await until(lambda: desk.row(GEMMA).state is State.ACTIVE)
        assert desk.bench.errors == []


async def test_a_copy_gets_a_proposed_name_and_a_taken_one_is_told_while_typing(
    themed: QApplication, tmp_path: Path, ollama: OllamaStandIn
) -> None:
    async with ollama, open_store_desk(tmp_path, ollama) as desk:
        await desk.listed(GEMMA, QWEN)
        desk.select(GEMMA)
        desk.tab.details.copy.click()
        dialog = await desk.dialog(NameDialog)
        assert isinstance(dialog, NameDialog)
        assert dialog.field.line.text() == "gemma3-copy:4b"
        for text, problem in (
            (QWEN.upper(), "qwen2.5:7b is already installed on Ollama."),
            ("../escape", "This is not a usable model name."),
            ("", "Enter a name."),
        ):
            dialog.field.line.setText(text)
            assert dialog.field.note.text().startswith(problem)
            assert not dialog.action.isEnabled()
        dialog.field.line.setText("mine")
        assert dialog.field.note.text() == "Ollama will call it mine:latest."
        dialog.action.click()
        await desk.listed("mine:latest")
        assert desk.row("mine:latest").model.revision == desk.row(GEMMA).model.revision
        # One content under two names takes its space once.
        assert plain(words.group_detail(desk.group)) == "3 models · 8.0 MB"


async def test_a_name_that_the_server_cannot_take_stays_in_the_dialog(
    themed: QApplication, tmp_path: Path, ollama: OllamaStandIn
) -> None:
    async with ollama, open_store_desk(tmp_path, ollama) as desk:
        await desk.listed(GEMMA)
        desk.select(GEMMA)
        desk.tab.details.copy.click()
        dialog = await desk.dialog(NameDialog)
        assert isinstance(dialog, NameDialog)
        dialog.field.line.setText("mine")
        ollama.go_down()
        dialog.action.click()
        await until(lambda: "Ollama is not running" in dialog.field.note.text())
        assert dialog.isVisible()
        assert dialog.field.line.text() == "mine"
        ollama.come_back()
        dialog.field.line.setText("mine:1")
        dialog.action.click()
        await desk.listed("mine:1")


async def test_another_name_takes_the_settings_along(
    themed: QApplication, tmp_path: Path, ollama: OllamaStandIn
) -> None:
    async with ollama, open_store_desk(tmp_path, ollama) as desk:
        await desk.listed(GEMMA)
        await desk.bench.services.model_settings.save(key(GEMMA), LoadSettings(context=2048))
        desk.select(GEMMA)
        desk.tab.details.rename.click()
        dialog = await desk.dialog(NameDialog)
        assert isinstance(dialog, NameDialog)
        assert dialog.field.note.text() == "Type the new name."
        dialog.field.line.setText("picture:4b")
        dialog.action.click()
        await until(lambda: set(desk.names) == {"picture:4b", QWEN})
        assert desk.bench.services.model_settings.get(key("picture:4b")).context == 2048


async def test_the_active_model_keeps_its_name(themed: QApplication, tmp_path: Path, ollama: OllamaStandIn) -> None:
    async with ollama, open_store_desk(tmp_path, ollama) as desk:
        await desk.listed(GEMMA)
        await desk.bench.registry.activate_model(GEMMA, "ollama")
        await until(lambda: desk.row(GEMMA).state is State.ACTIVE)
        desk.select(GEMMA)
        assert "Activate another model first" in desk.tab.details.rename.toolTip()
        assert desk.tab.details.copy.isEnabled()


async def test_a_removal_says_what_becomes_free_and_what_does_not(
    themed: QApplication, tmp_path: Path, ollama: OllamaStandIn
) -> None:
    async with ollama, open_store_desk(tmp_path, ollama) as desk:
        await desk.listed(GEMMA, QWEN)
        await desk.bench.registry.copy_model(GEMMA, "mine")
        await desk.listed("mine:latest")
        desk.select(GEMMA)
        desk.tab.details.remove.click()
        dialog = await desk.dialog(RemoveDialog)
        assert isinstance(dialog, RemoveDialog)
        assert dialog.action.label == "Remove"
        assert any("stays under mine:latest" in text for text in texts(dialog))
        dialog.reject()
        desk.select(QWEN)
        await turns()
        desk.tab.details.remove.click()
        dialog = await desk.dialog(RemoveDialog)
        assert isinstance(dialog, RemoveDialog)
        assert plain(dialog.action.label) == "Remove 4.7 MB"
        assert any("is deleted from Ollama" in text for text in texts(dialog))
        dialog.accept()
        await until(lambda: QWEN not in desk.names)


def texts(dialog: RemoveDialog) -> list[str]:
    return [label.text() for label in dialog.findChildren(Label)]


@pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing the keyboard)", extend=True)
async def test_the_verbs_are_those_of_a_store(themed: QApplication, tmp_path: Path, ollama: OllamaStandIn) -> None:
    async with ollama, open_store_desk(tmp_path, ollama) as desk:
        await desk.listed(GEMMA, QWEN)
        await desk.bench.registry.activate_model(GEMMA, "ollama")
        await desk.bench.services.runtimes["ollama"].load(desk.row(QWEN).model, LoadSettings())
        await until(lambda: desk.row(QWEN).state is State.LOADED)
        desk.select(QWEN)
        assert desk.tab.details.verify.isHidden()
        assert desk.tab.details.open_folder.toolTip() in ("", "Its folder is not known.")
        desk.tab.details.menu_wanted.emit(QPoint(10, 10))
        menu = next(one for one in QApplication.topLevelWidgets() if isinstance(one, Menu) and one.isVisible())
        actions: dict[str, QAction] = {action.text(): action for action in menu.actions() if action.text()}
        assert list(actions) == [
            "Activate on Ollama",
            "Unload",
            "Open folder",
            "Copy…",
            "Rename…",
            "Edit capabilities…",
            "Load settings…",
            "Remove…",
        ]
        actions["Unload"].trigger()
        menu.close()
        await until(lambda: desk.row(QWEN).state is State.RESTING)


async def test_capabilities_and_load_settings_of_a_store_are_set_by_hand(
    themed: QApplication, tmp_path: Path, ollama: OllamaStandIn
) -> None:
    async with ollama, open_store_desk(tmp_path, ollama) as desk:
        await desk.listed(QWEN)
        await desk.described(QWEN)
        desk.tab.details.edit.click()
        capabilities = await desk.dialog(CapabilitiesDialog)
        assert isinstance(capabilities, CapabilitiesDialog)
        capabilities.switches["supports_vision"].choose(True)
        capabilities.accept()
        await until(lambda: desk.row(QWEN).capabilities.supports_vision)
        assert desk.tab.details._source.text() == "Told by Ollama, partly set by you"
        kept = LoadSettings(parallel=2, kv_type="q8_0")
        await desk.bench.services.model_settings.save(key(QWEN), kept)
        desk.tab.details.load_settings.click()
        settings = await desk.dialog(LoadSettingsDialog)
        assert isinstance(settings, LoadSettingsDialog)
        assert settings.parallel.isHidden()
        assert settings.kv_type.isHidden()
        settings.context.show_number(4096)
        settings.accept()
        store = desk.bench.services.model_settings
        await until(lambda: store.get(key(QWEN)) == LoadSettings(context=4096, parallel=2, kv_type="q8_0"))


async def test_a_removal_that_the_server_does_not_carry_out_leaves_the_row(
    themed: QApplication, tmp_path: Path, ollama: OllamaStandIn
) -> None:
    async with ollama, open_store_desk(tmp_path, ollama) as desk:
        await desk.listed(GEMMA)
        desk.select(GEMMA)
        desk.tab.details.remove.click()
        dialog = await desk.dialog(RemoveDialog)
        ollama.go_down()
        dialog.accept()
        await until(lambda: desk.bench.registry.operations.operations)
        assert await desk.status(OperationType.REMOVE) is OperationStatus.FAILED
        assert GEMMA in desk.names
