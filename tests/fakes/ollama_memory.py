"""Which models of the stand-in are in memory, for how long, and with which options."""

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.fakes.ollama_store import Stored

FOREVER = timedelta(days=365 * 292)
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION = re.compile(r"-?(?:\d+(?:\.\d+)?(?:ms|h|m|s))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
RUNNER_OPTIONS = ("num_ctx", "num_gpu", "num_thread", "num_batch", "use_mmap", "main_gpu")


class BadDurationError(Exception):
    """The words Ollama tells of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    stored: Stored
    context: int
    options: Mapping[str, Any]
    expires_at: datetime
    session: timedelta


def duration(told: Any) -> timedelta:
    """A Go duration ("5m", "1h30m") or seconds; below nothing is for ever. A bare number in quotes is refused."""
    if isinstance(told, (int, float)) and not isinstance(told, bool):
        return FOREVER if told < 0 else timedelta(seconds=told)
    if not isinstance(told, str) or not (_DURATION.fullmatch(told) or told == "0"):
        words = f'time: missing unit in duration "{told}"' if str(told).lstrip("-").isdigit() else "invalid duration"
        raise BadDurationError(words)
    if told.startswith("-"):
        return FOREVER
    return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(told)))


class Memory:
    """`keep_alive` and `context` are what OLLAMA_KEEP_ALIVE and OLLAMA_CONTEXT_LENGTH say."""

    def __init__(self, *, keep_alive: timedelta, context: int, clock: Callable[[], datetime]) -> None:
        self.loads: list[tuple[str, dict[str, Any]]] = []
        """Every time weights were taken into memory: the model's name and its options."""
        self.vram_share = 0.0
        self._keep_alive = keep_alive
        self._context = context
        self._clock = clock
        self._loaded: dict[str, Loaded] = {}
        self._lock = threading.Lock()

    def take(self, stored: Stored, options: Mapping[str, Any], keep_alive: Any, *, longest: int) -> Loaded:
        """Load it, or keep it longer where it is there with the same options."""
        chosen = {name: options[name] for name in RUNNER_OPTIONS if name in options}
        with self._lock:
            before = self._current().get(stored.name.full)
            usual = before.session if before else self._keep_alive
            session = usual if keep_alive is None else duration(keep_alive)
            if before is None or before.options != chosen or before.stored.digest != stored.digest:
                self.loads.append((stored.name.short, chosen))
            loaded = Loaded(
                stored=stored,
                context=min(int(chosen.get("num_ctx") or self._context), longest),
                options=chosen,
                expires_at=self._clock() + session,
                session=session,
            )
            self._loaded[stored.name.full] = loaded
            return loaded

    def used(self, loaded: Loaded) -> None:
        """An answer ended: the time to its expiry starts again."""
        with self._lock:
            full = loaded.stored.name.full
            if full in self._loaded:
                self._loaded[full] = replace(self._loaded[full], expires_at=self._clock() + loaded.session)

    def drop(self, stored: Stored) -> None:
        with self._lock:
            self._loaded.pop(stored.name.full, None)

    def rows(self) -> list[Loaded]:
        """The one that stays longest first."""
        with self._lock:
            return sorted(self._current().values(), key=lambda one: one.expires_at, reverse=True)

    def clear(self) -> None:
        with self._lock:
            self._loaded.clear()

    def _current(self) -> dict[str, Loaded]:
        now = self._clock()
        self._loaded = {name: one for name, one in self._loaded.items() if one.expires_at > now}
        return self._loaded


def now() -> datetime:
    return datetime.now(UTC)
