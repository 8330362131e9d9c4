"""The load settings that the user chose for single models, kept in one JSON file."""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from venom_desktop.core.errors import InvalidSetting
from venom_desktop.core.files import previous_version_of, write_atomically
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.runtimes.base import LoadSettings
from venom_desktop.core.runtimes.vllm_settings import VllmSettings, from_row, require_usable, to_row
from venom_desktop.core.signals import Signal

KV_TYPES = ("f16", "q8_0", "q4_0")
LIMITS = {"context": (128, 10_000_000), "threads": (1, 1024), "gpu_layers": (-1, 10_000), "parallel": (1, 256)}
VLLM = "vllm"
"""Under this name stands what only vLLM knows; earlier versions keep it as it is."""
_FIELDS = tuple(field.name for field in fields(LoadSettings))
Rows = dict[ModelKey, dict[str, Any]]
_log = logging.getLogger(__name__)


class ModelSettingsStore:
    """Reads once, writes at every change; `changed` names the model whose settings are new."""

    def __init__(self, path: Path) -> None:
        self.changed: Signal[ModelKey] = Signal()
        self._path = path
        self._lock = asyncio.Lock()
        self._rows = _read(path)

    def get(self, key: ModelKey) -> LoadSettings:
        """All None for a model nobody changed, and for values that this version does not allow."""
        row = self._rows.get(key, {})
        return LoadSettings(**{name: row[name] for name in _FIELDS if _is_allowed(name, row.get(name))})

    async def save(self, key: ModelKey, settings: LoadSettings) -> None:
        """Raises `InvalidSetting`, `StorageFailed`, `DiskFull`; what was stored before then stays."""
        for name in _FIELDS:
            _refuse(name, getattr(settings, name))
        await self._store(key, lambda rows: {**rows, key: {**rows.get(key, {}), **asdict(settings)}})

    def get_vllm(self, key: ModelKey) -> VllmSettings:
        """What only vLLM knows, beside the load settings of the same model."""
        row = self._rows.get(key, {}).get(VLLM)
        return from_row(row) if isinstance(row, Mapping) else VllmSettings()

    async def save_vllm(self, key: ModelKey, settings: VllmSettings) -> None:
        """Raises as `save`; the load settings stay."""
        require_usable(settings)
        await self._store(key, lambda rows: {**rows, key: {**rows.get(key, {}), VLLM: to_row(settings)}})

    def context_of(self, key: ModelKey) -> int | None:
        """Tokens that were chosen for a model; of vLLM's own settings first, as a start takes them."""
        return self.get_vllm(key).max_model_len or self.get(key).context

    async def save_context(self, key: ModelKey, context: int) -> None:
        """Where a start looks first. Raises as `save`."""
        own = self.get_vllm(key)
        if own.max_model_len is not None:
            await self.save_vllm(key, replace(own, max_model_len=context))
        else:
            await self.save(key, replace(self.get(key), context=context))

    async def forget(self, key: ModelKey) -> None:
        await self._store(key, lambda rows: {other: row for other, row in rows.items() if other != key})

    async def _store(self, key: ModelKey, change: Callable[[Rows], Rows]) -> None:
        async with self._lock:
            rows = change(self._rows)
            content = {"models": [{"name": k.name, "runtime": k.runtime, **row} for k, row in rows.items()]}
            await asyncio.to_thread(write_atomically, self._path, json.dumps(content, indent=1).encode())
            self._rows = rows
        self.changed.publish(key)


def _is_allowed(name: str, value: Any) -> bool:
    if value is None:
        return False
    if name == "kv_type":
        return value in KV_TYPES
    low, high = LIMITS[name]
    return type(value) is int and low <= value <= high


def _refuse(name: str, value: Any) -> None:
    if value is None or _is_allowed(name, value):
        return
    if name == "kv_type":
        expected = f"Use one of {', '.join(KV_TYPES)}."
    else:
        low, high = LIMITS[name]
        expected = f"Use a whole number from {low} to {high}."
    raise InvalidSetting(name=name, value=value, expected=expected)


def _read(path: Path) -> dict[ModelKey, dict[str, Any]]:
    """A file that cannot be read is put aside; the version before it takes its place."""
    for candidate in (path, previous_version_of(path)):
        try:
            return _parse(json.loads(candidate.read_text("utf-8")))
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            _log.warning("%s cannot be read (%s)", candidate.name, error)
            _put_aside(candidate)
    return {}


def _parse(content: Any) -> dict[ModelKey, dict[str, Any]]:
    rows = content.get("models") if isinstance(content, Mapping) else None
    if not isinstance(rows, list):
        raise ValueError("no list of models")  # noqa: TRY004 - the file is wrong, not a caller
    found = {}
    for row in rows:
        if isinstance(row, dict) and isinstance(row.get("name"), str) and isinstance(row.get("runtime"), str):
            key = ModelKey(name=row["name"], runtime=row["runtime"])
            found[key] = {name: value for name, value in row.items() if name not in ("name", "runtime")}
    return found


def _put_aside(path: Path) -> None:
    try:
        path.replace(path.with_name(f"{path.name}.damaged"))
    except OSError as error:
        _log.warning("%s cannot be put aside (%s)", path.name, error)
