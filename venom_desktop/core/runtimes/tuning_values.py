"""What an `OLLAMA_*` variable takes, in the server's own spelling, and when two spellings mean the same."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import PurePath

from venom_desktop.core.errors import InvalidSetting
from venom_desktop.core.settings.schema import from_text

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_KV_TYPES = ("f16", "q8_0", "q4_0")
_LARGEST_WHOLE = 2**64 - 1
_LONGEST_S = 2**63 // 10**9
_DURATION = re.compile(r"(?P<sign>[-+]?)(?P<parts>(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)")
_PART = re.compile(r"(?P<number>\d+\.?\d*|\.\d+)(?P<unit>ns|us|µs|μs|ms|s|m|h)")
_SECONDS = {
    "ns": Fraction(1, 10**9),
    "us": Fraction(1, 10**6),
    "µs": Fraction(1, 10**6),
    "μs": Fraction(1, 10**6),
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "m": Fraction(60),
    "h": Fraction(3600),
}
FOREVER = Fraction(-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """`written` is what the server is given, `meant` equals for all texts it takes for the same."""

    written: str
    meant: object


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueKind:
    """`read` raises `ValueError`; `expected` is the sentence that says what it takes."""

    read: Callable[[str], Value]
    expected: str

    def check(self, name: str, text: str) -> Value:
        """The server trims blanks and quotation marks. Raises `InvalidSetting`."""
        bare = unquoted(text)
        try:
            if not bare.isprintable() or not bare:
                raise ValueError("not printable")
            return self.read(bare)
        except ValueError as error:
            raise InvalidSetting(name=name, value=f"{text!r:.80}", expected=self.expected) from error


def unquoted(text: str) -> str:
    return text.strip().strip("\"'")


def seconds(text: str) -> Fraction:
    """Go's durations (`5m`, `1h30m`, `1.5s`), or whole seconds; a negative one is without end. Raises `ValueError`."""
    if re.fullmatch(r"[-+]?\d{1,19}", text, re.ASCII):
        total = Fraction(text)
    else:
        found = _DURATION.fullmatch(text)
        if found is None or not text.replace("µ", "").replace("μ", "").isascii():
            raise ValueError(text)
        parts = _PART.finditer(found["parts"])
        total = sum((Fraction(part["number"]) * _SECONDS[part["unit"]] for part in parts), start=Fraction(0))
        total = -total if found["sign"] == "-" else total
    if abs(total) >= _LONGEST_S:
        raise ValueError(text)
    return FOREVER if total < 0 else total


def duration() -> ValueKind:
    return ValueKind(
        read=lambda text: Value(written=text, meant=seconds(text)),
        expected="Give a duration such as 30s, 5m or 1h30m, 0, or -1 for no end.",
    )


def whole(*, least: int) -> ValueKind:
    def read(text: str) -> Value:
        if not re.fullmatch(r"\d{1,20}", text, re.ASCII) or not least <= int(text) <= _LARGEST_WHOLE:
            raise ValueError(text)
        return Value(written=str(int(text)), meant=int(text))

    return ValueKind(read=read, expected=f"Give a whole number from {least}.")


def on_or_off() -> ValueKind:
    def read(text: str) -> Value:
        if text not in _TRUE | _FALSE:
            raise ValueError(text)
        return Value(written="1" if text in _TRUE else "0", meant=text in _TRUE)

    return ValueKind(read=read, expected="Use 1 for on or 0 for off.")


def kv_type() -> ValueKind:
    def read(text: str) -> Value:
        if text.lower() not in _KV_TYPES:
            raise ValueError(text)
        return Value(written=text.lower(), meant=text.lower())

    return ValueKind(read=read, expected="Use f16, q8_0 or q4_0.")


def folder() -> ValueKind:
    def read(text: str) -> Value:
        path = PurePath(text)
        if not path.is_absolute() or ".." in path.parts:
            raise ValueError(text)
        return Value(written=text, meant=str(path))

    return ValueKind(read=read, expected="Give an absolute path.")


def origins() -> ValueKind:
    def read(text: str) -> Value:
        parts = [part.strip() for part in text.split(",")]
        if not all(parts) or any(letter.isspace() for part in parts for letter in part):
            raise ValueError(text)
        return Value(written=",".join(parts), meant=frozenset(parts))

    return ValueKind(read=read, expected="Give addresses such as http://192.168.1.5:3000, with commas between them.")


def host() -> ValueKind:
    def read(text: str) -> Value:
        try:
            from_text("ollama_host", text)
        except InvalidSetting as error:
            raise ValueError(text) from error
        return Value(written=text, meant=_host_and_port(text))

    return ValueKind(read=read, expected="Give a host, host:port or an http address.")


def text() -> ValueKind:
    return ValueKind(read=lambda given: Value(written=given, meant=given), expected="Give one line of text.")


def _host_and_port(given: str) -> tuple[str, str]:
    """As the server binds: no host means this machine alone, no port 11434, or the scheme's own."""
    scheme, divider, rest = given.partition("://")
    default = {"http": "80", "https": "443"}[scheme] if divider else "11434"
    address = (rest if divider else given).partition("/")[0]
    name, colon, port = address.rpartition(":")
    if not colon or address.endswith("]") or (name.count(":") > 1 and not name.endswith("]")):
        name, port = address, default
    name = name.strip("[]").lower()
    if name in ("::", "*") or (not name and colon):
        name = "0.0.0.0"  # noqa: S104 - what the server makes of it
    return ("127.0.0.1" if name in ("", "localhost") else name), port or default
