"""Keystroke to filtered view painted, in the window: 10,000 rows (p95 at most 16 ms) and 100,000 (50 ms)."""

import asyncio
import os
import statistics
import time

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QFont
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from bench.catalog_filter import LIMITS_MS, WORDS, Loaded, entry_of
from venom_desktop.core.catalog.search import CatalogSearch
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.ui import theme
from venom_desktop.ui.catalog.list_view import CatalogList
from venom_desktop.ui.theme import ThemeChoice

_ROUNDS = 3


def _application() -> QApplication:
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication([])
    app.setFont(QFont("Inter", 10))
    theme.apply(app, ThemeChoice.LIGHT)
    return app


class _Paints(QObject):
    """Counts how often a widget was painted."""

    def __init__(self, watched: QWidget) -> None:
        super().__init__(watched)
        self.count = 0
        watched.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt spells it so
        self.count += event.type() == QEvent.Type.Paint
        return False


async def _open(rows: int) -> tuple[CatalogSearch, CatalogList]:
    view = CatalogList([ModelProvider.HUGGINGFACE])
    view.resize(892, 676)
    search = CatalogSearch([Loaded([entry_of(number) for number in range(rows)])])
    search.changed.subscribe(view.show_state)
    view.text_changed.connect(search.set_text)
    there = asyncio.Event()
    search.changed.subscribe(lambda state: there.set() if state.rows and not state.loading else None)
    search.open()
    await there.wait()
    view.show()
    return search, view


def _keystrokes(app: QApplication, view: CatalogList) -> list[float]:
    """Milliseconds of each key: the signal, the filter, the model, and the view painted by Qt in its own time."""
    found: list[float] = []
    paints = _Paints(view.table.viewport())
    for word in WORDS * _ROUNDS:
        for keys in (*word, *("\b" * len(word))):
            paints.count = 0
            started = time.perf_counter()
            QTest.keyClicks(view.search, keys)
            while not paints.count:
                app.processEvents()
            found.append((time.perf_counter() - started) * 1e3)
    return found


async def _measure(app: QApplication, rows: int) -> None:
    search, view = await _open(rows)
    app.processEvents()
    found = _keystrokes(app, view)
    assert view.rows.rowCount() == rows
    cuts = statistics.quantiles(found, n=100, method="inclusive")
    print(f"catalog_keystroke_painted_p50_{rows}_rows {cuts[49]:.1f} ms")
    print(f"catalog_keystroke_painted_p95_{rows}_rows {cuts[94]:.1f} ms")
    print(f"catalog_keystroke_painted_max_{rows}_rows {max(found):.1f} ms")
    print(f"catalog_keystroke_painted_p95_over_limit_{rows}_rows {cuts[94] / LIMITS_MS[rows]:.2f} ratio")
    view.close()
    await search.close()


def main() -> None:
    app = _application()
    for rows in LIMITS_MS:
        asyncio.run(_measure(app, rows))


if __name__ == "__main__":
    main()
