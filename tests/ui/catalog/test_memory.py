"""What a model takes of the memory, in figures that never read 0.0."""

from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from venom_desktop.ui.catalog.memory import MemoryBar
from venom_desktop.ui.catalog.presenter import MemoryUse


def _legend(bar: MemoryBar) -> list[str]:
    return [label.text().replace("\u00a0", " ") for label in bar.findChildren(QLabel)][2:]


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
