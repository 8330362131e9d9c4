"""Asking passes the gate, is measured, and a conversation keeps what was said."""

from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, aclosing

import pytest

from venom_desktop.core.errors import NoActiveModel, RuntimeUnavailable, VenomError
from venom_desktop.core.governance.base import Outcome, Purpose, Target
from venom_desktop.core.governance.gate import Gate
from venom_desktop.core.registry.model import ModelMetadata
from venom_desktop.core.runtimes.ask import Ask, Conversation
from venom_desktop.core.runtimes.base import (
    ChatChunk,
    ChatMessage,
    ChatRequest,
    Device,
    LoadSettings,
    Runtime,
    RuntimeSnapshot,
    RuntimeState,
    Upstream,
)
from venom_desktop.core.signals import Signal

TARGET = Target(runtime="spoken", model="tiny")
REQUEST = ChatRequest(messages=(ChatMessage(role="user", content="Hello there"),))


class Spoken:
    """A runtime that answers from a list and keeps what it was asked."""

    def __init__(self, *pieces: str, error: VenomError | None = None) -> None:
        self.changed: Signal[RuntimeSnapshot] = Signal()
        self.asked: list[ChatRequest] = []
        self.closed = 0
        self._pieces = pieces
        self._error = error

    @property
    def name(self) -> str:
        return "spoken"

    @property
    def snapshot(self) -> RuntimeSnapshot:
        return RuntimeSnapshot(name="spoken", title="Spoken", state=RuntimeState.RUNNING)

    async def chat(self, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]:
        self.asked.append(request)
        try:
            for piece in self._pieces:
                yield ChatChunk(text=piece)
            if self._error is not None:
                raise self._error
            yield ChatChunk(finish_reason="stop", prompt_tokens=5, completion_tokens=2, tokens_per_s=8.0)
        finally:
            self.closed += 1

    async def load(self, model: ModelMetadata, settings: LoadSettings) -> None:
        raise NotImplementedError

    async def unload(self) -> None:
        raise NotImplementedError

    async def stop(self, *, force: bool = False) -> None:
        raise NotImplementedError

    def upstream(self) -> Upstream:
        raise NotImplementedError

    def passing(self) -> AbstractContextManager[Upstream]:
        raise NotImplementedError

    async def health(self) -> bool:
        return True

    async def devices(self) -> tuple[Device, ...]:
        return ()

    def log_lines(self) -> tuple[str, ...]:
        return ()


def ask_with(runtime: Runtime, gate: Gate | None = None) -> Ask:
    return Ask(gate or Gate(), lambda _: runtime)


async def test_an_answer_is_measured_and_recorded() -> None:
    gate = Gate()
    ask = ask_with(Spoken("He", "llo"), gate)
    async with aclosing(ask.stream(TARGET, REQUEST, Purpose.PROMPT)) as stream:
        pieces = [piece async for piece in stream]
    assert [piece.chunk.text for piece in pieces] == ["He", "llo", ""]
    assert pieces[-1].is_last
    assert pieces[-1].chunk.tokens_per_s == 8.0
    assert pieces[0].first_token_s is not None
    assert len({piece.first_token_s for piece in pieces}) == 1
    [record] = gate.recent
    assert (record.outcome, record.usage.completion_tokens, record.request.purpose) == (
        Outcome.COMPLETED,
        2,
        Purpose.PROMPT,
    )
    assert record.first_token_s == pieces[0].first_token_s


async def test_closing_an_answer_closes_it_at_the_runtime_and_counts_as_cancelled() -> None:
    gate, runtime = Gate(), Spoken("He", "llo")
    async with aclosing(ask_with(runtime, gate).stream(TARGET, REQUEST, Purpose.PROMPT)) as stream:
        async for _ in stream:
            break
    assert runtime.closed == 1
    assert gate.recent[0].outcome is Outcome.CANCELLED


async def test_nothing_active_is_told_before_anything_is_sent() -> None:
    with pytest.raises(NoActiveModel):
        await ask_with(Spoken("x")).whole(None, REQUEST, Purpose.TRANSLATE)


async def test_the_gate_may_name_another_target_before_the_first_token() -> None:
    broken, sound = Spoken(error=RuntimeUnavailable(runtime="broken")), Spoken("yes")
    second = Target(runtime="sound", model="tiny")
    gate = Gate(next_target=lambda call, _: second if call.target != second else None)
    ask = Ask(gate, lambda name: sound if name == "sound" else broken)
    assert await ask.whole(TARGET, REQUEST, Purpose.PROMPT) == "yes"
    assert gate.recent[0].target == second


async def test_a_failure_after_the_first_token_is_never_tried_elsewhere() -> None:
    gate = Gate(next_target=lambda *_: Target(runtime="sound", model="tiny"))
    broken = Spoken("half", error=RuntimeUnavailable(runtime="broken"))
    with pytest.raises(RuntimeUnavailable):
        await ask_with(broken, gate).whole(TARGET, REQUEST, Purpose.PROMPT)
    assert len(broken.asked) == 1


async def say(conversation: Conversation, text: str) -> str:
    async with aclosing(conversation.say(text, TARGET)) as pieces:
        return "".join([piece.chunk.text async for piece in pieces])


async def test_a_conversation_sends_what_was_said_before() -> None:
    runtime = Spoken("Fine")
    conversation = Conversation(ask_with(runtime))
    conversation.system_prompt = "Be brief."
    await say(conversation, "How are you?")
    await say(conversation, "And now?")
    assert [(message.role, message.content) for message in runtime.asked[-1].messages] == [
        ("system", "Be brief."),
        ("user", "How are you?"),
        ("assistant", "Fine"),
        ("user", "And now?"),
    ]
    assert conversation.drop_last_answer() == "And now?"
    assert [turn.content for turn in conversation.turns] == ["How are you?", "Fine"]
    conversation.clear()
    assert not conversation.turns
    assert conversation.drop_last_answer() is None


async def test_a_stopped_answer_keeps_what_arrived_and_a_failed_one_nothing() -> None:
    stopped = Conversation(ask_with(Spoken("half", "whole")))
    async with aclosing(stopped.say("Go", TARGET)) as pieces:
        async for _ in pieces:
            break
    assert [turn.content for turn in stopped.turns] == ["Go", "half"]
    failed = Conversation(ask_with(Spoken("half", error=RuntimeUnavailable(runtime="llama.cpp"))))
    with pytest.raises(RuntimeUnavailable):
        await say(failed, "Go")
    assert not failed.turns
