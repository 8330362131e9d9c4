"""Remembers where the window and its splitters stood; losing it costs nothing but a drag."""

from pathlib import Path
from typing import Any

from venom_desktop.core.errors import VenomError
from venom_desktop.core.settings import document


class UiState:
    """Plain JSON values by key ("catalog.splitter"), read once, written by `save`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._changed = False
        try:
            self._values: dict[str, Any] = dict(document.load(path).values)
        except VenomError:
            # Nobody needs to hear that a window will open at its default size.
            self._values = {}

    def get(self, key: str) -> Any:
        """The value, or None when it was never put."""
        return self._values.get(key)

    def put(self, key: str, value: Any) -> None:
        """Remember a JSON value; on disk after `save`."""
        if self._values.get(key) != value:
            self._values[key] = value
            self._changed = True

    async def save(self) -> None:
        """Write if anything changed. Raises `StorageFailed` or `DiskFull`."""
        if not self._changed:
            return
        self._changed = False
        try:
            # Read before the first picture of the window, which must not wait for asyncio.
            import asyncio

            await asyncio.to_thread(document.save, self._path, dict(self._values))
        except VenomError:
            self._changed = True
            raise
