"""Text of others stays text: nothing is loaded, nothing is run, links leave only as web pages."""

import pytest
from PySide6.QtCore import QObject, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QTextDocument
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from venom_desktop.ui.links import is_safe, open_link
from venom_desktop.ui.widgets import Prose

REMOTE = "http://127.0.0.1:9/pixel.png"
HOSTILE_MARKDOWN = f"""# Title

![a **map**]({REMOTE})

<img src="{REMOTE}"><script>alert(1)</script>

[good](https://example.org/a) [bad](file:///etc/passwd)

```python
print("code")
```
"""
HOSTILE_HTML = f"<h1>Title</h1><img src='{REMOTE}' alt='map'><link rel=stylesheet href='{REMOTE}'><script>x</script>"


class Watching(Prose):
    """Counts what the document asks to be loaded."""

    def __init__(self) -> None:
        super().__init__("Answer")
        self.given: list[object] = []

    def loadResource(self, kind: int, name: QUrl | str) -> object:
        result = super().loadResource(kind, name)
        self.given.append(result)
        return result


@pytest.fixture
def prose(themed: QApplication, qtbot: QtBot) -> Watching:
    widget = Watching()
    qtbot.addWidget(widget)
    widget.resize(400, 100)
    widget.show()
    return widget


def fragments(document: QTextDocument) -> list[str]:
    kinds = []
    block = document.begin()
    while block.isValid():
        iterator = block.begin()
        while not iterator.atEnd():
            shape = iterator.fragment().charFormat()
            kinds.append("image" if shape.isImageFormat() else shape.anchorHref() or "text")
            iterator += 1
        block = block.next()
    return kinds


def test_markdown_keeps_no_picture_and_runs_no_html(prose: Watching) -> None:
    prose.show_markdown(HOSTILE_MARKDOWN)

    assert "image" not in fragments(prose.document())
    assert "<script>" in prose.toPlainText()
    assert not any(prose.given)


def test_html_keeps_no_picture_and_no_script(prose: Watching) -> None:
    prose.show_html(HOSTILE_HTML)

    assert "image" not in fragments(prose.document())
    assert "Title" in prose.toPlainText()
    assert not any(prose.given)


class Browser(QObject):
    """Stands for the user's browser and for every other program that could be started."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []

    @Slot(QUrl)
    def take(self, url: QUrl) -> None:
        self.opened.append(url.toString())


@pytest.fixture
def browser(qapp: QApplication) -> Browser:
    return Browser()


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "data:text/html,x",
        "smb://host/share",
        "/relative",
        "https:///nowhere",
        "https://user:word@example.org/",
        "mailto:a@example.org",
    ],
)
def test_anything_but_a_web_page_is_refused(browser: Browser, address: str) -> None:
    scheme = QUrl(address).scheme() or "file"
    QDesktopServices.setUrlHandler(scheme, browser, "take")  # type: ignore[arg-type]  # the stub wants bytes, PySide takes str
    try:
        assert not open_link(address)
    finally:
        QDesktopServices.unsetUrlHandler(scheme)
    assert browser.opened == []


def test_a_click_on_a_web_link_opens_the_browser(prose: Watching, browser: Browser) -> None:
    QDesktopServices.setUrlHandler("https", browser, "take")  # type: ignore[arg-type]  # the stub wants bytes, PySide takes str
    try:
        prose.show_markdown("[good](https://example.org/a)")
        prose.anchorClicked.emit(QUrl("https://example.org/a"))
    finally:
        QDesktopServices.unsetUrlHandler("https")
    assert browser.opened == ["https://example.org/a"]
    assert is_safe(QUrl("http://example.org"))
    assert prose.toPlainText() == "good"


def test_it_is_as_high_as_its_text(prose: Watching) -> None:
    prose.show_markdown("one line")
    low = prose.height()

    prose.show_markdown("\n\n".join(["a longer text that needs more than a single line at this width"] * 6))

    assert prose.height() > 5 * low
    assert prose.document().size().height() <= prose.height()


def test_the_caret_of_a_streaming_answer_is_not_part_of_the_text(prose: Watching) -> None:
    prose.show_markdown("half an ans", streaming=True)
    assert prose.original == "half an ans"
    assert "\u258d" in prose.toPlainText()

    prose.show_markdown("half an answer")

    assert prose.toPlainText() == "half an answer"


def test_a_selection_survives_the_next_piece_of_an_answer(prose: Watching) -> None:
    prose.show_markdown("some words", streaming=True)
    cursor = prose.textCursor()
    cursor.setPosition(0)
    cursor.setPosition(4, cursor.MoveMode.KeepAnchor)
    prose.setTextCursor(cursor)

    prose.show_markdown("some words more", streaming=True)

    assert prose.textCursor().selectedText() == "some"


def test_a_long_line_of_code_wraps_instead_of_being_cut(prose: Watching) -> None:
    prose.show_markdown(f"```\n{'word ' * 60}\n```")
    assert prose.document().begin().layout().lineCount() > 1
    assert prose.document().idealWidth() <= prose.viewport().width()


def test_a_table_after_code_has_one_line_in_each_head_cell(prose: Watching) -> None:
    prose.show_markdown("```\ncode\n```\n\n| Kind | Size |\n|---|---|\n| Q8_0 | 5.1 GB |\n")
    assert prose.toPlainText().split("\n") == ["code", "Kind", "Size", "Q8_0", "5.1 GB", ""]


def test_a_heading_is_larger_than_the_text_but_no_page_title(prose: Watching) -> None:
    prose.show_markdown("# Title\n\ntext")
    title, text = prose.document().begin(), prose.document().begin().next()
    height, usual = title.layout().lineAt(0).height(), text.layout().lineAt(0).height()
    assert usual * 1.2 < height < usual * 1.8
