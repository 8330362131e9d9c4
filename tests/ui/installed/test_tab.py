"""The Installed tab over the real core: every verb, from the panel, the menu and the keys."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog
from shiboken6 import isValid

from tests.fakes.gguf_files import write_tiny_llama
from tests.ui.installed.desk import Desk, on_screen, open_desk
from tests.ui.workbench import open_workbench, plain, turns, until
from venom_desktop.core.errors import Cure
from venom_desktop.core.operations.operation import OperationStatus, OperationType
from venom_desktop.core.registry.model import ModelCapabilities, ModelProvider
from venom_desktop.core.runtimes.base import LoadSettings
from venom_desktop.ui.installed.capabilities_dialog import CapabilitiesDialog
from venom_desktop.ui.installed.load_settings_dialog import LoadSettingsDialog
from venom_desktop.ui.installed.remove_dialog import RemoveDialog
from venom_desktop.ui.widgets import Menu

GB = 10**9


async def test_an_empty_home_says_what_to_do_next(themed: QApplication, tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        assert desk.tab.list.shows_empty_state
        assert desk.tab.details.isHidden()
        desk.tab.list.catalog_wanted.emit()
        assert desk.told == ["catalog"]


async def test_a_new_model_appears_selected_with_its_panel(themed: QApplication, tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await desk.put()
        assert not desk.tab.list.shows_empty_state
        assert desk.tab.details.name.text() == "tiny:Q4_K_M"
        assert desk.tab.details.primary.label == "Activate on llama.cpp"


async def test_a_hidden_tab_does_nothing_until_it_is_seen(themed: QApplication, tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        desk.tab.hide()
        resets: list[object] = []
        desk.tab.list.rows.modelReset.connect(lambda: resets.append(None))
        await desk.bench.put("org/one:Q8_0")
        heard = desk.bench.registry.inventory.snapshot.models
        await turns(20)
        assert heard
        assert resets == []
        desk.tab.show()
        await until(lambda: desk.names == ["org/one:Q8_0"])


async def test_enter_activates_and_the_panel_waits(themed: QApplication, tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        activate = desk.bench.script(OperationType.ACTIVATE)
        await desk.put()
        QTest.keyClick(desk.tab.list.table, Qt.Key.Key_Return)
        await until(lambda: activate.runs)
        activate.say("Loading the model")
        await until(lambda: not desk.tab.details.primary.isEnabled())
        assert "Activating" in desk.tab.details.primary.toolTip()
        activate.finish()
        await until(desk.tab.details.primary.isEnabled)


async def test_the_active_model_is_unloaded(themed: QApplication, tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        model = await desk.put()
        await desk.make_active(model)
        desk.tab.details.primary.click()
        await until(lambda: desk.bench.registry.inventory.snapshot.active is None)
        await until(lambda: desk.tab.details.primary.label == "Activate on llama.cpp")


async def test_the_active_model_is_not_removed_and_the_panel_says_why(themed: QApplication, tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        model = await desk.put()
        await desk.make_active(model)
        QTest.keyClick(desk.tab.list.table, Qt.Key.Key_Delete)
        await until(desk.tab.details.banner.isVisible)
        assert desk.tab.details.banner.sentence.startswith("This model is active and cannot be removed.")
        assert model.name in desk.bench.registry.manifest


async def test_keeping_a_model_keeps_it_and_removing_removes_it(themed: QApplication, tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        model = await desk.put(size_bytes=9 * GB)
        desk.tab.details.remove.click()
        dialog = await desk.dialog(RemoveDialog)
        assert plain(dialog.windowTitle()) == f"Remove {model.name}?"
        dialog.reject()
        await turns()
        assert model.name in desk.bench.registry.manifest
        QTest.keyClick(desk.tab.list.table, Qt.Key.Key_Delete)
        dialog = await desk.dialog(RemoveDialog)
        assert isinstance(dialog, RemoveDialog)
        assert plain(dialog.action.label) == "Remove 9.0 GB"
        dialog.accept()
        await until(lambda: model.name not in desk.bench.registry.manifest)
        await until(lambda: desk.tab.list.shows_empty_state)


@pytest.mark.parametrize("delete", [False, True])
async def test_the_users_own_file_stays_unless_named(themed: QApplication, tmp_path: Path, delete: bool) -> None:
    async with open_desk(tmp_path) as desk:
        own = tmp_path / "mine.gguf"
        own.write_bytes(b"GGUF")
        fields = {"provider": ModelProvider.LOCAL, "local_path": own, "files": (), "used_in_place": True}
        await desk.put("mine", size_bytes=2 * GB, **fields)
        desk.tab.details.remove.click()
        dialog = await desk.dialog(RemoveDialog)
        assert isinstance(dialog, RemoveDialog)
        assert dialog.action.label == "Remove from the list"
        dialog.choose_to_delete(delete)
        assert plain(dialog.action.label) == ("Delete 2.0 GB" if delete else "Remove from the list")
        dialog.accept()
        await until(lambda: "mine" not in desk.bench.registry.manifest)
        assert await desk.status(OperationType.REMOVE) is OperationStatus.COMPLETED
        assert own.exists() is not delete


async def test_verify_runs_and_is_forbidden_without_a_checksum(themed: QApplication, tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        verify = desk.bench.script(OperationType.VERIFY)
        await desk.put("org/plain:Q8_0")
        assert not desk.tab.details.verify.isEnabled()
        assert "checksum" in desk.tab.details.verify.toolTip()
        await desk.put(checksums={"model.gguf": "00"})
        desk.tab.details.verify.click()
        await until(lambda: verify.runs)
        verify.finish()
        assert await desk.status(OperationType.VERIFY) is OperationStatus.COMPLETED


async def test_a_damaged_file_offers_to_download_it_again(themed: QApplication, tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        install = desk.bench.script(OperationType.INSTALL)
        await desk.put(checksum_differs=True)
        await until(desk.tab.details.banner.isVisible)
        desk.tab.details.banner.button.click()
        await until(lambda: install.runs)
        install.finish()


async def test_capabilities_are_corrected_and_returned_to_what_was_detected(
    themed: QApplication, tmp_path: Path
) -> None:
    async with open_desk(tmp_path) as desk:
        detected = ModelCapabilities(supports_vision=True, max_context_length=4096)
        model = await desk.put(capabilities=detected)
        desk.tab.details.edit.click()
        dialog = await desk.dialog(CapabilitiesDialog)
        assert isinstance(dialog, CapabilitiesDialog)
        dialog.switches["supports_vision"].choose(False)
        dialog.context.show_number(8192)
        dialog.roles.setText("user, assistant")
        dialog.accept()
        registry = desk.bench.registry
        await until(lambda: registry.get_model_capabilities(model.name).max_context_length == 8192)
        changed = registry.get_model_capabilities(model.name)
        assert (changed.supports_vision, changed.allowed_roles) == (False, ("user", "assistant"))
        assert registry.inventory.find(model.name).capabilities == detected
        # The panel follows within a tenth of a second, and opens the dialog with what it shows.
        await until(
            lambda: (row := desk.tab.list.table.selected_row) is not None and row.model.overrides != ModelCapabilities()
        )
        desk.tab.details.edit.click()
        again = await desk.dialog(CapabilitiesDialog)
        assert isinstance(again, CapabilitiesDialog)
        assert again.switches["supports_vision"].value is False
        again.reset.click()
        again.accept()
        await until(lambda: registry.inventory.find(model.name).overrides == ModelCapabilities())
        assert registry.get_model_capabilities(model.name) == detected


async def test_load_settings_are_kept_per_model_and_the_active_one_is_loaded_again(
    themed: QApplication, tmp_path: Path
) -> None:
    async with open_desk(tmp_path) as desk:
        activate = desk.bench.script(OperationType.ACTIVATE)
        model = await desk.put()
        await desk.make_active(model)
        desk.tab.details.load_settings.click()
        dialog = await desk.dialog(LoadSettingsDialog)
        assert isinstance(dialog, LoadSettingsDialog)
        assert dialog.settings == LoadSettings()
        dialog.context.show_number(8192)
        dialog.gpu_layers.show_number(-1)
        dialog.kv_type.choose("q8_0")
        dialog.accept()
        wanted = LoadSettings(context=8192, gpu_layers=-1, kv_type="q8_0")
        await until(lambda: desk.bench.services.model_settings.get(model.key) == wanted)
        await until(desk.tab.details.banner.isVisible)
        desk.tab.details.banner.button.click()
        await until(lambda: activate.runs)
        activate.finish()


async def test_a_file_is_imported_and_selected(themed: QApplication, tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        path = write_tiny_llama(tmp_path / "My own.gguf")
        await desk.put()
        desk.tab.list.import_button.click()
        dialog = await desk.dialog(QFileDialog)
        assert isinstance(dialog, QFileDialog)
        dialog.fileSelected.emit(str(path))
        dialog.reject()
        await until(lambda: "My-own" in desk.names)
        selected = desk.tab.list.table.selected_row
        assert selected is not None
        assert selected.model.local_path == path


async def test_a_file_that_is_no_model_is_said_over_the_list(themed: QApplication, tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        path = tmp_path / "notes.gguf"
        path.write_text("nothing")
        desk.tab.import_file(path)
        await until(desk.tab.list.banner.isVisible)
        assert "notes.gguf is not a usable GGUF file" in desk.tab.list.banner.sentence


async def test_the_filter_narrows_and_escape_clears_it(themed: QApplication, tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await desk.put("org/one:Q8_0")
        await desk.put("org/two:Q8_0")
        desk.tab.focus_search()
        desk.tab.list.search.setText("two")
        assert desk.names == ["org/two:Q8_0"]
        desk.tab.list.search.setText("three")
        assert desk.names == []
        assert desk.tab.details.isHidden()
        assert desk.tab.go_back()
        assert len(desk.names) == 2
        assert not desk.tab.go_back()


@pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing the keyboard)", extend=True)
async def test_the_row_menu_has_the_panels_verbs(themed: QApplication, tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await desk.put()
        desk.tab.details.menu_wanted.emit(QPoint(10, 10))
        menus = [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, Menu) and widget.isVisible()]
        actions: dict[str, QAction] = {action.text(): action for action in menus[0].actions() if action.text()}
        assert list(actions) == [
            "Activate on llama.cpp",
            "Verify",
            "Open folder",
            "Edit capabilities…",
            "Load settings…",
            "Remove…",
        ]
        assert not actions["Verify"].isEnabled()
        actions["Remove…"].trigger()
        menus[0].close()
        (await desk.dialog(RemoveDialog)).reject()
        await until(lambda: not isValid(menus[0]))


async def test_too_much_on_the_disk_raises_the_limit(themed: QApplication, tmp_path: Path) -> None:
    async with open_workbench(tmp_path / "home") as bench:
        await bench.services.settings.set("max_storage_gb", 0.001)
        big = bench.models_dir / "big.bin"
        big.write_bytes(b"x" * 2_000_000)
        async with on_screen(bench, Desk) as desk:
            warning = desk.tab.list.storage.warning
            await until(warning.isVisible)
            assert plain(warning.button.label) == "Raise the limit to 1 GB"
            warning.button.click()
            await until(lambda: bench.services.settings.snapshot.max_storage_gb == 1)
            await until(lambda: not warning.isVisible())


async def test_change_quota_and_foreign_cures_leave_the_tab(themed: QApplication, tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        desk.tab.list.storage.change.click()
        desk.tab.details.cure_wanted.emit(Cure.OPEN_SETTINGS)
        assert desk.told == ["quota", Cure.OPEN_SETTINGS]


async def test_two_hundred_changes_of_a_job_repaint_the_row_once(themed: QApplication, tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        verify = desk.bench.script(OperationType.VERIFY)
        await desk.put(checksums={"model.gguf": "00"})
        await desk.bench.registry.verify_model("org/tiny:Q4_K_M")
        verify.say("Checking model.gguf", done=0, total=1000)
        await until(lambda: not desk.tab.details.verify.isEnabled())
        changes: list[object] = []
        desk.tab.list.rows.dataChanged.connect(lambda *_: changes.append(None))
        told: list[object] = []
        desk.bench.registry.operations.changed.subscribe(told.append)
        for step in range(200):
            verify.say(done=step + 1)
        await until(lambda: len(told) >= 200 and changes)
        await turns()
        assert len(changes) <= 2
        verify.finish()
