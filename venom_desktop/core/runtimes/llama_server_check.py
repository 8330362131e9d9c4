"""Finds out whether a program the user named is a `llama-server` that runs on this machine."""

import asyncio
from pathlib import Path

from venom_desktop.core.errors import UnusableProgram
from venom_desktop.core.runtimes.base import Device
from venom_desktop.core.runtimes.control.child import StartRefused
from venom_desktop.core.runtimes.control.one_shot import answer_of
from venom_desktop.core.runtimes.llama_cpp_engines import parse_devices
from venom_desktop.core.runtimes.program_file import require_executable

_HEADING = "Available devices"


async def check_llama_server(program: Path) -> tuple[Device, ...]:
    """Start it once with `--list-devices`; the graphics cards it names. Raises `UnusableProgram`."""
    await asyncio.to_thread(require_executable, program, UnusableProgram)
    try:
        told = await answer_of([str(program), "--list-devices"])
    except StartRefused as error:
        raise UnusableProgram(path=program, problem=str(error)) from error
    if _HEADING not in told:
        raise UnusableProgram(path=program, problem="it lists no devices")
    return parse_devices(told)
