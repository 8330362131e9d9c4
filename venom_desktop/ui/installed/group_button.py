"""The one real button in the table: what makes a runtime whose list is old answer again, in its group's row."""

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from venom_desktop.ui import theme
from venom_desktop.ui.installed.groups import Group
from venom_desktop.ui.installed.words import cure_button
from venom_desktop.ui.widgets import Button, row

_ICON_AND_MARGINS = 44


class GroupButton(QWidget):
    """At the end of the row; `on_click` gets the group."""

    def __init__(self, group: Group, on_click: Callable[[Group], object]) -> None:
        super().__init__()
        self._group = group
        self.button = Button("", "quiet", size="dense", on_click=lambda: on_click(self._group))
        self.setLayout(row(None, self.button, margins=(0, 0, 8, 0)))
        self.show_group(group)

    def show_group(self, group: Group) -> None:
        self._group = group
        found = cure_button(group)
        # The view shows the whole widget again whenever it lays out.
        self.button.setVisible(found is not None)
        if found is not None and self.button.label != found[0]:
            self.button.set_content(*found)


def cure_width(group: Group) -> int:
    """The room that the button takes."""
    found = cure_button(group)
    return 0 if found is None else theme.metrics("medium").horizontalAdvance(found[0]) + _ICON_AND_MARGINS
