"""A model server and who keeps it: found, started, adopted, watched and ended, whoever does."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

from venom_desktop.core.errors import LoadCancelled, NotOurServer, RuntimeFailed, VenomError
from venom_desktop.core.runtimes.base import Control
from venom_desktop.core.runtimes.control.base import Exit
from venom_desktop.core.runtimes.control.drop_in import DropIn
from venom_desktop.core.runtimes.control.foreign import TERM_WITHIN_S
from venom_desktop.core.runtimes.control.foreign_server import end_foreign
from venom_desktop.core.runtimes.control.own_server import OwnServer
from venom_desktop.core.runtimes.control.server_facts import Address, Answers, ServerFacts, ServerKind, local_address
from venom_desktop.core.runtimes.control.server_finder import ServerFinder
from venom_desktop.core.runtimes.control.server_start import UNIT_READY_WITHIN_S, port_taken, unit_ready
from venom_desktop.core.runtimes.control.systemd import Systemd
from venom_desktop.core.runtimes.control.unit import Unit
from venom_desktop.core.runtimes.control.unit_file import UnitFile
from venom_desktop.core.settings.schema import UnitScope
from venom_desktop.core.signals import Signal


class KeptServer(ABC):
    """A kind of server says how its child is started; `unit` names the systemd unit, none where it is empty.

    Starting and stopping wait for each other; `stop` ends a start that is under way. `exited` tells the end of the
    server that was last seen, whoever kept it.
    """

    def __init__(
        self,
        kind: ServerKind,
        *,
        endpoint: Callable[[], str],
        answers: Answers,
        runtime_folder: Path,
        log_folder: Path,
        unit: Callable[[], str] = lambda: "",
        scope: Callable[[], UnitScope] = lambda: UnitScope.AUTO,
        systemd: Systemd | None = None,
        term_within_s: float = TERM_WITHIN_S,
    ) -> None:
        self.exited: Signal[Exit] = Signal()
        self._kind = kind
        self._answers = answers
        self._systemd = systemd or Systemd(kind.title)
        self._term_within_s = term_within_s
        self._own = OwnServer(kind.name, runtime_folder=runtime_folder, log_file=log_folder / f"{kind.name}.log")
        self._own.exited.subscribe(self.exited.publish)
        self._finder = ServerFinder(
            kind, own=self._own, systemd=self._systemd, endpoint=endpoint, answers=answers, unit=unit, scope=scope
        )
        self._finder.watch.ended.subscribe(self.exited.publish)
        self._journal: tuple[str, ...] | None = None
        self.seen: ServerFacts | None = None
        """What the last look found; None before the first."""
        self._lock = asyncio.Lock()
        self._stops = 0
        self._unit_within_s = UNIT_READY_WITHIN_S

    @property
    def keeps_child(self) -> bool:
        """Whether a server of ours runs, wherever it listens: its address may have been changed since it started."""
        return self._own.is_running

    @property
    def log_file(self) -> Path:
        """Where the output of a server of ours goes."""
        return self._own.child.log_file

    def log_lines(self) -> tuple[str, ...]:
        """Its last lines without asking: the output of ours, or the journal as last read."""
        return self._own.log_lines() if self._journal is None else self._journal

    async def read_log(self) -> tuple[str, ...]:
        """As `log_lines`, after asking the journal where systemd keeps the server."""
        facts = await self.look()
        of_unit = facts.control is Control.SYSTEMD or (facts.control is None and not self._own.log_lines())
        self._journal = await self._systemd.journal(facts.unit) if of_unit and facts.unit is not None else None
        return self.log_lines()

    async def look(self) -> ServerFacts:
        """Who keeps the server at the endpoint, or who holds its port. Takes over an orphan of ours."""
        self.seen = await self._finder.look()
        return self.seen

    async def start(self) -> ServerFacts:
        """Start the server, or find it running; returns once it answers.

        Raises `ProgramMissing`, `ServerPortTaken` (`ServerRunsAlready`), `ControlRefused`, `RuntimeFailed`,
        `UpstreamSlow`, and `LoadCancelled` when it is stopped meanwhile.
        """
        stops = self._stops
        async with self._lock:
            return await self._start(stops)

    async def stop(self, *, force: bool = False) -> None:
        """End the server; returns when it is gone. Nothing that is not running is stopped.

        Raises `NotOurServer` for one that somebody else started, unless `force`; `ControlRefused`, `RuntimeFailed`,
        `UpstreamSlow`.
        """
        self._stops += 1
        if self._lock.locked():
            await self._own.stop()
        async with self._lock:
            await self._stop(force=force)

    async def restart(self, *, force: bool = False) -> ServerFacts:
        """End it and start it anew with the settings of now. Raises as `stop` and `start`."""
        stops = self._stops
        async with self._lock:
            facts = await self.look()
            if facts.control is not Control.SYSTEMD or facts.unit is None:
                await self._stop(force=force)
                return await self._start(stops)
            address = local_address(facts.endpoint)
            with self._finder.watch.expecting_end():
                await self._systemd.restart(facts.unit)
            return await self._unit_ready(facts.unit, address, stops=stops)

    async def write_drop_in(self, drop_in: DropIn) -> None:
        """Give a systemd unit other variables, from its next start on. Raises as `Systemd.write`."""
        await self._systemd.write(drop_in)

    async def install_unit(self, file: UnitFile) -> None:
        """Have systemd know a unit of the user's own; it runs from the next start on. Raises as `Systemd.install`."""
        await self._systemd.install(file)

    def stay(self, wanted: bool) -> None:
        """Whether a server of ours goes on without this program."""
        self._own.stay(wanted)

    async def close(self) -> None:
        """End a server of ours, unless it is to stay, and watch nothing any more; others stay."""
        await self._finder.watch.close()
        await self._own.close()

    async def _start(self, stops: int) -> ServerFacts:
        facts = await self.look()
        address = local_address(facts.endpoint)
        if facts.control is Control.CHILD and address is not None and facts.port != address.port:
            await self._own.stop()
            facts = await self.look()
        if self._stops != stops:
            raise LoadCancelled(model_name=self._kind.title)
        if facts.control is Control.SYSTEMD and facts.unit is not None:
            return await self._unit_ready(facts.unit, address, stops=stops)
        if facts.control is not None:
            return facts
        if address is None:
            explanation = f"{facts.endpoint} is not of this machine. Start it there, or change the address in Settings."
            raise RuntimeFailed(runtime=self._kind.title, explanation=explanation)
        if facts.holder is not None:
            raise await port_taken(facts.holder, kind=self._kind, address=address, is_same=False)
        if facts.unit is not None and self._kind.serves(facts.unit, address):
            await self._prepare_unit(facts.unit)
            await self._systemd.start(facts.unit)
            return await self._unit_ready(facts.unit, address, stops=stops)
        self._journal = None
        await self._start_child(address)
        return await self.look()

    @abstractmethod
    async def _start_child(self, address: Address) -> None:
        """Start a server of ours; returns once it answers. Raises as `start`."""

    async def _prepare_unit(self, unit: Unit) -> None:
        """Called before a unit is started: what was read of its journal is of an earlier start. Raises as `start`."""
        self._journal = None

    async def _has_moved(self, unit: Unit) -> bool:
        """Whether a unit that starts has come further since the last question."""
        return False

    def _explain(self, _: Exit) -> VenomError | None:
        """Why a server of this kind ended, where only this kind says it; may block."""
        return None

    async def _unit_ready(self, unit: Unit, address: Address | None, *, stops: int) -> ServerFacts:
        if address is not None:
            await unit_ready(
                self._systemd,
                unit,
                kind=self._kind,
                address=address,
                answers=self._answers,
                is_stopped=lambda: self._stops != stops,
                explain=self._explain,
                moved=self._has_moved,
                within_s=self._unit_within_s,
            )
        return await self.look()

    async def _stop(self, *, force: bool) -> None:
        facts = await self.look()
        match facts.control:
            case None:
                return
            case Control.CHILD:
                await self._own.stop()
            case Control.SYSTEMD:
                if facts.unit is not None:
                    with self._finder.watch.expecting_end():
                        await self._systemd.stop(facts.unit)
            case Control.EXTERNAL:
                if not force:
                    raise NotOurServer(runtime=self._kind.title, pid=facts.pid or "unknown")
                with self._finder.watch.expecting_end():
                    await end_foreign(facts, term_within_s=self._term_within_s)
