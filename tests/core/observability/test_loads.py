"""Measured loads on disk: kept over a restart, bounded, and only those that can be believed."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from venom_desktop.core.catalog.lessons import Lesson
from venom_desktop.core.database import Database
from venom_desktop.core.observability.loads import KEPT, MeasuredLoad, MeasuredLoads


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "history.db")
    await database.open()
    yield database
    await database.close()


def load(number: int, *, measured: int = 1_100, architecture: str = "llama") -> MeasuredLoad:
    return MeasuredLoad(
        load_id=f"load {number}",
        model_name="a model",
        runtime="llama_cpp",
        architecture=architecture,
        loaded_at=datetime(2026, 11, 22, tzinfo=UTC),
        predicted_bytes=1_000,
        measured_bytes=measured,
    )


async def test_a_load_teaches_its_runtime_and_architecture_also_after_a_restart(database: Database) -> None:
    loads = MeasuredLoads(database)
    told: list[None] = []
    loads.changed.subscribe(told.append)
    await loads.keep(load(1))
    await loads.keep(load(2, measured=900, architecture="gemma3"))

    again = MeasuredLoads(database)
    assert again.lessons("llama_cpp") == {}
    await again.open()

    for one in (loads, again):
        assert one.lessons("llama_cpp") == {"llama": Lesson(ratios=(1.1,)), "gemma3": Lesson(ratios=(0.9,))}
        assert one.lessons("ollama") == {}
    assert len(told) == 2


async def test_a_load_that_turns_out_larger_is_counted_once(database: Database) -> None:
    loads = MeasuredLoads(database)
    await loads.keep(load(1))
    await loads.keep(load(1, measured=1_200))

    assert loads.lessons("llama_cpp")["llama"] == Lesson(ratios=(1.2,))


async def test_only_the_newest_of_a_kind_are_kept(database: Database) -> None:
    loads = MeasuredLoads(database)
    await loads.keep(load(0, architecture="gemma3"))
    for number in range(KEPT + 3):
        await loads.keep(load(number + 1, measured=1_000 + number))

    assert loads.lessons("llama_cpp")["llama"].ratios[0] == pytest.approx(1.003)
    assert loads.lessons("llama_cpp")["llama"].loads == KEPT
    assert loads.lessons("llama_cpp")["gemma3"].loads == 1


@pytest.mark.parametrize("measured", [0, 10, 9_000])
async def test_what_cannot_be_a_load_of_the_model_teaches_nothing(database: Database, measured: int) -> None:
    loads = MeasuredLoads(database)
    await loads.keep(load(1, measured=measured))

    assert loads.lessons("llama_cpp") == {}
