"""Text of others, shown safely: Markdown and reduced HTML without scripts or remote loads."""

from PySide6.QtCore import QBasicTimer, QEvent, QSize, Qt, QTimerEvent, QUrl
from PySide6.QtGui import QHideEvent, QResizeEvent, QTextCursor, QTextDocument
from PySide6.QtWidgets import QSizePolicy, QTextBrowser

from venom_desktop.ui import theme
from venom_desktop.ui.links import open_link
from venom_desktop.ui.theme_tokens import FontRole
from venom_desktop.ui.widgets.prose_dress import INDENT, dress

_CARET = "\u258d"
_CARET_MS = 500


class Prose(QTextBrowser):
    """As high as its text. Links open only as http and https; pictures are replaced by their description."""

    def __init__(self, meaning: str, role: FontRole = "reading", *, leading_percent: int = 150) -> None:
        super().__init__()
        self._role: FontRole = role
        self._leading = leading_percent
        self._source = ""
        self._is_html = False
        self._streaming = False
        self._caret_on = True
        self._timer = QBasicTimer()
        self.setAccessibleName(meaning)
        self.setOpenLinks(False)
        self.setUndoRedoEnabled(False)
        self.anchorClicked.connect(open_link)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFrameShape(QTextBrowser.Shape.NoFrame)
        theme.set_font(self, role)
        self.document().setDocumentMargin(0)

    @property
    def original(self) -> str:
        """The text as it was given, for copying."""
        return self._source

    def show_markdown(self, text: str, *, streaming: bool = False) -> None:
        """Show Markdown, HTML in it as plain text; `streaming` adds a caret after the last word."""
        self._source, self._is_html, self._streaming = text, False, streaming
        self._blink()
        self._render()

    def show_html(self, text: str) -> None:
        """Show HTML: scripts, styles and pictures have no effect."""
        self._source, self._is_html, self._streaming = text, True, False
        self._blink()
        self._render()

    def loadResource(self, kind: int, name: QUrl | str) -> object:
        """Nothing is ever loaded, from nowhere."""
        return b""

    def doSetSource(
        self, name: QUrl | str, kind: QTextDocument.ResourceType = QTextDocument.ResourceType.UnknownResource
    ) -> None:
        """Never navigate."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_height()

    def sizeHint(self) -> QSize:
        return QSize(320, self.height())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange) and hasattr(self, "_timer"):
            self._render()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()

    def timerEvent(self, event: QTimerEvent) -> None:
        if event.timerId() != self._timer.timerId():
            super().timerEvent(event)
            return
        self._caret_on = not self._caret_on
        self._render()

    def _blink(self) -> None:
        self._caret_on = True
        if self._streaming and theme.animates(self):
            if not self._timer.isActive():
                self._timer.start(_CARET_MS, self)
        else:
            self._timer.stop()

    def _render(self) -> None:
        document = self.document()
        document.setDefaultFont(theme.font(self._role))
        document.setIndentWidth(INDENT)
        before = self.textCursor()
        selection = (before.anchor(), before.position())
        if self._is_html:
            document.setHtml(self._source)
        else:
            caret = f"{_CARET if self._caret_on else chr(0x2003)}" if self._streaming else ""
            features = QTextDocument.MarkdownFeature
            document.setMarkdown(self._source + caret, features.MarkdownDialectGitHub | features.MarkdownNoHTML)
        dress(document, self._leading, heads=not self._is_html)
        _keep_selection(self, selection)
        self._fit_height()

    def _fit_height(self) -> None:
        document = self.document()
        document.setTextWidth(self.viewport().width())
        height = int(document.size().height()) + 2
        if height != self.height():
            self.setFixedHeight(height)


def _keep_selection(browser: QTextBrowser, selection: tuple[int, int]) -> None:
    anchor, position = selection
    if anchor == position:
        return
    last = browser.document().characterCount() - 1
    cursor = QTextCursor(browser.document())
    cursor.setPosition(min(anchor, last))
    cursor.setPosition(min(position, last), QTextCursor.MoveMode.KeepAnchor)
    browser.setTextCursor(cursor)
