"""Many switches in a row with processes killed at random moments: nothing is left over, and the state is true."""

import asyncio
import os
import random
import signal
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.core.registry.switchboard import FIRST, NEXT, ONE, OTHER, TWO, Switchboard, a_switchboard
from tests.support.counts import count
from venom_desktop.core.errors import EarlierModelAnswers, VenomError
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.registry.switch_steps import SwitchStep

SWITCHES = count(10, 300)
WARM_AFTER = 20
MAY_GROW = 1.1
GONE_WITHIN_S = 30
MOMENTS = (
    SwitchStep.VALIDATE,
    SwitchStep.STOP,
    SwitchStep.MEMORY_RETURNED,
    SwitchStep.START,
    SwitchStep.HEALTHY,
    SwitchStep.LOADED,
    SwitchStep.ANSWERED,
)


@dataclass
class Tally:
    """What has happened; `met` are all processes that were ever ours, with the moment they began."""

    completed: int = 0
    put_back: int = 0
    lost: int = 0
    kills: int = 0
    met: set[tuple[int, float]] = field(default_factory=set)
    strangers: frozenset[tuple[int, float]] = field(default_factory=lambda: frozenset(_children()))
    """What other tests have left running."""

    def meet(self) -> None:
        self.met |= _children() - self.strangers

    def left(self) -> list[str]:
        """Those that still exist, zombies included."""
        found = []
        for pid, began in self.met:
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(pid)
                if process.create_time() == began:
                    found.append(f"{process.name()} {pid} {process.status()}")
        return found


def _children() -> set[tuple[int, float]]:
    found = set()
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            found.add((child.pid, child.create_time()))
    return found


def kill(board: Switchboard, runtime: str, tally: Tally, *, guard: bool) -> None:
    """kill -9 for a server or for the guard that keeps it; nothing where nothing runs."""
    pid = board.runtimes[runtime].snapshot.pid
    if pid is None:
        return
    tally.meet()
    with suppress(psutil.NoSuchProcess, ProcessLookupError):
        parent = psutil.Process(pid).parent()
        victim = parent.pid if guard and parent is not None and parent.pid not in (1, os.getpid()) else pid
        os.kill(victim, signal.SIGKILL)
        tally.kills += 1


async def switch_once(board: Switchboard, tally: Tally, chance: random.Random) -> None:
    """To a random model, with a random kill in half of the cases; the state has to be true afterwards."""
    before = board.active.snapshot.key
    answered_before = before is not None and await board.answers(before)
    target = chance.choice([key for key in (ONE, TWO, OTHER, FIRST, NEXT) if key != before])
    board.on_step.clear()
    if chance.random() < 0.5:
        runtime = chance.choice([target.runtime, before.runtime if before else target.runtime])
        guard = chance.random() < 0.3
        board.on_step[chance.choice(MOMENTS)] = lambda: kill(board, runtime, tally, guard=guard)
    state = board.state_file if before else b""
    outcome = await outcome_of(board, target)
    if isinstance(outcome, ModelOperation):
        tally.completed += 1
        assert outcome.status is OperationStatus.COMPLETED
        assert board.active.snapshot.key == target
        assert await board.answers(target)
        assert only_holder(board, target), board.loaded
        return
    assert board.active.snapshot.key == before
    assert before is None or board.state_file == state
    if before is not None and isinstance(outcome.aftermath, EarlierModelAnswers):
        tally.put_back += 1
        assert await board.answers(before), str(outcome)
    else:
        tally.lost += 1
        assert outcome.aftermath is not None or not answered_before, str(outcome)


async def outcome_of(board: Switchboard, target: ModelKey) -> ModelOperation | VenomError:
    try:
        return await board.switch(target)
    except VenomError as error:
        return error


def only_holder(board: Switchboard, target: ModelKey) -> bool:
    return [key for key in board.loaded if key.runtime == target.runtime] == [target] and all(
        key.runtime == target.runtime for key in board.loaded
    )


async def test_many_switches_with_random_kills_leave_nothing_behind_and_no_wrong_state(tmp_path: Path) -> None:
    chance, tally = random.Random(4), Tally()
    warm = 0
    async with a_switchboard(tmp_path) as board:
        for number in range(1, SWITCHES + 1):
            await switch_once(board, tally, chance)
            tally.meet()
            if number == WARM_AFTER:
                warm = psutil.Process().memory_info().rss
        grown = psutil.Process().memory_info().rss
    with suppress(TimeoutError):
        async with asyncio.timeout(GONE_WITHIN_S):
            # They are no children of ours any more, so nobody tells of their end.
            while tally.left():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    print(f"{tally.completed} done, {tally.put_back} put back, {tally.lost} lost, {tally.kills} kills")  # noqa: T201
    assert tally.left() == []
    if warm:
        print(f"resident {warm >> 20} MB after {WARM_AFTER}, {grown >> 20} MB after {SWITCHES}")  # noqa: T201
        assert grown <= MAY_GROW * warm
    assert tally.completed
