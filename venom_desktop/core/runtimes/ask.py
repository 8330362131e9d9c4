"""Asks a model through the gate and measures its answer: the one way for prompt panel, translation and API."""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

from venom_desktop.core.errors import NoActiveModel, VenomError
from venom_desktop.core.governance.base import CallRequest, Purpose, Target, Usage
from venom_desktop.core.governance.gate import Call, Gate
from venom_desktop.core.runtimes.base import ChatChunk, ChatMessage, ChatRequest, Embeds, Runtime, RuntimeState

Clock = Callable[[], float]
BYTES_PER_TOKEN = 4
"""A rough estimate for limits that are checked before a call; what was used is counted by the model."""
PLAIN = ChatRequest(messages=())


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPiece:
    """A chunk with the seconds to the first token; `tokens_per_s` comes with the last."""

    chunk: ChatChunk
    first_token_s: float | None

    @property
    def is_last(self) -> bool:
        return self.chunk.finish_reason is not None


class Ask:
    """`runtime_of` gives the runtime by name, or raises `UnknownRuntime`, `ProfileForbidsRuntime`."""

    def __init__(self, gate: Gate, runtime_of: Callable[[str], Runtime], *, clock: Clock = time.monotonic) -> None:
        self._gate = gate
        self._runtime_of = runtime_of
        self._clock = clock

    async def stream(
        self, target: Target | None, request: ChatRequest, purpose: Purpose
    ) -> AsyncGenerator[AnswerPiece, None]:
        """Yield the answer of `target` (None: nothing is active). Closing the iterator cancels it upstream.

        Raises what the runtime raises, and `NoActiveModel`.
        """
        if target is None:
            raise NoActiveModel
        asked = CallRequest(
            target=target, purpose=purpose, prompt_tokens=_estimate(request), max_tokens=request.max_tokens
        )
        async with self._gate.call(asked) as call, aclosing(self._tries(call, request)) as chunks:
            async for chunk in chunks:
                if chunk.text or chunk.reasoning or chunk.tool_calls:
                    call.first_token()
                if chunk.finish_reason is not None:
                    call.finish(_usage(chunk))
                yield AnswerPiece(chunk=chunk, first_token_s=call.first_token_s)

    async def whole(self, target: Target | None, request: ChatRequest, purpose: Purpose) -> str:
        """The text of the answer, without its reasoning."""
        async with aclosing(self.stream(target, request, purpose)) as pieces:
            return "".join([piece.chunk.text async for piece in pieces])

    async def embed(self, target: Target, text: str, purpose: Purpose, *, by: Embeds) -> None:
        """Whether `target` gives a vector; it is thrown away. Raises what `Embeds.embed` does."""
        asked = CallRequest(target=target, purpose=purpose, prompt_tokens=len(text.encode()) // BYTES_PER_TOKEN + 1)
        async with self._gate.call(asked) as call:
            call.finish(Usage(prompt_tokens=await by.embed(text)))

    async def _tries(self, call: Call, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]:
        while True:
            try:
                async with aclosing(self._runtime_of(call.target.runtime).chat(request)) as chunks:
                    async for chunk in chunks:
                        yield chunk
            except VenomError as error:
                following = call.fall_back(error)
                if following is None:
                    raise
                call.target = following
            else:
                return


class Conversation:
    """The turns of one prompt panel: kept until cleared, an answer that failed leaves nothing behind."""

    def __init__(self, ask: Ask, *, purpose: Purpose = Purpose.PROMPT) -> None:
        self._ask = ask
        self._purpose = purpose
        self._turns: tuple[ChatMessage, ...] = ()
        self.system_prompt = ""

    @property
    def turns(self) -> tuple[ChatMessage, ...]:
        return self._turns

    def clear(self) -> None:
        self._turns = ()

    def drop_last_answer(self) -> str | None:
        """For Regenerate: take back the last exchange and return what the user had asked, None without one."""
        if len(self._turns) < 2:
            return None
        asked = self._turns[-2].content
        self._turns = self._turns[:-2]
        return asked

    async def say(
        self,
        text: str,
        target: Target | None,
        *,
        images: tuple[bytes, ...] = (),
        options: ChatRequest = PLAIN,
    ) -> AsyncGenerator[AnswerPiece, None]:
        """Ask with all that was said before, and with the `options` (their messages are not used).

        What arrived of an answer that was stopped is kept. A call of a function is not: nobody answers it here.
        """
        asked = ChatMessage(role="user", content=text, images=images)
        system = (ChatMessage(role="system", content=self.system_prompt),) if self.system_prompt.strip() else ()
        request = replace(options, messages=(*system, *self._turns, asked))
        answer: list[str] = []
        try:
            async with aclosing(self._ask.stream(target, request, self._purpose)) as pieces:
                async for piece in pieces:
                    if not piece.chunk.tool_calls:
                        answer.append(piece.chunk.text)
                    yield piece
        except VenomError:
            answer.clear()
            raise
        finally:
            if answer:
                self._turns = (*self._turns, asked, ChatMessage(role="assistant", content="".join(answer)))


def target_of(runtime: Runtime) -> Target | None:
    """What a runtime answers with now; None when nothing is loaded."""
    snapshot = runtime.snapshot
    if snapshot.state is not RuntimeState.RUNNING or not snapshot.loaded:
        return None
    return Target(runtime=runtime.name, model=snapshot.loaded[0].name)


def _usage(chunk: ChatChunk) -> Usage:
    return Usage(
        prompt_tokens=chunk.prompt_tokens, completion_tokens=chunk.completion_tokens, tokens_per_s=chunk.tokens_per_s
    )


def _estimate(request: ChatRequest) -> int:
    return sum(len(message.content.encode()) for message in request.messages) // BYTES_PER_TOKEN + 1
