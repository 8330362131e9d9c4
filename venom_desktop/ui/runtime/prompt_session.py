"""The prompt panel without its widgets: what was asked, what came back, and how fast."""

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from venom_desktop.core.errors import VenomError
from venom_desktop.core.governance.base import Target
from venom_desktop.core.registry.model import ModelCapabilities
from venom_desktop.core.runtimes.ask import AnswerPiece, Ask, Conversation
from venom_desktop.core.runtimes.base import ToolCall
from venom_desktop.core.signals import Signal
from venom_desktop.ui.runtime.prompt_options import PromptOptions, request_of

UNKNOWN = ModelCapabilities()


class AnswerState(StrEnum):
    WAITING = "waiting"
    ANSWERING = "answering"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        return self not in (AnswerState.WAITING, AnswerState.ANSWERING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Seconds and tokens, None is unknown; `exact` False means that pieces were counted, not tokens."""

    first_token_s: float | None = None
    tokens_per_s: float | None = None
    tokens: int | None = None
    exact: bool = False


class Attachment(Protocol):
    """A picture that goes with a question; how it is shown is the window's business."""

    @property
    def content(self) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A question and the state of its answer; its text is asked for by `PromptSession.text`."""

    number: int
    question: str
    images: tuple[Attachment, ...] = ()
    state: AnswerState = AnswerState.WAITING
    figures: Figures = Figures()
    calls: tuple[ToolCall, ...] = ()
    """Functions the model wants called."""
    error: VenomError | None = None
    cut_short: bool = False
    """The answer reached its limit of tokens."""


class PromptSession:
    """One answer at a time. `listed` tells that exchanges came or went, `changed` that one moved on."""

    def __init__(self, ask: Ask, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.listed: Signal[tuple[Exchange, ...]] = Signal()
        self.changed: Signal[Exchange] = Signal()
        self._conversation = Conversation(ask)
        self._clock = clock
        self._exchanges: dict[int, Exchange] = {}
        self._texts: dict[int, list[str]] = {}
        self._thoughts: dict[int, list[str]] = {}
        self._count = 0
        self._first_at = 0.0
        self._entered = False
        self._busy = False
        self._kept = False

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        return tuple(self._exchanges.values())

    @property
    def last(self) -> Exchange | None:
        return self.exchanges[-1] if self._exchanges else None

    @property
    def busy(self) -> bool:
        """True until the answer has ended and is kept or forgotten."""
        return self._busy

    def text(self, number: int, *, start: int = 0) -> tuple[str, int]:
        """The answer from piece `start` on, and the number of pieces there are."""
        return _from(self._texts[number], start)

    def thought(self, number: int, *, start: int = 0) -> tuple[str, int]:
        """Like `text`, for what the model thought before it answered."""
        return _from(self._thoughts[number], start)

    def begin(self, question: str, images: tuple[Attachment, ...] = ()) -> int:
        """List a new exchange at once; `answer` fills it."""
        self._count += 1
        self._exchanges[self._count] = Exchange(number=self._count, question=question, images=images)
        self._texts[self._count], self._thoughts[self._count] = [], []
        self._busy, self._entered, self._kept = True, False, False
        self.listed.publish(self.exchanges)
        return self._count

    def begin_again(self) -> int | None:
        """Take back the last exchange and ask the same; None when there is none or it is not ended."""
        last = self.last
        if last is None or self._busy:
            return None
        if self._kept:
            self._conversation.drop_last_answer()
        self._forget(last.number)
        return self.begin(last.question, last.images)

    async def answer(
        self, number: int, target: Target | None, options: PromptOptions, capabilities: ModelCapabilities = UNKNOWN
    ) -> None:
        """Stream the answer of an exchange that was begun. A failure is shown there and not raised."""
        self._entered = True
        turns = len(self._conversation.turns)
        self._conversation.system_prompt = options.system_prompt
        asked = self._exchanges[number]
        state, error = AnswerState.DONE, None
        try:
            request = request_of(options, capabilities)
            images = tuple(image.content for image in asked.images)
            pieces = self._conversation.say(asked.question, target, images=images, options=request)
            async with aclosing(pieces):
                async for piece in pieces:
                    self._take(number, piece)
        except asyncio.CancelledError:
            state = AnswerState.STOPPED
            raise
        except VenomError as raised:
            state, error = AnswerState.FAILED, raised
        finally:
            self._kept = len(self._conversation.turns) > turns
            if number not in self._exchanges:
                self._conversation.clear()
            self._end(number, state, error)

    def stop(self) -> None:
        """For a task that was cancelled before its first step; one that runs ends by itself."""
        if self._busy and not self._entered and self.last is not None:
            self._end(self.last.number, AnswerState.STOPPED, None)

    def clear(self) -> None:
        """Forget all that was said."""
        self._conversation.clear()
        for number in tuple(self._exchanges):
            self._forget(number)
        self._kept = False
        self.listed.publish(())

    def _take(self, number: int, piece: AnswerPiece) -> None:
        exchange = self._exchanges.get(number)
        if exchange is None:
            return
        if piece.chunk.text:
            self._texts[number].append(piece.chunk.text)
        if piece.chunk.reasoning:
            self._thoughts[number].append(piece.chunk.reasoning)
        self._put(
            replace(
                exchange,
                state=AnswerState.ANSWERING,
                figures=self._figures(exchange.figures, piece),
                calls=(*exchange.calls, *piece.chunk.tool_calls),
                cut_short=piece.chunk.finish_reason == "length",
            )
        )

    def _figures(self, before: Figures, piece: AnswerPiece) -> Figures:
        chunk = piece.chunk
        if piece.is_last and chunk.completion_tokens is not None:
            return Figures(
                first_token_s=piece.first_token_s,
                tokens_per_s=chunk.tokens_per_s,
                tokens=chunk.completion_tokens,
                exact=True,
            )
        if not (chunk.text or chunk.reasoning):
            return before
        now = self._clock()
        tokens = (before.tokens or 0) + 1
        self._first_at = now if tokens == 1 else self._first_at
        passed_s = now - self._first_at
        rate = (tokens - 1) / passed_s if passed_s > 0 else None
        return Figures(first_token_s=piece.first_token_s, tokens_per_s=rate, tokens=tokens)

    def _end(self, number: int, state: AnswerState, error: VenomError | None) -> None:
        self._busy = False
        exchange = self._exchanges.get(number)
        if exchange is not None:
            self._put(replace(exchange, state=state, error=error))

    def _put(self, exchange: Exchange) -> None:
        self._exchanges[exchange.number] = exchange
        self.changed.publish(exchange)

    def _forget(self, number: int) -> None:
        for kept in (self._exchanges, self._texts, self._thoughts):
            kept.pop(number, None)


def _from(pieces: list[str], start: int) -> tuple[str, int]:
    return "".join(pieces[start:]), len(pieces)
