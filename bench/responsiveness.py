"""Stalls of the window's loop while 4 installs run, 200 progress events a second arrive and someone types."""

import asyncio
import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget

from bench.window import Heart, hub, percentile, run, stolen_s
from tests.support.nowhere import NOWHERE
from venom_desktop.app.compose import Composition
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus
from venom_desktop.core.operations.service import OperationService
from venom_desktop.ui.catalog.tab import CatalogTab
from venom_desktop.ui.main_window import MainWindow

ROWS: Final = 10_000
INSTALLS: Final = 4
EVENTS_PER_S: Final = 200
KEY_EVERY_S: Final = 0.08
IDLE_S: Final = 8.0
LOADED_S: Final = 20.0
FILE_MIB: Final = 64
FILE_BYTES_PER_S: Final = 2 << 20
WORDS: Final = ("model 0042", "llama 70b", "org07", "gguf 1b", "zzz")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        repos = [_write_repo(Path(folder) / f"source{number}", number) for number in range(INSTALLS)]
        with hub("--many", str(ROWS), "--slow", str(FILE_BYTES_PER_S), *repos) as url:
            os.environ |= {**NOWHERE, "HF_ENDPOINT": url}
            run(Path(folder) / "home", _measure)


def _write_repo(folder: Path, number: int) -> str:
    folder.mkdir()
    with (folder / "model-Q4_K_M.gguf").open("wb") as file:
        file.write(b"GGUF")
        for _ in range(FILE_MIB):
            file.write(os.urandom(1 << 20))
    return f"--repo=bench/Load-{number}-GGUF={folder}"


async def _measure(window: MainWindow, composition: Composition) -> None:
    tab = window.page()
    if not isinstance(tab, CatalogTab):
        raise TypeError("the window does not begin with the catalog")
    # Who types has the window in front.
    window.activateWindow()
    await _until(lambda: QApplication.applicationState() == Qt.ApplicationState.ApplicationActive)
    tab.browse()
    await _load_rows(composition)
    await asyncio.sleep(2)
    heart = Heart()
    await asyncio.sleep(IDLE_S)
    _print("idle", heart.stalls_ms())
    registry = composition.services.registry
    started = [await registry.install_model(f"bench/Load-{number}-GGUF:Q4_K_M") for number in range(INSTALLS)]
    await _until(lambda: all(registry.get_operation_status(key).done_bytes for key in started))
    heart.stalls_ms()
    stolen_before_s = stolen_s()
    publisher = asyncio.create_task(_publish(registry.operations, started))
    typist = asyncio.create_task(_type(tab.list.search))
    await asyncio.sleep(LOADED_S)
    stalls = heart.stalls_ms()
    share_stolen = (stolen_s() - stolen_before_s) / LOADED_S
    running = [key for key in started if registry.get_operation_status(key).status is OperationStatus.IN_PROGRESS]
    for task in (publisher, typist):
        task.cancel()
    await asyncio.wait((publisher, typist))
    heart.stop()
    if len(running) < INSTALLS:
        raise RuntimeError("an install ended before the measurement did")
    for key in started:
        registry.cancel(key)
    _print("loaded", stalls)
    print(f"responsiveness_loaded_stalls_over_50_ms {sum(stall > 50 for stall in stalls[0])} stalls")
    print(f"responsiveness_loaded_cores_stolen {share_stolen:.2f} cores")
    print(f"responsiveness_events {publisher_count[0] / LOADED_S:.0f} 1/s")
    print(f"responsiveness_keys {typed_count[0] / LOADED_S:.1f} 1/s")


publisher_count, typed_count = [0], [0]


async def _load_rows(composition: Composition) -> None:
    search = composition.services.search
    await _until(lambda: bool(search.state.rows) and not search.state.loading)
    while len(search.state.rows) < ROWS:
        search.load_more()
        await _until(lambda: not search.state.loading)


async def _until(fact: Callable[[], bool]) -> None:
    async with asyncio.timeout(120):
        while not fact():  # noqa: ASYNC110 - facts of several kinds, which nothing announces
            await asyncio.sleep(0.005)


async def _publish(operations: OperationService, keys: list[str]) -> None:
    """More of the same progress than the worker tells, at a steady pace."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while True:
        while publisher_count[0] < (loop.time() - began) * EVENTS_PER_S:
            operations.changed.publish(_further(operations.get(keys[publisher_count[0] % len(keys)])))
            publisher_count[0] += 1
        await asyncio.sleep(1 / EVENTS_PER_S)


def _further(operation: ModelOperation) -> ModelOperation:
    return replace(operation, done_bytes=(operation.done_bytes or 0) + publisher_count[0])


async def _type(field: QWidget) -> None:
    """Every word letter by letter, and back."""
    while True:
        for word in WORDS:
            for key in (*word, *("\b" * len(word))):
                code = Qt.Key.Key_Backspace if key == "\b" else Qt.Key.Key_unknown
                for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
                    text = "" if key == "\b" else key
                    QApplication.postEvent(field, QKeyEvent(kind, code, Qt.KeyboardModifier.NoModifier, text))
                typed_count[0] += 1
                await asyncio.sleep(KEY_EVERY_S)


def _print(name: str, found: tuple[list[float], list[float]]) -> None:
    for kind, values in zip(("stall", "work"), found, strict=True):
        print(f"responsiveness_{name}_{kind}_p50 {percentile(values, 50):.1f} ms")
        print(f"responsiveness_{name}_{kind}_p99 {percentile(values, 99):.1f} ms")
        print(f"responsiveness_{name}_{kind}_max {max(values):.1f} ms")


if __name__ == "__main__":
    main()
