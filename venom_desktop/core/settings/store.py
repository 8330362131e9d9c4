"""Keeps the settings: reads them once, resolves environment over file over default, writes each change."""

import asyncio
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from venom_desktop.core.errors import InvalidSetting, SettingLocked, VenomError
from venom_desktop.core.settings import document
from venom_desktop.core.settings.environment import told
from venom_desktop.core.settings.schema import SETTINGS, Settings, from_json, from_text, info, to_json
from venom_desktop.core.signals import Signal


class Source(StrEnum):
    """Who decided the value of a setting."""

    ENVIRONMENT = "environment"
    SETTINGS = "settings"
    DEFAULT = "default"


class SettingsStore:
    """`snapshot` is always whole and valid; `changed` publishes the new one after it is on disk.

    The constructor reads a small file. It raises `InvalidSetting` when an environment variable holds a value that
    its setting cannot take, and `StorageFailed` when the file cannot be read. Damage and values in the file that
    this version cannot use are no failures: they are in `notices`, to be shown once.
    """

    def __init__(self, path: Path, environ: Mapping[str, str]) -> None:
        self._path = path
        self._from_environment = {
            key: from_text(key, text)
            for key, setting in SETTINGS.items()
            if (text := told(environ, setting.about.variable)) is not None
        }
        self._writing = asyncio.Lock()
        self.changed: Signal[Settings] = Signal()
        loaded = document.load(path)
        self._from_file, problems = _usable(loaded.values)
        self.notices: tuple[VenomError, ...] = (*((loaded.notice,) if loaded.notice else ()), *problems)
        self.snapshot = self._resolved()

    def source(self, key: str) -> Source:
        """Raises `InvalidInput` for an unknown key."""
        info(key)
        if key in self._from_environment:
            return Source.ENVIRONMENT
        return Source.SETTINGS if key in self._from_file else Source.DEFAULT

    async def set(self, key: str, value: object) -> None:
        """Store a value: plain JSON, a `Path` or one of the enums of the schema.

        Raises `InvalidSetting`, `SettingLocked` (the environment decides it), `InvalidInput` (unknown key),
        `StorageFailed` or `DiskFull`; nothing has changed then.
        """
        checked = from_json(key, value)
        self.require_free(key)
        async with self._writing:
            await asyncio.to_thread(_write, self._path, key, value=to_json(checked))
            self._publish({**self._from_file, key: checked})

    async def reset(self, key: str) -> None:
        """Return to the default. Raises like `set`."""
        self.require_free(key)
        async with self._writing:
            await asyncio.to_thread(_forget, self._path, key)
            self._publish({name: value for name, value in self._from_file.items() if name != key})

    def require_free(self, key: str) -> None:
        """Raises `SettingLocked` where the environment decides, `InvalidInput` for an unknown key."""
        variable = info(key).about.variable
        if key in self._from_environment:
            raise SettingLocked(name=key, variable=variable)

    def _publish(self, from_file: dict[str, Any]) -> None:
        self._from_file = from_file
        before, self.snapshot = self.snapshot, self._resolved()
        if self.snapshot != before:
            self.changed.publish(self.snapshot)

    def _resolved(self) -> Settings:
        return Settings(**{**self._from_file, **self._from_environment})


def _usable(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[VenomError]]:
    """The settings this version knows; one bad value costs only itself."""
    usable: dict[str, Any] = {}
    problems: list[VenomError] = []
    for key in values.keys() & SETTINGS.keys():
        try:
            usable[key] = from_json(key, values[key])
        except InvalidSetting as problem:
            problems.append(problem)
    return usable, problems


def _write(path: Path, key: str, *, value: object) -> None:
    # Read again, so that a change by another process (`venom-desktop serve`) and keys of a newer version survive.
    document.save(path, {**document.load(path).values, key: value})


def _forget(path: Path, key: str) -> None:
    values = document.load(path).values
    if key in values:
        document.save(path, {name: value for name, value in values.items() if name != key})
