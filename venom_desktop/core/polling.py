"""Ask something again and again while anybody listens, and rest when nobody does."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from venom_desktop.core.errors import VenomError
from venom_desktop.core.signals import Signal, Unsubscribe
from venom_desktop.core.tasks import TaskScope

T = TypeVar("T")
_log = logging.getLogger(__name__)


class Poller(Generic[T]):
    """Calls `read` every `every_s` seconds; after a failure waits twice as long each time, up to `longest_s`."""

    def __init__(
        self, scope: TaskScope, name: str, read: Callable[[], Awaitable[T]], *, every_s: float, longest_s: float = 60.0
    ) -> None:
        self._scope = scope
        self._name = name
        self._read = read
        self._every_s = every_s
        self._longest_s = longest_s
        self._signal: Signal[T] = Signal()
        self._wake = asyncio.Event()
        self.last: T | None = None

    @property
    def is_followed(self) -> bool:
        """Whether anybody listens; nothing is asked while nobody does."""
        return self._signal.has_listeners

    def subscribe(self, listener: Callable[[T], None]) -> Unsubscribe:
        """Hear each new value, the last known one at once; polling stops with the last subscriber."""
        end = self._signal.subscribe(listener)
        if self.last is not None:
            listener(self.last)
        if not self._scope.is_running(self._name):
            self._scope.start(self._name, self._run())

        def stop() -> None:
            end()
            if not self._signal.has_listeners:
                self._scope.cancel(self._name)

        return stop

    def set_interval(self, every_s: float) -> None:
        self._every_s = every_s
        self._wake.set()

    def refresh(self) -> None:
        """Read now instead of at the next turn."""
        self._wake.set()

    async def _run(self) -> None:
        wait_s = self._every_s
        while True:
            try:
                self.last = await self._read()
                wait_s = self._every_s
                self._signal.publish(self.last)
            except (VenomError, OSError) as error:
                wait_s = min(wait_s * 2, self._longest_s)
                _log.info("%s could not be read: %s", self._name, error)
            self._wake.clear()
            # Not wait_for: on Python 3.11 it swallows a cancellation that comes together with the wake-up.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()
