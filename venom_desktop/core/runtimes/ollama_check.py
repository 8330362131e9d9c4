"""Finds out whether a program the user named is an `ollama` that runs on this machine."""

import asyncio
from pathlib import Path

from venom_desktop.core.errors import UnusableOllama
from venom_desktop.core.runtimes.ollama_program import version_of
from venom_desktop.core.runtimes.program_file import require_executable


async def check_ollama(program: Path) -> str:
    """Start it once with `--version`; the version it tells. Raises `UnusableOllama`."""
    await asyncio.to_thread(require_executable, program, UnusableOllama)
    version = await version_of(program)
    if version is None:
        raise UnusableOllama(path=program, problem="it tells no version")
    return version
