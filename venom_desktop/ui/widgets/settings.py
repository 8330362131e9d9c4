"""Boxed rows of the settings: title and help at the start, the control at the end."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from venom_desktop.ui.i18n import tr
from venom_desktop.ui.theme_tokens import ColorRole
from venom_desktop.ui.widgets.frames import Frame, hairline, scrolling
from venom_desktop.ui.widgets.labels import Label
from venom_desktop.ui.widgets.layouts import column, row, wrapped
from venom_desktop.ui.widgets.pills import pill

PAGE_WIDTH = 760


class SettingRow(QWidget):
    """At least 58 px. `set_by` names the environment variable that fixed the value: then the control is a pill."""

    def __init__(self, title: str, help_text: str, control: QWidget, *, set_by: str | None = None) -> None:
        super().__init__()
        self.title = title
        self._help = Label(help_text, "small", tone="text2", wrap=True)
        self._help.setVisible(bool(help_text))
        if set_by is not None:
            control.hide()
            control.setParent(self)
            control = pill(tr("From {variable}", variable=set_by), "lock", tip=tr("Set by the environment"))
        if not control.accessibleName():
            control.setAccessibleName(title)
        self._result = Label("", "small", wrap=True)
        self._result.hide()
        words = column(None, Label(title, "medium"), self._help, self._result, None, spacing=2)
        self.setLayout(row((words, 1), control, spacing=16, margins=(16, 10, 14, 10)))
        self.setMinimumHeight(58)

    @property
    def result(self) -> str:
        """The sentence under the help, "" when there is none."""
        return self._result.text()

    def set_help(self, text: str) -> None:
        self._help.setText(text)
        self._help.setVisible(bool(text))

    def show_result(self, sentence: str, tone: ColorRole = "bad", *, tip: str = "") -> None:
        """Say under the help what came of a change or a try; "" takes it away. `tip` is for a reason code."""
        self._result.setText(sentence)
        self._result.set_tone(tone)
        self._result.setToolTip(tip)
        self._result.setVisible(bool(sentence))


class SettingsBox(Frame):
    """Rows in one card, hairlines between them from x = 16."""

    def __init__(self, *rows: QWidget) -> None:
        self._rows: QVBoxLayout = column(spacing=0, margins=(0, 2, 0, 2))
        super().__init__("card", self._rows)
        for setting in rows:
            self.add(setting)

    def add(self, setting: QWidget) -> None:
        if self._rows.count():
            self._rows.addWidget(wrapped(row(hairline(), margins=(16, 0, 0, 0))))
        self._rows.addWidget(setting)


class SettingsPage(QWidget):
    """A page of at most 760 px in the middle: title, then groups."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self._content: QVBoxLayout = column(Label(title, "title"), 16, spacing=0, margins=(0, 24, 0, 24))
        self._content.addStretch(1)
        inner = QWidget()
        inner.setMaximumWidth(PAGE_WIDTH)
        inner.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        inner.setLayout(self._content)
        centred = row((inner, 1), margins=(40, 0, 40, 0))
        self.setLayout(column((scrolling(wrapped(centred)), 1), spacing=0))
        self.setAccessibleName(title)
        self._has_groups = False

    def add_group(self, heading: str, *rows: QWidget) -> SettingsBox:
        """A box of rows under a heading; the first group may go without ("")."""
        if self._has_groups:
            self._insert_gap(22)
        if heading:
            self._insert(Label(heading, "heading"))
            self._insert_gap(10)
        box = SettingsBox(*rows)
        self._insert(box)
        self._has_groups = True
        return box

    def add_widget(self, widget: QWidget) -> None:
        self._insert(widget)

    def _insert(self, widget: QWidget) -> None:
        self._content.insertWidget(self._content.count() - 1, widget, 0, Qt.AlignmentFlag(0))

    def _insert_gap(self, height: int) -> None:
        self._content.insertSpacing(self._content.count() - 1, height)
