"""Unpacks by a process of its own: starts it, hands it the job, passes on what it reports, and ends it."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator
from pathlib import Path

from venom_desktop.core.errors import VenomError, WorkerDied
from venom_desktop.core.programs import own_program
from venom_desktop.core.runtimes.ollama_setup.unpack_job import (
    Finished,
    UnpackJob,
    UnpackProgress,
    decode_report,
    encode_job,
)

UNPACKER = "venom_desktop.core.runtimes.ollama_setup.unpacker"

_log = logging.getLogger(__name__)


async def unpacked(job: UnpackJob) -> AsyncGenerator[UnpackProgress, None]:
    """Yield progress until everything is unpacked and on the disk; closing the iterator ends the process.

    What stands in `job.folder` after a failure is the caller's to delete. Raises `UnsafeArchive`, `NoRoomForProgram`,
    `DiskFull`, `StorageFailed`, `WorkerDied`.
    """
    process = await _start()
    try:
        await _hand_over(process, job)
        while line := await _output(process).readline():
            match decode_report(line):
                case Finished():
                    return
                case VenomError() as error:
                    raise error
                case UnpackProgress() as progress:
                    yield progress
                case None:
                    _log.info("The unpacking process wrote: %s", line.decode(errors="replace").rstrip())
    finally:
        await _end(process)
    _log.error("The unpacking process ended with %s", process.returncode)
    raise WorkerDied


async def _start() -> Process:
    try:
        return await asyncio.create_subprocess_exec(
            *own_program(UNPACKER),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            start_new_session=True,
            # Python puts the working folder first on its path: a stray tarfile.py in the user's must not be run.
            cwd=None if getattr(sys, "frozen", False) else Path(__file__).parents[4],
        )
    except OSError as error:
        raise WorkerDied from error


async def _hand_over(process: Process, job: UnpackJob) -> None:
    """Write the job and leave stdin open: its closing is how the process learns that we are gone."""
    if process.stdin is None:
        raise ValueError("the process was started without pipes")
    # One that died at once shows by the end of its output.
    with contextlib.suppress(ConnectionError):
        process.stdin.write(encode_job(job))
        await process.stdin.drain()


def _output(process: Process) -> asyncio.StreamReader:
    if process.stdout is None:
        raise ValueError("the process was started without pipes")
    return process.stdout


async def _end(process: Process) -> None:
    """It has nothing to tidy up, so it need not be asked; gone when this returns, even when cancelled meanwhile."""
    if process.stdin is not None:
        process.stdin.close()
    if process.returncode is None:
        # Popen's own kill would reap one that has just ended, and asyncio would then miss its exit code.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    # Some versions of asyncio let wait() hang on output that nobody reads.
    while await _output(process).read(65536):
        pass
    await process.wait()
