"""Starts an Ollama server, as a child of ours or as a unit, and proves that it is the one that answers."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from venom_desktop.core.errors import (
    LoadCancelled,
    RuntimeFailed,
    ServerPortTaken,
    ServerRunsAlready,
    UpstreamSlow,
    VenomError,
)
from venom_desktop.core.runtimes.control.base import Exit
from venom_desktop.core.runtimes.control.child import StartRefused
from venom_desktop.core.runtimes.control.diagnose import Cause, diagnose
from venom_desktop.core.runtimes.control.own_server import OwnServer
from venom_desktop.core.runtimes.control.ports import Holder, listens_at, next_free_port, port_holder
from venom_desktop.core.runtimes.control.systemd import Systemd
from venom_desktop.core.runtimes.control.unit import Unit
from venom_desktop.core.runtimes.loading import EndedWhileLoading, StoodStill, wait_until_ready
from venom_desktop.core.runtimes.ollama_facts import TITLE, Address

UNIT_READY_WITHIN_S = 60.0
LOOK_EVERY_S = 0.1
Answers = Callable[[], Awaitable[bool]]


async def start_child(
    own: OwnServer,
    program: Path,
    environment: Mapping[str, str],
    *,
    address: Address,
    answers: Answers,
    stalled_after_s: float,
) -> None:
    """Returns once it answers. Raises `ServerPortTaken`, `RuntimeFailed`, `LoadCancelled` when it was stopped."""

    async def start() -> None:
        told = {**environment, "OLLAMA_HOST": address.listen_text(environment.get("OLLAMA_HOST"))}
        await own.start([str(program), "serve"], environment=told, port=address.port)

    async def probe() -> bool | None:
        pid = own.pid
        if pid is None or not await answers():
            return None
        # Somebody else may have taken the port meanwhile, and it is he who answers.
        return await asyncio.to_thread(listens_at, pid, address.port) or None

    try:
        await wait_until_ready(own.child, probe, start=start, stalled_after_s=stalled_after_s)
    except StartRefused as error:
        explanation = f"{program} could not be started: {error}. Check the program in Settings."
        raise RuntimeFailed(runtime=TITLE, explanation=explanation) from error
    except EndedWhileLoading as error:
        raise await why_ended(error.end, address, answers=answers) from error
    except StoodStill as error:
        await own.stop()
        explanation = f"It did not answer within {error}\u00a0s. The log has its last lines."
        raise RuntimeFailed(runtime=TITLE, explanation=explanation) from error
    except asyncio.CancelledError:
        await own.stop()
        raise


async def unit_ready(
    systemd: Systemd,
    unit: Unit,
    *,
    address: Address,
    answers: Answers,
    is_stopped: Callable[[], bool],
    within_s: float = UNIT_READY_WITHIN_S,
) -> None:
    """Wait until the unit's server answers.

    Raises `ServerPortTaken`, `RuntimeFailed`, `UpstreamSlow`, `LoadCancelled` once `is_stopped`.
    """
    until = time.monotonic() + within_s
    while True:
        now = await systemd.find(unit.name, unit.scope) or unit
        if is_stopped():
            raise LoadCancelled(model_name=TITLE)
        if now.has_failed:
            end = Exit(code=now.exit_code, signal=now.exit_signal, lines=await systemd.journal(now, of_this_start=True))
            raise await why_ended(end, address, answers=answers)
        if now.is_running and await answers():
            holder = await asyncio.to_thread(port_holder, address.host, address.port)
            # Somebody else's answer is not this unit's; whose it is the system may not tell.
            if holder is not None and holder.pid in (None, now.main_pid):
                return
        if time.monotonic() > until:
            raise UpstreamSlow(source=TITLE, timeout_s=round(within_s))
        await asyncio.sleep(LOOK_EVERY_S)


async def why_ended(end: Exit, address: Address, *, answers: Answers) -> VenomError:
    """The error for a server that ended before it answered."""
    if end.requested:
        return LoadCancelled(model_name=TITLE)
    diagnosis = await asyncio.to_thread(diagnose, end, port=address.port)
    if diagnosis.cause is not Cause.PORT_TAKEN:
        return RuntimeFailed(runtime=TITLE, explanation=diagnosis.sentence)
    holder = await asyncio.to_thread(port_holder, address.host, address.port)
    return await port_taken(holder or Holder(), address, is_ollama=await answers())


async def port_taken(holder: Holder, address: Address, *, is_ollama: bool) -> ServerPortTaken:
    """`ServerRunsAlready` for an Ollama, also for one that hangs; `free_port` is the next that nobody has."""
    is_ollama = is_ollama or (holder.name or "").lower().removesuffix(".exe") == "ollama"
    kind = ServerRunsAlready if is_ollama else ServerPortTaken
    free = await asyncio.to_thread(next_free_port, address.host, address.port)
    return kind(port=address.port, holder=str(holder), runtime=TITLE, free_port=free)
