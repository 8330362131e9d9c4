"""Imports a file of the user's own: at once where one runtime takes it, else for the one that is chosen."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtWidgets import QWidget

from venom_desktop.core.errors import Cure, ProgramMissing
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.registry.registry import ModelRegistry
from venom_desktop.core.runtimes.base import Runtime, RuntimeState, ServerRuntime
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.dialogs import answer
from venom_desktop.ui.installed.import_dialog import ImportDialog
from venom_desktop.ui.installed.name_field import NameField


class Importing:
    """`on_listed` hears the key of a file that is used in place; `on_error` what was refused before a question."""

    def __init__(
        self,
        registry: ModelRegistry,
        bridge: Bridge,
        *,
        runtimes: Callable[[], Mapping[str, Runtime]],
        window: QWidget,
        on_listed: Callable[[ModelKey], object],
        on_error: Callable[[Exception], None],
        on_cure: Callable[[Cure], object],
    ) -> None:
        self._registry = registry
        self._bridge = bridge
        self._runtimes = runtimes
        self._window = window
        self._on_listed = on_listed
        self._on_error = on_error
        self._on_cure = on_cure

    def begin(self, path: Path) -> None:
        self._bridge.start(f"import {path}", self._import(path), on_error=self._on_error)

    async def _import(self, path: Path) -> None:
        server = await self._server()
        size_bytes = await asyncio.to_thread(_size, path)
        if server is None or size_bytes is None:
            # A file that is not there is refused by the core, in its words.
            await self._use_in_place(path)
            return
        await answer(
            ImportDialog(
                self._window,
                self._bridge,
                path,
                size_bytes=size_bytes,
                server=server,
                field=NameField(self._registry.inventory, server.name, server.snapshot.title),
                in_place=lambda: self._use_in_place(path),
                add=lambda name: self._registry.create_model(path, name, server.name),
                on_cure=self._on_cure,
            )
        )

    async def _use_in_place(self, path: Path) -> None:
        self._on_listed(await self._registry.import_file(path))

    async def _server(self) -> ServerRuntime | None:
        """The runtime with a store of its own that is offered and whose program is here."""
        stores = self._registry.inventory.snapshot.stores
        for name, runtime in self._runtimes().items():
            if name in stores and isinstance(runtime, ServerRuntime):
                if runtime.snapshot.state is not RuntimeState.RUNNING:
                    await runtime.refresh()
                return None if isinstance(runtime.snapshot.error, ProgramMissing) else runtime
        return None


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
