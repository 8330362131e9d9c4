"""The only creator of asyncio tasks: named scopes whose tasks end with their owner."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Self, TypeVar

T = TypeVar("T")
OnError = Callable[[Exception], None]
OnEnd = Callable[[BaseException | None], None]

_log = logging.getLogger(__name__)


class TaskScope:
    """Tasks by key: the same key cancels the earlier task, a failing task never cancels its siblings."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: dict[str, asyncio.Task[Any]] = {}
        self._ending: set[asyncio.Task[Any]] = set()
        self._closed = False

    @property
    def is_closed(self) -> bool:
        """True from the moment `close` is called."""
        return self._closed

    def start(
        self,
        key: str,
        coroutine: Coroutine[Any, Any, T],
        on_error: OnError | None = None,
        *,
        on_end: OnEnd | None = None,
    ) -> asyncio.Task[T]:
        """Run `coroutine`.

        `on_end` hears how it ended whatever happened, also for a task cancelled before its first step: None,
        the exception, or a CancelledError. Without it an exception goes to `on_error`, or else to the log.
        """
        if self._closed:
            coroutine.close()
            raise RuntimeError(f"The scope {self._name} is closed")
        self.cancel(key)
        task = asyncio.get_running_loop().create_task(coroutine, name=f"{self._name}:{key}")
        self._tasks[key] = task
        task.add_done_callback(lambda done: self._settle(key, done, on_error, on_end))
        return task

    def cancel(self, key: str) -> None:
        task = self._tasks.pop(key, None)
        if task is not None:
            # One that is done but not settled yet counts too: `close` waits until its end was told.
            self._ending.add(task)
            task.cancel()

    def is_running(self, key: str) -> bool:
        """False as soon as it was cancelled, though it may still be ending."""
        return key in self._tasks

    async def drain(self) -> None:
        """Wait until every task has ended by itself."""
        while waiting := (*self._tasks.values(), *self._ending):
            await asyncio.wait(waiting)
            await asyncio.sleep(0)

    async def close(self) -> None:
        """Cancel everything and wait until it has ended."""
        self._closed = True
        for key in tuple(self._tasks):
            self.cancel(key)
        while self._ending:
            await asyncio.wait(tuple(self._ending))
            await asyncio.sleep(0)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _settle(self, key: str, task: asyncio.Task[Any], on_error: OnError | None, on_end: OnEnd | None) -> None:
        self._ending.discard(task)
        if self._tasks.get(key) is task:
            del self._tasks[key]
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if on_end is not None:
            on_end(error)
        elif isinstance(error, Exception):
            self._report(key, error, on_error)

    def _report(self, key: str, error: Exception, on_error: OnError | None) -> None:
        if on_error is not None:
            on_error(error)
            return
        _log.error("Task %s:%s failed", self._name, key, exc_info=error)
