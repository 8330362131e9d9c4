"""A server of ours: a child under its guard, one that was left running with its guard, or a killed guard's orphan."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from venom_desktop.core.runtimes.control.adoption import AdoptedServer, left_behind
from venom_desktop.core.runtimes.control.base import Exit
from venom_desktop.core.runtimes.control.child import ChildServer
from venom_desktop.core.signals import Signal


class OwnServer:
    """One at a time under one name."""

    def __init__(self, name: str, *, runtime_folder: Path, log_file: Path) -> None:
        self.exited: Signal[Exit] = Signal()
        self.child = ChildServer(name, runtime_folder=runtime_folder, log_file=log_file)
        self.child.exited.subscribe(self.exited.publish)
        self._name = name
        self._folder = runtime_folder
        self._port: int | None = None
        self._adopted: AdoptedServer | None = None
        self._adopting = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        return self.child.pid if self._adopted is None else self._adopted.pid

    @property
    def port(self) -> int | None:
        """Where it was told to listen."""
        return self._port if self._adopted is None else self._adopted.record.port

    @property
    def is_running(self) -> bool:
        return self.pid is not None

    def log_lines(self) -> tuple[str, ...]:
        return (*self.child.log_lines(), *(() if self._adopted is None else self._adopted.log_lines()))

    async def see_to_orphans(self, port: int) -> None:
        """Take over the one that was left behind at `port`, where we have none; end the others."""
        async with self._adopting:
            if self._adopted is not None and not self._adopted.is_running:
                await self._let_go()
            if self.is_running:
                return
            left = await left_behind(self._folder, self._name, port=port)
            if left is None:
                return
            if left.record.guard_lives:
                self._port = left.record.port
                await self.child.take_over(left)
                return
            self._adopted = AdoptedServer(left, log_file=self.child.log_file)
            self._adopted.exited.subscribe(self.exited.publish)

    async def start(self, command: Sequence[str], *, environment: Mapping[str, str], port: int) -> None:
        """Raises `StartRefused`."""
        await self.stop()
        self._port = port
        await self.child.start(command, environment=environment, port=port)

    async def stop(self) -> None:
        """Returns when it is gone with everything it started."""
        await self.child.stop()
        async with self._adopting:
            await self._let_go()

    @property
    def note(self) -> str | None:
        """What was noted when the one that runs became ready, by whichever program."""
        return self.child.note

    def become_ready(self, note: str | None) -> None:
        """It answers, so from now on it may stay."""
        self.child.become_ready(port=self._port, note=note)

    def stay(self, wanted: bool) -> None:
        """Whether it goes on without this program; an orphan cannot, since nobody would read what it writes."""
        self.child.stay(wanted)

    async def close(self) -> None:
        """End it, unless it is to stay."""
        async with self._adopting:
            await self._let_go()
        await self.child.close()

    async def _let_go(self) -> None:
        adopted, self._adopted = self._adopted, None
        if adopted is not None:
            await adopted.stop()
            await adopted.close()
