"""Keeps the last answers of the catalogs on disk, for half an hour as fresh and for as long as there is room as old."""

import asyncio
import hashlib
import json
import logging
import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

FRESH_FOR: Final = timedelta(minutes=30)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An answer as it was read; `value` is plain JSON."""

    value: Any
    read_at: datetime

    def is_fresh(self, now: datetime) -> bool:
        """Read less than half an hour ago; a time in the future (the clock was set back) is not fresh."""
        return timedelta(0) <= now - self.read_at < FRESH_FOR


class DiskCache:
    """JSON files in one folder, the longest unused removed first. A damaged file or a full disk is a miss, no error."""

    def __init__(self, folder: Path, *, most_entries: int = 400, most_bytes: int = 64 << 20) -> None:
        self._folder = folder
        self._most_entries = most_entries
        self._most_bytes = most_bytes

    async def read(self, key: str) -> Kept | None:
        """The last answer under this key, however old."""
        return await asyncio.to_thread(self._read, key)

    async def write(self, key: str, value: Any, *, read_at: datetime) -> None:
        """Keep a JSON value; the earlier one stays until the new one is whole."""
        await asyncio.to_thread(self._write, key, value, read_at)

    def _path(self, key: str) -> Path:
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:40]}.json"

    def _read(self, key: str) -> Kept | None:
        path = self._path(key)
        try:
            stored = json.loads(path.read_bytes())
            read_at = datetime.fromisoformat(stored["read_at"])
            if stored["key"] != key or read_at.tzinfo is None:
                return None
            os.utime(path)
            return Kept(value=stored["value"], read_at=read_at)
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def _write(self, key: str, value: Any, read_at: datetime) -> None:
        text = json.dumps({"key": key, "read_at": read_at.astimezone(UTC).isoformat(), "value": value})
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(
                "w", dir=self._folder, prefix=".", suffix=".new", encoding="utf-8", delete=False
            ) as file:
                try:
                    file.write(text)
                    file.flush()
                    Path(file.name).replace(self._path(key))
                except OSError:
                    Path(file.name).unlink(missing_ok=True)
                    raise
            self._make_room()
        except OSError as error:
            _log.info("An answer could not be kept in %s: %s", self._folder, error)

    def _make_room(self) -> None:
        found = []
        for path in self._folder.iterdir():
            try:
                state = path.stat()
            except FileNotFoundError:
                continue
            found.append((state.st_mtime_ns, state.st_size, path))
        entries, total_bytes = len(found), sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if entries <= self._most_entries and total_bytes <= self._most_bytes:
                return
            path.unlink(missing_ok=True)
            entries, total_bytes = entries - 1, total_bytes - size
