"""Runs a program to its end with a deadline and hands back all it said."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from venom_desktop.core.tasks import TaskScope

MOST_OUTPUT_BYTES = 4 << 20
"""Of each stream; the rest is read and forgotten: a path of the settings may name any program."""
_PIECE_BYTES = 1 << 16


class CommandHangs(Exception):
    """It was ended after its time; the argument is the number of seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`code` is negative for a signal."""

    code: int
    out: str
    problem: str

    @property
    def why(self) -> str:
        """Its last words as the end of a sentence."""
        lines = [line.strip() for line in self.problem.splitlines() if line.strip()]
        return f"{lines[-1].rstrip('.'):.300}." if lines else f"it ended with code {self.code}."


async def outcome_of(
    command: Sequence[str], *, within_s: float, environment: Mapping[str, str] | None = None
) -> Outcome:
    """`environment` is laid over ours. Raises `OSError` when it does not start, `CommandHangs`."""
    process = await _started(command, environment)
    try:
        async with asyncio.timeout(within_s):
            out, problem = await asyncio.gather(_read(process.stdout), _read(process.stderr))
            await process.wait()
    except TimeoutError as error:
        raise CommandHangs(within_s) from error
    finally:
        if process.returncode is None:
            _end(process)
            await process.wait()
    return Outcome(
        code=process.returncode or 0, out=out.decode("utf-8", "replace"), problem=problem.decode("utf-8", "replace")
    )


async def _started(command: Sequence[str], environment: Mapping[str, str] | None) -> Process:
    """Not to be cut off in the middle: asyncio would reap the child behind its own watcher's back, which then warns."""
    starting = asyncio.create_subprocess_exec(
        *command,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        env={**os.environ, **(environment or {})},
        start_new_session=True,
    )
    async with TaskScope("command") as scope:
        task = scope.start("start", starting, on_end=lambda error: None)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait([task])
            if task.exception() is None:
                _end(task.result())
                await task.result().wait()
            raise


async def _read(stream: asyncio.StreamReader | None) -> bytes:
    """To its end, so that the program is never held up, and no more of it kept than one can be meant to read."""
    kept = bytearray()
    while stream is not None and (piece := await stream.read(_PIECE_BYTES)):
        kept += piece[: MOST_OUTPUT_BYTES - len(kept)]
    return bytes(kept)


def _end(process: Process) -> None:
    """What it started too: a left-over would hold our end of its output."""
    if sys.platform == "win32":  # not run
        process.kill()
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
