"""Sees who keeps the server at an address: we, systemd, or somebody else; and follows it until it ends."""

import asyncio
from collections.abc import Callable

from venom_desktop.core.runtimes.base import Control
from venom_desktop.core.runtimes.control.base import Exit
from venom_desktop.core.runtimes.control.own_server import OwnServer
from venom_desktop.core.runtimes.control.ports import Holder, port_holder
from venom_desktop.core.runtimes.control.process_watch import ProcessWatch
from venom_desktop.core.runtimes.control.server_facts import (
    Address,
    Answers,
    ProcessFacts,
    ServerFacts,
    ServerKind,
    local_address,
    process_facts,
)
from venom_desktop.core.runtimes.control.systemd import Systemd
from venom_desktop.core.runtimes.control.unit import Unit
from venom_desktop.core.settings.schema import UnitScope


class ServerFinder:
    """`unit` names the systemd unit, none where it is empty."""

    def __init__(
        self,
        kind: ServerKind,
        *,
        own: OwnServer,
        systemd: Systemd,
        endpoint: Callable[[], str],
        answers: Answers,
        unit: Callable[[], str],
        scope: Callable[[], UnitScope],
    ) -> None:
        self.watch = ProcessWatch(kind.name, self._explain)
        self._kind = kind
        self._own = own
        self._systemd = systemd
        self._endpoint = endpoint
        self._answers = answers
        self._unit = unit
        self._scope = scope
        self._kept_by: Unit | None = None

    async def look(self) -> ServerFacts:
        """Who keeps the server at the endpoint, or who holds its port. Takes over an orphan of ours."""
        endpoint = self._endpoint()
        address = await asyncio.to_thread(local_address, endpoint)
        # Nobody listens at port 0: where the server is elsewhere now, what was left here is of no use to anybody.
        await self._own.see_to_orphans(0 if address is None else address.port)
        if address is None:
            control = Control.EXTERNAL if await self._answers() else None
            return ServerFacts(endpoint=endpoint, control=control, is_local=False)
        unit = await self._systemd.find(self._unit(), self._scope())
        if self._own.is_running:
            return await self._facts(endpoint, Control.CHILD, pid=self._own.pid, port=self._own.port, unit=unit)
        holder = await asyncio.to_thread(port_holder, address.host, address.port)
        if unit is not None and self._is_of_unit(holder, unit, address):
            return await self._facts(endpoint, Control.SYSTEMD, pid=unit.main_pid, port=address.port, unit=unit)
        if holder is not None and await self._answers():
            return await self._facts(endpoint, Control.EXTERNAL, pid=holder.pid, port=address.port, unit=unit)
        return ServerFacts(endpoint=endpoint, port=address.port, unit=unit, holder=holder)

    async def _facts(
        self, endpoint: str, control: Control, *, pid: int | None, port: int | None, unit: Unit | None
    ) -> ServerFacts:
        seen = ProcessFacts() if pid is None else await asyncio.to_thread(process_facts, pid, self._kind.tells)
        of_unit = unit if control is Control.SYSTEMD else None
        self._kept_by = of_unit
        if pid is not None and control is not Control.CHILD:
            self.watch.follow(pid)
        return ServerFacts(
            endpoint=endpoint,
            control=control,
            pid=pid,
            port=port,
            program=seen.program,
            unit=unit,
            environment=of_unit.environment if of_unit is not None and seen.environment is None else seen.environment,
            started_at=seen.started_at or (None if of_unit is None else of_unit.started_at),
        )

    async def _explain(self, requested: bool) -> Exit:
        """systemd knows how its server ended, and has its last words."""
        unit = self._kept_by
        if unit is None or requested:
            return Exit(requested=requested)
        now = await self._systemd.find(unit.name, unit.scope) or unit
        lines = await self._systemd.journal(unit, of_this_start=True)
        out_of_memory = now.result == "oom-kill"
        return Exit(code=now.exit_code, signal=now.exit_signal, out_of_memory=out_of_memory, lines=lines)

    def _is_of_unit(self, holder: Holder | None, unit: Unit, address: Address) -> bool:
        """Whether the unit that runs is the server here, perhaps before it listens.

        The PID of another account's process is not told: then the unit that runs and listens there is believed.
        """
        if not unit.is_running:
            return False
        whose = None if holder is None else holder.pid
        return self._kind.serves(unit, address) if whose is None else whose == unit.main_pid
