"""Grounds and frames: cards, boxes, panels, hairlines, pages that scroll."""

from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLayout, QScrollArea, QSizePolicy, QWidget

from venom_desktop.ui import theme

FrameRole = Literal["card", "box", "panel", "side", "side-start", "bar", "header", "status", "operations", "popup"]


class Frame(QFrame):
    """A ground by role. `card` and `box` have a border and round corners, `panel` is a plain surface.

    A table inside a card needs 4 px top and bottom, else its corners cut the border.
    """

    def __init__(self, role: FrameRole, layout: QLayout | None = None) -> None:
        super().__init__()
        self.setProperty("role", role)
        if layout is not None:
            self.setLayout(layout)

    def set_current(self, current: bool) -> None:
        """Give a card the accent border of the one that is active."""
        theme.set_variant(self, "current", current)


def hairline() -> QFrame:
    """A horizontal line of one pixel."""
    line = QFrame()
    line.setProperty("role", "line")
    return line


def scrolling(content: QWidget) -> QScrollArea:
    """A vertical scroll area without a frame around `content`, which must wrap or elide."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    content.setProperty("role", "page")
    area.setWidget(content)
    area.viewport().setAutoFillBackground(False)
    area.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
    return area
