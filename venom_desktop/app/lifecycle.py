"""Start and stop in order: what was started first is stopped last, each step with a deadline."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from venom_desktop.core.errors import VenomError

STOP_WITHIN_S = 5.0

_log = logging.getLogger(__name__)


async def _nothing() -> None:
    """For a step that has only one half."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One part of the program; `stop_within_s` seconds later the next one is stopped all the same."""

    name: str
    start: Callable[[], Awaitable[object]] = _nothing
    stop: Callable[[], Awaitable[object]] = _nothing
    stop_within_s: float = STOP_WITHIN_S


class Lifecycle:
    def __init__(self, *steps: Step) -> None:
        self._steps = steps
        self._started: list[Step] = []

    async def start(self) -> None:
        """Start every step; when one fails, stop what was started and raise its error."""
        for step in self._steps:
            try:
                await step.start()
            except BaseException:
                await self.stop()
                raise
            self._started.append(step)

    async def stop(self) -> None:
        """Stop in reverse order; a step that fails or is late is logged and the rest go on."""
        while self._started:
            step = self._started.pop()
            try:
                async with asyncio.timeout(step.stop_within_s):
                    await step.stop()
            except TimeoutError:
                _log.warning("%s did not stop within %s s", step.name, step.stop_within_s)
            except (VenomError, OSError) as error:
                _log.warning("%s did not stop cleanly: %s", step.name, error)
