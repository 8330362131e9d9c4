"""Pulls again when a server goes away in the middle: it may be on its way back, and keeps what has arrived."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from venom_desktop.core.errors import (
    DownloadInterrupted,
    RuntimeUnavailable,
    SourceUnreachable,
    UpstreamSlow,
    VenomError,
)
from venom_desktop.core.operations.operation import Progress
from venom_desktop.core.registry.pull_progress import PullProgress
from venom_desktop.core.runtimes.model_store import PullStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a server may be away, and how often it may break off without one new byte before it is given up."""

    first_wait_s: float = 1.0
    longest_wait_s: float = 15.0
    away_s: float = 300.0
    tries: int = 5


class _Setbacks:
    """What went wrong since a byte came last."""

    def __init__(self, patience: Patience, clock: Callable[[], float]) -> None:
        self._patience = patience
        self._clock = clock
        self._away_since: float | None = None
        self._breaks = 0
        self._wait_s = patience.first_wait_s
        self._heard = self._ever_moved = False

    def note_step(self) -> None:
        self._heard, self._away_since = True, None

    def note_moved(self) -> None:
        self._ever_moved = True
        self._breaks, self._wait_s = 0, self._patience.first_wait_s

    def allows(self, error: VenomError) -> bool:
        """Whether it is worth another try after a wait."""
        if isinstance(error, RuntimeUnavailable):
            # Its kinds say more: not installed, too old, not allowed.
            return type(error) is RuntimeUnavailable and self._heard and self._is_not_away_for_long()
        self._breaks += 1
        may_pass = self._ever_moved if isinstance(error, SourceUnreachable) else self._heard
        return may_pass and self._breaks < self._patience.tries

    def next_wait_s(self) -> float:
        wait_s, self._wait_s = self._wait_s, min(self._wait_s * 2, self._patience.longest_wait_s)
        return wait_s

    def _is_not_away_for_long(self) -> bool:
        now = self._clock()
        self._away_since = now if self._away_since is None else self._away_since
        return now - self._away_since < self._patience.away_s


async def pull_patiently(
    request: Callable[[], AsyncGenerator[PullStep, None]],
    progress: PullProgress,
    patience: Patience,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncGenerator[Progress, None]:
    """What `progress` makes of the steps of `request`, which is made again after an interruption that may pass.

    A server that does not answer the first request is told at once: nobody waits for one that was never started.
    """
    setbacks = _Setbacks(patience, clock)
    while True:
        progress.begin()
        try:
            async with contextlib.aclosing(request()) as steps:
                async for step in steps:
                    setbacks.note_step()
                    yield progress.add(step)
        except (RuntimeUnavailable, DownloadInterrupted, UpstreamSlow, SourceUnreachable) as error:
            if progress.has_moved:
                setbacks.note_moved()
            if not setbacks.allows(error):
                raise
            waited_for = error.parameters.get("runtime") or error.parameters.get("source") or "the connection"
            yield Progress(message=f"Waiting for {waited_for}")
        else:
            return
        await asyncio.sleep(setbacks.next_wait_s())
