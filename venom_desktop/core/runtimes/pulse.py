"""Ends a wait on a server that keeps its connection open and answers nothing any more."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from venom_desktop.core.errors import UpstreamSlow, VenomError
from venom_desktop.core.tasks import TaskScope

T = TypeVar("T")
ASK_EVERY_S = 5.0
SILENT_AFTER_S = 20.0
"""A machine that swaps for a large model may take some seconds for the smallest question."""


class Pulse:
    """While something is waited for, asks the server a question that it answers at once when it lives.

    A load or an answer itself may take as long as it likes.
    """

    def __init__(
        self,
        ask: Callable[[], Awaitable[object]],
        *,
        source: str,
        every_s: float = ASK_EVERY_S,
        silent_after_s: float = SILENT_AFTER_S,
    ) -> None:
        self._ask = ask
        self._source = source
        self._every_s = every_s
        self._silent_after_s = silent_after_s

    @asynccontextmanager
    async def beating(self) -> AsyncIterator["Beat"]:
        beat = Beat(self._ask, source=self._source, every_s=self._every_s, silent_after_s=self._silent_after_s)
        async with TaskScope("pulse") as scope:
            scope.start("ask", beat.go_on())
            yield beat


class Beat:
    """Waits between two signs of life."""

    def __init__(
        self, ask: Callable[[], Awaitable[object]], *, source: str, every_s: float, silent_after_s: float
    ) -> None:
        self._ask = ask
        self._source = source
        self._every_s = every_s
        self._silent_after_s = silent_after_s
        self._clock = asyncio.get_running_loop().time
        self._heard_at = self._clock()
        self._limit: asyncio.Timeout | None = None

    async def wait(self, awaited: Awaitable[T]) -> T:
        """What `awaited` gives. Raises `UpstreamSlow` when the server falls silent meanwhile."""
        try:
            async with asyncio.timeout(None) as self._limit:
                given = await awaited
        except TimeoutError as error:
            raise UpstreamSlow(source=self._source, timeout_s=round(self._silent_after_s)) from error
        finally:
            self._limit = None
        self._heard_at = self._clock()
        return given

    async def go_on(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            try:
                await self._ask()
                self._heard_at = self._clock()
            except VenomError:
                silent = self._clock() - self._heard_at >= self._silent_after_s
                if silent and self._limit is not None and not self._limit.expired():
                    self._limit.reschedule(self._clock())
