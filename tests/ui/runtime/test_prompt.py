"""Asking in the prompt panel: the real engine answers, and what arrived is on the screen."""

from pathlib import Path

from PySide6.QtWidgets import QApplication

from tests.fakes.gguf_llama import SPEECH
from tests.ui.runtime.desk import Desk, run_desk
from venom_desktop.ui.runtime.prompt_session import AnswerState


def test_a_question_is_answered_in_text_that_streams(themed: QApplication, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.activate()
        await desk.until(lambda: desk.tab.prompt.empty.isVisible())
        await desk.ask("Why?")
        exchange = await desk.ended()

        assert exchange.state is AnswerState.DONE
        assert desk.answer.strip() == SPEECH
        assert desk.view.question.toPlainText() == "Why?"
        words = desk.tab.prompt.figures.words.replace("\u00a0", " ")
        assert "tok/s first token" in words
        assert words.endswith("tokens")
        assert "≈" not in words
        assert desk.tab.prompt.input.question == ""
        assert desk.tab.prompt.send_button.label == "Send"

    run_desk(themed, tmp_path / "home", scenario)
