"""What a page says when it has nothing to show."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from venom_desktop.ui.widgets.buttons import Button
from venom_desktop.ui.widgets.labels import Icon, Label
from venom_desktop.ui.widgets.layouts import column, row


class EmptyState(QWidget):
    """Icon, heading, one sentence, one or two buttons, in the middle."""

    def __init__(self, icon: str, title: str, sentence: str, *buttons: Button, width: int = 420) -> None:
        super().__init__()
        self._title = Label(title, "heading")
        self._sentence = Label(sentence, tone="text2", wrap=True)
        self._sentence.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._sentence.setFixedWidth(width)
        self.setLayout(
            column(
                None,
                row(None, Icon(icon, 40, "text3"), None),
                4,
                row(None, self._title, None),
                row(None, self._sentence, None),
                8,
                row(None, *buttons, None),
                None,
            )
        )
        self.setAccessibleName(title)

    def tell(self, title: str, sentence: str) -> None:
        self._title.setText(title)
        self._sentence.setText(sentence)
        self.setAccessibleName(title)
