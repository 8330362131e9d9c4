"""Judges a chat template by its text: what it does with a system message, tools and thinking, without running it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(r"\{#.*?#\}|\{%[-+]?(?P<tag>.*?)[-+]?%\}|\{\{[-+]?(?P<output>.*?)[-+]?\}\}", re.DOTALL)
_SYSTEM: Final = re.compile(r"""(["'])system\1""")
_ROLE: Final = re.compile(r"\brole\b")
_RAISE: Final = re.compile(r"\braise_exception\s*\(")
_TOOLS: Final = re.compile(r"\b(?:tools|tool_calls)\b")
_THINKING: Final = re.compile(
    r"</?(?:seed:)?think|\[/?THINK\]|\b(?:enable_thinking|thinking|reasoning_content|reasoning_effort)\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """One tag, one output or the text between them, in the order of the template."""

    kind: str
    """`if`, `elif`, `else`, `endif`, `tag`, `output` or `text`."""
    content: str


def supports_system_role(template: str) -> bool:
    """False when a system message is refused (Gemma 1 and 2, early Mistral) or falls out of the prompt unseen."""
    pieces = tuple(_pieces(template))
    refused = False
    for position, piece in enumerate(pieces):
        if piece.kind == "text" or not _SYSTEM.search(_without_raised_text(piece.content)):
            continue
        if not _refuses(pieces, position):
            return True
        refused = True
    return not refused and _passes_any_role(pieces)


def mentions_tools(template: str) -> bool:
    return any(piece.kind != "text" and _TOOLS.search(piece.content) for piece in _pieces(template))


def mentions_thinking(template: str) -> bool:
    return _THINKING.search(template) is not None


def _pieces(template: str) -> Iterator[_Piece]:
    end = 0
    for token in _TOKEN.finditer(template):
        if token.start() > end:
            yield _Piece(kind="text", content=template[end : token.start()])
        end = token.end()
        if (tag := token["tag"]) is not None:
            word = tag.split(maxsplit=1)[0] if tag.strip() else ""
            yield _Piece(kind=word if word in ("if", "elif", "else", "endif") else "tag", content=tag)
        elif (output := token["output"]) is not None:
            yield _Piece(kind="output", content=output)
    if end < len(template):
        yield _Piece(kind="text", content=template[end:])


def _refuses(pieces: tuple[_Piece, ...], position: int) -> bool:
    """Whether the condition at `position` leads to nothing but an error for every system message."""
    condition = pieces[position]
    if condition.kind not in ("if", "elif") or "!=" in condition.content or "not in" in condition.content:
        return False
    if re.search(r"\bnot\b|\bloop\b", condition.content):
        # "A system message that is not the first": the first is welcome.
        return False
    body = tuple(_body(pieces, position))
    return any(_RAISE.search(piece.content) for piece in body) and not any(map(_has_effect, body))


def _body(pieces: tuple[_Piece, ...], position: int) -> Iterator[_Piece]:
    """What stands between a condition and its `elif`, `else` or `endif`."""
    depth = 0
    for piece in pieces[position + 1 :]:
        if depth == 0 and piece.kind in ("elif", "else", "endif"):
            return
        depth += (piece.kind == "if") - (piece.kind == "endif")
        yield piece


def _has_effect(piece: _Piece) -> bool:
    if piece.kind == "text":
        return bool(piece.content.strip())
    return piece.kind in ("output", "tag") and not _RAISE.search(piece.content)


def _without_raised_text(content: str) -> str:
    """A message of refusal may name the role it refuses."""
    call = _RAISE.search(content)
    return content if call is None else content[: call.start()]


def _passes_any_role(pieces: tuple[_Piece, ...]) -> bool:
    """For a template that never names the system role: it writes whatever role comes, and stops at none."""
    if any(_RAISE.search(piece.content) for piece in pieces if piece.kind != "text"):
        return False
    return any(
        _ROLE.search(piece.content) and "==" not in piece.content
        for piece in pieces
        if piece.kind == "output" or (piece.kind == "tag" and piece.content.split(maxsplit=1)[:1] == ["set"])
    )
