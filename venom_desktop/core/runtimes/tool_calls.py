"""Puts together the calls of functions that a stream of OpenAI's wire brings in pieces."""

import json
from collections.abc import Mapping
from typing import Any

from venom_desktop.core.errors import SourceChanged
from venom_desktop.core.runtimes.base import ToolCall

MOST_CALLS = 128
LONGEST_ARGUMENTS = 1 << 20


class ToolCallParts:
    """Each call has a number; its name comes first, its arguments as pieces of a JSON text."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._arguments: dict[int, str] = {}

    def add(self, pieces: Any) -> None:
        """What a delta holds under `tool_calls`; anything that is no piece of a call is left alone."""
        for piece in pieces if isinstance(pieces, list) else ():
            if isinstance(piece, Mapping) and isinstance(function := piece.get("function"), Mapping):
                self._take(piece.get("index", len(self._names)), function)

    def whole(self, *, source: str) -> tuple[ToolCall, ...]:
        """The calls in their order. Raises `SourceChanged` for arguments that are no JSON object."""
        return tuple(
            ToolCall(name=name, arguments=_object(self._arguments.get(number, ""), source=source))
            for number, name in sorted(self._names.items())
        )

    def _take(self, number: Any, function: Mapping[str, Any]) -> None:
        if type(number) is not int or not 0 <= number < MOST_CALLS:
            return
        name, arguments = function.get("name"), function.get("arguments")
        if isinstance(name, str) and name:
            self._names[number] = name
        if isinstance(arguments, str):
            kept = self._arguments.get(number, "")
            self._arguments[number] = (kept + arguments)[: LONGEST_ARGUMENTS + 1]


def _object(text: str, *, source: str) -> Mapping[str, Any]:
    if not text.strip():
        return {}
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SourceChanged(source=source) from error
    if not isinstance(told, Mapping):
        raise SourceChanged(source=source)
    return told
