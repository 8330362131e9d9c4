"""Finds a server that was left behind, by PID, start and port, and takes over one whose guard was killed."""

import asyncio
import contextlib
import os
from dataclasses import replace
from pathlib import Path

from venom_desktop.core.runtimes.control.base import Exit
from venom_desktop.core.runtimes.control.left_output import LeftOutput
from venom_desktop.core.runtimes.control.memory_events import out_of_memory_kills
from venom_desktop.core.runtimes.control.orphans import end_group, end_left, is_looked_after, wait_for_end
from venom_desktop.core.runtimes.control.pid_file import Left, PidRecord, read_records, write_record
from venom_desktop.core.runtimes.control.ports import listens_at
from venom_desktop.core.runtimes.control.process_identity import started_mark
from venom_desktop.core.signals import Signal
from venom_desktop.core.tasks import TaskScope


class AdoptedServer:
    """An orphan taken over: it can be ended, its end is told, and what it writes is read on where the system allows.

    Its PID file names us as its guard while we live, so that no other program takes it too.
    """

    def __init__(self, left: Left, *, log_file: Path) -> None:
        self.exited: Signal[Exit] = Signal()
        self.record = record = left.record
        self._pid_file = left.pid_file
        ours = replace(record, guard_pid=os.getpid(), guard_started=started_mark(os.getpid()) or "")
        with contextlib.suppress(OSError):
            write_record(left.pid_file, ours)
        self._output = LeftOutput(record.pid, log_file)
        self._kills_before = out_of_memory_kills()
        self._requested = False
        self._gone = asyncio.Event()
        self._tasks = TaskScope(f"adopted:{record.name}")
        self._tasks.start("watch", self._watch())

    @property
    def pid(self) -> int | None:
        return self.record.pid if self.is_running else None

    @property
    def is_running(self) -> bool:
        return self.record.server_lives

    def log_lines(self) -> tuple[str, ...]:
        return self._output.lines()

    async def stop(self) -> None:
        """Returns when it is gone and its end was told."""
        self._requested = True
        await end_group(self.record.pid, self.record.started)
        if not self.is_running and not self._tasks.is_closed:
            await self._gone.wait()

    async def close(self) -> None:
        """Stop watching; the server stays."""
        await self._tasks.close()
        self._output.close()

    async def _watch(self) -> None:
        await wait_for_end(self.record.pid, self.record.started)
        self._pid_file.unlink(missing_ok=True)
        self._output.close()
        self._gone.set()
        out_of_memory = out_of_memory_kills() > self._kills_before
        self.exited.publish(Exit(requested=self._requested, out_of_memory=out_of_memory, lines=self.log_lines()))


async def left_behind(folder: Path, name: str, *, port: int | None = None) -> Left | None:
    """The server called `name` that nobody looks after and that listens at `port` (None: where it was told to).

    Any other of that name is ended.
    """
    found = None
    for path, record in (await asyncio.to_thread(read_records, folder)).items():
        if record is None or record.name != name or is_looked_after(path, record):
            continue
        wanted = record.port if port is None else port
        if found is None and record.server_lives and record.port == wanted and await _listens(record):
            found = Left(pid_file=path, record=record)
        else:
            await end_left(path, record)
    return found


async def _listens(record: PidRecord) -> bool:
    return record.port is not None and await asyncio.to_thread(listens_at, record.pid, record.port)
