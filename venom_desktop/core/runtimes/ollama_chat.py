"""One answer over Ollama's `/api/chat`: the body of the question, and its lines as pieces of the answer."""

import base64
import re
from collections.abc import Mapping
from typing import Any, Final

from venom_desktop.core.errors import SourceChanged, SourceUnreachable
from venom_desktop.core.json_values import count_in, mapping_in
from venom_desktop.core.registry.model import ModelCapabilities
from venom_desktop.core.runtimes.base import ChatChunk, ChatMessage, ChatRequest, ToolCall
from venom_desktop.core.runtimes.ollama_failures import failure, words_of
from venom_desktop.core.runtimes.ollama_lines import TITLE
from venom_desktop.core.runtimes.openai_wire import adapt_messages

_BARE_NUMBER: Final = re.compile(r"-?[0-9]{1,9}")


def chat_body(
    request: ChatRequest,
    *,
    model: str,
    capabilities: ModelCapabilities,
    options: Mapping[str, Any],
    keep_alive: str | int | None,
) -> dict[str, Any]:
    """What we know wins over `extra`. Encodes images: for a request that has some, call it in a thread."""
    chosen: dict[str, Any] = {**mapping_in(request.extra.get("options")), **options}
    if request.temperature is not None:
        chosen["temperature"] = request.temperature
    if request.max_tokens is not None:
        chosen["num_predict"] = request.max_tokens
    body: dict[str, Any] = {
        **request.extra,
        "model": model,
        "messages": [_message(message) for message in adapt_messages(request.messages, capabilities)],
        "stream": True,
        "options": chosen,
    }
    if request.schema is not None:
        body["format"] = dict(request.schema)
    if request.tools:
        body["tools"] = [dict(tool) for tool in request.tools]
    if request.think is not None:
        body["think"] = request.think
    if keep_alive is not None:
        body["keep_alive"] = kept_alive(keep_alive)
    return body


def kept_alive(keep_alive: str | int) -> str | int:
    """As requests take it: a number alone is seconds, which Ollama reads in its variables but refuses as text here."""
    return int(keep_alive) if isinstance(keep_alive, str) and _BARE_NUMBER.fullmatch(keep_alive) else keep_alive


class ChatAnswer:
    """Takes the lines of one answer; `ended` holds once its last line was there."""

    def __init__(self) -> None:
        self._called = False
        self.ended = False

    def take(self, line: Any) -> ChatChunk | None:
        """The piece of the answer in this line, None where there is none.

        Raises `SourceChanged` for a line of another shape, and the failure that the line tells.
        """
        if not isinstance(line, Mapping):
            raise SourceChanged(source=TITLE)
        if "error" in line:
            raise failure(words_of(line))
        message = mapping_in(line.get("message"))
        text, reasoning = message.get("content") or "", message.get("thinking") or ""
        if not (isinstance(text, str) and isinstance(reasoning, str)) or not ("message" in line or "done" in line):
            raise SourceChanged(source=TITLE)
        calls = _calls(message.get("tool_calls"))
        self._called = self._called or bool(calls)
        if line.get("done") is True:
            return self._last(line, ChatChunk(text=text, reasoning=reasoning, tool_calls=calls))
        if not (text or reasoning or calls):
            return None
        return ChatChunk(text=text, reasoning=reasoning, tool_calls=calls)

    def check_ended(self) -> None:
        """Raises `SourceUnreachable` for an answer without its end: it was cut."""
        if not self.ended:
            raise SourceUnreachable(source=TITLE)

    def _last(self, line: Mapping[str, Any], piece: ChatChunk) -> ChatChunk:
        self.ended = True
        reason = line.get("done_reason")
        tokens, nanoseconds = count_in(line.get("eval_count")), count_in(line.get("eval_duration"))
        return ChatChunk(
            text=piece.text,
            reasoning=piece.reasoning,
            tool_calls=piece.tool_calls,
            # Ollama tells "stop" there as well; who follows OpenAI's words waits for calls by this one.
            finish_reason="tool_calls" if self._called else reason if isinstance(reason, str) and reason else "stop",
            prompt_tokens=count_in(line.get("prompt_eval_count")),
            completion_tokens=tokens,
            tokens_per_s=tokens / nanoseconds * 1e9 if tokens and nanoseconds else None,
        )


def _message(message: ChatMessage) -> dict[str, Any]:
    body: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.images:
        body["images"] = [base64.b64encode(image).decode("ascii") for image in message.images]
    return body


def _calls(told: Any) -> tuple[ToolCall, ...]:
    if not isinstance(told, list):
        return ()
    functions = [mapping_in(mapping_in(call).get("function")) for call in told]
    return tuple(
        ToolCall(name=function["name"], arguments=mapping_in(function.get("arguments")))
        for function in functions
        if isinstance(function.get("name"), str)
    )
