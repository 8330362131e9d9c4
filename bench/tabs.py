"""Opening every tab for the first time, with 500 models installed: its building, stalls beyond it, and 60 cards."""

import asyncio
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Final

from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QApplication

from bench.catalog_filter import entry_of
from bench.manifest import row
from bench.window import Heart, hub, run
from tests.support.nowhere import NOWHERE
from venom_desktop.app.compose import Composition
from venom_desktop.app.paths import Paths
from venom_desktop.core.registry.manifest import Manifest
from venom_desktop.ui import theme
from venom_desktop.ui.main_window import MainWindow
from venom_desktop.ui.tab_bar import TabName
from venom_desktop.ui.theme import ThemeChoice
from venom_desktop.ui.trending.cards import CardModel
from venom_desktop.ui.trending.grid import CardGrid

INSTALLED: Final = 500
CARDS: Final = 60
ROUNDS: Final = 4
REPAINTS: Final = 5
SETTLED_S: Final = 1.5


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, hub("--many", "200") as url:
        os.environ |= {**NOWHERE, "HF_ENDPOINT": url}
        home = Path(folder)
        asyncio.run(_install(Paths.under(home).models))
        run(home, _measure)


async def _install(models: Path) -> None:
    """Rows as an install writes them; of each file only the size is there."""
    await asyncio.to_thread(models.mkdir, parents=True)
    manifest = Manifest(models)
    manifest.open()
    for number in range(INSTALLED):
        model = row(number, manifest.models_dir)
        for name in model.files:
            path = manifest.models_dir / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                file.truncate(model.size_bytes or 0)
    await asyncio.gather(*(manifest.put(row(number, manifest.models_dir)) for number in range(INSTALLED)))
    await manifest.close()


async def _measure(window: MainWindow, composition: Composition) -> None:
    await asyncio.sleep(SETTLED_S)
    installed = len(composition.services.registry.inventory.snapshot.models)
    print(f"tabs_models_installed {installed} models")
    heart = Heart()
    for name in TabName:
        if name is TabName.CATALOG:
            continue  # it was built with the window
        await asyncio.sleep(SETTLED_S)
        began = time.perf_counter()
        window.show_tab(name)
        built_ms = (time.perf_counter() - began) * 1e3
        # The building and the first painting are felt by the beat that comes next; what follows is judged.
        await asyncio.sleep(0.005)
        shown_ms = (time.perf_counter() - began) * 1e3
        heart.stalls_ms()
        await asyncio.sleep(SETTLED_S)
        stalls, _ = heart.stalls_ms()
        print(f"tabs_{name.value}_built {built_ms:.0f} ms")
        print(f"tabs_{name.value}_on_screen {shown_ms:.0f} ms")
        print(f"tabs_{name.value}_stall_after_max {max(stalls):.1f} ms")
    for name in TabName:
        heart.stalls_ms()
        window.show_tab(name)
        await asyncio.sleep(SETTLED_S / 3)
        stalls, _ = heart.stalls_ms()
        print(f"tabs_{name.value}_again_stall_max {max(stalls):.1f} ms")
    heart.stop()
    _repaint_cards()


def _repaint_cards() -> None:
    """All cards of a view at once: as their kept pictures, and anew as after another theme was chosen."""
    model = CardModel()
    model.show_entries([entry_of(number) for number in range(CARDS)], frozenset())
    grid = CardGrid("Cards", model)
    grid.resize(1252, 100)
    grid.fit()
    grid.ensurePolished()
    picture = QPixmap(grid.size())
    anew: list[float] = []
    again: list[float] = []
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        raise TypeError("the bench has no application")
    for number in range(2 * ROUNDS):
        theme.apply(app, (ThemeChoice.LIGHT, ThemeChoice.DARK)[number % 2])
        for found in (anew, *[again] * REPAINTS):
            began = time.perf_counter()
            grid.viewport().render(picture)
            found.append((time.perf_counter() - began) * 1e3)
    print(f"tabs_trending_{CARDS}_cards_painted_anew_p50 {statistics.median(anew):.1f} ms")
    print(f"tabs_trending_{CARDS}_cards_repaint_p50 {statistics.median(again):.1f} ms")
    print(f"tabs_trending_{CARDS}_cards_repaint_max {max(again):.1f} ms")


if __name__ == "__main__":
    main()
