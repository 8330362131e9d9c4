"""What the user decided about finds, kept between runs: what was put away, and what was imported from where."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from venom_desktop.core.files import write_atomically
from venom_desktop.core.json_values import mapping_in, text_in
from venom_desktop.core.registry.imports.record import ImportRecord, record_from_json
from venom_desktop.core.registry.model import ModelKey

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """`dismissed` are paths of finds."""

    dismissed: frozenset[str] = frozenset()
    imports: tuple[ImportRecord, ...] = ()


class ImportMemory:
    """One small JSON file; a damaged one is forgotten, and told in the log."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._decisions: Decisions | None = None
        self._changing = asyncio.Lock()

    @property
    def decisions(self) -> Decisions:
        """Nothing before `load`."""
        return self._decisions or Decisions()

    def import_of(self, key: ModelKey) -> ImportRecord | None:
        """How a row came into the list; None where it was not imported, or in place."""
        return next((record for record in self.decisions.imports if record.key == key), None)

    async def load(self) -> Decisions:
        """Read the file, once."""
        async with self._changing:
            if self._decisions is None:
                self._decisions = await asyncio.to_thread(self._read)
        return self._decisions

    async def dismiss(self, paths: Iterable[str]) -> None:
        """Raises `StorageFailed`, `DiskFull`; so do all changes, and nothing has changed then."""
        await self._change(lambda now: replace(now, dismissed=now.dismissed | set(paths)))

    async def restore(self, paths: Iterable[str]) -> None:
        await self._change(lambda now: replace(now, dismissed=now.dismissed - set(paths)))

    async def put(self, record: ImportRecord) -> None:
        """Note an import, or how far it has come."""
        await self._change(lambda now: replace(now, imports=(*_without(now, record.key), record)))

    async def forget(self, key: ModelKey) -> None:
        if self.import_of(key) is not None:
            await self._change(lambda now: replace(now, imports=_without(now, key)))

    async def _change(self, change: Callable[[Decisions], Decisions]) -> None:
        await self.load()
        async with self._changing:
            changed = change(self.decisions)
            if changed != self._decisions:
                await asyncio.to_thread(self._write, changed)
                self._decisions = changed

    def _read(self) -> Decisions:
        try:
            told = mapping_in(json.loads(self._path.read_bytes()))
            return Decisions(
                dismissed=frozenset(path for path in told["dismissed"] if text_in(path)),
                imports=tuple(map(record_from_json, told["imports"])),
            )
        except FileNotFoundError:
            return Decisions()
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            _log.info("%s is forgotten: %s", self._path, error)
            return Decisions()

    def _write(self, decisions: Decisions) -> None:
        content = {
            "dismissed": sorted(decisions.dismissed),
            "imports": [record.to_json() for record in decisions.imports],
        }
        write_atomically(self._path, json.dumps(content).encode())


def _without(decisions: Decisions, key: ModelKey) -> tuple[ImportRecord, ...]:
    return tuple(record for record in decisions.imports if record.key != key)
