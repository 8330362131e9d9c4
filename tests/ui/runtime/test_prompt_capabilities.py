"""Pictures, thinking, the form of the answer and calls of functions in the prompt panel."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

import qasync
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QWidget

from venom_desktop.core.governance.base import Target
from venom_desktop.core.governance.gate import Gate
from venom_desktop.core.registry.model import ModelCapabilities
from venom_desktop.core.runtimes.ask import Ask
from venom_desktop.core.runtimes.base import ChatChunk, ChatRequest, Runtime, ToolCall
from venom_desktop.core.settings.ui_state import UiState
from venom_desktop.core.tasks import TaskScope
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.garbage import GarbageOnThisThread
from venom_desktop.ui.runtime.prompt import PromptPanel
from venom_desktop.ui.runtime.prompt_images import MOST_IMAGES
from venom_desktop.ui.runtime.prompt_words import Answerer, Readiness

ABLE = ModelCapabilities(supports_vision=True, supports_thinking=True, supports_function_calling=True)
UNABLE = ModelCapabilities(supports_vision=False, supports_thinking=False, supports_function_calling=False)
CALL = ToolCall(name="weather", arguments={"city": "Łódź", "days": 2})


class Speaker:
    """A runtime as far as a question needs it: answers what it was given, and keeps what it was asked."""

    name = "speaker"

    def __init__(self) -> None:
        self.asked: list[ChatRequest] = []
        self.answer: tuple[ChatChunk, ...] = (ChatChunk(text="Yes."), ChatChunk(finish_reason="stop"))

    async def chat(self, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]:
        self.asked.append(request)
        for chunk in self.answer:
            yield chunk


class Chooses:
    """Chooses one file, as the user would in the dialog."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    async def folder(self, parent: QWidget, title: str, start: Path) -> Path | None:
        raise AssertionError

    async def file(self, parent: QWidget, title: str, start: Path) -> Path | None:
        return self._file


class Desk:
    def __init__(self, folder: Path, scope: TaskScope, file: Path | None) -> None:
        self.speaker = Speaker()
        ask = Ask(Gate(), lambda name: cast(Runtime, self.speaker))
        self.panel = PromptPanel(Bridge(scope), ask=ask, ui_state=UiState(folder / "ui.json"), picker=Chooses(file))
        self.panel.resize(380, 700)
        self.panel.show()
        self.answered_by(ABLE)

    def answered_by(self, capabilities: ModelCapabilities) -> None:
        target = Target(runtime="speaker", model="tiny")
        self.panel.show_answerer(Answerer(readiness=Readiness.READY, target=target, capabilities=capabilities))

    async def until(self, fact: Callable[[], object]) -> None:
        async with asyncio.timeout(60):
            while not fact():  # noqa: ASYNC110 - Qt has no event for what a test wants to see
                await asyncio.sleep(0.005)

    async def ask(self, question: str = "What is this?") -> ChatRequest:
        before = len(self.speaker.asked)
        self.panel.input.setPlainText(question)
        self.panel.send_button.click()
        await self.until(lambda: len(self.speaker.asked) > before and not self.panel.session.busy)
        return self.speaker.asked[-1]


def on_a_desk(
    app: QApplication, folder: Path, scenario: Callable[[Desk], Awaitable[None]], *, file: Path | None = None
) -> None:
    async def run() -> None:
        scope = TaskScope("panel")
        desk = Desk(folder, scope, file)
        try:
            await scenario(desk)
        finally:
            await scope.close()
            desk.panel.close()
            desk.panel.deleteLater()

    app.setQuitOnLastWindowClosed(False)
    garbage = GarbageOnThisThread()
    try:
        with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(app, already_running=False)) as runner:
            runner.run(run())
    finally:
        garbage.close()


def picture(folder: Path, name: str = "cat.png") -> Path:
    image = QImage(64, 32, QImage.Format.Format_RGB32)
    image.fill(QColor("orange"))
    path = folder / name
    assert image.save(str(path))
    return path


def test_a_chosen_picture_goes_with_the_question_and_stays_beside_it(themed: QApplication, tmp_path: Path) -> None:
    file = picture(tmp_path)

    async def scenario(desk: Desk) -> None:
        desk.panel.attach_button.click()
        await desk.until(desk.panel.images.isVisible)
        asked = await desk.ask()
        assert asked.messages[-1].images == (file.read_bytes(),)
        assert desk.panel.images.isHidden()
        await desk.until(lambda: desk.panel.conversation.views)
        assert len(desk.panel.conversation.views[-1].pictures) == 1
        assert (await desk.ask("And now?")).messages[-1].images == ()

    on_a_desk(themed, tmp_path, scenario, file=file)


def test_a_pasted_picture_and_a_dropped_file_are_taken(themed: QApplication, tmp_path: Path) -> None:
    file = picture(tmp_path, "dropped.jpg")

    async def scenario(desk: Desk) -> None:
        dropped, pasted = QMimeData(), QMimeData()
        dropped.setUrls([QUrl.fromLocalFile(str(file))])
        pasted.setImageData(QImage(str(file)))
        desk.panel.input.insertFromMimeData(dropped)
        await desk.until(desk.panel.images.isVisible)
        desk.panel.input.insertFromMimeData(pasted)
        await desk.until(lambda: _count(desk) == 2)
        first, second = (await desk.ask()).messages[-1].images
        assert first == file.read_bytes()
        assert second.startswith(b"\x89PNG")
        assert desk.panel.input.toPlainText() == ""

    on_a_desk(themed, tmp_path, scenario)


def _holds(desk: Desk, number: int) -> bool:
    return _count(desk) == number


def _count(desk: Desk) -> int:
    return len(desk.panel.images.pictures)


def test_what_is_no_picture_is_refused_in_a_sentence(themed: QApplication, tmp_path: Path) -> None:
    file = tmp_path / "cat.png"
    file.write_text("<svg onload=alert(1)>")

    async def scenario(desk: Desk) -> None:
        desk.panel.attach_button.click()
        await desk.until(desk.panel.banner.isVisible)
        assert "no PNG, JPEG or WebP picture" in desk.panel.banner.sentence
        assert desk.panel.images.isHidden()

    on_a_desk(themed, tmp_path, scenario, file=file)


def test_one_picture_too_many_is_refused(themed: QApplication, tmp_path: Path) -> None:
    file = picture(tmp_path)

    async def scenario(desk: Desk) -> None:
        for number in range(1, MOST_IMAGES + 1):
            desk.panel.images.take(Path(file))
            await desk.until(partial(_holds, desk, number))
        desk.panel.images.take(Path(file))
        await desk.until(desk.panel.banner.isVisible)
        assert str(MOST_IMAGES) in desk.panel.banner.sentence
        assert _count(desk) == MOST_IMAGES

    on_a_desk(themed, tmp_path, scenario)


def test_what_a_model_cannot_do_is_not_offered(themed: QApplication, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        panel = desk.panel
        panel.settings_button.click()
        assert panel.attach_button.isVisible()
        assert panel.settings.think.isVisible()
        assert panel.settings.tools.isVisible()
        desk.answered_by(UNABLE)
        assert not panel.attach_button.isVisible()
        assert not panel.settings.think.isVisible()
        assert not panel.settings.tools.isVisible()
        assert panel.settings.schema.isVisible()
        assert not panel.input.takes_images

    on_a_desk(themed, tmp_path, scenario)


def test_settings_reach_the_request_and_the_next_run(themed: QApplication, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        settings = desk.panel.settings
        settings.schema.field.setPlainText('{"type": "object"}')
        settings.tools.field.setPlainText('{"name": "weather"}')
        settings.think.click()
        asked = await desk.ask()
        assert asked.schema == {"type": "object"}
        assert [tool["function"]["name"] for tool in asked.tools] == ["weather"]
        assert asked.think is False
        again = PromptPanel(
            desk.panel._bridge, ask=cast(Any, None), ui_state=desk.panel._ui_state, picker=Chooses(None)
        )
        assert again.settings.options == settings.options
        again.deleteLater()

    on_a_desk(themed, tmp_path, scenario)


def test_nothing_is_sent_while_the_schema_is_no_json(themed: QApplication, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        panel = desk.panel
        panel.settings_button.click()
        panel.input.setPlainText("Why?")
        panel.settings.schema.field.setPlainText('{"type":')
        assert panel.settings.schema.complaint.isVisible()
        assert "Line 1" in panel.settings.schema.complaint.text()
        assert not panel.send_button.isEnabled()
        panel.settings.schema.field.setPlainText("{}")
        assert panel.settings.schema.complaint.isHidden()
        assert panel.send_button.isEnabled()

    on_a_desk(themed, tmp_path, scenario)


def test_a_call_of_a_function_is_shown_and_not_made(themed: QApplication, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        desk.speaker.answer = (ChatChunk(finish_reason="tool_calls", tool_calls=(CALL,)),)
        await desk.ask()
        [view] = desk.panel.conversation.views
        await desk.until(view.calls.isVisible)
        assert view.calls.toPlainText() == 'weather(city="Łódź", days=2)'
        assert "Nothing is called here" in view.note.text()
        desk.speaker.answer = (ChatChunk(text="Sunny."), ChatChunk(finish_reason="stop"))
        assert [message.role for message in (await desk.ask("So?")).messages] == ["user"]

    on_a_desk(themed, tmp_path, scenario)
