"""Finds out whether a program the user named is an `ollama` that runs on this machine."""

import asyncio
import os
from pathlib import Path

from venom_desktop.core.errors import UnusableOllama
from venom_desktop.core.runtimes.ollama_program import version_of


async def check_ollama(program: Path) -> str:
    """Start it once with `--version`; the version it tells. Raises `UnusableOllama`."""
    await asyncio.to_thread(_require_executable, program)
    version = await version_of(program)
    if version is None:
        raise UnusableOllama(path=program, problem="it tells no version")
    return version


def _require_executable(program: Path) -> None:
    if not program.is_file():
        raise UnusableOllama(path=program, problem="there is no such file")
    if not os.access(program, os.X_OK):
        raise UnusableOllama(path=program, problem="it may not be executed")
