"""What a runtime's own store listed last, kept for the next start: its server may be down then."""

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from venom_desktop.core.errors import VenomError
from venom_desktop.core.files import write_atomically
from venom_desktop.core.registry.model import ModelMetadata
from venom_desktop.core.registry.rows import RowFormat

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    models: tuple[ModelMetadata, ...]
    read_at: datetime | None


class StoreMemory:
    """One small JSON file. A damaged one is forgotten, one that cannot be written is gone at the next start."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._format = RowFormat(path.parent.absolute())
        self._listings: dict[str, Listing] = {}
        self._on_disk: dict[str, Listing] = {}
        self._was_read = False
        self._writing: asyncio.Future[None] | None = None

    def read(self) -> None:
        """Blocks at the first call; what was kept meanwhile is newer and stays."""
        if self._was_read:
            return
        self._was_read = True
        try:
            found = self._parsed(json.loads(self._path.read_bytes()))
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            _log.info("%s is forgotten: %s", self._path, error)
            return
        self._on_disk = found
        self._listings = {**found, **self._listings}

    def last(self, runtime: str) -> Listing | None:
        """None when nothing was ever kept."""
        return self._listings.get(runtime)

    def keep(self, runtime: str, models: tuple[ModelMetadata, ...], read_at: datetime | None) -> None:
        """Remember, and write it down when the models are others than before. Call it on the loop."""
        self._listings[runtime] = Listing(models=models, read_at=read_at)
        written = self._on_disk.get(runtime)
        if written is None or written.models != models:
            self._write()

    def forget(self, runtime: str) -> None:
        """Its server is none of ours any more. Call it on the loop."""
        if self._listings.pop(runtime, None) is not None:
            self._write()

    async def settled(self) -> None:
        """Return when everything is on the disk that can be, the last times of reading too."""
        if self._listings != self._on_disk:
            self._write()
        while self._writing is not None:
            await asyncio.wait((self._writing,))

    def _write(self) -> None:
        """A future and no task: the end of whoever keeps something must not cut the write off."""
        if self._writing is not None:
            return
        listings = dict(self._listings)
        self._writing = asyncio.get_running_loop().run_in_executor(None, self._store, listings)
        self._writing.add_done_callback(partial(self._settle, listings))

    def _settle(self, listings: dict[str, Listing], written: asyncio.Future[None]) -> None:
        self._writing = None
        self._on_disk = listings
        error = written.exception()
        if error is not None:
            _log.info("%s was not written: %s", self._path, error)
        if _models(self._listings) != _models(listings):
            self._write()

    def _store(self, listings: Mapping[str, Listing]) -> None:
        content = {
            runtime: {
                "read_at": None if listing.read_at is None else listing.read_at.isoformat(),
                "models": [self._format.write(model) for model in listing.models],
            }
            for runtime, listing in listings.items()
        }
        try:
            write_atomically(self._path, json.dumps(content).encode(), keep_previous=False)
        except VenomError as error:
            _log.info("%s: %s", self._path, error)

    def _parsed(self, content: Mapping[str, Any]) -> dict[str, Listing]:
        return {
            runtime: Listing(
                models=tuple(
                    self._format.read(key, row)
                    for row in listing["models"]
                    if (key := self._format.key_of(row)) is not None and key.runtime == runtime
                ),
                read_at=None if listing["read_at"] is None else datetime.fromisoformat(listing["read_at"]),
            )
            for runtime, listing in content.items()
        }


def _models(listings: Mapping[str, Listing]) -> dict[str, tuple[ModelMetadata, ...]]:
    return {runtime: listing.models for runtime, listing in listings.items()}
