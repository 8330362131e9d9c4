"""An answer that grows: Markdown whose settled pieces are drawn once, and a caret behind the last word."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from venom_desktop.ui.runtime.prompt_segments import Segments
from venom_desktop.ui.theme_tokens import FontRole
from venom_desktop.ui.widgets import Prose, column


class StreamedMarkdown(QWidget):
    """`add` costs the same however long the answer has become."""

    def __init__(self, meaning: str, role: FontRole = "reading", *, leading_percent: int = 150) -> None:
        super().__init__()
        self._meaning = meaning
        self._role: FontRole = role
        self._leading_percent = leading_percent
        self._segments = Segments()
        self._layout: QVBoxLayout = column(spacing=8)
        self.setLayout(self._layout)
        self._last = self._grow()

    def add(self, text: str, *, streaming: bool) -> None:
        """Append text; without `streaming` the caret goes."""
        before = len(self._segments.settled)
        self._segments.add(text)
        for settled in self._segments.settled[before:]:
            self._last.show_markdown(settled)
            self._last = self._grow()
        self._last.show_markdown(self._segments.last, streaming=streaming)
        self._last.setVisible(streaming or bool(self._segments.last))

    @property
    def texts(self) -> list[Prose]:
        """What is on the screen, from top to bottom."""
        found = (self._layout.itemAt(place) for place in range(self._layout.count()))
        return [widget for item in found if item is not None and isinstance(widget := item.widget(), Prose)]

    def _grow(self) -> Prose:
        prose = Prose(self._meaning, self._role, leading_percent=self._leading_percent)
        self._layout.addWidget(prose)
        return prose
