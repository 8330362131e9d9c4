"""Waits for an answer only so long and lets it arrive later, so that a slow source never holds anybody up."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from venom_desktop.core.errors import VenomError
from venom_desktop.core.tasks import TaskScope

_log = logging.getLogger(__name__)

T = TypeVar("T")


class LateAnswers(Generic[T]):
    """Requests by key: whoever asks the same while one runs waits for that one. Close it with its owner."""

    def __init__(self, name: str, *, on_late: Callable[[str, T], None]) -> None:
        self._scope = TaskScope(name)
        self._running: dict[str, asyncio.Task[T]] = {}
        self._missed: set[str] = set()
        self._on_late = on_late

    async def wait(self, key: str, ask: Callable[[], Coroutine[Any, Any, T]], *, at_most_s: float) -> T:
        """The answer, or `TimeoutError` after `at_most_s`; a later answer is then handed to `on_late`."""
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = self._scope.start(key, ask(), on_end=lambda error: self._end(key, error))
        done, _ = await asyncio.wait({task}, timeout=at_most_s)
        if not done:
            self._missed.add(key)
            raise TimeoutError
        return task.result()

    async def close(self) -> None:
        await self._scope.close()

    def _end(self, key: str, error: BaseException | None) -> None:
        task = self._running.pop(key)
        missed = key in self._missed
        self._missed.discard(key)
        if not missed:
            return  # whoever waits hears it
        if error is None:
            self._on_late(key, task.result())
        elif isinstance(error, Exception) and not isinstance(error, VenomError):
            _log.error("A late answer to %s failed", key, exc_info=error)
