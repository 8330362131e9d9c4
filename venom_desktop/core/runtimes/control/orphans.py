"""Finds servers that were left behind, by PID and start time, and ends them and nothing else."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Collection
from pathlib import Path

from venom_desktop.core.runtimes.control.base import GRACE_S
from venom_desktop.core.runtimes.control.guard_door import door_of
from venom_desktop.core.runtimes.control.pid_file import PidRecord, read_records
from venom_desktop.core.runtimes.control.process_identity import is_same_process

WITHOUT_PIDFD_EVERY_S = 0.05


def is_looked_after(pid_file: Path, record: PidRecord) -> bool:
    """By a guard that a program of ours talks to: one that waits for the next program stands at its door."""
    return record.guard_lives and not door_of(pid_file).exists()


async def clean_up_orphans(folder: Path, leave: Collection[str] = ()) -> tuple[PidRecord, ...]:
    """End every server that nobody looks after and forget every PID file whose processes are gone.

    Returns what was ended. `leave` names servers whose owner sees to them itself, to take them over.
    """
    ended = []
    for path, record in read_records(folder).items():
        if record is None:
            path.unlink(missing_ok=True)
        elif not is_looked_after(path, record) and not (record.name in leave and record.server_lives):
            if record.server_lives:
                ended.append(record)
            await end_left(path, record)
    return tuple(ended)


async def end_left(pid_file: Path, record: PidRecord) -> None:
    """End a server that nobody looks after, through its guard where that lives, and forget it."""
    if record.guard_lives:
        with contextlib.suppress(ProcessLookupError):
            os.kill(record.guard_pid, signal.SIGTERM)
        if not await wait_for_end(record.guard_pid, record.guard_started, within_s=2 * GRACE_S + 1):
            with contextlib.suppress(ProcessLookupError):
                os.kill(record.guard_pid, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
    await end_group(record.pid, record.started)
    for file in (pid_file, door_of(pid_file)):
        await asyncio.to_thread(file.unlink, missing_ok=True)


async def end_group(pid: int, started: str) -> None:
    """SIGTERM, 2 s, SIGKILL to the group that `pid` leads, if it still is the process that was started then."""
    if not is_same_process(pid, started):
        return
    _signal_group(pid, signal.SIGTERM)
    await wait_for_end(pid, started, within_s=GRACE_S)
    # Also when the leader went at once: what it started may have stayed.
    _signal_group(pid, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
    await wait_for_end(pid, started, within_s=GRACE_S)


async def wait_for_end(pid: int, started: str, *, within_s: float | None = None) -> bool:
    """True once that process is gone; for processes that are no children of ours."""
    try:
        async with asyncio.timeout(within_s):
            if sys.platform == "linux":
                await _readable(pid)
            # macOS and Windows have no descriptor for a foreign process.
            while is_same_process(pid, started):  # noqa: ASYNC110 - nothing there to wait on
                await asyncio.sleep(WITHOUT_PIDFD_EVERY_S)
    except TimeoutError:
        return False
    return True


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":  # not run
            os.kill(pid, number)
        else:
            os.killpg(pid, number)


async def _readable(pid: int) -> None:
    """Wait on the process' descriptor, which becomes readable when it ends."""
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(descriptor, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
