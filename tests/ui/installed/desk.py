"""The Installed tab on the screen, over the real core."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtWidgets import QApplication, QDialog
from shiboken6 import delete

from tests.ui.workbench import Workbench, open_workbench, turns, until
from venom_desktop.core.operations.operation import OperationStatus, OperationType
from venom_desktop.core.registry.model import ModelMetadata
from venom_desktop.core.runtimes.base import RuntimeState
from venom_desktop.ui.installed.tab import InstalledTab
from venom_desktop.ui.server_watch import ServerWatch


class Desk:
    """A tab on the screen; `told` are the callbacks it made."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench
        self.told: list[object] = []
        self.tab = InstalledTab(
            bench.registry,
            bench.bridge,
            runtimes=bench.services.runtimes,
            model_settings=bench.services.model_settings,
            settings=bench.services.settings,
            change_quota=lambda: self.told.append("quota"),
            browse_catalog=lambda: self.told.append("catalog"),
            on_cure=self.told.append,
        )
        self.watch = ServerWatch(self.tab, bench.services.runtimes)
        self.tab.resize(1280, 700)
        self.tab.show()

    @property
    def names(self) -> list[str]:
        rows = self.tab.list.rows
        return [row.model.name for place in range(rows.rowCount()) if (row := rows.row(place)) is not None]

    async def put(self, name: str = "org/tiny:Q4_K_M", **fields: Any) -> ModelMetadata:
        model = await self.bench.put(name, **fields)
        await until(lambda: name in self.names)
        self.tab.select_model(model.key)
        return model

    async def make_active(self, model: ModelMetadata) -> None:
        # Its first look tells anew what is loaded.
        ollama = self.bench.services.runtimes["ollama"]
        await until(lambda: ollama.snapshot.state is RuntimeState.UNAVAILABLE)
        await self.bench.services.active.activate(model.key)
        self.bench.registry.inventory.set_loaded([model.key])
        await until(lambda: self.tab.details.primary.label == "Unload")

    async def status(self, kind: OperationType) -> OperationStatus:
        found = [one for one in self.bench.registry.operations.operations if one.operation_type is kind]
        return (await self.bench.registry.wait(found[0].operation_id)).status

    async def dialog(self, kind: type[QDialog]) -> QDialog:
        shown: list[QDialog] = []

        def look() -> bool:
            shown[:] = [
                widget for widget in QApplication.topLevelWidgets() if isinstance(widget, kind) and widget.isVisible()
            ]
            return bool(shown)

        await until(look)
        return shown[0]


D = TypeVar("D", bound=Desk)


@asynccontextmanager
async def on_screen(bench: Workbench, kind: type[D]) -> AsyncIterator[D]:
    """Gone before the loop is: nothing may start work after it."""
    desk = kind(bench)
    yield desk
    await turns()
    desk.watch.close()
    delete(desk.tab)


@asynccontextmanager
async def open_desk(folder: Path) -> AsyncIterator[Desk]:
    async with open_workbench(folder / "home") as bench, on_screen(bench, Desk) as desk:
        yield desk
