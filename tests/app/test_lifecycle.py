"""Starting and stopping in order."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from venom_desktop.app.lifecycle import Lifecycle, Step
from venom_desktop.core.errors import StorageFailed


def _noting(log: list[str], word: str, error: Exception | None = None) -> Callable[[], Awaitable[None]]:
    async def act() -> None:
        log.append(word)
        if error is not None:
            raise error

    return act


def _step(log: list[str], name: str, *, start_error: Exception | None = None) -> Step:
    return Step(name=name, start=_noting(log, f"+{name}", start_error), stop=_noting(log, f"-{name}"))


async def test_what_was_started_first_is_stopped_last() -> None:
    log: list[str] = []
    lifecycle = Lifecycle(_step(log, "a"), _step(log, "b"))
    await lifecycle.start()
    await lifecycle.stop()
    assert log == ["+a", "+b", "-b", "-a"]


async def test_a_failing_start_stops_what_was_started_and_tells() -> None:
    log: list[str] = []
    broken = _step(log, "b", start_error=StorageFailed(path="x", problem="read-only"))
    with pytest.raises(StorageFailed):
        await Lifecycle(_step(log, "a"), broken, _step(log, "c")).start()
    assert log == ["+a", "+b", "-a"]


@pytest.mark.expects_warnings
async def test_a_step_that_hangs_does_not_keep_the_others_from_stopping() -> None:
    log: list[str] = []
    hanging = Step(name="hanging", stop=asyncio.Event().wait, stop_within_s=0.01)
    lifecycle = Lifecycle(_step(log, "a"), hanging)
    await lifecycle.start()
    await lifecycle.stop()
    assert log == ["+a", "-a"]
