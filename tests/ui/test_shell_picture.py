"""Photographs the shell with a list and a panel of made-up rows, to be laid beside the design's catalog."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QSlider, QWidget
from pytestqt.qtbot import QtBot

from venom_desktop.core.host.sample import GpuSample, HostSample
from venom_desktop.core.runtimes.base import RuntimeState
from venom_desktop.ui import theme
from venom_desktop.ui.main_window import MainWindow
from venom_desktop.ui.tab_bar import TabName
from venom_desktop.ui.theme import ThemeChoice
from venom_desktop.ui.widgets import (
    Button,
    Cell,
    Chip,
    Choice,
    DetailsPanel,
    ElidedLabel,
    EmptyState,
    Frame,
    Label,
    Legend,
    MenuChip,
    PillLook,
    RowDelegate,
    SearchField,
    Segment,
    SideSplitter,
    Stack,
    Table,
    Tile,
    ToolButton,
    column,
    flow,
    pill,
    row,
    widest_fit_pill,
)

Index = QModelIndex | QPersistentModelIndex
GPU = PillLook(text="Fits GPU", glyph="disc", state="ok")
PART = PillLook(text="GPU + RAM", glyph="half", state="part")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    title: str
    name: str
    publisher: str
    source: str
    parameters: str
    size: str
    abilities: tuple[str, ...]
    downloads: str
    fit: PillLook


ROWS = [
    Entry(
        title=f"Gemma {number} 4B Instruct",
        name=f"bartowski/Gemma-{number}-Coder-7B-Instruct-GGUF:Q4_K_M",
        publisher=("Google", "Alibaba", "Meta", "OpenAI")[number % 4],
        source="Ollama" if number % 2 else "Hugging Face",
        parameters="4.3 B",
        size="3.3 – 8.6 GB",
        abilities=("vision", "tools")[: number % 3],
        downloads="12.4 M",
        fit=PART if number % 4 == 3 else GPU,
    )
    for number in range(1, 14)
]
HEADS = ("Model", "Source", "Parameters", "Size", "Can do", "Downloads", "On this machine")
NUMBERS = {2, 3, 5}


class Rows(QAbstractTableModel):
    def rowCount(self, parent: Index | None = None) -> int:
        return len(ROWS)

    def columnCount(self, parent: Index | None = None) -> int:
        return len(HEADS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        return ROWS[index.row()] if role == Qt.ItemDataRole.UserRole else None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.DisplayRole:
            return HEADS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole and section in NUMBERS:
            return Qt.AlignmentFlag.AlignRight
        return None


class Painter(RowDelegate):
    def paint_cell(self, cell: Cell) -> None:
        entry: Entry = cell.value
        paint: dict[int, Callable[[], None]] = {
            0: lambda: cell.name(entry.title, entry.name, entry.publisher),
            1: lambda: cell.text(entry.source, tone="text2"),
            2: lambda: cell.text(entry.parameters, trailing=True),
            3: lambda: cell.text(entry.size, trailing=True),
            4: lambda: cell.icons(entry.abilities),
            5: lambda: cell.text(entry.downloads, trailing=True),
            6: lambda: cell.pill(entry.fit),
        }
        paint[cell.column]()


def table() -> Table:
    result = Table("Models", sortable=True)
    result.setModel(Rows(result))
    result.setItemDelegate(Painter(result))
    result.horizontalHeader().setSortIndicator(5, Qt.SortOrder.DescendingOrder)
    result.set_column_widths({1: 108, 2: 72, 3: 112, 4: 66, 5: 84, 6: widest_fit_pill() + 24}, arrows={5})
    result.select_row(0)
    return result


def panel() -> DetailsPanel:
    result = DetailsPanel("Details")
    names = column(Label("Gemma 3 4B", "heading"), ElidedLabel("gemma3:4b · Google", "small", tone="text2"), spacing=2)
    segments = [
        Segment(amount=1.1, role="seg2", text="Other apps 1.1"),
        Segment(amount=3.3, text="Weights 3.3"),
        Segment(amount=1.6, hatched=True, text="KV cache 1.6 ± 0.2"),
    ]
    stack, legend = Stack("Graphics memory"), Legend()
    stack.show_segments(segments, 12)
    legend.show_segments(segments)
    body = result.body
    body.addLayout(row(Tile("Gemma", "Google"), (names, 1), ToolButton("external", "Open the model page"), spacing=12))
    body.addSpacing(12)
    body.addWidget(Label("Multimodal model for text and images. Strong at summaries.", tone="text2", wrap=True))
    body.addSpacing(12)
    body.addWidget(flow(pill("Vision", "vision"), pill("128 K context", "papers"), pill("Licence", "lock"), spacing=6))
    body.addSpacing(18)
    body.addLayout(row(Label("Context", "strong"), None, Label("32 768 tokens", tone="text2")))
    body.addWidget(QSlider(Qt.Orientation.Horizontal))
    body.addLayout(row(Label("Graphics memory", "strong"), None, Label("6.0 of 12.0 GB", tone="text2")))
    body.addWidget(stack)
    body.addSpacing(8)
    body.addWidget(legend)
    body.addStretch(1)
    result.foot.addLayout(row(Label("Run with", tone="text2"), (Choice("Run with", [(1, "llama.cpp")]), 1)))
    result.foot.addWidget(Button("Install Q4_K_M · 3.3 GB", "primary", icon="download", size="large"))
    return result


def catalog() -> QWidget:
    search = SearchField("Search Ollama and Hugging Face")
    search.setMaximumWidth(520)
    refresh = Button("Refresh catalog", "quiet", icon="refresh")
    top = row((search, 4), None, Choice("Sort", [(1, "Most downloads")]), refresh, margins=(16, 14, 12, 0))
    chips = row(Chip("Fits here"), MenuChip("Source"), MenuChip("Can do"), None, margins=(16, 10, 16, 10))
    return SideSplitter(Frame("panel", column(top, chips, (table(), 1), spacing=0)), panel())


def sample(cards: tuple[GpuSample, ...] = ()) -> HostSample:
    return HostSample(
        taken_at=datetime.now(UTC),
        cpu_percent=18,
        cpu_count=16,
        memory_total_bytes=64_000_000_000,
        memory_available_bytes=42_600_000_000,
        gpus=cards,
    )


CARD = GpuSample(
    index=0, name="RTX", load_percent=64, memory_used_bytes=6_400_000_000, memory_total_bytes=12_000_000_000
)


@pytest.mark.parametrize(
    ("choice", "width", "height"),
    [(ThemeChoice.LIGHT, 1280, 800), (ThemeChoice.DARK, 1280, 800), (ThemeChoice.LIGHT, 960, 600)],
)
def test_the_shell_is_painted_in_its_theme(
    themed: QApplication, qtbot: QtBot, pictures: Path, choice: ThemeChoice, width: int, height: int
) -> None:
    theme.apply(themed, choice)
    empty = EmptyState("trending", "Nothing yet", "Trending models appear here.", Button("Refresh"))
    pages: dict[TabName, Callable[[], QWidget]] = {name: (lambda: empty) for name in TabName}
    window = MainWindow({**pages, TabName.CATALOG: catalog})
    qtbot.addWidget(window)
    window.status.show_runtime("Ollama", "gemma3:4b", RuntimeState.RUNNING, "47 tok/s")
    window.status.show_disk(38_200_000_000, 50_000_000_000)
    for _ in range(40):
        window.status.processor.add(Random(1).uniform(0.1, 0.3), "18 %")
        window.status.show_host(sample((CARD,)))
    window.resize(width, height)
    window.show()
    themed.processEvents()

    picture = window.grab()

    picture.save(str(pictures / f"shell-{choice.value}-{width}.png"))
    assert picture.toImage().pixelColor(width // 2 + 200, 3) == QColor(theme.color("window"))
