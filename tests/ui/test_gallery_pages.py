"""Photographs the larger bricks: settings, cards with charts, an answer, an empty state."""

import math
from pathlib import Path

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from venom_desktop.ui import theme
from venom_desktop.ui.theme import ThemeChoice
from venom_desktop.ui.widgets import (
    Banner,
    Button,
    Chart,
    Choice,
    ElidedLabel,
    EmptyState,
    FactList,
    Frame,
    Label,
    NavigationList,
    Prose,
    SettingRow,
    SettingsPage,
    Switch,
    ToolButton,
    column,
    pill,
    row,
    wrapped,
)

ANSWER = """Generating one token reads every weight once, so speed is limited by memory bandwidth.

A 4-bit weight takes a quarter of the bytes. The card moves about **3 to 4 times** more weights:

- F16: 8.6 GB read per token
- `Q4_K_M`: 3.3 GB

```python
print("tokens", 96)
```

See [the paper](https://example.org/paper)."""


def settings() -> QWidget:
    names = [("settings", "General"), ("disk", "Storage"), ("cloud", "Providers and budget"), ("info", "About")]
    navigation = NavigationList("Settings", names)
    navigation.setCurrentRow(2)
    side = Frame("side-start", column(navigation, margins=(0, 12, 0, 12)))
    side.setFixedWidth(220)
    page = SettingsPage("Providers and budget")
    key = wrapped(row(pill("Works", "check", "ok"), Button("Replace…", size="dense"), spacing=10))
    page.add_group(
        "",
        SettingRow("OpenAI", "Kept in the system keyring. Tried 2 h ago.", key),
        SettingRow("Hugging Face", "Set by the environment.", Button("Add…"), set_by="HF_TOKEN"),
    )
    page.add_group(
        "When a model does not answer",
        SettingRow("Try the next provider", "Order: Ollama, vLLM", Switch("Try the next provider", on=True)),
        SettingRow("Theme", "", Choice("Theme", [(1, "As the system")])),
    )
    return wrapped(row(side, (page, 1), spacing=0))


def cards() -> QHBoxLayout:
    runtime = Frame(
        "card",
        column(
            row(Label("llama.cpp", "heading"), Label("built in", "small"), None, pill("Running", "disc", "ok")),
            ElidedLabel("Active · gemma answers here", "small", tone="accent_text"),
            ElidedLabel("Child process · port 40123 · PID 3187", "small", tone="text2"),
            None,
            row(Button("Restart", icon="refresh", size="dense"), Button("Stop", "quiet", size="dense"), None,
                ToolButton("log", "Log", icon_size=16), ToolButton("more", "More", icon_size=16), spacing=4),
            spacing=3,
            margins=(14, 12, 10, 10),
        ),
    )  # fmt: skip
    runtime.set_current(True)
    runtime.setMinimumHeight(148)
    chart = Chart("RAM", limit=0.9)
    chart.show_values([0.5 + 0.3 * math.sin(i / 9) for i in range(120)], "21.4 of 64 GB")
    metric = Frame("card", column(row(Label("RAM", "small", tone="text2"), None, Label("21.4", "strong")), (chart, 1),
                                  margins=(14, 10, 14, 12)))  # fmt: skip
    return row((runtime, 1), (metric, 1), spacing=12)


def reading() -> QWidget:
    prose = Prose("Answer", leading_percent=145)
    prose.show_markdown(ANSWER, streaming=True)
    facts = FactList()
    facts.show_facts([("Size", "4.7 GB · Q4_K_M", False), ("Revision", "sha256:2b0496514337" + "a" * 60 + "c4", True)])
    advice = Banner("box")
    advice.tell("2 GGUF files in Downloads are not in the registry yet.", "Review and import…")
    side = Frame("panel", column(prose, facts, None, margins=(20, 18, 20, 16)))
    side.setFixedWidth(380)
    empty = EmptyState(
        "search", "No model fits these filters", "Change a filter or clear them.", Button("Clear filters")
    )
    page = column(cards(), advice, (empty, 1), spacing=12, margins=(16, 16, 16, 16))
    return wrapped(row((page, 1), side, spacing=0))


@pytest.mark.parametrize("choice", [ThemeChoice.LIGHT, ThemeChoice.DARK])
@pytest.mark.parametrize("name", ["settings", "reading"])
def test_the_larger_bricks_are_painted_in_their_theme(
    themed: QApplication, qtbot: QtBot, pictures: Path, choice: ThemeChoice, name: str
) -> None:
    theme.apply(themed, choice)
    page = {"settings": settings, "reading": reading}[name]()
    window = Frame("header", column(page, spacing=0))
    qtbot.addWidget(window)
    window.resize(1100, 640)
    with qtbot.waitExposed(window):
        window.show()

    picture = window.grab()

    picture.save(str(pictures / f"{name}-{choice.value}.png"))
    assert picture.toImage().pixelColor(560, 6) == QColor(theme.color("window"))
