"""Chat over OpenAI's wire: the request body, the stream of answers, and error answers as sentences."""

import base64
import json
import re
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from venom_desktop.core.errors import (
    ContextExceeded,
    RequestRefused,
    RuntimeUnavailable,
    SourceBusy,
    SourceChanged,
    SourceUnreachable,
    TokenRefused,
    UpstreamFailed,
    VenomError,
)
from venom_desktop.core.http import Client, HttpError, Response, retry_after_s, translate
from venom_desktop.core.registry.model import ModelCapabilities
from venom_desktop.core.runtimes.base import ChatChunk, ChatMessage, ChatRequest, Upstream
from venom_desktop.core.runtimes.event_stream import EventStream
from venom_desktop.core.runtimes.tool_calls import ToolCallParts

LONGEST_PROBLEM = 300
_LENGTHS = re.compile(
    r"maximum context length is (?P<context>\d+) tokens.*?"
    r"(?:contains (?:at least )?(?P<prompt>\d+) input tokens|\b(?P<older>\d+) in the messages)"
)
"""How vLLM says that a conversation is too long (0.20, renderers/params.py; before 0.9 as OpenAI does)."""
Clock = Callable[[], float]


def adapt_messages(messages: Sequence[ChatMessage], capabilities: ModelCapabilities) -> tuple[ChatMessage, ...]:
    """For a model without the system role: its text goes before the first message of the user (SPEC section 1)."""
    if capabilities.supports_system_role is not False:
        return tuple(messages)
    system = "\n\n".join(message.content for message in messages if message.role == "system")
    rest = [message for message in messages if message.role != "system"]
    if not system:
        return tuple(rest)
    for place, message in enumerate(rest):
        if message.role == "user":
            rest[place] = replace(message, content=f"{system}\n\n{message.content}")
            return tuple(rest)
    return (ChatMessage(role="user", content=system), *rest)


def request_body(request: ChatRequest, *, model: str) -> dict[str, Any]:
    """What we know wins over `extra`; counts are asked for, since a stream has none by itself."""
    body: dict[str, Any] = {
        **request.extra,
        "model": model,
        "messages": [{"role": message.role, "content": _content(message)} for message in request.messages],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.schema is not None:
        asked = {"name": "answer", "strict": True, "schema": dict(request.schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": asked}
    if request.tools:
        body["tools"] = [dict(tool) for tool in request.tools]
    if request.think is not None:
        # Not of OpenAI's wire: how llama.cpp and vLLM hand it to the model's template.
        body["chat_template_kwargs"] = {"enable_thinking": request.think}
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.max_tokens is not None:
        body["max_tokens"] = request.max_tokens
    return body


def _content(message: ChatMessage) -> str | list[dict[str, Any]]:
    if not message.images:
        return message.content
    pictures = ({"type": "image_url", "image_url": {"url": data_url(image)}} for image in message.images)
    return [{"type": "text", "text": message.content}, *pictures]


def data_url(image: bytes) -> str:
    """A picture as servers take it; what it is they find out from its bytes."""
    kind = "png" if image.startswith(b"\x89PNG") else "webp" if image[8:12] == b"WEBP" else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(image).decode()}"


async def stream_chat(
    http: Client, upstream: Upstream, request: ChatRequest, *, source: str, clock: Clock = time.monotonic
) -> AsyncGenerator[ChatChunk, None]:
    """Yield text as it comes and the counts with the last chunk; closing the iterator closes the connection.

    Raises `RequestRefused`, `ContextExceeded`, `RuntimeUnavailable`, `TokenRefused`, `SourceBusy`, `UpstreamFailed`,
    `SourceUnreachable` (also when the answer breaks off), `SourceChanged`.
    """
    url = f"{upstream.base_url}/v1/chat/completions"
    body = request_body(request, model=upstream.model)
    try:
        async with http.stream("POST", url, json=body, headers=dict(upstream.headers)) as response:
            if response.status_code != 200:
                raise refusal(response, await response.aread(), source=source)
            if response.headers.get("Content-Type", "").lower().startswith("text/html"):
                # A page of a proxy or of quite another program.
                raise SourceChanged(source=source)
            answer = _Answer(source=source, clock=clock)
            events = EventStream(source=source)
            async for block in response.aiter_bytes():
                for event in events.feed(block):
                    for chunk in answer.take(event):
                        yield chunk
            yield answer.last()
    except HttpError as error:
        raise translate(error, source=source) from error


@dataclass(slots=True)
class _Answer:
    """Collects what only the end of an answer tells."""

    source: str
    clock: Clock
    done: bool = False
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    tokens_per_s: float | None = None
    first_at: float | None = None
    last_at: float | None = None
    calls: ToolCallParts = field(default_factory=ToolCallParts)

    def take(self, event: str) -> list[ChatChunk]:
        if event == "[DONE]":
            self.done = True
            return []
        content = _decoded(event, source=self.source)
        if "error" in content:
            raise failure(content["error"], status=None, source=self.source)
        self._count(content)
        choices = content.get("choices")
        first = choices[0] if isinstance(choices, list) and choices else None
        chunk = self._chunk(_mapping(first))
        return [] if chunk is None else [chunk]

    def last(self) -> ChatChunk:
        """An answer without its end was cut: the connection was closed too early."""
        if self.finish_reason is None and not self.done:
            raise SourceUnreachable(source=self.source)
        return ChatChunk(
            tool_calls=self.calls.whole(source=self.source),
            finish_reason=self.finish_reason,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            tokens_per_s=self.tokens_per_s if self.tokens_per_s is not None else self._measured_speed(),
        )

    def _chunk(self, choice: Mapping[str, Any]) -> ChatChunk | None:
        delta = _mapping(choice.get("delta"))
        text = delta.get("content") or ""
        reasoning = delta.get("reasoning_content") or delta.get("reasoning") or ""
        self.finish_reason = choice.get("finish_reason") or self.finish_reason
        if not (isinstance(text, str) and isinstance(reasoning, str)):
            raise SourceChanged(source=self.source)
        self.calls.add(delta.get("tool_calls"))
        if not text and not reasoning:
            return None
        self.last_at = self.clock()
        self.first_at = self.last_at if self.first_at is None else self.first_at
        return ChatChunk(text=text, reasoning=reasoning)

    def _count(self, content: Mapping[str, Any]) -> None:
        usage = _mapping(content.get("usage"))
        self.prompt_tokens = usage.get("prompt_tokens", self.prompt_tokens)
        self.completion_tokens = usage.get("completion_tokens", self.completion_tokens)
        # llama.cpp times the generation itself, without the network and us.
        timings = _mapping(content.get("timings"))
        self.tokens_per_s = timings.get("predicted_per_second", self.tokens_per_s)

    def _measured_speed(self) -> float | None:
        """Tokens after the first over the seconds between first and last; None for an answer of one piece."""
        if self.first_at is None or self.last_at is None or not self.completion_tokens:
            return None
        seconds = self.last_at - self.first_at
        return (self.completion_tokens - 1) / seconds if seconds > 0 else None


def refusal(response: Response, body: bytes, *, source: str) -> VenomError:
    """An error answer as a failure of ours."""
    if response.status_code == 429:
        return SourceBusy(source=source, retry_after_s=retry_after_s(response.headers))
    try:
        content = json.loads(body)
    except ValueError:
        content = body.decode("utf-8", "replace")
    told = content.get("error", content) if isinstance(content, Mapping) else content
    return failure(told, status=response.status_code, source=source)


def failure(told: Any, *, status: int | None, source: str) -> VenomError:
    """`told` is the error object of a wire (OpenAI's, llama.cpp's) or plain text; `status` None inside a stream."""
    details: Mapping[str, Any] = told if isinstance(told, Mapping) else {"message": str(told)}
    number = status if status is not None else details.get("code")
    problem = _sentence(str(details.get("message") or details.get("detail") or ""))
    if details.get("type") == "exceed_context_size_error":
        return ContextExceeded(prompt_tokens=details.get("n_prompt_tokens", "?"), context=details.get("n_ctx", "?"))
    if told_lengths := _LENGTHS.search(problem):
        asked = told_lengths["prompt"] or told_lengths["older"]
        return ContextExceeded(prompt_tokens=asked, context=told_lengths["context"])
    match number:
        case 401 | 403:
            return TokenRefused(source=source)
        case 503:
            return RuntimeUnavailable(runtime=source)
        case int() if 400 <= number < 500:
            return RequestRefused(source=source, problem=problem or f"it answered {number}.")
        case _:
            return UpstreamFailed(source=source, status=problem.rstrip(".") or number or "no reason given")


def _sentence(text: str) -> str:
    first = " ".join(text.split())[:LONGEST_PROBLEM].rstrip()
    return first if first.endswith((".", "!", "?")) or not first else f"{first}."


def _decoded(event: str, *, source: str) -> Mapping[str, Any]:
    try:
        content = json.loads(event)
    except ValueError as error:
        raise SourceChanged(source=source) from error
    if not isinstance(content, Mapping):
        raise SourceChanged(source=source)
    return content


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
