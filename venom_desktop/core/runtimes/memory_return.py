"""Proves that a runtime that was stopped gave its memory back, or names the process that holds it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import psutil

from venom_desktop.core.errors import MemoryNotReturned
from venom_desktop.core.host.base import GraphicsMemory
from venom_desktop.core.runtimes.base import Runtime, ServerRuntime
from venom_desktop.core.runtimes.control.orphans import wait_for_end
from venom_desktop.core.runtimes.control.process_identity import is_same_process, started_mark

RETURNED_WITHIN_S = 20.0
"""A process of many gigabytes takes seconds to be torn down, and a driver some more."""
LOOK_EVERY_S = 0.02
IDLE_BYTES = 1 << 29
"""What a server that stays may keep without a model: its own code and the context of a graphics card."""
_GB, _MB = 10**9, 10**6


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A process before the stop; `stays` for the server of several models, which goes on without them.

    Bytes; `graphics_bytes` None where no driver tells.
    """

    pid: int
    mark: str
    program: str
    stays: bool
    memory_bytes: int
    graphics_bytes: int | None = None

    @property
    def holder(self) -> str:
        return f"{self.program} (PID {self.pid})"


class MemoryReturn:
    """`graphics` tells the bytes on cards; without one, processes and their own memory are the proof."""

    def __init__(self, graphics: GraphicsMemory, *, within_s: Callable[[], float] = lambda: RETURNED_WITHIN_S) -> None:
        self._graphics = graphics
        self._within_s = within_s

    async def look(self, runtime: Runtime) -> Callable[[], Awaitable[None]]:
        """See which processes of `runtime` hold what; the returned call waits until all of it is free again.

        That call raises `MemoryNotReturned`, which names the first holder. For a runtime whose processes are not to be
        seen (a server on another machine) it returns at once.
        """
        pid = runtime.snapshot.pid
        if pid is None:
            return partial(self._until_returned, ())
        on_cards = await self._graphics.process_bytes()
        held = await asyncio.to_thread(_processes, pid, on_cards, stays=isinstance(runtime, ServerRuntime))
        return partial(self._until_returned, held)

    async def _until_returned(self, held: Sequence[Held]) -> None:
        if not held:
            return
        holding: Held | None = None
        try:
            async with asyncio.timeout(self._within_s()):
                for one in held:
                    if not one.stays:
                        holding = one
                        await wait_for_end(one.pid, one.mark)
                # Neither the driver nor the system tells when memory is free again.
                while (holding := await self._holding(held)) is not None:  # noqa: ASYNC110
                    await asyncio.sleep(LOOK_EVERY_S)
        except TimeoutError:
            holder = holding or held[0]
            amount = await asyncio.to_thread(_amount, holder)
            raise MemoryNotReturned(holder=holder.holder, amount=amount) from None

    async def _holding(self, held: Sequence[Held]) -> Held | None:
        on_cards = await self._graphics.process_bytes()
        return await asyncio.to_thread(lambda: next((one for one in held if _holds(one, on_cards)), None))


def _processes(pid: int, on_cards: Mapping[int, int | None] | None, *, stays: bool) -> tuple[Held, ...]:
    try:
        server = psutil.Process(pid)
        # The runners of a server end with their models; everything else with the server.
        found = [(server, stays), *((child, False) for child in server.children(recursive=True))]
    except psutil.Error:
        return ()
    seen = (_held(process, on_cards, stays=left) for process, left in found)
    return tuple(one for one in seen if one is not None)


def _held(process: psutil.Process, on_cards: Mapping[int, int | None] | None, *, stays: bool) -> Held | None:
    mark = started_mark(process.pid)
    if mark is None:
        return None
    try:
        program = process.name()
    except psutil.Error:
        return None
    return Held(
        pid=process.pid,
        mark=mark,
        program=program,
        stays=stays,
        memory_bytes=_own_bytes(process.pid),
        graphics_bytes=None if on_cards is None else on_cards.get(process.pid) or 0,
    )


def _holds(one: Held, on_cards: Mapping[int, int | None] | None) -> bool:
    """A process that has ended holds what the driver has not taken back from it yet."""
    on_card = (on_cards or {}).get(one.pid) or 0
    if not one.stays:
        return is_same_process(one.pid, one.mark) or (on_card > 0 and not psutil.pid_exists(one.pid))
    if not is_same_process(one.pid, one.mark):
        return False
    still = on_card if one.graphics_bytes else _own_bytes(one.pid)
    return still > max(IDLE_BYTES, (one.graphics_bytes or one.memory_bytes) // 2)


def _own_bytes(pid: int) -> int:
    """Resident memory without shared pages, which are mostly files that the system can drop; 0 if it is not told."""
    try:
        memory = psutil.Process(pid).memory_info()
    except psutil.Error:
        return 0
    return int(memory.rss - getattr(memory, "shared", 0))


def _amount(one: Held) -> str:
    count = one.graphics_bytes or _own_bytes(one.pid) or one.memory_bytes
    return f"{count / _GB:.1f}\u00a0GB" if count >= _GB else f"{count / _MB:.0f}\u00a0MB"
