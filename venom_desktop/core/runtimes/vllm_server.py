"""The process of a vLLM server: started for one model, and proven to be the one that answers."""

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from venom_desktop.core.errors import LoadCancelled, RuntimeFailed, VenomError
from venom_desktop.core.runtimes.base import Control
from venom_desktop.core.runtimes.control.base import Exit
from venom_desktop.core.runtimes.control.foreign import TERM_WITHIN_S
from venom_desktop.core.runtimes.control.kept_server import KeptServer
from venom_desktop.core.runtimes.control.ports import Holder, listens_at
from venom_desktop.core.runtimes.control.server_facts import Address, ServerFacts, local_address
from venom_desktop.core.runtimes.control.server_start import port_taken, start_child
from venom_desktop.core.runtimes.control.systemd import Systemd
from venom_desktop.core.runtimes.control.unit import Unit
from venom_desktop.core.runtimes.load_progress import LoadProgress
from venom_desktop.core.runtimes.loading import STALLED_AFTER_S
from venom_desktop.core.runtimes.vllm_client import Served, VllmClient
from venom_desktop.core.runtimes.vllm_command import API_KEY, Command
from venom_desktop.core.runtimes.vllm_facts import TITLE, VLLM_SERVER, endpoint_of
from venom_desktop.core.runtimes.vllm_failures import explain
from venom_desktop.core.runtimes.vllm_progress import progress_of
from venom_desktop.core.runtimes.vllm_settings import VllmOptions
from venom_desktop.core.runtimes.vllm_unit import FILE_NAME, UnitProgress, serves_another, variables, write_variables
from venom_desktop.core.settings.schema import UnitScope
from venom_desktop.core.signals import Signal

STOOD_STILL = "It made no progress for {seconds}\u00a0s while loading. The log has its last lines."


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to serve under which `name`, and the command that does it."""

    model_path: Path
    model_name: str
    name: str
    command: Command
    api_key: str = field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.api_key}"}

    @property
    def note(self) -> str:
        """For a program that takes the server over later; it reads the key where the server has it."""
        return json.dumps({"model": self.model_name, "command": self.command.shown})

    def is_same_as(self, other: "Order") -> bool:
        """But for the key, which is another for each."""
        mine, others = self.command, other.command
        return (mine.arguments, mine.environment) == (others.arguments, others.environment)

    def is_met_by(self, served: Served) -> bool:
        return served.name == self.name or served.root == str(self.model_path)


class VllmServer(KeptServer):
    """Raises everywhere as `KeptServer`; `progress` tells how far a start has come.

    `unit_folder` is where a unit finds the variables that say what to serve.
    """

    def __init__(
        self,
        *,
        client: VllmClient,
        options: Callable[[], VllmOptions],
        runtime_folder: Path,
        log_folder: Path,
        unit: Callable[[], str] = lambda: "",
        scope: Callable[[], UnitScope] = lambda: UnitScope.AUTO,
        unit_folder: Path | None = None,
        systemd: Systemd | None = None,
        stalled_after_s: float = STALLED_AFTER_S,
        term_within_s: float = TERM_WITHIN_S,
    ) -> None:
        super().__init__(
            VLLM_SERVER,
            endpoint=lambda: endpoint_of(options()),
            answers=self._is_vllm,
            runtime_folder=runtime_folder,
            log_folder=log_folder,
            unit=unit,
            scope=scope,
            systemd=systemd,
            term_within_s=term_within_s,
        )
        self.progress: Signal[LoadProgress] = Signal()
        self._client = client
        self._options = options
        self._stalled_after_s = stalled_after_s
        self._order: Order | None = None
        self._served_stops = 0
        self._unit_folder = unit_folder or runtime_folder
        self._unit_progress = UnitProgress(self._systemd)
        self._unit_within_s = stalled_after_s
        self._own.child.moved.subscribe(self._hear)

    @property
    def variables_file(self) -> Path:
        """What a unit reads to know what to serve."""
        return self._unit_folder / FILE_NAME

    async def require_room(self) -> None:
        """Raises `ServerRunsAlready` for a server of others at the address, `ServerPortTaken` for anything else."""
        facts = await self.look()
        address = local_address(facts.endpoint)
        if address is None:
            return
        if facts.control is Control.EXTERNAL:
            holder = Holder(pid=facts.pid)
            raise await port_taken(holder, kind=self._kind, address=address, is_same=True)
        if facts.holder is not None:
            raise await port_taken(facts.holder, kind=self._kind, address=address, is_same=False)

    @property
    def model_name(self) -> str | None:
        """For which model a server of ours was started, by whichever program; None where nobody noted it."""
        name = _noted(self._own.note).get("model")
        return name if isinstance(name, str) else None

    def runs_as(self, order: Order) -> bool:
        """Whether a server that was found there was started in just this way, as far as that is known."""
        return _noted(self._own.note).get("command") in (None, order.command.shown)

    async def serve(self, order: Order) -> ServerFacts:
        """Start for `order` in place of what we or systemd keep at the address; returns once its model answers."""
        self._order, self._unit_progress = order, UnitProgress(self._systemd)
        self._served_stops = stops = self._stops
        async with self._lock:
            if (await self.look()).control in (Control.CHILD, Control.SYSTEMD):
                await self._stop(force=False)
            facts = await self._start(stops)
        if facts.control is Control.SYSTEMD and facts.unit is not None:
            await self._require_served(facts, facts.unit, order)
        return facts

    async def _require_served(self, facts: ServerFacts, unit: Unit, order: Order) -> None:
        offered: tuple[Served, ...] = ()
        with suppress(VenomError):
            offered = await self._client.served(facts.endpoint, order.headers) or ()
        if not any(order.is_met_by(one) for one in offered):
            await self._systemd.stop(unit)
            raise serves_another(unit, order.model_path, next((one.root for one in offered), None))

    async def _prepare_unit(self, unit: Unit) -> None:
        await super()._prepare_unit(unit)
        if self._order is not None:
            order = self._order
            await write_variables(self.variables_file, variables(order.model_path, order.command, order.api_key))

    async def _has_moved(self, unit: Unit) -> bool:
        moved = await self._unit_progress.has_moved(unit)
        if self._unit_progress.last is not None:
            self.progress.publish(self._unit_progress.last)
        return moved

    async def _start_child(self, address: Address) -> None:
        order = self._order
        if order is None:
            raise RuntimeFailed(runtime=TITLE, explanation="It serves one model, and none was named.")

        async def probe() -> Served | None:
            return await self._loaded(order, address)

        await start_child(
            self._own,
            order.command.arguments,
            order.command.with_key(order.api_key).environment,
            kind=self._kind,
            address=address,
            probe=probe,
            answers=self._answers,
            stalled_after_s=self._stalled_after_s,
            explain=self._explain,
            stood_still=STOOD_STILL,
            note=order.note,
        )

    async def _loaded(self, order: Order, address: Address) -> Served | None:
        """None until the server that we started takes our key and names our model. Raises `LoadCancelled`."""
        if self._stops != self._served_stops:
            raise LoadCancelled(model_name=TITLE)
        base_url, pid = endpoint_of(self._options()), self._own.pid
        if pid is None or not await self._client.is_healthy(base_url):
            return None
        try:
            offered = await self._client.served(base_url, order.headers) or ()
        except VenomError:
            # Somebody else's: it does not know our key.
            return None
        found = next((one for one in offered if one.name == order.name), None)
        return found if found is not None and await asyncio.to_thread(listens_at, pid, address.port) else None

    def _explain(self, end: Exit) -> VenomError | None:
        return explain(end)

    async def _is_vllm(self) -> bool:
        return await self._client.version(endpoint_of(self._options())) is not None

    def _hear(self, line: str) -> None:
        progress = progress_of(line)
        if progress is not None:
            self.progress.publish(progress)


def _noted(note: str | None) -> Mapping[str, Any]:
    try:
        told = json.loads(note or "{}")
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def key_of_process(pid: int) -> str | None:
    """The key that a server of ours was given, where this program was not the one that gave it. Blocks."""
    try:
        return psutil.Process(pid).environ().get(API_KEY) or None
    except (psutil.Error, OSError):
        return None


def resident_bytes(pid: int | None) -> int | None:
    """Of the process and all it started: the engine is a child of the one that answers. Blocks."""
    if pid is None:
        return None
    try:
        process = psutil.Process(pid)
        return sum(int(one.memory_info().rss) for one in (process, *process.children(recursive=True)))
    except psutil.Error:
        return None
