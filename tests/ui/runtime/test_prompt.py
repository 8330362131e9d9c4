"""Asking in the prompt panel: the real engine answers, and what arrived is on the screen."""

import os
import signal
import socket
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.fakes.gguf_llama import SPEECH
from tests.ui.runtime.desk import Desk, run_desk
from venom_desktop.core.errors import Cure
from venom_desktop.core.governance.base import Outcome
from venom_desktop.ui.runtime.prompt_session import AnswerState

HOSTILE = (
    "Look: <script>alert(1)</script> ![a picture](http://127.0.0.1:{port}/pixel.png) "
    "<img src=http://127.0.0.1:{port}/b.png> [script](javascript:alert(2)) [file](file:///etc/passwd) "
    "<a href='http://127.0.0.1:{port}/c'>link</a>"
)
LONG_CONTEXT = 200_000
SCHEMES = ("http", "https", "file", "javascript")


class Opened(QObject):
    """Hears what the desktop would be asked to open."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []

    @Slot(QUrl)
    def take(self, url: QUrl) -> None:
        self.urls.append(url.toString())


def test_a_question_is_answered_in_text_that_streams(themed: QApplication, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.activate()
        await desk.ask("Why?")
        await desk.ended()

        assert desk.last.state is AnswerState.DONE
        assert desk.answer.strip() == SPEECH
        assert desk.view.question.toPlainText() == "Why?"
        words = desk.tab.prompt.figures.words.replace("\u00a0", " ")
        assert "tok/s first token" in words
        assert words.endswith("tokens")
        assert "≈" not in words
        assert desk.tab.prompt.input.question == ""
        assert desk.tab.prompt.send_button.label == "Send"

    run_desk(themed, tmp_path / "home", scenario)


def test_stop_ends_an_answer_and_keeps_what_arrived(themed: QApplication, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.activate(endless=True, context=LONG_CONTEXT)
        await desk.ask("Go on")
        await desk.until(lambda: len(desk.answer) > 200)
        button = desk.tab.prompt.send_button
        assert button.label == "Stop"
        button.click()
        await desk.ended()

        assert desk.last.state is AnswerState.STOPPED
        assert desk.answer.strip().startswith(SPEECH)
        assert desk.view.note.text() == "Stopped."
        assert desk.tab.prompt.figures.words.startswith("≈")
        assert desk.services.gate.recent[-1].outcome is Outcome.CANCELLED
        await desk.until(lambda: desk.runtime.snapshot.answering == 0)
        assert button.label == "Send"

    run_desk(themed, tmp_path / "home", scenario)


def test_a_stopped_answer_is_part_of_what_is_asked_next(themed: QApplication, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.activate(endless=True, context=LONG_CONTEXT)
        await desk.ask("First")
        await desk.until(lambda: len(desk.answer) > 200)
        desk.tab.prompt.send_button.click()
        await desk.ended()
        before = desk.services.gate.recent[-1].request.prompt_tokens
        await desk.ask("Second")
        await desk.until(lambda: len(desk.tab.prompt.conversation.views) == 2)
        await desk.until(lambda: desk.answer)
        desk.tab.prompt.send_button.click()
        await desk.ended()

        asked = desk.services.gate.recent[-1].request.prompt_tokens
        assert before is not None
        assert asked is not None
        assert asked > before + 40

    run_desk(themed, tmp_path / "home", scenario)


def test_regenerate_puts_a_new_answer_in_the_place_of_the_last(themed: QApplication, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.activate()
        await desk.ask("Why?")
        first = (await desk.ended()).number
        desk.tab.prompt.figures.again_button.click()
        second = (await desk.ended()).number

        assert second != first
        assert len(desk.tab.prompt.conversation.views) == 1
        assert desk.view.question.toPlainText() == "Why?"
        assert desk.answer.strip() == SPEECH
        first_call, second_call = desk.services.gate.recent[-2:]
        assert first_call.request.prompt_tokens == second_call.request.prompt_tokens

    run_desk(themed, tmp_path / "home", scenario)


def test_copy_takes_the_markdown_and_clear_forgets_everything(themed: QApplication, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.activate(speech="**Bold** is `code` here.")
        await desk.ask("Why?")
        await desk.ended()
        desk.tab.prompt.figures.copy_button.click()
        assert QGuiApplication.clipboard().text().strip() == "**Bold** is `code` here."
        assert desk.answer.strip() == "Bold is code here."

        desk.tab.prompt.clear_button.click()
        assert desk.tab.prompt.conversation.views == []
        assert desk.tab.prompt.empty.isVisible()
        await desk.ask("Why?")
        await desk.ended()
        first, second = desk.services.gate.recent[-2:]
        assert second.usage.prompt_tokens == first.usage.prompt_tokens

    run_desk(themed, tmp_path / "home", scenario)


def test_clearing_while_an_answer_runs_ends_it_and_leaves_nothing(themed: QApplication, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.activate(endless=True, context=LONG_CONTEXT)
        await desk.ask("Go on")
        await desk.until(lambda: len(desk.answer) > 100)
        desk.tab.prompt.clear_button.click()
        await desk.until(lambda: not desk.tab.prompt.session.busy)
        await desk.until(lambda: desk.runtime.snapshot.answering == 0)
        assert desk.tab.prompt.session.exchanges == ()
        before = desk.services.gate.recent[-1].request.prompt_tokens
        await desk.ask("Go on")
        await desk.until(lambda: desk.answer)
        desk.tab.prompt.send_button.click()
        await desk.ended()
        assert desk.services.gate.recent[-1].request.prompt_tokens == before

    run_desk(themed, tmp_path / "home", scenario)


def test_the_settings_of_the_prompt_are_sent_and_remembered(themed: QApplication, tmp_path: Path) -> None:
    async def first_run(desk: Desk) -> None:
        await desk.activate(endless=True)
        panel = desk.tab.prompt
        panel.settings_button.click()
        panel.settings.system_prompt.setPlainText("Answer in one word, always, whatever is asked.")
        panel.settings.temperature.setValue(0.3)
        panel.settings.max_tokens.setValue(4)
        assert desk.tab.go_back()
        await desk.until(lambda: not panel.settings.isVisible())
        await desk.ask("Hi")
        await desk.ended()
        assert desk.view.note.text() == "The answer reached the limit of tokens."
        assert (desk.services.gate.recent[-1].request.prompt_tokens or 0) > 10
        assert desk.last.figures.tokens == 4

    async def second_run(desk: Desk) -> None:
        options = desk.tab.prompt.settings.options
        assert options.system_prompt == "Answer in one word, always, whatever is asked."
        assert (options.temperature, options.max_tokens) == (0.3, 4)

    run_desk(themed, tmp_path / "home", first_run)
    run_desk(themed, tmp_path / "home", second_run)


def test_hostile_markdown_loads_and_opens_nothing(themed: QApplication, tmp_path: Path) -> None:
    opened = Opened()

    async def scenario(desk: Desk) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.setblocking(False)
            await desk.activate(speech=HOSTILE.format(port=server.getsockname()[1]))
            await desk.ask("Why?")
            await desk.ended()
            assert "<script>alert(1)</script>" in desk.answer
            assert "[a picture]" in desk.answer
            [text] = desk.view.answer.texts
            for href in ("javascript:alert(2)", "file:///etc/passwd"):
                assert f'href="{href}"' in text.toHtml()
                text.anchorClicked.emit(QUrl(href))
            assert opened.urls == []
            with pytest.raises(BlockingIOError):
                server.accept()

    for scheme in SCHEMES:
        QDesktopServices.setUrlHandler(scheme, opened, "take")  # type: ignore[arg-type]  # the stub wants bytes
    try:
        run_desk(themed, tmp_path / "home", scenario)
    finally:
        for scheme in SCHEMES:
            QDesktopServices.unsetUrlHandler(scheme)


def test_a_runtime_killed_in_the_middle_of_an_answer_is_explained_there(themed: QApplication, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.activate(endless=True, context=LONG_CONTEXT)
        await desk.ask("Go on")
        await desk.until(lambda: len(desk.answer) > 100)
        os.kill(desk.pid, signal.SIGKILL)
        await desk.ended()

        assert desk.last.state is AnswerState.FAILED
        assert "Another program ended it" in desk.view.banner.sentence
        assert desk.view.banner.button.label == "Show the log"
        assert len(desk.answer) > 100
        desk.view.banner.button.click()
        assert desk.tab.log.isVisible()

        banner = desk.tab.prompt.banner
        await desk.until(banner.isVisible)
        assert banner.sentence == "llama.cpp is not running."
        banner.button.click()
        await desk.until(lambda: desk.state_word == "Running")
        await desk.until(lambda: not banner.isVisible())
        desk.tab.prompt.figures.again_button.click()
        await desk.until(lambda: len(desk.answer) > 100)
        desk.tab.prompt.send_button.click()
        await desk.ended()
        assert desk.last.question == "Go on"

    run_desk(themed, tmp_path / "home", scenario)


def test_with_no_model_the_panel_says_what_to_do(themed: QApplication, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        panel = desk.tab.prompt
        panel.input.setPlainText("Hello")
        assert not panel.send_button.isEnabled()
        assert panel.send_button.toolTip() == "No model is active."
        QTest.keyClick(panel.input, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        assert panel.session.exchanges == ()
        assert panel.empty.choose_button.isVisible()
        assert not panel.empty.start_button.isVisible()
        panel.empty.choose_button.click()
        assert desk.cures == [Cure.ACTIVATE_MODEL]

    run_desk(themed, tmp_path / "home", scenario)


def test_the_model_that_answered_last_is_one_click_away(themed: QApplication, tmp_path: Path) -> None:
    async def first_run(desk: Desk) -> None:
        await desk.activate()
        await desk.services.registry.deactivate()
        await desk.until(lambda: desk.tab.prompt.empty.start_button.isVisible())
        desk.tab.prompt.empty.start_button.click()
        await desk.until(lambda: desk.state_word == "Running")
        await desk.ask("Why?")
        await desk.ended()
        assert desk.answer.strip() == SPEECH

    async def second_run(desk: Desk) -> None:
        assert desk.tab.prompt.empty.start_button.isVisible()
        assert not desk.tab.prompt.send_button.isEnabled()

    run_desk(themed, tmp_path / "home", first_run)
    run_desk(themed, tmp_path / "home", second_run)


def test_enter_alone_makes_a_new_line_and_tab_goes_on(themed: QApplication, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        field = desk.tab.prompt.input
        field.setFocus()
        QTest.keyClicks(field, "one")
        QTest.keyClick(field, Qt.Key.Key_Return)
        QTest.keyClicks(field, "two")
        QTest.keyClick(field, Qt.Key.Key_Tab)
        assert field.toPlainText() == "one\ntwo"

    run_desk(themed, tmp_path / "home", scenario)
