"""A load moves also where the process that answers stands still and one that it started works."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from venom_desktop.core.runtimes.loading import movement_of

LEADER = """
import subprocess, sys, time
engine = subprocess.Popen([sys.executable, "-S", "-c", sys.argv[1]], stdin=sys.stdin)
print("started", flush=True)
time.sleep(600)
"""
ENGINE = """
import sys, time
sys.stdin.readline()
weights = bytearray(8 << 20)
weights[::4096] = b"x" * len(weights[::4096])
time.sleep(600)
"""


@pytest.fixture
def leader() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", LEADER, ENGINE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    process.stdout.readline()
    yield process
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdin.close()
    process.stdout.close()


async def test_the_engine_that_a_server_started_counts_as_its_movement(leader: subprocess.Popen[str]) -> None:
    alone, around = movement_of(leader.pid), movement_of(leader.pid, with_all_it_started=True)
    assert alone is not None
    assert around is not None
    assert leader.stdin is not None
    leader.stdin.write("go\n")
    leader.stdin.flush()
    async with asyncio.timeout(60):
        while not (now := movement_of(leader.pid, with_all_it_started=True)) or not now.is_beyond(around):  # noqa: ASYNC110 - another process has no event for us
            await asyncio.sleep(0.01)
    after = movement_of(leader.pid)
    assert after is not None
    assert not after.is_beyond(alone)


def test_a_process_that_is_gone_has_no_movement() -> None:
    process = subprocess.Popen([sys.executable, "-S", "-c", ""])
    process.wait()
    assert movement_of(process.pid, with_all_it_started=True) is None
