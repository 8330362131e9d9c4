"""One question with its answer, as it stands in the conversation."""

import json
from collections.abc import Callable
from html import escape

from PySide6.QtWidgets import QWidget

from venom_desktop.core.errors import Cure
from venom_desktop.core.runtimes.base import ToolCall
from venom_desktop.ui.i18n import number, tr
from venom_desktop.ui.messages import show_error
from venom_desktop.ui.runtime.prompt_images import Picture, thumbnail
from venom_desktop.ui.runtime.prompt_session import AnswerState, Exchange, PromptSession
from venom_desktop.ui.runtime.prompt_stream import StreamedMarkdown
from venom_desktop.ui.widgets import Banner, Button, Frame, Label, Prose, column, flow, row

LONGEST_QUESTION = 4_000
"""Characters of a question that are shown; all of it is sent."""


class ExchangeView(QWidget):
    """`show_exchange` takes what is new of the answer from the session."""

    def __init__(self, session: PromptSession, exchange: Exchange, on_cure: Callable[[Cure], object]) -> None:
        super().__init__()
        self._session = session
        self._number = exchange.number
        self._on_cure = on_cure
        self._seen = self._seen_thoughts = 0
        self.shown = exchange
        """What is on the screen."""
        self.question = Prose(tr("Question"), "body", leading_percent=100)
        self.question.show_html(_as_html(exchange.question))
        self.thinking = Button("", "quiet", icon="thinking", size="dense", on_click=self._toggle_thought)
        self.thought = StreamedMarkdown(tr("What the model thought"), "small", leading_percent=130)
        self._thought_box = Frame("box", column(self.thought, margins=(12, 9, 12, 10)))
        self.answer = StreamedMarkdown(tr("Answer"))
        self.note = Label("", "small", tone="text3", wrap=True)
        self.banner = Banner("cure")
        self.calls = Prose(tr("Functions the model wants called"), "mono", leading_percent=130)
        self._calls_box = Frame("box", column(self.calls, margins=(12, 9, 12, 10)))
        for hidden in (self.thinking, self._thought_box, self._calls_box, self.note):
            hidden.hide()
        self.pictures = [thumbnail(image) for image in exchange.images if isinstance(image, Picture)]
        asked = column(flow(*self.pictures), self.question) if self.pictures else column(self.question)
        asked.setContentsMargins(12, 9, 12, 8)
        parts = (self._thought_box, self.answer, self._calls_box, self.note, self.banner)
        self.setLayout(column(Frame("box", asked), row(self.thinking, None), *parts, spacing=12))
        self._show(exchange, first=True)

    def show_exchange(self, exchange: Exchange) -> None:
        """Append what arrived since the last call."""
        self._show(exchange, first=False)

    def _show(self, exchange: Exchange, *, first: bool) -> None:
        before, self.shown = self.shown, exchange
        text, self._seen = self._session.text(self._number, start=self._seen)
        if first or text or exchange.state is not before.state:
            self.answer.add(text, streaming=not exchange.state.is_final)
        self._show_thought()
        self._show_calls()
        words = _end_words(exchange, empty=not self._seen)
        self.note.setText(words)
        self.note.setVisible(bool(words))
        if exchange.error is not None and exchange.error is not before.error:
            show_error(self.banner, exchange.error, self._on_cure)

    def _show_thought(self) -> None:
        _, count = self._session.thought(self._number, start=self._seen_thoughts)
        if not count:
            return
        thinks = not self.shown.state.is_final and not self._seen
        self.thinking.setVisible(True)
        self.thinking.set_content(tr("Thinking…") if thinks else tr("What the model thought"), "thinking")
        if not self._thought_box.isHidden():
            text, self._seen_thoughts = self._session.thought(self._number, start=self._seen_thoughts)
            self.thought.add(text, streaming=thinks)

    def _show_calls(self) -> None:
        self._calls_box.setVisible(bool(self.shown.calls))
        if self.shown.calls:
            self.calls.show_html("".join(_call_as_html(call) for call in self.shown.calls))

    def _toggle_thought(self) -> None:
        self._thought_box.setVisible(self._thought_box.isHidden())
        self._show_thought()


def _end_words(exchange: Exchange, *, empty: bool) -> str:
    match exchange.state:
        case AnswerState.WAITING | AnswerState.ANSWERING:
            return ""
        case AnswerState.FAILED:
            return "" if empty else tr("This answer is not part of the conversation.")
        case AnswerState.STOPPED:
            return tr("Stopped before the first word.") if empty else tr("Stopped.")
        case AnswerState.DONE:
            if exchange.calls:
                return tr("The model wants this called. Nothing is called here.")
            if exchange.cut_short:
                return tr("The answer reached the limit of tokens.")
            return tr("The model answered nothing.") if empty else ""


def _call_as_html(call: ToolCall) -> str:
    """ "weather(city="Berlin")", as it would be written in a program."""
    arguments = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in call.arguments.items())
    return f"<p>{escape(f'{call.name}({arguments})'[:LONGEST_QUESTION])}</p>"


def _as_html(question: str) -> str:
    """Plain text that keeps its lines and breaks long words."""
    shown = escape(question[:LONGEST_QUESTION])
    left = len(question) - LONGEST_QUESTION
    more = f" {escape(tr('… and {count} more characters', count=number(left)))}" if left > 0 else ""
    return f'<p style="white-space: pre-wrap">{shown}{more}</p>'
