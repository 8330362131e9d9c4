"""A growing answer is cut where it cannot be seen, and every piece can be drawn by itself."""

from random import Random

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.support.counts import count
from venom_desktop.ui.runtime.prompt_segments import LONGEST, Segments
from venom_desktop.ui.runtime.prompt_stream import StreamedMarkdown

PARAGRAPH = "A sentence of some words that goes on for a while. " * 4 + "\n\n"
LIST = "".join(f"- point {number} of a long list\n" for number in range(40)) + "\n"
CODE = "```python\n" + "".join(f"value_{number} = {number}\n\n" for number in range(90)) + "```\n\n"
TABLE = "| Kind | Size |\n|---|---|\n" + "".join(f"| Q{number} | {number} GB |\n" for number in range(60)) + "\n"


def cut(text: str, *, seed: int = 1) -> list[str]:
    """The pieces of a text that comes in tokens."""
    chance, segments, place = Random(seed), Segments(), 0
    while place < len(text):
        size = chance.randint(1, 12)
        segments.add(text[place : place + size])
        place += size
    return [*segments.settled, segments.last]


def test_cuts_between_paragraphs_change_no_character() -> None:
    text = PARAGRAPH * 200
    pieces = cut(text)
    assert "".join(pieces) == text
    assert len(pieces) > 10
    assert all(piece.startswith("A sentence") for piece in pieces if piece)


@pytest.mark.parametrize("seed", range(count(20, 500)))
def test_pieces_stay_short_and_no_fence_is_left_open(seed: int) -> None:
    chance = Random(seed)
    text = "".join(chance.choice((PARAGRAPH, LIST, CODE, TABLE, "x" * 300 + "\n")) for _ in range(60))
    pieces = cut(text, seed=seed)
    assert max(map(len, pieces)) <= LONGEST + 200
    for piece in pieces[:-1]:
        assert sum(line.startswith("```") for line in piece.splitlines()) % 2 == 0
    bare = "".join(line for piece in pieces for line in piece.splitlines() if not line.startswith(("```", "|")))
    assert bare == "".join(line for line in text.splitlines() if not line.startswith(("```", "|")))


def test_a_list_is_not_cut_while_another_place_is_near() -> None:
    pieces = cut((PARAGRAPH + LIST) * 20)
    assert not any(piece.startswith("- ") for piece in pieces)


def test_code_that_is_cut_goes_on_as_code() -> None:
    pieces = cut("```python\n" + "value = 1\n" * 2000)
    assert all(piece.startswith("```python\n") for piece in pieces)
    assert all(piece.endswith("\n```\n") for piece in pieces[:-1])


def test_a_table_that_is_cut_keeps_its_head() -> None:
    pieces = cut("| Kind | Size |\n|---|---|\n" + "| Q8 | 5 GB |\n" * 1000)
    assert all(piece.startswith("| Kind | Size |\n|---|---|\n| Q8") for piece in pieces if piece)


def test_text_without_any_break_is_cut_all_the_same() -> None:
    pieces = cut("x" * 30_000)
    assert "".join(pieces) == "x" * 30_000
    assert max(map(len, pieces)) <= LONGEST + 200


def test_of_a_long_answer_only_the_end_is_drawn_again(themed: QApplication, qtbot: QtBot) -> None:
    answer = StreamedMarkdown("Answer")
    qtbot.addWidget(answer)
    answer.resize(340, 400)
    answer.show()
    drawn: list[int] = []
    for _ in range(400):
        answer.add(PARAGRAPH, streaming=True)
        drawn.append(len(answer.texts[-1].original))
    assert sum(len(text.original) for text in answer.texts) == 400 * len(PARAGRAPH)
    assert max(drawn) <= LONGEST
    answer.add("", streaming=False)
    assert not answer.texts[-1].toPlainText().endswith("▍")
