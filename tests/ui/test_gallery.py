"""Writes a sheet of every component in both themes, to be laid beside the design's own."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QCheckBox, QHBoxLayout, QLineEdit, QSlider, QWidget
from pytestqt.qtbot import QtBot

from venom_desktop.ui import theme
from venom_desktop.ui.theme import ThemeChoice
from venom_desktop.ui.widgets import (
    Banner,
    Bar,
    Button,
    Chip,
    Choice,
    Frame,
    Label,
    MenuChip,
    Pill,
    PillLook,
    Segmented,
    Switch,
    ToolButton,
    column,
    pill,
    row,
)

WIDTH, HEIGHT = 640, 712


def caption(text: str) -> Label:
    return Label(text, "small", tone="text3")


def ringed(widget: QWidget) -> QWidget:
    """Mark a widget as one to be photographed with its focus ring."""
    widget.setProperty("ringed", True)
    return widget


def buttons() -> list[QHBoxLayout | Label | int]:
    disabled = Button("Install", "primary", icon="download")
    disabled.forbid("Choose a quantization first")
    return [
        caption("Buttons: primary, default, quiet, danger, disabled; focus ring on the second row"),
        row(
            Button("Install", "primary", icon="download"),
            Button("Restart", icon="refresh"),
            Button("Stop", "quiet", icon="stop"),
            Button("Remove…", "danger", icon="trash"),
            disabled,
            None,
        ),
        row(
            ringed(Button("Install", "primary", icon="download")),
            ringed(Button("Restart", icon="refresh")),
            ringed(Button("Stop", "quiet", icon="stop")),
            Button("Dense", size="dense"),
            ToolButton("more", "More"),
            ringed(ToolButton("refresh", "Refresh")),
            None,
        ),
        4,
    ]


def filters() -> list[QHBoxLayout | Label | int]:
    return [
        caption("Chips: off, on, menu, focus   ·   Segmented"),
        row(
            Chip("Vision"),
            Chip("Fits here", checked=True),
            MenuChip("Source"),
            ringed(MenuChip("Size")),
            12,
            Segmented(["Translation", "Original"], meaning="Text"),
            None,
        ),
        4,
    ]


def pills() -> list[QHBoxLayout | Label | int]:
    fits = [
        PillLook(text="Fits GPU", glyph="disc", state="ok"),
        PillLook(text="GPU + RAM", glyph="half", state="part"),
        PillLook(text="RAM only", glyph="ring", state="warn"),
        PillLook(text="Too big", glyph="cross", state="off"),
    ]
    return [
        caption("Fit pills (the disc empties as the model leaves the GPU) and state pills"),
        row(*[Pill(look) for look in fits], None),
        row(
            pill("Running", "disc", "ok"),
            pill("Starting", "refresh", "part"),
            pill("Stopped", "ring", "off"),
            pill("Key missing", "lock", "warn"),
            pill("Exited", "error", "bad"),
            pill("Offline copy, 3 h old", "cloud", "warn"),
            None,
        ),
        4,
    ]


def fields() -> list[QHBoxLayout | Label | int]:
    empty, filled = QLineEdit(), QLineEdit("llama3:latest")
    empty.setPlaceholderText("Search")
    choice = Choice("Sort", [("downloads", "Most downloads")])
    for field, width in ((empty, 150), (filled, 150), (choice, 160)):
        field.setFixedWidth(width)
    check = QCheckBox("Checked")
    check.setChecked(True)
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setValue(45)
    slider.setFixedWidth(110)
    return [
        caption("Fields: empty, focus, choice   ·   switch, check box, slider"),
        row(empty, ringed(filled), choice, None),
        row(Switch("On", on=True), Switch("Off"), 8, check, 8, slider, None),
        4,
    ]


def progress() -> list[QHBoxLayout | Label | int]:
    known, free, paused = Bar("Known"), Bar("Unknown"), Bar("Paused")
    known.show_progress(0.43)
    free.show_progress(None)
    paused.show_progress(0.7, paused=True)
    return [
        caption("Progress: known, unknown total, paused"),
        row((known, 1), (free, 1), (paused, 1), spacing=16),
        4,
    ]


def banners() -> list[QWidget]:
    note, cure = Banner("note"), Banner("cure")
    note.tell("Hugging Face does not answer. Showing the list from 3 hours ago.", "Try again", icon="refresh")
    cure.tell("Port 11434 is taken by PID 3187 (ollama). Ollama was not started.", "Use that server")
    text = "Its file (9.0 GB) is deleted from Ollama. Installing it again takes about 4 minutes at your usual speed."
    dialog = Frame(
        "card",
        column(
            Label("Remove deepseek-r1:14b?", "heading"),
            Label(text, tone="text2", wrap=True),
            6,
            row(None, Button("Keep"), Button("Remove 9.0 GB", "destroy")),
            spacing=6,
            margins=(20, 18, 20, 16),
        ),
    )
    dialog.setMinimumHeight(136)
    title = caption("Banner: stale data   ·   error with its cure   ·   dialog that removes something")
    return [title, note, cure, dialog]


def sheet() -> QWidget:
    items = [*buttons(), *filters(), *pills(), *fields(), *progress(), *banners(), None]
    widget = Frame("panel", column(*items, spacing=10, margins=(24, 20, 24, 22)))
    widget.setFixedSize(WIDTH, HEIGHT)
    return widget


def photograph(widget: QWidget, app: QApplication) -> QPixmap:
    """Only one widget can have the focus, so each ring is photographed in turn and laid over the sheet."""
    rings = []
    for target in widget.findChildren(QWidget):
        if target.property("ringed"):
            target.setFocus(Qt.FocusReason.OtherFocusReason)
            app.processEvents()
            place = QRect(target.mapTo(widget, QPoint(0, 0)), target.size())
            rings.append((place.topLeft(), widget.grab(place)))
    widget.setFocus()
    app.processEvents()
    result = widget.grab()
    painter = QPainter(result)
    for corner, ring in rings:
        painter.drawPixmap(corner, ring)
    painter.end()
    return result


@pytest.mark.parametrize("choice", [ThemeChoice.LIGHT, ThemeChoice.DARK])
def test_every_component_is_painted_on_the_surface_of_its_theme(
    themed: QApplication, qtbot: QtBot, pictures: Path, choice: ThemeChoice
) -> None:
    theme.apply(themed, choice)
    widget = sheet()
    qtbot.addWidget(widget)
    with qtbot.waitActive(widget):
        widget.show()

    picture = photograph(widget, themed)

    picture.save(str(pictures / f"components-{choice.value}.png"))
    assert picture.toImage().pixelColor(5, 5) == QColor(theme.color("surface"))
