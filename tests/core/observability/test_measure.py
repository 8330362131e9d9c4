"""When a load is measured, and when it is not: by runtimes that say what happens to them."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import pytest

from venom_desktop.core.catalog.lessons import Lesson
from venom_desktop.core.database import Database
from venom_desktop.core.observability.loads import MeasuredLoads
from venom_desktop.core.observability.measure import AGAIN_AFTER_S, Expected, MeasureLoads
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.runtimes.base import LoadedModel, Runtime, RuntimeSnapshot, RuntimeState
from venom_desktop.core.signals import Signal

MODEL = LoadedModel(name="tiny", memory_bytes=None, vram_bytes=None, context=8192)
STOPPED = RuntimeSnapshot(name="llama_cpp", title="llama.cpp", state=RuntimeState.STOPPED)
STARTING = replace(STOPPED, state=RuntimeState.STARTING)
LOADED = replace(STOPPED, state=RuntimeState.RUNNING, pid=7, loaded=(MODEL,))


class Told:
    """A runtime as far as it is listened to."""

    def __init__(self, snapshot: RuntimeSnapshot) -> None:
        self.name = snapshot.name
        self.snapshot = snapshot
        self.changed: Signal[RuntimeSnapshot] = Signal()

    def say(self, *snapshots: RuntimeSnapshot) -> None:
        for self.snapshot in snapshots:
            self.changed.publish(self.snapshot)


@dataclass
class Bench:
    engine: Told
    loads: MeasuredLoads
    measuring: MeasureLoads
    clock: list[float]
    holds: list[int]
    asked: list[ModelKey] = field(default_factory=list)

    async def settled(self) -> Mapping[str, Lesson]:
        await self.measuring._tasks.drain()
        return self.loads.lessons("llama_cpp")


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    database = Database(tmp_path / "history.db")
    await database.open()
    engine, loads = Told(STOPPED), MeasuredLoads(database)
    clock, holds, asked = [0.0], [1_100], []

    async def expected(key: ModelKey, loaded: LoadedModel) -> Expected | None:
        asked.append(key)
        return Expected(architecture="llama", predicted_bytes=1_000) if key.name == "tiny" else None

    async def held(snapshot: RuntimeSnapshot, loaded: LoadedModel) -> int | None:
        return holds[0]

    runtimes = {"llama_cpp": cast(Runtime, engine)}
    measuring = MeasureLoads(runtimes, loads, expected=expected, held=held, clock=lambda: clock[0])
    measuring.start()
    yield Bench(engine, loads, measuring, clock, holds, asked)
    await measuring.close()
    await database.close()


async def test_a_load_is_measured_once_it_is_done(bench: Bench) -> None:
    bench.engine.say(STARTING, LOADED, replace(LOADED, version="other"))

    assert await bench.settled() == {"llama": Lesson(ratios=(1.1,))}
    assert len(bench.asked) == 1


async def test_its_answers_may_need_more_and_it_still_counts_once(bench: Bench) -> None:
    bench.engine.say(STARTING, LOADED)
    await bench.settled()
    bench.clock[0], bench.holds[0] = AGAIN_AFTER_S, 1_300
    bench.engine.say(replace(LOADED, answering=1), LOADED)

    assert await bench.settled() == {"llama": Lesson(ratios=(1.3,))}


async def test_answers_in_quick_succession_are_not_measured_each(bench: Bench) -> None:
    bench.engine.say(STARTING, LOADED)
    await bench.settled()
    bench.engine.say(*[replace(LOADED, answering=answering) for answering in (1, 0, 1, 0)])
    await bench.settled()

    assert len(bench.asked) == 1


async def test_another_load_of_the_model_is_another_lesson(bench: Bench) -> None:
    bench.engine.say(STARTING, LOADED)
    await bench.settled()
    bench.holds[0] = 1_200
    bench.engine.say(STOPPED, STARTING, replace(LOADED, pid=8))

    assert await bench.settled() == {"llama": Lesson(ratios=(1.1, 1.2))}
    bench.holds[0] = 900
    bench.engine.say(replace(LOADED, pid=8, loaded=(replace(MODEL, context=2048),)))

    assert await bench.settled() == {"llama": Lesson(ratios=(1.1, 1.2, 0.9))}


async def test_what_was_in_memory_before_we_looked_teaches_nothing_twice(bench: Bench) -> None:
    bench.engine.say(LOADED, replace(LOADED, answering=1), LOADED)

    assert await bench.settled() == {}


async def test_a_model_of_which_the_formula_says_nothing_is_left_out(bench: Bench) -> None:
    bench.engine.say(STARTING, replace(LOADED, loaded=(replace(MODEL, name="unheard"),)))

    assert await bench.settled() == {}
    assert [key.name for key in bench.asked] == ["unheard"]
