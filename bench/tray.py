"""The tray's menu with 500 installed models: built, opened and painted (at most 50 ms), in a real window's session."""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final

from PySide6.QtCore import QEvent, QObject, QPoint
from PySide6.QtWidgets import QApplication, QMenu

from venom_desktop.core.registry.inventory import InventorySnapshot
from venom_desktop.core.registry.model import ModelMetadata, ModelProvider
from venom_desktop.core.runtimes.active import ActiveModel
from venom_desktop.core.runtimes.base import RuntimeSnapshot, RuntimeState
from venom_desktop.ui import theme
from venom_desktop.ui.main_window import MainWindow
from venom_desktop.ui.tray_actions import TrayMenu
from venom_desktop.ui.tray_facts import TrayFacts
from venom_desktop.ui.tray_menu import MOST_MODELS, tray_rows

MODELS: Final = 500
ROUNDS: Final = 20
_NOW: Final = datetime(2026, 11, 22, tzinfo=UTC)


class _Paints(QObject):
    """Counts how often a menu was painted."""

    def __init__(self, watched: QMenu) -> None:
        super().__init__(watched)
        self.count = 0
        watched.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt spells it so
        self.count += event.type() == QEvent.Type.Paint
        return False


def facts(models: int, *, shift: int = 0) -> TrayFacts:
    """That many models on two runtimes; another `shift` has others on top, so that the menu must be built anew."""
    rows = tuple(
        ModelMetadata(
            name=f"org/model-{number}:Q4_K_M",
            provider=ModelProvider.HUGGINGFACE,
            display_name=f"Model {number} Instruct Q4_K_M",
            runtime="ollama" if number % 2 else "llama_cpp",
            last_used_at=_NOW - timedelta(hours=(number + shift) % models),
        )
        for number in range(models)
    )
    active = ActiveModel(key=rows[0].key, last_models=MappingProxyType({"ollama": rows[1].name}))
    return TrayFacts(
        inventory=InventorySnapshot(models=rows, active=rows[0].key),
        active=active,
        operations=(),
        runtimes=(
            RuntimeSnapshot(name="ollama", title="Ollama", state=RuntimeState.RUNNING),
            RuntimeSnapshot(name="llama_cpp", title="llama.cpp", state=RuntimeState.RUNNING),
        ),
        now=_NOW,
    )


def _opened_ms(app: QApplication, build: Callable[[], QMenu]) -> tuple[float, float]:
    """From the click to the menu on the screen, painted, and the work in it; it is closed again."""
    started, worked = time.perf_counter(), time.process_time()
    menu = build()
    paints = _Paints(menu)
    menu.popup(QPoint(200, 100))
    while not paints.count:
        app.processEvents()
    took_ms = (time.perf_counter() - started) * 1e3, (time.process_time() - worked) * 1e3
    menu.hide()
    app.processEvents()
    paints.deleteLater()
    return took_ms


def _measure(app: QApplication, name: str, *, most: int, submenu: bool) -> None:
    menu = TrayMenu(lambda row: row)
    told = [facts(MODELS, shift=number * 7) for number in range(ROUNDS)]

    def build(number: int) -> QMenu:
        menu.show_rows(tray_rows(told[number], most_models=most))
        return (menu.submenu("models") or menu) if submenu else menu

    found = [_opened_ms(app, lambda number=number: build(number)) for number in range(ROUNDS)]  # type: ignore[misc]
    took = [one for one, _ in found]
    print(f"{name}_p50 {statistics.median(took):.1f} ms")
    print(f"{name}_p95 {statistics.quantiles(took, n=20, method='inclusive')[-1]:.1f} ms")
    print(f"{name}_work_max {max(work for _, work in found):.1f} ms")
    menu.deleteLater()
    app.processEvents()


def main() -> int:
    if not os.environ.get("DISPLAY") and "QT_QPA_PLATFORM" not in os.environ:
        print("needs a display: packaging/session.sh brings one", file=sys.stderr)
        return 1
    app = QApplication([])
    with tempfile.TemporaryDirectory() as pictures:
        theme.apply(app, theme.ThemeChoice.LIGHT, Path(pictures))
        window = MainWindow()
        window.show()
        app.processEvents()
        _measure(app, f"tray_menu_{MODELS}_models", most=MOST_MODELS, submenu=False)
        _measure(app, f"tray_switch_model_{MODELS}_models", most=MOST_MODELS, submenu=True)
        # What a menu would cost that lists them all, one under the other.
        _measure(app, f"tray_switch_model_all_{MODELS}_listed", most=MODELS, submenu=True)
        window.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
