"""Measures what the models take, and tells the line above the table."""

import asyncio
from collections.abc import Callable, Mapping

from venom_desktop.core.errors import ProgramMissing
from venom_desktop.core.registry.registry import ModelRegistry
from venom_desktop.core.registry.store_rows import StoreView
from venom_desktop.core.runtimes.base import RuntimeSnapshot
from venom_desktop.core.settings.schema import info
from venom_desktop.core.settings.store import SettingsStore, Source
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.installed.storage import StorageLine
from venom_desktop.ui.installed.storage_view import storage_view

QUOTA = "max_storage_gb"


class DiskUse:
    """`snapshots` gives the runtimes that are offered."""

    def __init__(
        self,
        registry: ModelRegistry,
        settings: SettingsStore,
        bridge: Bridge,
        line: StorageLine,
        *,
        snapshots: Callable[[], Mapping[str, RuntimeSnapshot]],
        on_error: Callable[[Exception], None],
    ) -> None:
        self._registry = registry
        self._settings = settings
        self._bridge = bridge
        self._line = line
        self._snapshots = snapshots
        self._on_error = on_error
        line.raise_wanted.connect(self._raise_limit)

    def measure(self) -> None:
        self._bridge.start("measure the models folder", self._show(), on_error=self._on_error)

    async def _show(self) -> None:
        inventory = self._registry.inventory.snapshot
        # In a thread: a sleeping disk answers late.
        quota = await asyncio.to_thread(self._registry.quota.snapshot)
        fixed = self._settings.source(QUOTA) is Source.ENVIRONMENT
        snapshots = self._snapshots()
        titles = {name: snapshot.title for name, snapshot in snapshots.items()}
        locked_by = info(QUOTA).about.variable if fixed else None
        unseen = [name for name, store in inventory.stores.items() if _is_silent(store) and _is_here(snapshots, name)]
        self._line.show_view(storage_view(inventory, quota, titles, locked_by=locked_by, unseen=unseen))

    def _raise_limit(self, limit_gb: int) -> None:
        self._bridge.start("raise the quota", self._settings.set(QUOTA, float(limit_gb)), on_error=self._on_error)


def _is_silent(store: StoreView) -> bool:
    """It was asked, and has never told anything."""
    return not store.listed and store.error is not None


def _is_here(snapshots: Mapping[str, RuntimeSnapshot], runtime: str) -> bool:
    """A program that is not on this machine has no models of which anything is unknown."""
    found = snapshots.get(runtime)
    return found is not None and not isinstance(found.error, ProgramMissing)
