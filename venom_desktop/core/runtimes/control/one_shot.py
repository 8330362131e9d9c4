"""Runs a program that answers once and ends, such as a question about devices."""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Sequence

from venom_desktop.core.runtimes.control.child import StartRefused

ANSWER_WITHIN_S = 20.0


async def answer_of(command: Sequence[str], *, stdin: bytes = b"") -> str:
    """What it wrote to stdout. Raises `StartRefused` when it does not start, fails, or takes longer than 20 s."""
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
    except OSError as error:
        raise StartRefused(error.strerror or str(error)) from error
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            told, _ = await process.communicate(stdin)
    except TimeoutError as error:
        raise StartRefused(f"no answer within {ANSWER_WITHIN_S:.0f} s") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise StartRefused(f"it ended with code {process.returncode}")
    return told.decode("utf-8", "replace")
