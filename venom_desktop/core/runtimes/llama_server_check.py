"""Finds out whether a program the user named is a `llama-server` that runs on this machine."""

import asyncio
import os
from pathlib import Path

from venom_desktop.core.errors import UnusableProgram
from venom_desktop.core.runtimes.base import Device
from venom_desktop.core.runtimes.control.child import StartRefused
from venom_desktop.core.runtimes.control.one_shot import answer_of
from venom_desktop.core.runtimes.llama_cpp_engines import parse_devices

_HEADING = "Available devices"


async def check_llama_server(program: Path) -> tuple[Device, ...]:
    """Start it once with `--list-devices`; the graphics cards it names. Raises `UnusableProgram`."""
    await asyncio.to_thread(_require_executable, program)
    try:
        told = await answer_of([str(program), "--list-devices"])
    except StartRefused as error:
        raise UnusableProgram(path=program, problem=str(error)) from error
    if _HEADING not in told:
        raise UnusableProgram(path=program, problem="it lists no devices")
    return parse_devices(told)


def _require_executable(program: Path) -> None:
    if not program.is_file():
        raise UnusableProgram(path=program, problem="there is no such file")
    if not os.access(program, os.X_OK):
        raise UnusableProgram(path=program, problem="it may not be executed")
