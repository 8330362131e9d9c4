"""What a model takes of the memory, in figures that never read 0.0."""

import pytest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from venom_desktop.ui.catalog.memory import MemoryBar
from venom_desktop.ui.catalog.presenter import MemoryUse


def _legend(bar: MemoryBar) -> list[str]:
    return [label.text().replace("\u00a0", " ") for label in bar.findChildren(QLabel)][2:5]


def test_a_small_amount_is_said_to_be_small(themed: QApplication, qtbot: QtBot) -> None:
    bar = MemoryBar()
    qtbot.addWidget(bar)
    gigabyte = 10**9

    bar.show_use(
        MemoryUse(
            others=gigabyte,
            weights=18_000_000,
            context=60_000_000,
            error=9_000_000,
            total=25 * gigabyte,
            graphics=False,
        )
    )

    assert _legend(bar) == ["Other apps 1.0", "Weights < 0.1", "KV cache 0.1"]


@pytest.mark.parametrize(
    ("loads", "grounds"),
    [
        (None, ""),
        (0, "11.4 GB ± 15 %, by the formula alone"),
        (1, "11.4 GB ± 1.7 GB, from 1 load on this computer"),
        (3, "11.4 GB ± 1.7 GB, from 3 loads on this computer"),
    ],
)
def test_it_says_what_the_figure_rests_on(themed: QApplication, qtbot: QtBot, loads: int | None, grounds: str) -> None:
    bar = MemoryBar()
    qtbot.addWidget(bar)
    gigabyte = 10**9

    bar.show_use(
        MemoryUse(
            others=gigabyte,
            weights=10 * gigabyte,
            context=1_400_000_000,
            error=1_710_000_000,
            total=25 * gigabyte,
            graphics=False,
            loads=loads,
        )
    )

    assert bar.grounds.replace("\u00a0", " ") == grounds
