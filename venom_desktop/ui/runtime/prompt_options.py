"""What the prompt panel asks with besides the question: limits, the form of the answer, functions, thinking."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from venom_desktop.core.errors import InvalidInput
from venom_desktop.core.registry.model import ModelCapabilities
from venom_desktop.core.runtimes.base import ChatRequest

LONGEST_TEXT = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptOptions:
    """None leaves the choice to the model; `schema` and `tools` are JSON as it was typed, empty without."""

    system_prompt: str = ""
    temperature: float | None = None
    max_tokens: int | None = None
    schema: str = ""
    tools: str = ""
    think: bool = True


def request_of(options: PromptOptions, capabilities: ModelCapabilities) -> ChatRequest:
    """The request without its messages; what the model is known not to do is left out. Raises `InvalidInput`."""
    return ChatRequest(
        messages=(),
        temperature=options.temperature,
        max_tokens=options.max_tokens,
        schema=parsed_schema(options.schema),
        tools=() if capabilities.supports_function_calling is False else parsed_tools(options.tools),
        think=options.think if capabilities.supports_thinking else None,
    )


def parsed_schema(text: str) -> Mapping[str, Any] | None:
    """None for an empty text. Raises `InvalidInput`."""
    if not text.strip():
        return None
    schema = _parsed(text)
    if not isinstance(schema, dict):
        raise InvalidInput(problem='A JSON schema is an object, such as {"type": "object"}.')
    return schema


def parsed_tools(text: str) -> tuple[Mapping[str, Any], ...]:
    """One function or a list of them, in OpenAI's shape or without its wrapping. Raises `InvalidInput`."""
    if not text.strip():
        return ()
    told = _parsed(text)
    return tuple(_tool(one) for one in (told if isinstance(told, list) else [told]))


def problem_of(read: Callable[[str], object], text: str) -> InvalidInput | None:
    """Why `read` does not take a text."""
    try:
        read(text)
    except InvalidInput as problem:
        return problem
    return None


def _tool(told: Any) -> Mapping[str, Any]:
    function = told.get("function", told) if isinstance(told, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    if not isinstance(name, str) or not name:
        raise InvalidInput(problem='A function is an object with a name, such as {"name": "weather"}.')
    return {"type": "function", "function": function}


def _parsed(text: str) -> Any:
    try:
        return json.loads(text[: LONGEST_TEXT + 1])
    except json.JSONDecodeError as error:
        raise InvalidInput(problem=f"Line {error.lineno} is not valid JSON.") from error
    except RecursionError as error:
        raise InvalidInput(problem="This is nested too deeply.") from error
