"""A runtime that dies is told, and comes back where the user wanted that: with a clock of the test's own."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest

from venom_desktop.core.errors import (
    KeepsCrashing,
    LoadCancelled,
    RuntimeDied,
    RuntimeFailed,
    ServerGone,
    ServerPortTaken,
    VenomError,
)
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.runtimes.base import Control, LoadedModel, RuntimeSnapshot, RuntimeState
from venom_desktop.core.runtimes.crash_watch import MOST_RETURNS, CrashWatch, same_runtime
from venom_desktop.core.runtimes.live import Runtimes
from venom_desktop.core.signals import Signal

KEY = ModelKey(name="tiny", runtime="llama_cpp")
LOADED = LoadedModel(name="tiny", memory_bytes=1, vram_bytes=None, context=None)
RUNNING = RuntimeSnapshot(
    name="llama_cpp", title="llama.cpp", state=RuntimeState.RUNNING, control=Control.CHILD, loaded=(LOADED,)
)
ERROR = RuntimeFailed(runtime="llama.cpp", explanation="There was not enough memory.")
DEAD = replace(RUNNING, state=RuntimeState.EXITED, loaded=(), error=ERROR, exit_code=-9)
STOPPED = replace(DEAD, state=RuntimeState.STOPPED, error=None, exit_code=None)


class StandIn:
    """An engine of one model per process that says what the test wants."""

    def __init__(self, snapshot: RuntimeSnapshot) -> None:
        self.changed: Signal[RuntimeSnapshot] = Signal()
        self.snapshot = snapshot
        self.name = snapshot.name

    def show(self, snapshot: RuntimeSnapshot) -> None:
        self.snapshot = snapshot
        self.changed.publish(snapshot)


class Clock:
    """Moves only when the test lets it; `waits` lists how long somebody wanted to wait."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []
        self._waiting: asyncio.Queue[tuple[float, asyncio.Event]] = asyncio.Queue()

    async def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        over = asyncio.Event()
        self._waiting.put_nowait((seconds, over))
        await over.wait()

    async def pass_one_wait(self) -> None:
        async with asyncio.timeout(10):
            seconds, over = await self._waiting.get()
        self.now += seconds
        over.set()


@dataclass
class Bench:
    runtime: StandIn
    runtimes: Runtimes
    watch: CrashWatch
    clock: Clock
    told: list[VenomError] = field(default_factory=list)
    returned: list[tuple[str, ModelKey | None]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    active: ModelKey | None = KEY
    restarts: bool = True
    switching: bool = False
    outcome: VenomError | None = None
    """What a return ends with; None brings the runtime back."""

    async def bring_back(self, name: str, held: ModelKey | None) -> None:
        self.returned.append((name, held))
        self.news.set()
        self.runtime.show(replace(RUNNING, state=RuntimeState.STARTING, loaded=()))
        if self.outcome is not None:
            self.runtime.show(STOPPED)
            raise self.outcome
        self.runtime.show(RUNNING)

    async def is_tried(self, times: int) -> None:
        async with asyncio.timeout(10):
            while len(self.returned) < times:
                self.news.clear()
                await self.news.wait()
        # The task that brought it back settles in the next turn.
        await asyncio.sleep(0)

    @property
    def kinds(self) -> list[type[VenomError]]:
        return [type(one) for one in self.told]


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    runtime, clock = StandIn(RUNNING), Clock()
    holder: list[Bench] = []
    runtimes = Runtimes(runtime)  # type: ignore[arg-type]
    watch = CrashWatch(
        runtimes,
        bring_back=lambda name, held: holder[0].bring_back(name, held),
        active=lambda: holder[0].active,
        restarts=lambda: holder[0].restarts,
        is_switching=lambda: holder[0].switching,
        clock=lambda: clock.now,
        wait=clock.wait,
    )
    holder.append(Bench(runtime, runtimes, watch, clock))
    watch.told.subscribe(holder[0].told.append)
    watch.start()
    yield holder[0]
    await watch.close()


async def test_a_death_is_told_with_its_reason_and_nothing_is_restarted_unless_wanted(bench: Bench) -> None:
    bench.restarts = False
    bench.runtime.show(DEAD)
    assert [str(one) for one in bench.told] == ["llama.cpp stopped. There was not enough memory."]
    assert bench.told[0].parameters["name"] == "llama_cpp"
    assert bench.watch.returns_in_s("llama_cpp") is None
    assert bench.clock.waits == []


async def test_what_died_comes_back_with_the_model_it_held(bench: Bench) -> None:
    bench.runtime.show(DEAD)
    assert bench.watch.returns_in_s("llama_cpp") == 1.0
    await bench.clock.pass_one_wait()
    await bench.is_tried(1)
    assert bench.returned == [("llama_cpp", KEY)]
    assert bench.watch.returns_in_s("llama_cpp") is None


async def test_each_crash_waits_twice_as_long_and_at_most_a_minute_until_it_is_left_alone(bench: Bench) -> None:
    for crash in range(MOST_RETURNS):
        bench.runtime.show(DEAD)
        await bench.clock.pass_one_wait()
        await bench.is_tried(crash + 1)
    assert bench.clock.waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert KeepsCrashing not in bench.kinds
    bench.runtime.show(DEAD)
    assert bench.kinds[-1] is KeepsCrashing
    assert "restarted 8 times within 10 minutes" in str(bench.told[-1])
    assert bench.watch.gave_up("llama_cpp")
    assert bench.watch.returns_in_s("llama_cpp") is None


async def test_a_return_that_fails_counts_as_a_crash(bench: Bench) -> None:
    bench.outcome = ERROR
    bench.runtime.show(DEAD)
    for tries in range(MOST_RETURNS):
        await bench.clock.pass_one_wait()
        await bench.is_tried(tries + 1)
    assert bench.watch.gave_up("llama_cpp")
    assert bench.clock.waits == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_crashes_of_long_ago_do_not_count(bench: Bench) -> None:
    for crash in range(3):
        bench.runtime.show(DEAD)
        await bench.clock.pass_one_wait()
        await bench.is_tried(crash + 1)
    bench.clock.now += 3600
    bench.runtime.show(DEAD)
    assert bench.watch.returns_in_s("llama_cpp") == 1.0


async def test_the_users_word_ends_a_planned_return(bench: Bench) -> None:
    bench.runtime.show(DEAD)
    # Its task has to stand in the wait before it can be taken out of it.
    await asyncio.sleep(0)
    bench.watch.stay_down("llama_cpp")
    assert bench.watch.returns_in_s("llama_cpp") is None
    await bench.clock.pass_one_wait()
    for _ in range(3):
        await asyncio.sleep(0)
    assert bench.returned == []


@pytest.mark.parametrize("state", [RuntimeState.STOPPED, RuntimeState.STARTING])
async def test_a_start_or_a_stop_by_hand_ends_a_planned_return(bench: Bench, state: RuntimeState) -> None:
    bench.runtime.show(DEAD)
    assert bench.watch.returns_in_s("llama_cpp") is not None
    bench.runtime.show(replace(DEAD, state=state))
    assert bench.watch.returns_in_s("llama_cpp") is None


async def test_a_start_by_hand_makes_a_runtime_count_anew_that_was_left_alone(bench: Bench) -> None:
    bench.outcome = ERROR
    bench.runtime.show(DEAD)
    for tries in range(MOST_RETURNS):
        await bench.clock.pass_one_wait()
        await bench.is_tried(tries + 1)
    bench.runtime.show(replace(RUNNING, state=RuntimeState.STARTING))
    assert not bench.watch.gave_up("llama_cpp")
    bench.runtime.show(RUNNING)
    bench.runtime.show(DEAD)
    assert bench.watch.returns_in_s("llama_cpp") == 1.0


@pytest.mark.parametrize(
    ("outcome", "is_told"),
    [
        (LoadCancelled(model_name="tiny"), False),
        (ServerPortTaken(port=1, holder="PID 2", runtime="llama.cpp", free_port=3), True),
    ],
)
async def test_what_the_user_or_another_program_decided_is_not_tried_again(
    bench: Bench, outcome: VenomError, is_told: bool
) -> None:
    bench.outcome = outcome
    bench.runtime.show(DEAD)
    await bench.clock.pass_one_wait()
    await bench.is_tried(1)
    assert bench.watch.returns_in_s("llama_cpp") is None
    assert (outcome in bench.told) is is_told


async def test_a_model_that_is_active_no_more_is_not_brought_back(bench: Bench) -> None:
    bench.runtime.show(DEAD)
    bench.active = ModelKey(name="other", runtime="ollama")
    await bench.clock.pass_one_wait()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert bench.returned == []
    assert bench.watch.returns_in_s("llama_cpp") is None


async def test_an_engine_that_held_nothing_active_is_not_brought_back(bench: Bench) -> None:
    bench.active = None
    bench.runtime.show(DEAD)
    assert bench.kinds == [RuntimeDied]
    assert bench.clock.waits == []
    assert bench.watch.returns_in_s("llama_cpp") is None


async def test_a_server_of_another_program_is_told_and_never_restarted(bench: Bench) -> None:
    bench.runtime.show(replace(RUNNING, state=RuntimeState.STARTING))
    bench.runtime.show(replace(RUNNING, control=Control.EXTERNAL))
    bench.runtime.show(STOPPED)
    assert bench.kinds == [ServerGone]
    assert bench.watch.returns_in_s("llama_cpp") is None
    bench.runtime.show(replace(RUNNING, control=Control.EXTERNAL))
    bench.runtime.show(DEAD)
    assert bench.kinds == [ServerGone, RuntimeDied]
    assert bench.watch.returns_in_s("llama_cpp") is None


async def test_a_stop_of_ours_is_no_death(bench: Bench) -> None:
    bench.runtime.show(replace(RUNNING, state=RuntimeState.STOPPING))
    bench.runtime.show(STOPPED)
    assert bench.told == []


async def test_a_death_during_a_switch_is_left_to_the_switch(bench: Bench) -> None:
    bench.switching = True
    bench.runtime.show(DEAD)
    assert bench.told == []
    assert bench.watch.returns_in_s("llama_cpp") is None


async def test_nothing_comes_back_after_the_program_ended(bench: Bench) -> None:
    bench.runtime.show(DEAD)
    await bench.watch.close()
    bench.runtime.show(RUNNING)
    bench.runtime.show(DEAD)
    assert bench.returned == []
    assert bench.kinds == [RuntimeDied]


async def test_a_runtime_that_comes_later_is_watched_too(bench: Bench) -> None:
    bench.runtimes.remove("llama_cpp")
    bench.runtime.show(DEAD)
    assert bench.told == []
    later = StandIn(RUNNING)
    bench.runtimes.add(later)  # type: ignore[arg-type]
    later.show(DEAD)
    assert bench.kinds == [RuntimeDied]


def test_a_newer_notice_takes_the_place_of_one_about_the_same_runtime() -> None:
    died = RuntimeDied(name="ollama", runtime="Ollama", explanation="A.")
    assert same_runtime(RuntimeDied(name="ollama", runtime="Ollama", explanation="B."), died)
    assert not same_runtime(ServerGone(name="llama_cpp", runtime="llama.cpp"), died)
    assert not same_runtime(died, ERROR)
