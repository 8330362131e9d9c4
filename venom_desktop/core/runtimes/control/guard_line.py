"""The way to a guard: the pipes of one that we started, or the door of one that was left with its server."""

import asyncio
import contextlib
import json
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process, SubprocessStreamProtocol
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from venom_desktop.core.programs import own_program
from venom_desktop.core.runtimes.control.orphans import wait_for_end
from venom_desktop.core.runtimes.control.pid_file import PidRecord
from venom_desktop.core.unix_sockets import socket_address, uid_of

GUARD = "venom_desktop.core.runtimes.control.guard"
LONGEST_EVENT_BYTES = 1 << 20


class GuardLine:
    """Lines in both directions. A guard whose line is cut ends its server, unless it was told to keep it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, pid: int) -> None:
        self.reader = reader
        self.pid = pid
        self._writer = writer
        self._hung_up = False

    def send(self, content: Mapping[str, Any]) -> None:
        if not self._hung_up and not self._writer.is_closing():
            self._writer.write(json.dumps(content).encode() + b"\n")

    def hang_up(self) -> None:
        """Say that nothing follows; what the guard tells is still heard."""
        if not self._hung_up and not self._writer.is_closing():
            self._writer.write_eof()
        self._hung_up = True

    def leave(self) -> None:
        """Neither say nor hear anything any more."""
        self._hung_up = True
        self._writer.close()

    async def ended(self) -> None:
        """Wait until the guard's process is gone, and let go of the line."""
        raise NotImplementedError

    def kill(self) -> None:
        raise NotImplementedError


class StartedGuard(GuardLine):
    """A child of this process."""

    def __init__(self, process: Process, transport: asyncio.SubprocessTransport) -> None:
        if process.stdin is None or process.stdout is None:
            raise ValueError("a guard is talked to by its pipes")
        super().__init__(process.stdout, process.stdin, pid=process.pid)
        self._process = process
        self._transport = transport

    def leave(self) -> None:
        """A transport kills what it takes for running when it is closed or forgotten (asyncio of 3.11 to 3.14)."""
        super().leave()
        self._transport.get_extra_info("subprocess").returncode = 0
        self._transport.close()

    async def ended(self) -> None:
        await self._process.wait()
        super().leave()

    def kill(self) -> None:
        self._process.kill()


class MetGuard(GuardLine):
    """One that another program started."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, record: PidRecord) -> None:
        super().__init__(reader, writer, pid=record.guard_pid)
        self._record = record

    async def ended(self) -> None:
        await wait_for_end(self._record.guard_pid, self._record.guard_started)
        self.leave()

    def kill(self) -> None:
        if self._record.guard_lives:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._record.guard_pid, signal.SIGKILL)


async def start_guard(environment: Mapping[str, str], complaints: IO[bytes] | None) -> StartedGuard:
    """`complaints` takes what it writes when it fails itself. Raises `OSError`."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.subprocess_exec(
        lambda: SubprocessStreamProtocol(limit=LONGEST_EVENT_BYTES, loop=loop),
        *own_program(GUARD),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL if complaints is None else complaints,
        env=dict(environment),
        start_new_session=True,
    )
    return StartedGuard(Process(transport, protocol, loop), transport)


async def meet_guard(door: Path, record: PidRecord) -> MetGuard | None:
    """None where nobody opens."""
    try:
        with socket_address(door) as address:
            reader, writer = await asyncio.open_unix_connection(address, limit=LONGEST_EVENT_BYTES)
    except OSError:
        return None
    if uid_of(writer.get_extra_info("socket")) != os.getuid():
        writer.close()
        return None
    return MetGuard(reader, writer, record)
