"""Finds out whether a program the user named is a `vllm` that runs on this machine."""

import asyncio
from pathlib import Path

from venom_desktop.core.errors import UnusableVllm
from venom_desktop.core.runtimes.program_file import require_executable
from venom_desktop.core.runtimes.vllm_program import version_of


async def check_vllm(program: Path) -> str:
    """Start it once with `--version`, which takes some seconds; the version it tells. Raises `UnusableVllm`."""
    await asyncio.to_thread(require_executable, program, UnusableVllm)
    version = await version_of(program)
    if version is None:
        raise UnusableVllm(path=program, problem="it tells no version")
    return version
