"""Finds out whether a program the user named is a `vllm` that runs on this machine."""

import asyncio
import os
from pathlib import Path

from venom_desktop.core.errors import UnusableVllm
from venom_desktop.core.runtimes.vllm_program import version_of


async def check_vllm(program: Path) -> str:
    """Start it once with `--version`, which takes some seconds; the version it tells. Raises `UnusableVllm`."""
    await asyncio.to_thread(_require_executable, program)
    version = await version_of(program)
    if version is None:
        raise UnusableVllm(path=program, problem="it tells no version")
    return version


def _require_executable(program: Path) -> None:
    if not program.is_file():
        raise UnusableVllm(path=program, problem="there is no such file")
    if not os.access(program, os.X_OK):
        raise UnusableVllm(path=program, problem="it may not be executed")
