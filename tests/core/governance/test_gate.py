"""The gate measures every call that passes and tells about it once it has ended."""

import asyncio
from datetime import UTC, datetime

import pytest

from venom_desktop.core.errors import RuntimeUnavailable
from venom_desktop.core.governance.base import NO_TERMS, CallRecord, CallRequest, Outcome, Purpose, Target, Terms, Usage
from venom_desktop.core.governance.gate import Gate

TARGET = Target(runtime="llama_cpp", model="tiny")
REQUEST = CallRequest(target=TARGET, purpose=Purpose.PROMPT)
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def test_a_call_is_recorded_with_its_times_and_tokens() -> None:
    clock = Clock()
    gate = Gate(clock=clock, now=lambda: NOON)
    heard: list[CallRecord] = []
    gate.calls.subscribe(heard.append)
    usage = Usage(prompt_tokens=7, completion_tokens=3, tokens_per_s=1.5)
    async with gate.call(REQUEST) as call:
        assert call.target == TARGET
        clock.now += 0.25
        call.first_token()
        clock.now += 2.0
        call.first_token()
        call.finish(usage)
        assert heard == []
    [record] = heard
    assert (record.outcome, record.first_token_s, record.duration_s) == (Outcome.COMPLETED, 0.25, 2.25)
    assert (record.usage, record.started_at, record.target) == (usage, NOON, TARGET)
    assert gate.recent == (record,)


async def test_a_failed_call_is_recorded_with_its_code() -> None:
    gate = Gate()

    async def fail() -> None:
        async with gate.call(REQUEST):
            raise RuntimeUnavailable(runtime="llama.cpp")

    with pytest.raises(RuntimeUnavailable):
        await fail()
    [record] = gate.recent
    assert (record.outcome, record.reason_code, record.first_token_s) == (Outcome.FAILED, "RUNTIME_UNAVAILABLE", None)


async def test_a_fault_of_ours_is_recorded_too() -> None:
    gate = Gate()

    async def fail() -> None:
        async with gate.call(REQUEST):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert (gate.recent[0].outcome, gate.recent[0].reason_code) == (Outcome.FAILED, "INTERNAL_ERROR")


async def test_a_cancelled_call_is_recorded_as_cancelled() -> None:
    gate = Gate()
    inside = asyncio.Event()

    async def wait() -> None:
        async with gate.call(REQUEST):
            inside.set()
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(wait())
        await inside.wait()
        task.cancel()
    assert gate.recent[0].outcome is Outcome.CANCELLED


async def test_the_last_hundred_calls_are_kept() -> None:
    gate = Gate()
    for number in range(103):
        async with gate.call(REQUEST) as call:
            call.finish(Usage(completion_tokens=number))
    assert [record.usage.completion_tokens for record in gate.recent] == list(range(3, 103))
    assert len({record.call_id for record in gate.recent}) == 100


async def test_a_call_knows_what_it_cost_and_unknown_is_never_nothing() -> None:
    terms = Terms(input_usd=2.0, output_usd=10.0, requests_per_minute=60)
    gate = Gate(terms_of=lambda target: terms if target == TARGET else NO_TERMS)

    async def used(target: Target, usage: Usage) -> CallRecord:
        async with gate.call(CallRequest(target=target, purpose=Purpose.PROMPT)) as call:
            call.finish(usage)
        return gate.recent[-1]

    whole = await used(TARGET, Usage(prompt_tokens=1_000, completion_tokens=500))
    assert (whole.terms, whole.cost_usd) == (terms, 0.007)
    assert (await used(TARGET, Usage(prompt_tokens=1_000))).cost_usd is None
    other = await used(Target(runtime="ollama", model="tiny"), Usage(prompt_tokens=1_000, completion_tokens=500))
    assert (other.terms, other.cost_usd) == (NO_TERMS, None)
    assert Terms(input_usd=0, output_usd=0).cost_usd(Usage(prompt_tokens=1, completion_tokens=1)) == 0
    assert Terms(input_usd=0).cost_usd(Usage(prompt_tokens=1, completion_tokens=1)) is None
