"""Task scopes: keys, endings, and siblings that survive."""

import asyncio

import pytest

from venom_desktop.core.tasks import TaskScope


async def test_the_same_key_cancels_the_earlier_task() -> None:
    ended: list[str] = []
    async with TaskScope("test") as scope:
        first = scope.start("load", asyncio.Event().wait(), on_end=lambda error: ended.append(repr(error)))
        second = scope.start("load", asyncio.sleep(0, "second"))
        assert await second == "second"
        assert first.cancelled()
    assert ended == ["CancelledError()"]


async def test_a_failing_task_is_reported_and_its_siblings_go_on() -> None:
    seen: list[Exception] = []

    async def fail() -> None:
        raise ValueError("broken")

    async with TaskScope("test") as scope:
        sibling = scope.start("sibling", asyncio.sleep(0, "well"))
        scope.start("broken", fail(), seen.append)
        assert await sibling == "well"
        await scope.drain()
    assert [str(error) for error in seen] == ["broken"]


async def test_a_task_cancelled_before_its_first_step_still_tells_its_end() -> None:
    entered: list[bool] = []
    ended: list[BaseException | None] = []

    async def body() -> None:
        entered.append(True)

    scope = TaskScope("test")
    scope.start("early", body(), on_end=ended.append)
    scope.cancel("early")
    await scope.close()
    assert not entered
    assert isinstance(ended[0], asyncio.CancelledError)


async def test_close_waits_until_a_cancelled_task_has_cleaned_up() -> None:
    cleaned = asyncio.Event()
    begun = asyncio.Event()

    async def body() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.set()

    scope = TaskScope("test")
    scope.start("slow end", body())
    await begun.wait()
    await scope.close()
    assert cleaned.is_set()


async def test_a_closed_scope_starts_nothing() -> None:
    scope = TaskScope("test")
    await scope.close()
    with pytest.raises(RuntimeError):
        scope.start("late", asyncio.sleep(0))
