"""The tuning editor over the real settings: sources, checks in place, what waits for a restart, the unit's file."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from shiboken6 import delete

from tests.support.accessible import unnamed
from tests.ui.runtime.plain_server import EXTERNAL, RUNNING, STOPPED
from tests.ui.workbench import turns, until
from venom_desktop.core.runtimes.base import Control, RuntimeSnapshot
from venom_desktop.core.runtimes.control.drop_in import DropIn, drop_in_for
from venom_desktop.core.runtimes.control.unit import Unit, UnitState
from venom_desktop.core.runtimes.tuning import Tuning
from venom_desktop.core.settings.schema import OllamaProfile, UnitScope
from venom_desktop.core.settings.store import SettingsStore
from venom_desktop.core.tasks import TaskScope
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.garbage import GarbageOnThisThread
from venom_desktop.ui.runtime.card_facts import Verb
from venom_desktop.ui.runtime.drop_in_dialog import DropInDialog
from venom_desktop.ui.runtime.tuning_desk import tuning_desk
from venom_desktop.ui.runtime.tuning_page import TuningPage
from venom_desktop.ui.runtime.tuning_row import TuningRowView


@dataclass
class Editor:
    """`server` is the environment of the running server; `written` counts the files that were written."""

    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    server: Mapping[str, str] | None = None
    snapshot: RuntimeSnapshot = STOPPED
    drop_in: DropIn | None = None
    written: int = 0
    verbs: list[Verb] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.settings = SettingsStore(self.folder / "settings.json", self.environ)
        self.tuning = Tuning(
            self.environ,
            lambda: self.settings.snapshot.ollama_profile.value,
            lambda: dict(self.settings.snapshot.ollama_variables),
        )

    @asynccontextmanager
    async def open(self) -> AsyncIterator[TuningPage]:
        async with TaskScope("editor") as scope:
            desk = tuning_desk(
                self.tuning,
                self.settings,
                server_environment=lambda: self.server,
                drop_in=lambda: self.drop_in,
                write_drop_in=self._write,
            )
            page = TuningPage(Bridge(scope), desk, snapshot=lambda: self.snapshot)
            page.verb_wanted.connect(self.verbs.append)
            page.resize(900, 640)
            page.show()
            garbage = GarbageOnThisThread()
            try:
                await until(lambda: page.form.is_whole)
                yield page
            finally:
                await turns()
                delete(page)
                garbage.close()

    async def _write(self) -> None:
        self.written += 1
        self.drop_in = None

    @property
    def chosen(self) -> dict[str, str]:
        return dict(self.settings.snapshot.ollama_variables)


def type_into(view: TuningRowView, text: str, *, leave: bool = True) -> None:
    view.field.selectAll()
    if text:
        QTest.keyClicks(view.field, text)
    else:
        QTest.keyClick(view.field, Qt.Key.Key_Delete)
    if leave:
        QTest.keyClick(view.field, Qt.Key.Key_Return)


async def test_every_variable_is_there_with_its_value_and_where_it_comes_from(
    themed: QApplication, tmp_path: Path
) -> None:
    editor = Editor(tmp_path, environ={"OLLAMA_KEEP_ALIVE": "1h"})
    await editor.settings.set("ollama_variables", {"OLLAMA_NUM_PARALLEL": "4", "OLLAMA_GPU_OVERHEAD": "1000"})
    async with editor.open() as page:
        found = {name: (row.pill.look.text, row.field.text()) for name, row in page.rows.items()}
        assert found["OLLAMA_NUM_PARALLEL"] == ("Set here", "4")
        assert found["OLLAMA_CONTEXT_LENGTH"] == ("Profile", "32768")
        assert found["OLLAMA_MAX_LOADED_MODELS"] == ("Server default", "0")
        assert found["OLLAMA_GPU_OVERHEAD"] == ("Set here", "1000")
        locked = page.rows["OLLAMA_KEEP_ALIVE"]
        assert locked.pill.look.text == "Environment"
        assert (locked.fixed.text(), locked.fixed.isVisible()) == ("1h", True)
        assert not locked.field.isVisible()
        assert not locked.reset.isVisible()
        assert set(page.rows) == {row.name for row in editor.tuning.rows()}
        assert unnamed(page) == []


async def test_a_value_is_stored_with_enter_and_returns_to_the_profile(themed: QApplication, tmp_path: Path) -> None:
    editor = Editor(tmp_path)
    async with editor.open() as page:
        row = page.rows["OLLAMA_CONTEXT_LENGTH"]
        type_into(row, "8192")
        await until(lambda: editor.chosen == {"OLLAMA_CONTEXT_LENGTH": "8192"})
        await until(row.reset.isVisible)
        assert row.pill.look.text == "Set here"
        row.reset.click()
        await until(lambda: editor.chosen == {})
        await until(lambda: row.field.text() == "32768")
        type_into(row, "8192")
        await until(lambda: editor.chosen == {"OLLAMA_CONTEXT_LENGTH": "8192"})
        type_into(row, "")
        await until(lambda: editor.chosen == {})
        assert json.loads((tmp_path / "settings.json").read_text())["ollama_variables"] == {}


async def test_a_value_the_server_would_not_take_is_refused_while_it_is_typed(
    themed: QApplication, tmp_path: Path
) -> None:
    editor = Editor(tmp_path)
    async with editor.open() as page:
        row = page.rows["OLLAMA_KEEP_ALIVE"]
        type_into(row, "soon", leave=False)
        assert row.problem.startswith("Keep an unused model cannot be 'soon'. Give a duration such as 30s")
        assert row.field.property("state") == "bad"
        QTest.keyClick(row.field, Qt.Key.Key_Return)
        editor.settings.changed.publish(editor.settings.snapshot)
        assert row.field.text() == "soon"
        assert editor.chosen == {}
        type_into(row, "2h")
        assert row.problem == ""
        await until(lambda: editor.chosen == {"OLLAMA_KEEP_ALIVE": "2h"})


async def test_choices_are_stored_at_once(themed: QApplication, tmp_path: Path) -> None:
    editor = Editor(tmp_path)
    async with editor.open() as page:
        page.rows["OLLAMA_KV_CACHE_TYPE"].choice.choose("q4_0")
        await until(lambda: editor.chosen == {"OLLAMA_KV_CACHE_TYPE": "q4_0"})
        page.rows["OLLAMA_FLASH_ATTENTION"].choice.choose("0")
        await until(lambda: editor.chosen.get("OLLAMA_FLASH_ATTENTION") == "0")


async def test_two_changes_at_once_are_both_kept(themed: QApplication, tmp_path: Path) -> None:
    editor = Editor(tmp_path)
    async with editor.open() as page:
        page.rows["OLLAMA_KV_CACHE_TYPE"].choice.choose("q4_0")
        page.rows["OLLAMA_FLASH_ATTENTION"].choice.choose("0")
        await until(lambda: len(editor.chosen) == 2)


async def test_a_profile_changes_what_nobody_set(themed: QApplication, tmp_path: Path) -> None:
    editor = Editor(tmp_path)
    await editor.settings.set("ollama_variables", {"OLLAMA_NUM_PARALLEL": "4"})
    async with editor.open() as page:
        page.profiles.rows[OllamaProfile.LOW_VRAM].radio.click()
        await until(lambda: editor.settings.snapshot.ollama_profile is OllamaProfile.LOW_VRAM)
        await until(lambda: page.rows["OLLAMA_CONTEXT_LENGTH"].field.text() == "16384")
        assert page.rows["OLLAMA_NUM_PARALLEL"].field.text() == "4"
        page.reset_button.click()
        await until(lambda: editor.chosen == {})
        await until(lambda: not page.reset_button.isEnabled())
        assert editor.settings.snapshot.ollama_profile is OllamaProfile.LOW_VRAM


async def test_a_profile_of_the_environment_cannot_be_changed_here(themed: QApplication, tmp_path: Path) -> None:
    editor = Editor(tmp_path, environ={"VENOM_OLLAMA_PROFILE": "low-vram-8-12gb"})
    async with editor.open() as page:
        radios = {profile: row.radio for profile, row in page.profiles.rows.items()}
        assert radios[OllamaProfile.LOW_VRAM].isChecked()
        assert not any(radio.isEnabled() for radio in radios.values())


async def test_what_the_running_server_lacks_is_marked_and_restart_brings_it(
    themed: QApplication, tmp_path: Path
) -> None:
    editor = Editor(tmp_path, snapshot=RUNNING)
    editor.server = {**editor.tuning.environment(), "OLLAMA_KV_CACHE_TYPE": "f16"}
    async with editor.open() as page:
        row = page.rows["OLLAMA_KV_CACHE_TYPE"]
        assert row.waiting == "The running server has f16. Restart Ollama to use the new one."
        assert page.rows["OLLAMA_CONTEXT_LENGTH"].waiting == ""
        assert page.banner.sentence == "The running server lacks 1 of 12 settings."
        page.banner.button.click()
        assert editor.verbs == [Verb.RESTART]
        editor.server = editor.tuning.environment()
        page.look()
        assert row.waiting == ""
        assert not page.banner.isVisible()


async def test_a_server_that_tells_nothing_of_its_settings_is_not_judged(themed: QApplication, tmp_path: Path) -> None:
    editor = Editor(tmp_path, snapshot=RUNNING)
    async with editor.open() as page:
        assert not page.banner.isVisible()
        assert all(row.waiting == "" for row in page.rows.values())


async def test_a_server_of_another_program_gets_them_by_a_restart_that_asks(
    themed: QApplication, tmp_path: Path
) -> None:
    editor = Editor(tmp_path, snapshot=EXTERNAL, server={})
    async with editor.open() as page:
        assert page.banner.sentence.startswith("Another program started Ollama")
        assert page.banner.button.label == "Restart Ollama…"


def unit(scope: UnitScope) -> Unit:
    return Unit(name="ollama.service", scope=scope, state=UnitState.ACTIVE, sub_state="running")


async def shown_dialog(page: TuningPage) -> DropInDialog:
    found: list[DropInDialog] = []

    def opened() -> bool:
        found[:] = [one for one in page.findChildren(DropInDialog) if one.isVisible()]
        return bool(found)

    await until(opened)
    return found[0]


async def test_a_unit_of_the_user_gets_a_file_that_is_shown_before_it_is_written(
    themed: QApplication, tmp_path: Path
) -> None:
    editor = Editor(tmp_path, snapshot=replace(RUNNING, control=Control.SYSTEMD), server={})
    editor.drop_in = drop_in_for(unit(UnitScope.USER), editor.tuning.environment(), environ={"HOME": str(tmp_path)})
    async with editor.open() as page:
        page.banner.button.click()
        dialog = await shown_dialog(page)
        assert 'Environment="OLLAMA_CONTEXT_LENGTH=32768"' in dialog.text.toPlainText()
        assert dialog.text.isReadOnly()
        dialog.safe.click()
        await until(lambda: not page.findChildren(DropInDialog))
        assert editor.written == 0
        page.banner.button.click()
        (await shown_dialog(page)).action.click()
        await until(lambda: editor.written == 1)
        await until(lambda: "systemd" not in page.banner.sentence)


async def test_a_unit_of_the_system_gets_a_command_to_copy(themed: QApplication, tmp_path: Path) -> None:
    editor = Editor(tmp_path, snapshot=replace(RUNNING, control=Control.SYSTEMD), server={})
    editor.drop_in = drop_in_for(unit(UnitScope.SYSTEM), editor.tuning.environment())
    async with editor.open() as page:
        page.banner.button.click()
        (await shown_dialog(page)).action.click()
        await until(lambda: QGuiApplication.clipboard().text().startswith("sudo mkdir -p "))
        assert editor.written == 0


async def test_a_setting_that_could_not_be_stored_says_so(themed: QApplication, tmp_path: Path) -> None:
    editor = Editor(tmp_path / "there")
    (tmp_path / "there").write_text("a file where the folder should be")
    async with editor.open() as page:
        page.rows["OLLAMA_KV_CACHE_TYPE"].choice.choose("q4_0")
        await until(page.problem.isVisible)
        assert "could not be written" in page.problem.sentence
        assert editor.chosen == {}
