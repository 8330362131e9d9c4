"""Follows the machine while anybody looks, fast for the charts and slowly for the status bar."""

from collections import deque
from collections.abc import Awaitable, Callable

from venom_desktop.core.host.sample import HostSample
from venom_desktop.core.polling import Poller
from venom_desktop.core.signals import Unsubscribe
from venom_desktop.core.tasks import TaskScope

FAST_S = 1.0
SLOW_S = 5.0
KEPT_SAMPLES = 120


class HostMonitor:
    """Sampling begins with the first subscriber and ends with the last; `last` is None before the first sample."""

    def __init__(
        self,
        scope: TaskScope,
        sample: Callable[[], Awaitable[HostSample]],
        *,
        fast_s: float = FAST_S,
        slow_s: float = SLOW_S,
    ) -> None:
        self._sample = sample
        self._fast_s = fast_s
        self._slow_s = slow_s
        self._watching = 0
        self._history: deque[HostSample] = deque(maxlen=KEPT_SAMPLES)
        self._poller = Poller(scope, "host", self._measure, every_s=slow_s)

    @property
    def last(self) -> HostSample | None:
        return self._poller.last

    @property
    def history(self) -> tuple[HostSample, ...]:
        """The last samples, oldest first, at most 120; they are not evenly spaced: see `taken_at`."""
        return tuple(self._history)

    @property
    def is_followed(self) -> bool:
        """Whether anybody looks; the machine is not asked while nobody does."""
        return self._poller.is_followed

    def subscribe(self, listener: Callable[[HostSample], None], *, closely: bool = False) -> Unsubscribe:
        """Hear every sample, the last one at once; `closely` for charts on the screen: every second, not every five."""
        end = self._poller.subscribe(listener)
        if not closely:
            return end
        self._watch(1)
        ended = False

        def end_closely() -> None:
            nonlocal ended
            if not ended:
                ended = True
                self._watch(-1)
            end()

        return end_closely

    def refresh(self) -> None:
        """Sample now."""
        self._poller.refresh()

    def _watch(self, change: int) -> None:
        before, self._watching = self._watching, self._watching + change
        if bool(before) != bool(self._watching):
            self._poller.set_interval(self._fast_s if self._watching else self._slow_s)

    async def _measure(self) -> HostSample:
        sample = await self._sample()
        self._history.append(sample)
        return sample
