"""A program run to its end: what it says, and what is left of it when nobody waits any more."""

import asyncio
import sys

import psutil
import pytest

from tests.support.counts import count
from venom_desktop.core.runtimes.control.commands import MOST_OUTPUT_BYTES, CommandHangs, outcome_of

SLEEPS = (sys.executable, "-c", "import time; time.sleep(60)")


async def test_what_a_program_says_and_how_it_ended_come_back() -> None:
    program = "import sys; print('out'); print('why', file=sys.stderr); sys.exit(3)"

    outcome = await outcome_of([sys.executable, "-c", program], within_s=20)

    assert (outcome.code, outcome.out.strip(), outcome.why) == (3, "out", "why.")


async def test_of_a_program_that_says_without_end_only_so_much_is_kept() -> None:
    program = "import sys; [sys.stdout.write('x' * 65536) for _ in range(200)]; sys.stderr.write('done')"

    outcome = await outcome_of([sys.executable, "-c", program], within_s=20)

    assert (outcome.code, len(outcome.out), outcome.problem) == (0, MOST_OUTPUT_BYTES, "done")


async def test_a_program_that_hangs_is_ended() -> None:
    with pytest.raises(CommandHangs):
        await outcome_of(SLEEPS, within_s=0.1)

    assert _children() == []


async def test_a_program_that_is_not_there_is_told() -> None:
    with pytest.raises(FileNotFoundError):
        await outcome_of(["/nowhere/program"], within_s=1)


@pytest.mark.parametrize("command", [SLEEPS, ("true",)], ids=["long", "short"])
@pytest.mark.parametrize("turns", range(count(24, 200)))
async def test_nothing_is_left_and_nothing_is_warned_of_when_it_is_cut_off_at_any_moment(
    turns: int, command: tuple[str, ...]
) -> None:
    asked = asyncio.create_task(outcome_of(command, within_s=60))
    for _ in range(turns % 12):
        await asyncio.sleep(0)

    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked

    assert _children() == []


def _children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if child.cmdline()[1:] == list(SLEEPS[1:])]
