"""Ends a server that somebody else started, after the user said so: that process and what it started, nothing else."""

import asyncio
import contextlib
import os
import signal
import sys

import psutil

from venom_desktop.core.runtimes.control.orphans import wait_for_end
from venom_desktop.core.runtimes.control.process_identity import is_same_process, started_mark

TERM_WITHIN_S = 5.0
KILL_WITHIN_S = 2.0


def owner_of(pid: int) -> str | None:
    """The account whose process it is; None where nobody says."""
    try:
        return psutil.Process(pid).username()
    except (psutil.Error, KeyError):
        return None


def belongs_to_us(pid: int) -> bool:
    return owner_of(pid) == psutil.Process().username()


async def end_process(pid: int, started: str, *, term_within_s: float = TERM_WITHIN_S) -> bool:
    """SIGTERM, some seconds, SIGKILL, if it still is the process that was started then; True once it is gone.

    Its group is left alone: it may be the shell it was started from.
    """
    offspring = await asyncio.to_thread(_offspring, pid)
    _signal(pid, started, signal.SIGTERM)
    gone = await wait_for_end(pid, started, within_s=term_within_s)
    if not gone:
        _kill(pid, started)
        gone = await wait_for_end(pid, started, within_s=KILL_WITHIN_S)
    for child, mark in offspring:
        _kill(child, mark)
    return gone


def _offspring(pid: int) -> list[tuple[int, str]]:
    try:
        pids = [child.pid for child in psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return []
    return [(child, mark) for child in pids if (mark := started_mark(child)) is not None]


def _kill(pid: int, started: str) -> None:
    _signal(pid, started, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)


def _signal(pid: int, started: str, number: int) -> None:
    if is_same_process(pid, started):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
