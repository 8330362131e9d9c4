"""Starts a model server, as a child of ours or as a unit, and proves that it is the one that answers."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

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
from venom_desktop.core.runtimes.control.ports import Holder, next_free_port, port_holder
from venom_desktop.core.runtimes.control.server_facts import Address, Answers, ServerKind
from venom_desktop.core.runtimes.control.systemd import Systemd
from venom_desktop.core.runtimes.control.unit import Unit
from venom_desktop.core.runtimes.loading import EndedWhileLoading, StoodStill, wait_until_ready

T = TypeVar("T")
UNIT_READY_WITHIN_S = 60.0
LOOK_EVERY_S = 0.1
STOOD_STILL = "It did not answer within {seconds}\u00a0s. The log has its last lines."
Explain = Callable[[Exit], VenomError | None]
"""Why a server of this kind ended, from what only this kind says; None leaves it to `diagnose`. May block."""


def no_reason(_: Exit) -> VenomError | None:
    return None


async def start_child(
    own: OwnServer,
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    kind: ServerKind,
    address: Address,
    probe: Callable[[], Awaitable[T | None]],
    answers: Answers,
    stalled_after_s: float,
    explain: Explain = no_reason,
    stood_still: str = STOOD_STILL,
    note: str | None = None,
) -> T:
    """Returns what `probe` gives once it gives anything; `note` is for a program that takes the server over later.

    Raises `ServerPortTaken`, `RuntimeFailed`, `LoadCancelled` when it was stopped.
    """

    async def start() -> None:
        await own.start(command, environment=environment, port=address.port)

    try:
        ready = await wait_until_ready(own.child, probe, start=start, stalled_after_s=stalled_after_s)
    except StartRefused as error:
        explanation = f"{command[0]} could not be started: {error}. Check the program in Settings."
        raise RuntimeFailed(runtime=kind.title, explanation=explanation) from error
    except EndedWhileLoading as error:
        raise await why_ended(error.end, kind=kind, address=address, answers=answers, explain=explain) from error
    except StoodStill as error:
        await own.stop()
        raise RuntimeFailed(runtime=kind.title, explanation=stood_still.format(seconds=error)) from error
    except asyncio.CancelledError:
        await own.stop()
        raise
    own.become_ready(note)
    return ready


async def unit_ready(
    systemd: Systemd,
    unit: Unit,
    *,
    kind: ServerKind,
    address: Address,
    answers: Answers,
    is_stopped: Callable[[], bool],
    explain: Explain = no_reason,
    moved: Callable[[Unit], Awaitable[bool]],
    within_s: float = UNIT_READY_WITHIN_S,
) -> None:
    """Wait until the unit's server answers: so long in all, or so long after it last `moved`.

    Raises `ServerPortTaken`, `RuntimeFailed`, `UpstreamSlow`, `LoadCancelled` once `is_stopped`.
    """
    until = time.monotonic() + within_s
    while True:
        now = await systemd.find(unit.name, unit.scope) or unit
        if is_stopped():
            raise LoadCancelled(model_name=kind.title)
        if now.has_failed:
            end = Exit(code=now.exit_code, signal=now.exit_signal, lines=await systemd.journal(now, of_this_start=True))
            raise await why_ended(end, kind=kind, address=address, answers=answers, explain=explain)
        if now.is_running and await answers():
            holder = await asyncio.to_thread(port_holder, address.host, address.port)
            # Somebody else's answer is not this unit's; whose it is the system may not tell.
            if holder is not None and holder.pid in (None, now.main_pid):
                return
        if await moved(now):
            until = time.monotonic() + within_s
        if time.monotonic() > until:
            raise UpstreamSlow(source=kind.title, timeout_s=round(within_s))
        await asyncio.sleep(LOOK_EVERY_S)


async def why_ended(
    end: Exit, *, kind: ServerKind, address: Address, answers: Answers, explain: Explain = no_reason
) -> VenomError:
    """The error for a server that ended before it answered."""
    if end.requested:
        return LoadCancelled(model_name=kind.title)
    known = await asyncio.to_thread(explain, end)
    if known is not None:
        return known
    diagnosis = await asyncio.to_thread(diagnose, end, port=address.port)
    if diagnosis.cause is not Cause.PORT_TAKEN:
        return RuntimeFailed(runtime=kind.title, explanation=diagnosis.sentence)
    holder = await asyncio.to_thread(port_holder, address.host, address.port)
    return await port_taken(holder or Holder(), kind=kind, address=address, is_same=await answers())


async def port_taken(holder: Holder, *, kind: ServerKind, address: Address, is_same: bool) -> ServerPortTaken:
    """`ServerRunsAlready` for a server of the same kind, also for one that hangs; `free_port` nobody has."""
    error = ServerRunsAlready if is_same or kind.is_process(holder) else ServerPortTaken
    free = await asyncio.to_thread(next_free_port, address.host, address.port)
    return error(port=address.port, holder=str(holder), runtime=kind.title, free_port=free)
