"""Speed and time left from byte counts, over a sliding window so that neither jumps nor lies."""

from collections import deque
from collections.abc import Callable

WINDOW_S = 5.0
FIRST_ANSWER_S = 0.5


class SpeedMeter:
    """`clock` gives seconds; bytes are totals so far, not differences."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._points: deque[tuple[float, int]] = deque()

    def add(self, done_bytes: int) -> float | None:
        """Bytes per second over the last `WINDOW_S`, or None while there is too little to tell."""
        now = self._clock()
        if self._points and done_bytes < self._points[-1][1]:
            self._points.clear()
        self._points.append((now, done_bytes))
        while len(self._points) > 2 and now - self._points[1][0] >= WINDOW_S:
            self._points.popleft()
        started, had_bytes = self._points[0]
        if now - started < FIRST_ANSWER_S:
            return None
        return (done_bytes - had_bytes) / (now - started)


def time_left_s(done_bytes: int | None, total_bytes: int | None, bytes_per_s: float | None) -> float | None:
    """Seconds left at this speed; None when total or speed is unknown or nothing moves."""
    if done_bytes is None or total_bytes is None or not bytes_per_s or bytes_per_s <= 0:
        return None
    return max(0.0, (total_bytes - done_bytes) / bytes_per_s)
