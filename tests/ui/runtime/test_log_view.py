"""The log over the page: a file or a journal, followed or read in peace, with lines of any length."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QScrollBar
from shiboken6 import delete

from tests.support.accessible import unnamed
from tests.ui.workbench import turns, until
from venom_desktop.core.errors import ControlRefused
from venom_desktop.core.tasks import TaskScope
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.runtime.log_view import LONGEST_LINE, MOST_LINES, Log, LogView, new_lines


class Source:
    """Lines that grow; `fails` is raised by the next question."""

    def __init__(self, count: int = 0) -> None:
        self.lines = tuple(f"line {number}" for number in range(count))
        self.fails: ControlRefused | None = None
        self.asked = 0

    def add(self, *lines: str) -> None:
        self.lines += lines

    def last(self) -> tuple[str, ...]:
        return self.lines

    async def ask(self) -> tuple[str, ...]:
        self.asked += 1
        fails, self.fails = self.fails, None
        if fails is not None:
            raise fails
        return self.lines


@asynccontextmanager
async def opened(log: Log) -> AsyncIterator[LogView]:
    async with TaskScope("log") as scope:
        view = LogView(Bridge(scope))
        view.resize(868, 300)
        view.show_log(log)
        view.show()
        try:
            yield view
        finally:
            await turns()
            delete(view)


def bar_of(view: LogView) -> QScrollBar:
    return view.text.verticalScrollBar()


async def test_an_empty_log_says_when_it_begins(themed: QApplication) -> None:
    source = Source()
    async with opened(Log(title="Ollama", lines=source.last)) as view:
        assert view.empty.isVisible()
        source.add("it begins")
        view.look()
        assert not view.empty.isVisible()
        assert view.text.toPlainText() == "it begins"


async def test_new_lines_come_at_the_end_and_the_end_is_followed(themed: QApplication) -> None:
    source = Source(200)
    async with opened(Log(title="Ollama", lines=source.last)) as view:
        assert bar_of(view).value() == bar_of(view).maximum() > 0
        source.add("the newest")
        view.look()
        assert bar_of(view).value() == bar_of(view).maximum()
        assert view.text.toPlainText().endswith("line 199\nthe newest")


async def test_who_scrolls_up_reads_in_peace_and_keeps_what_is_selected(themed: QApplication) -> None:
    source = Source(200)
    async with opened(Log(title="Ollama", lines=source.last)) as view:
        bar_of(view).triggerAction(QScrollBar.SliderAction.SliderToMinimum)
        assert not view.follow_box.isChecked()
        cursor = view.text.textCursor()
        cursor.movePosition(QTextCursor.MoveOperation.Start)
        cursor.movePosition(QTextCursor.MoveOperation.EndOfLine, QTextCursor.MoveMode.KeepAnchor)
        view.text.setTextCursor(cursor)
        source.add("the newest")
        view.look()
        assert bar_of(view).value() == 0
        assert view.text.textCursor().selectedText() == "line 0"
        view.follow_box.click()
        assert bar_of(view).value() == bar_of(view).maximum()


async def test_a_journal_is_asked_while_it_is_on_the_screen_and_no_longer(themed: QApplication) -> None:
    source = Source(3)
    async with opened(Log(title="Ollama", lines=tuple, ask=source.ask, where="Journal of ollama.service")) as view:
        await until(lambda: "line 2" in view.text.toPlainText())
        assert not view.open_button.isVisible()
        assert not view.folder_button.isVisible()
        view.hide()
        asked = source.asked
        view.look()
        view.show()
        await until(lambda: source.asked > asked)


async def test_a_journal_that_may_not_be_read_says_so_and_can_be_tried_again(themed: QApplication) -> None:
    source = Source(1)
    source.fails = ControlRefused(problem="read the journal", cure="Join the group systemd-journal.")
    async with opened(Log(title="Ollama", lines=tuple, ask=source.ask)) as view:
        await until(view.problem.isVisible)
        assert "did not allow this account to read the journal" in view.problem.sentence
        view.problem.button.click()
        await until(lambda: view.text.toPlainText() == "line 0")
        assert not view.problem.isVisible()


async def test_a_line_without_end_is_cut_and_old_lines_leave(themed: QApplication) -> None:
    source = Source()
    source.add("x" * 3_000_000, *("y" for _ in range(MOST_LINES + 50)))
    async with opened(Log(title="Ollama", lines=source.last)) as view:
        assert view.text.blockCount() <= MOST_LINES
        source.add("z" * 3_000_000)
        view.look()
        assert len(view.text.document().lastBlock().text()) == LONGEST_LINE + 1


async def test_lines_wrap_or_run_on_as_wished(themed: QApplication) -> None:
    source = Source()
    source.add("w " * 1000)
    async with opened(Log(title="Ollama", lines=source.last)) as view:
        assert view.text.horizontalScrollBar().maximum() == 0
        view.wrap_box.click()
        assert view.text.lineWrapMode() is QPlainTextEdit.LineWrapMode.NoWrap
        await until(lambda: view.text.horizontalScrollBar().maximum() > 0)


async def test_all_of_it_is_copied_and_every_control_has_a_name(themed: QApplication, tmp_path: Path) -> None:
    source = Source(3)
    async with opened(Log(title="Ollama", lines=source.last, path=tmp_path / "ollama.log")) as view:
        view.copy_button.click()
        assert QGuiApplication.clipboard().text() == "line 0\nline 1\nline 2"
        assert view.open_button.isVisible()
        assert view.folder_button.isVisible()
        assert unnamed(view) == []


@pytest.mark.parametrize(
    ("before", "now", "new"),
    [
        ("ab", "abc", ("c",)),
        ("abc", "bcd", ("d",)),
        ("aab", "abc", ("c",)),
        ("abc", "abc", ()),
        ("abc", "xyz", None),
        ("", "ab", None),
        ("abc", "", None),
    ],
)
def test_what_is_new_is_found_where_the_old_lines_end(before: str, now: str, new: tuple[str, ...] | None) -> None:
    assert new_lines(tuple(before), tuple(now)) == new
