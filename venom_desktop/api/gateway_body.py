"""What the gateway reads of bodies that it otherwise hands on as they are: model, limits, system role, counts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from venom_desktop.core.errors import InvalidInput
from venom_desktop.core.governance.base import Usage

ACTIVE: Final = "active"
BYTES_PER_TOKEN: Final = 4
TAIL_BYTES: Final = 16 * 1024
"""Counts stand at the end of an answer; no more of it is kept for them."""
_SYSTEM_ROLES: Final = ("system", "developer")


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayRequest:
    """`content` is the body as it came, or as it must be sent; `model` empty means the active one."""

    content: bytes
    fields: Mapping[str, Any]
    model: str
    streamed: bool

    @property
    def max_tokens(self) -> int | None:
        told = self.fields.get("max_completion_tokens", self.fields.get("max_tokens"))
        return told if type(told) is int else None

    @property
    def prompt_tokens(self) -> int:
        """A rough estimate for limits that are checked before a call."""
        return len(self.content) // BYTES_PER_TOKEN + 1


def parse(content: bytes) -> GatewayRequest:
    """Raises `InvalidInput`."""
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(problem="The body is not valid JSON.") from error
    if not isinstance(fields, dict):
        raise InvalidInput(problem="The body must be a JSON object.")
    model = fields.get("model") or ""
    if not isinstance(model, str):
        raise InvalidInput(problem="The model must be a string.")
    if not isinstance(fields.get("stream") or False, bool):
        raise InvalidInput(problem="stream must be true or false.")
    return GatewayRequest(
        content=content, fields=fields, model="" if model == ACTIVE else model, streamed=bool(fields.get("stream"))
    )


def addressed(request: GatewayRequest, model: str, *, takes_system: bool) -> GatewayRequest:
    """The same for `model`, its own name upstream; encoded anew only when something differs."""
    changes: dict[str, Any] = {} if request.fields.get("model") == model else {"model": model}
    messages = request.fields.get("messages")
    if not takes_system and isinstance(messages, list) and any(_is_system(message) for message in messages):
        changes["messages"] = without_system_role(messages)
    if not changes:
        return request
    fields = {**request.fields, **changes}
    return replace(request, fields=fields, content=json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace"))


def without_system_role(messages: Sequence[Any]) -> list[Any]:
    """The system text goes before the first message of the user (SPEC section 1); images stay where they are."""
    system = "\n\n".join(_text(message.get("content")) for message in messages if _is_system(message))
    rest = [message for message in messages if not _is_system(message)]
    for place, message in enumerate(rest):
        if isinstance(message, Mapping) and message.get("role") == "user":
            rest[place] = {**message, "content": _prefixed(system, message.get("content"))}
            return rest
    return [{"role": "user", "content": system}, *rest]


def usage_of(tail: bytes, *, streamed: bool) -> Usage:
    """Counts from the end of an answer: OpenAI's `usage`, else llama.cpp's `timings`; None where nothing tells."""
    if not streamed:
        return _counts([tail])
    events = [line[5:].strip() for line in tail.splitlines() if line.startswith(b"data:")]
    return _counts([event for event in reversed(events) if b'"usage"' in event or b'"timings"' in event])


def _counts(candidates: Sequence[bytes]) -> Usage:
    for candidate in candidates:
        try:
            answer = json.loads(candidate)
        except (ValueError, RecursionError):
            continue
        if isinstance(answer, dict) and (answer.get("usage") or answer.get("timings")):
            usage, timings = _mapping(answer.get("usage")), _mapping(answer.get("timings"))
            return Usage(
                prompt_tokens=_number(usage.get("prompt_tokens", timings.get("prompt_n"))),
                completion_tokens=_number(usage.get("completion_tokens", timings.get("predicted_n"))),
                tokens_per_s=timings.get("predicted_per_second"),
            )
    return Usage()


def _is_system(message: Any) -> bool:
    return isinstance(message, Mapping) and message.get("role") in _SYSTEM_ROLES


def _prefixed(system: str, content: Any) -> Any:
    if isinstance(content, list):
        return [{"type": "text", "text": f"{system}\n\n"}, *content]
    return f"{system}\n\n{_text(content)}"


def _text(content: Any) -> str:
    """The text of a message: a string, or the text parts of a list."""
    if isinstance(content, list):
        return "\n".join(str(part.get("text") or "") for part in content if isinstance(part, Mapping))
    return content if isinstance(content, str) else ""


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _number(value: Any) -> int | None:
    return value if type(value) is int else None
