"""Cuts a growing answer into pieces of Markdown that stand alone, so that only the last one is ever drawn again."""

import re

SETTLED_AFTER = 1_200
LONGEST = 2_400
"""Characters. From the first on a cut is made where it cannot be seen, at the second one is made in any case."""

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_GOES_ON = re.compile(r"\s|[-*+](\s|$)|\d{1,9}([.)](\s|$)|$)|>|\|")
"""How a line begins that belongs, or may yet belong, to a list, a quote or a table before it."""


class Segments:
    """`settled` never changes again; `last` is what still grows."""

    def __init__(self) -> None:
        self.settled: list[str] = []
        self.last = ""

    def add(self, text: str) -> None:
        self.last += text
        while len(self.last) >= SETTLED_AFTER:
            cut = _unseen_cut(self.last) or _forced_cut(self.last)
            if cut is None:
                return
            head, self.last = cut
            self.settled.append(head)


def _unseen_cut(text: str) -> tuple[str, str] | None:
    """At the last empty line between two blocks that have nothing to do with each other."""
    found, place, fence, after_blank = 0, 0, "", False
    for line in text[: LONGEST + 1].splitlines(keepends=True):
        if after_blank and not fence and line.strip() and not _GOES_ON.match(line):
            found = place
        fence = _fence_after(line, fence)
        after_blank = not line.strip()
        place += len(line)
    return (text[:found], text[found:]) if found else None


def _forced_cut(text: str) -> tuple[str, str] | None:
    """At the end of a line or a word; a block of code or a table is closed before the cut and opened again after it."""
    if len(text) < LONGEST:
        return None
    place = max(text.rfind("\n", SETTLED_AFTER // 2, LONGEST), 0) or max(text.rfind(" ", 1, LONGEST), 0) or LONGEST - 1
    head, rest = text[: place + 1], text[place + 1 :]
    fence, opening = "", ""
    for line in head.splitlines():
        before, fence = fence, _fence_after(line, fence)
        opening = line if fence and not before else opening
    if fence:
        return f"{head.rstrip()}\n{fence}\n", f"{opening}\n{rest}"
    return head, f"{_table_head(head, rest)}{rest}"


def _fence_after(line: str, fence: str) -> str:
    """The fence that is open after `line`: "" when none is."""
    found = _FENCE.match(line)
    if found is None:
        return fence
    if not fence:
        return found[1]
    closes = found[1][0] == fence[0] and len(found[1]) >= len(fence) and not found[2].strip()
    return "" if closes else fence


def _table_head(head: str, rest: str) -> str:
    """The first two lines of the table that the cut went through."""
    if not rest.lstrip().startswith("|"):
        return ""
    lines = head.rstrip("\n").splitlines()
    first = len(lines)
    while first and lines[first - 1].lstrip().startswith("|"):
        first -= 1
    return "".join(f"{line}\n" for line in lines[first : first + 2])
