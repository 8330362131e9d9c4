"""Waits until a server has loaded its model: no limit while it moves, an end when it stands still or dies."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import psutil

from venom_desktop.core.runtimes.control.base import Exit
from venom_desktop.core.runtimes.control.child import ChildServer

T = TypeVar("T")
LOOK_EVERY_S = 0.1
STALLED_AFTER_S = 120.0
"""A load moves when the server writes, computes, reads or grows; a cold disk alone never stands still that long."""
MOVED_CPU_S = 2.0
MOVED_BYTES = 1 << 20
"""Less than these is what a server spends on our asking whether it is ready."""


class EndedWhileLoading(Exception):
    def __init__(self, end: Exit) -> None:
        super().__init__("ended while loading")
        self.end = end


class StoodStill(Exception):
    """The argument is the number of seconds without any movement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Movement:
    lines: int
    cpu_s: float
    read_bytes: int
    memory_bytes: int

    def is_beyond(self, earlier: "_Movement") -> bool:
        return (
            self.lines > earlier.lines
            or self.cpu_s >= earlier.cpu_s + MOVED_CPU_S
            or self.read_bytes >= earlier.read_bytes + MOVED_BYTES
            or self.memory_bytes >= earlier.memory_bytes + MOVED_BYTES
        )


async def wait_until_ready(
    child: ChildServer,
    probe: Callable[[], Awaitable[T | None]],
    *,
    start: Callable[[], Awaitable[None]],
    stalled_after_s: float = STALLED_AFTER_S,
) -> T:
    """Run `start`, then ask `probe` until it gives something. Raises `EndedWhileLoading`, `StoodStill`."""
    watch = _Watch(child)
    try:
        await start()
        while True:
            watch.news.clear()
            if watch.end is not None:
                raise EndedWhileLoading(watch.end)
            ready = await probe()
            if ready is not None and watch.end is None:
                return ready
            if watch.still_s() > stalled_after_s:
                raise StoodStill(round(stalled_after_s))
            await watch.wait()
    finally:
        watch.close()


class _Watch:
    def __init__(self, child: ChildServer) -> None:
        self.news = asyncio.Event()
        self.end: Exit | None = None
        self._child = child
        self._lines = 0
        self._last: _Movement | None = None
        self._moved_at = time.monotonic()
        self._ends = (child.moved.subscribe(self._on_line), child.exited.subscribe(self._on_exit))

    def still_s(self) -> float:
        """Seconds since anything moved."""
        now = self._read()
        if self._last is None or (now is not None and now.is_beyond(self._last)):
            self._last = now
            self._moved_at = time.monotonic()
        return time.monotonic() - self._moved_at

    async def wait(self) -> None:
        try:
            await asyncio.wait_for(self.news.wait(), LOOK_EVERY_S)
        except TimeoutError:
            return

    def close(self) -> None:
        for end in self._ends:
            end()

    def _read(self) -> _Movement | None:
        if self._child.pid is None:
            return None
        try:
            process = psutil.Process(self._child.pid)
            times, memory = process.cpu_times(), process.memory_info()
            read_bytes = process.io_counters().read_chars if hasattr(process, "io_counters") else 0
        except psutil.Error:
            return None
        return _Movement(
            lines=self._lines, cpu_s=times.user + times.system, read_bytes=read_bytes, memory_bytes=memory.rss
        )

    def _on_line(self, _: str) -> None:
        self._lines += 1
        self.news.set()

    def _on_exit(self, end: Exit) -> None:
        self.end = end
        self.news.set()
