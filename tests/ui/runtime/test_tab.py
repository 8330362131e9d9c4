"""The Runtime tab at work: cards, loaded models, log, charts and the prompt over the page."""

import os
import signal
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.modeltest import ModelTester

from tests.ui.runtime.desk import NAME, Desk, run_desk
from venom_desktop.core.errors import Cure
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.runtimes.base import LoadedModel, RuntimeState
from venom_desktop.ui.runtime.card_facts import Verb
from venom_desktop.ui.runtime.loaded_rows import Column, LoadedModels, LoadedRow


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def test_stop_and_start_bring_the_same_model_back(themed: QApplication, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        key = await desk.activate()
        card = desk.tab.cards[NAME]
        assert plain(card.lines[1]) == f"Child process · port {desk.runtime.snapshot.port} · PID {desk.pid}"
        assert plain(card.lines[2]) == "Context 2 048 · 1 thread"
        card.buttons[Verb.STOP].click()
        await desk.until(lambda: desk.state_word == "Stopped")
        assert desk.runtime.snapshot.state is RuntimeState.STOPPED
        assert not desk.tab.loaded.isVisible()
        card.buttons[Verb.START].click()
        await desk.until(lambda: desk.state_word == "Running" and card.lines)
        await desk.until(lambda: card.lines[0] == f"Active · {key.name} answers here")

    run_desk(themed, tmp_path / "home", scenario)


def test_restart_is_another_process_with_the_same_model(themed: QApplication, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.activate()
        before = desk.pid
        desk.tab.cards[NAME].buttons[Verb.RESTART].click()
        await desk.until(lambda: desk.runtime.snapshot.pid not in (None, before))
        await desk.until(lambda: desk.state_word == "Running")
        assert [row.key.name for row in desk.tab.loaded.rows.rows] == ["tiny"]

    run_desk(themed, tmp_path / "home", scenario)


def test_an_exit_is_explained_on_the_card_and_start_cures_it(themed: QApplication, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.activate()
        card = desk.tab.cards[NAME]
        os.kill(desk.pid, signal.SIGKILL)
        await desk.until(lambda: desk.state_word == "Exited")
        assert "Another program ended it" in card.failure.text()
        assert card.failure.isVisible()
        assert plain(card.lines[0]).endswith("signal 9")
        card.buttons[Verb.START].click()
        await desk.until(lambda: desk.state_word == "Running")
        assert not card.failure.isVisible()

    run_desk(themed, tmp_path / "home", scenario)


def test_a_model_that_cannot_be_loaded_is_explained_on_the_card(themed: QApplication, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        key = await desk.activate()
        card = desk.tab.cards[NAME]
        card.buttons[Verb.STOP].click()
        await desk.until(lambda: desk.state_word == "Stopped")
        file = desk.folder / "tiny.gguf"
        file.write_bytes(file.read_bytes()[:200_000])
        card.buttons[Verb.START].click()
        await desk.until(card.failure.isVisible)
        assert "damaged or incomplete" in card.failure.text()
        assert desk.services.active.snapshot.key == key

    run_desk(themed, tmp_path / "home", scenario)


def test_a_start_whose_file_is_gone_says_so_on_the_card(themed: QApplication, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.activate()
        card = desk.tab.cards[NAME]
        card.buttons[Verb.STOP].click()
        await desk.until(lambda: desk.state_word == "Stopped")
        (desk.folder / "tiny.gguf").unlink()
        card.buttons[Verb.START].click()
        await desk.until(card.failure.isVisible)
        assert "is no longer at" in card.failure.text()
        assert card.cure_buttons[0].label == "Download again"
        card.cure_buttons[0].click()
        assert desk.cures == [Cure.DOWNLOAD_AGAIN]

    run_desk(themed, tmp_path / "home", scenario)


def test_without_a_model_start_is_forbidden_with_its_reason(themed: QApplication, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        start = desk.tab.cards[NAME].buttons[Verb.START]
        assert start.isVisible()
        assert not start.isEnabled()
        assert "Installed tab" in start.toolTip()

    run_desk(themed, tmp_path / "home", scenario)


def test_a_loaded_model_shows_its_memory_and_can_be_unloaded(themed: QApplication, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.activate()
        loaded = desk.tab.loaded
        assert loaded.isVisible()
        [row] = loaded.rows.rows
        assert row.active
        assert row.loaded.memory_bytes
        sentence = str(loaded.rows.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole))
        assert sentence.startswith("tiny, llama.cpp, ")
        assert sentence.endswith("active")
        place = loaded.table.visualRect(loaded.rows.index(0, Column.UNLOAD)).center()
        QTest.mouseClick(loaded.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
        await desk.stopped()
        await desk.until(lambda: not loaded.isVisible())
        await desk.until(lambda: desk.services.active.snapshot.key is None)
        await desk.until(desk.tab.prompt.empty.choose_button.isVisible)

    run_desk(themed, tmp_path / "home", scenario)


def test_the_log_shows_what_the_engine_writes_and_can_be_copied(themed: QApplication, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.activate()
        desk.tab.cards[NAME].log_button.click()
        log = desk.tab.log
        assert log.isVisible()
        await desk.until(lambda: "loading model" in log.text.toPlainText())
        bar = log.text.verticalScrollBar()
        assert bar.value() == bar.maximum()
        before = log.text.toPlainText()
        await desk.ask("Why?")
        await desk.ended()
        await desk.until(lambda: log.text.toPlainText() != before)
        log.copy_button.click()
        assert QGuiApplication.clipboard().text() == log.text.toPlainText()
        assert desk.tab.go_back()
        assert not log.isVisible()
        assert not desk.tab.go_back()

    run_desk(themed, tmp_path / "home", scenario)


def test_the_charts_of_this_machine_move_every_second(themed: QApplication, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        history = desk.services.host
        await desk.until(lambda: len(history.history) >= 3, within_s=8)
        times = [one.taken_at for one in history.history]
        assert min(later - earlier for earlier, later in pairwise(times)).total_seconds() < 2
        assert desk.tab.charts.cpu.value.text()

    run_desk(themed, tmp_path / "home", scenario)


def test_in_a_narrow_window_the_prompt_comes_over_the_page_when_asked_for(themed: QApplication, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        tab = desk.tab
        assert tab.prompt.isVisible()
        assert not tab.prompt_button.isVisible()
        tab.resize(960, 476)
        tab.set_narrow(True)
        await desk.until(tab.prompt_button.isVisible)
        assert not tab.prompt.isVisible()
        tab.prompt_button.click()
        assert tab.prompt.geometry().getRect() == (580, 0, 380, 476)
        assert tab.focusWidget() is tab.prompt.input
        assert tab.go_back()
        assert not tab.prompt.isVisible()
        tab.prompt_button.click()
        tab.prompt.close_button.click()
        assert not tab.prompt.isVisible()
        tab.resize(1280, 676)
        tab.set_narrow(False)
        await desk.until(tab.prompt.isVisible)
        assert tab.prompt.width() == 379
        assert not tab.prompt.close_button.isVisible()

    run_desk(themed, tmp_path / "home", scenario)


def test_a_conversation_outlives_the_change_of_form(themed: QApplication, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.activate()
        await desk.ask("Why?")
        desk.tab.set_narrow(True)
        await desk.ended()
        answer = desk.answer
        desk.tab.set_narrow(False)
        assert answer
        assert desk.answer == answer

    run_desk(themed, tmp_path / "home", scenario)


def test_the_rows_in_memory_are_a_sound_model(themed: QApplication, qtmodeltester: ModelTester) -> None:
    rows = LoadedModels()
    loaded = LoadedModel(name="org/tiny", memory_bytes=None, vram_bytes=None, context=None)
    key = ModelKey(name="org/tiny", runtime=NAME)
    qtmodeltester.check(rows)  # type: ignore[no-untyped-call]
    rows.show_rows([LoadedRow(key=key, runtime_title="llama.cpp", loaded=loaded, active=False)] * 2)
    qtmodeltester.check(rows)  # type: ignore[no-untyped-call]
    sentence = rows.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert sentence == "org/tiny, llama.cpp, unknown, context unknown, loaded"
