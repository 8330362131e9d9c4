"""Tells when a runtime died, and brings it back where the user chose so: later each time, and not for ever."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from venom_desktop.core.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    KeepsCrashing,
    LoadCancelled,
    NotFound,
    RuntimeDied,
    RuntimeFailed,
    ServerGone,
    SwitchInProgress,
    VenomError,
)
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.runtimes.base import Control, Runtime, RuntimeSnapshot, RuntimeState, ServerRuntime
from venom_desktop.core.runtimes.live import RuntimeNews
from venom_desktop.core.runtimes.profiles import LOCAL_RUNTIMES
from venom_desktop.core.signals import Signal, Unsubscribe
from venom_desktop.core.tasks import TaskScope

LONGEST_WAIT_S = 60.0
MOST_RETURNS = 8
WITHIN_S = 600.0
_NO_USE_TRYING = (Conflict, Forbidden, InvalidInput, NotFound)
_DECIDED_BY_USER = (LoadCancelled, SwitchInProgress)


@dataclass(slots=True, kw_only=True)
class _Watched:
    """What is known of one runtime; seconds on the clock that was passed in."""

    seen: RuntimeSnapshot
    due_at: float | None = None
    returning: bool = False
    unwanted: bool = False
    """The user stopped it while it was being brought back."""
    gave_up: bool = False
    returns: list[float] = field(default_factory=list)


class CrashWatch:
    """From `start` to `close`. `bring_back` starts a runtime, with the model it held, and raises why it did not.

    A death during a switch is the switch's to tell and to mend. `told` publishes what the user is to know, `changed`
    the name of a runtime whose return was planned, begun or given up.
    """

    def __init__(
        self,
        runtimes: Mapping[str, Runtime],
        *,
        bring_back: Callable[[str, ModelKey | None], Awaitable[object]],
        active: Callable[[], ModelKey | None],
        restarts: Callable[[], bool],
        is_switching: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.told: Signal[VenomError] = Signal()
        self.changed: Signal[str] = Signal()
        self._runtimes = runtimes
        self._bring_back = bring_back
        self._active = active
        self._restarts = restarts
        self._is_switching = is_switching
        self._clock = clock
        self._wait = wait
        self._tasks = TaskScope("crash watch")
        self._watched: dict[str, _Watched] = {}
        self._end: Unsubscribe = _nothing

    def start(self) -> None:
        for runtime in self._runtimes.values():
            self._take(runtime.snapshot)
        self._end = RuntimeNews(self._runtimes).subscribe(self._take)

    async def close(self) -> None:
        """Bring nothing back any more."""
        self._end()
        await self._tasks.close()

    def returns_in_s(self, name: str) -> float | None:
        """How long until it is started again; None when nobody plans that."""
        watched = self._watched.get(name)
        return None if watched is None or watched.due_at is None else max(0.0, watched.due_at - self._clock())

    def gave_up(self, name: str) -> bool:
        """True after too many crashes, until somebody starts it."""
        watched = self._watched.get(name)
        return watched is not None and watched.gave_up

    def stay_down(self, name: str) -> None:
        """The user's word: it is not brought back, and what happened before counts no more."""
        if (watched := self._watched.get(name)) is None:
            return
        watched.unwanted = watched.returning
        watched.gave_up = False
        watched.returns.clear()
        self._drop(name, watched)

    def _take(self, snapshot: RuntimeSnapshot) -> None:
        name = snapshot.name
        if name not in LOCAL_RUNTIMES:
            return
        watched = self._watched.setdefault(name, _Watched(seen=snapshot))
        before, watched.seen = watched.seen, snapshot
        if watched.returning or before.state is snapshot.state:
            return
        if before.state is not RuntimeState.RUNNING:
            # Somebody acts: whoever starts or stops it by hand has decided.
            self.stay_down(name)
        elif self._is_switching():
            return
        elif snapshot.state is RuntimeState.EXITED:
            self._died(name, before, snapshot)
        elif snapshot.state is RuntimeState.STOPPED and before.control is not Control.CHILD:
            self.told.publish(ServerGone(name=name, runtime=snapshot.title))

    def _died(self, name: str, before: RuntimeSnapshot, snapshot: RuntimeSnapshot) -> None:
        self.told.publish(
            RuntimeDied(name=name, runtime=snapshot.title, explanation=_explanation(snapshot.error)),
        )
        held = self._held(before)
        comes_back = isinstance(self._runtimes.get(name), ServerRuntime) or held is not None
        if self._restarts() and comes_back and before.control is not Control.EXTERNAL:
            self._plan(name, held, snapshot.error)

    def _held(self, before: RuntimeSnapshot) -> ModelKey | None:
        """The active model, if it was in its memory."""
        key = self._active()
        here = key is not None and key.runtime == before.name
        return key if here and any(loaded.name == key.name for loaded in before.loaded if key is not None) else None

    def _plan(self, name: str, held: ModelKey | None, error: VenomError | None) -> None:
        watched, now = self._watched[name], self._clock()
        watched.returns = [at for at in watched.returns if now - at < WITHIN_S]
        if len(watched.returns) >= MOST_RETURNS:
            watched.gave_up = True
            self.changed.publish(name)
            self.told.publish(
                KeepsCrashing(
                    name=name,
                    runtime=watched.seen.title,
                    count=MOST_RETURNS,
                    minutes=round(WITHIN_S / 60),
                    explanation=_explanation(error),
                )
            )
            return
        wait_s = min(LONGEST_WAIT_S, 2.0 ** len(watched.returns))
        watched.due_at = now + wait_s
        self.changed.publish(name)
        self._tasks.start(name, self._return(name, held, wait_s))

    async def _return(self, name: str, held: ModelKey | None, wait_s: float) -> None:
        await self._wait(wait_s)
        watched = self._watched[name]
        watched.due_at = None
        if not self._restarts() or (held is not None and self._active() != held):
            self.changed.publish(name)
            return
        watched.returns.append(self._clock())
        watched.returning, watched.unwanted = True, False
        self.changed.publish(name)
        try:
            await self._bring_back(name, held)
        except VenomError as error:
            failure: VenomError | None = error
        else:
            failure = None
        finally:
            watched.returning = False
        if failure is not None and not watched.unwanted:
            self._not_back(name, held, failure)

    def _not_back(self, name: str, held: ModelKey | None, error: VenomError) -> None:
        if isinstance(error, _DECIDED_BY_USER):
            return
        if isinstance(error, _NO_USE_TRYING):
            self.told.publish(error)
        else:
            self._plan(name, held, error)

    def _drop(self, name: str, watched: _Watched) -> None:
        if watched.due_at is not None:
            watched.due_at = None
            self._tasks.cancel(name)
        self.changed.publish(name)


def _nothing() -> None:
    """There is no subscription to end."""


def same_runtime(news: VenomError, earlier: VenomError) -> bool:
    """Whether an earlier notice is about the death of the same runtime, so that the newer takes its place."""
    deaths = (RuntimeDied, ServerGone)
    return isinstance(earlier, deaths) and earlier.parameters["name"] == news.parameters.get("name")


def _explanation(error: VenomError | None) -> str:
    if isinstance(error, RuntimeFailed):
        return str(error.parameters.get("explanation", ""))
    return "" if error is None else str(error)
