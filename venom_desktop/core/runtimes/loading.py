"""Waits until a server has loaded its model: no limit while it moves, an end when it stands still or dies."""

import asyncio
import contextlib
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
LOOK_AROUND_EVERY_S = 1.0
"""At all it started, which costs a look at every process of the machine."""
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
class Movement:
    """What one process, or several together, have spent so far."""

    cpu_s: float = 0.0
    read_bytes: int = 0
    memory_bytes: int = 0

    def is_beyond(self, earlier: "Movement") -> bool:
        return (
            self.cpu_s >= earlier.cpu_s + MOVED_CPU_S
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
            if await watch.still_s() > stalled_after_s:
                raise StoodStill(round(stalled_after_s))
            await watch.wait()
    finally:
        watch.close()


class _Watch:
    def __init__(self, child: ChildServer) -> None:
        self.news = asyncio.Event()
        self.end: Exit | None = None
        self._child = child
        self._line_came = False
        self._last: Movement | None = None
        self._last_around: Movement | None = None
        self._moved_at = self._looked_around_at = time.monotonic()
        self._ends = (child.moved.subscribe(self._on_line), child.exited.subscribe(self._on_exit))

    async def still_s(self) -> float:
        """Seconds since anything moved."""
        if self._has_moved() or await self._has_moved_around():
            self._moved_at = time.monotonic()
        return time.monotonic() - self._moved_at

    def _has_moved(self) -> bool:
        line_came, self._line_came = self._line_came, False
        now = None if self._child.pid is None else movement_of(self._child.pid)
        if self._last is None or (now is not None and now.is_beyond(self._last)):
            self._last = now
            return True
        return line_came

    async def _has_moved_around(self) -> bool:
        """A server may have its engine in a process of its own, as vLLM has."""
        pid, looked_at = self._child.pid, time.monotonic()
        if pid is None or looked_at - self._looked_around_at < LOOK_AROUND_EVERY_S:
            return False
        self._looked_around_at = looked_at
        now = await asyncio.to_thread(movement_of, pid, with_all_it_started=True)
        if self._last_around is None or (now is not None and now.is_beyond(self._last_around)):
            self._last_around = now
            return True
        return False

    async def wait(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_EVERY_S):
                await self.news.wait()

    def close(self) -> None:
        for end in self._ends:
            end()

    def _on_line(self, _: str) -> None:
        self._line_came = True
        self.news.set()

    def _on_exit(self, end: Exit) -> None:
        self.end = end
        self.news.set()


def movement_of(pid: int, *, with_all_it_started: bool = False) -> Movement | None:
    """None for a process that is gone. With all it started it blocks for some milliseconds."""
    try:
        process = psutil.Process(pid)
        others = process.children(recursive=True) if with_all_it_started else []
        total = _spent_by(process)
    except psutil.Error:
        return None
    for other in others:
        with contextlib.suppress(psutil.Error):
            spent = _spent_by(other)
            total = Movement(
                cpu_s=total.cpu_s + spent.cpu_s,
                read_bytes=total.read_bytes + spent.read_bytes,
                memory_bytes=total.memory_bytes + spent.memory_bytes,
            )
    return total


def _spent_by(process: psutil.Process) -> Movement:
    times, memory = process.cpu_times(), process.memory_info()
    read_bytes = process.io_counters().read_chars if hasattr(process, "io_counters") else 0
    return Movement(cpu_s=times.user + times.system, read_bytes=read_bytes, memory_bytes=memory.rss)
