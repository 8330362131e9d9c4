"""Hides secrets: masks for the eye, and redaction for everything that is written down."""

import json
import re
import threading
import urllib.parse

REDACTED = "[redacted]"
_MOST_SHOWN = 8
_SHORTEST_REDACTED = 4
"""Below this, hiding every occurrence would eat ordinary words and no provider's key is that short."""

_SHAPES = re.compile(
    r"\b(?:hf_[A-Za-z0-9]{16,}|sk-[A-Za-z0-9_-]{16,}|AIza[A-Za-z0-9_-]{30,})"
    r"|(?<=bearer )[^\s\"',;]{8,}",
    re.IGNORECASE,
)
"""Keys that were never stored here: a mistyped one, or one of another program in an error message."""


def mask(value: str) -> str:
    """`sk-p…9x2f`: at most 8 characters of `value`, never more than a third, and not how long it is."""
    shown = min(_MOST_SHOWN, len(value) // 3)
    head = shown // 2
    tail = shown - head
    return f"{value[:head]}…{value[len(value) - tail :]}"


class Redactor:
    """Replaces every secret it was told of, in the spellings that logs and URLs give it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] = _SHAPES

    def add(self, value: str) -> None:
        """Hide `value` from now on; it stays hidden after it was replaced, as old log lines may repeat it."""
        if len(value) < _SHORTEST_REDACTED:
            return
        with self._lock:
            if self._known.issuperset(spellings := _spellings(value)):
                return
            self._known |= spellings
            # The longest first: a key that begins with another one must not leave its end behind.
            longest_first = sorted(self._known, key=len, reverse=True)
            self._pattern = re.compile("|".join((*map(re.escape, longest_first), _SHAPES.pattern)), re.IGNORECASE)

    def redact(self, text: str) -> str:
        return self._pattern.sub(REDACTED, text)


def _spellings(value: str) -> set[str]:
    return {
        value,
        urllib.parse.quote(value, safe=""),
        json.dumps(value)[1:-1],
        repr(value)[1:-1],
    }
