"""Measures every load of a local model while it is in memory, for the verdicts to come."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import uuid4

from venom_desktop.core.observability.loads import MeasuredLoad, MeasuredLoads
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.runtimes.base import LoadedModel, Runtime, RuntimeSnapshot, RuntimeState
from venom_desktop.core.runtimes.live import RuntimeNews
from venom_desktop.core.signals import Unsubscribe
from venom_desktop.core.tasks import TaskScope

AGAIN_AFTER_S: Final = 5.0
"""An answer needs more than the load alone, a second one rarely more than the first."""
_FOUND_SO: Final = frozenset({RuntimeState.STOPPED, RuntimeState.UNAVAILABLE, RuntimeState.EXITED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the formula says of a load, in bytes."""

    architecture: str
    predicted_bytes: int


@dataclass(slots=True, kw_only=True)
class _Load:
    """One model in memory; `measured_at` in seconds on the clock, `is_new` False for one that was there before us."""

    context: int | None
    is_new: bool
    load_id: str = field(default_factory=lambda: str(uuid4()))
    measured_at: float | None = None
    most_bytes: int = 0


class MeasureLoads:
    """From `start` to `close`.

    `expected` tells what the formula says of a loaded model, None for what it cannot say; `held` how many bytes it
    holds at its highest, None where nobody knows. A model that was in memory before we looked teaches nothing twice.
    """

    def __init__(
        self,
        runtimes: Mapping[str, Runtime],
        loads: MeasuredLoads,
        *,
        expected: Callable[[ModelKey, LoadedModel], Awaitable[Expected | None]],
        held: Callable[[RuntimeSnapshot, LoadedModel], Awaitable[int | None]],
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._runtimes = runtimes
        self._loads = loads
        self._expected = expected
        self._held = held
        self._now = now
        self._clock = clock
        self._tasks = TaskScope("measured loads")
        self._seen: dict[str, RuntimeSnapshot] = {}
        self._here: dict[ModelKey, _Load] = {}
        self._end: Unsubscribe = lambda: None

    def start(self) -> None:
        for runtime in self._runtimes.values():
            self._take(runtime.snapshot)
        self._end = RuntimeNews(self._runtimes).subscribe(self._take)

    async def close(self) -> None:
        self._end()
        await self._tasks.close()

    def _take(self, snapshot: RuntimeSnapshot) -> None:
        before = self._seen.get(snapshot.name)
        self._seen[snapshot.name] = snapshot
        found_so = before is None or before.state in _FOUND_SO
        there = {loaded.name: loaded for loaded in snapshot.loaded}
        for key in [key for key in self._here if key.runtime == snapshot.name and key.name not in there]:
            del self._here[key]
        for name, model in there.items():
            key = ModelKey(name=name, runtime=snapshot.name)
            load = self._here.get(key)
            if load is None or load.context != model.context:
                load = self._here[key] = _Load(context=model.context, is_new=not found_so)
            answered = before is not None and before.answering > 0 and snapshot.answering == 0
            if load.is_new and (load.measured_at is None or (answered and self._is_due(load))):
                self._measure_soon(key, load, snapshot, model)

    def _is_due(self, load: _Load) -> bool:
        return load.measured_at is not None and self._clock() - load.measured_at >= AGAIN_AFTER_S

    def _measure_soon(self, key: ModelKey, load: _Load, snapshot: RuntimeSnapshot, model: LoadedModel) -> None:
        load.measured_at = self._clock()
        self._tasks.start(f"{key.runtime} {key.name}", self._measure(key, load, snapshot, model))

    async def _measure(self, key: ModelKey, load: _Load, snapshot: RuntimeSnapshot, model: LoadedModel) -> None:
        expected = await self._expected(key, model)
        measured = await self._held(snapshot, model) if expected is not None else None
        if expected is None or measured is None or measured <= load.most_bytes:
            return
        load.most_bytes = measured
        await self._loads.keep(
            MeasuredLoad(
                load_id=load.load_id,
                model_name=key.name,
                runtime=key.runtime,
                architecture=expected.architecture,
                loaded_at=self._now(),
                predicted_bytes=expected.predicted_bytes,
                measured_bytes=measured,
            )
        )
