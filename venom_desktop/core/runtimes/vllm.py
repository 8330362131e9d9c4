"""vLLM as a runtime: one server process per model, ours, systemd's or somebody else's."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager, aclosing, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from venom_desktop.core.errors import (
    DevicesUnknown,
    LoadCancelled,
    NotOurServer,
    RuntimeFailed,
    SourceUnreachable,
    VenomError,
)
from venom_desktop.core.host.base import Cards, unknown_cards
from venom_desktop.core.http import Client
from venom_desktop.core.polling import Poller
from venom_desktop.core.registry.model import ModelKey, ModelMetadata
from venom_desktop.core.runtimes.base import (
    ChatChunk,
    ChatRequest,
    Control,
    Device,
    LoadSettings,
    RuntimeSnapshot,
    RuntimeState,
    Upstream,
)
from venom_desktop.core.runtimes.chat_capabilities import chat_capabilities
from venom_desktop.core.runtimes.control.base import Exit
from venom_desktop.core.runtimes.control.diagnose import diagnose
from venom_desktop.core.runtimes.control.server_facts import ServerFacts
from venom_desktop.core.runtimes.openai_wire import adapt_messages, stream_chat
from venom_desktop.core.runtimes.published import IN_BETWEEN
from venom_desktop.core.runtimes.vllm_client import VllmClient
from venom_desktop.core.runtimes.vllm_facts import NAME, TITLE, device_of
from venom_desktop.core.runtimes.vllm_failures import explain
from venom_desktop.core.runtimes.vllm_look import VllmLook
from venom_desktop.core.runtimes.vllm_order import Orders, Preview
from venom_desktop.core.runtimes.vllm_program import VllmProgram
from venom_desktop.core.runtimes.vllm_server import Order, VllmServer
from venom_desktop.core.runtimes.vllm_settings import VllmOptions, VllmSettings
from venom_desktop.core.runtimes.vllm_state import VllmState
from venom_desktop.core.signals import Unsubscribe
from venom_desktop.core.tasks import TaskScope


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds between two looks at a server of others."""

    every_s: float = 3.0


class Vllm:
    """Implements `FollowedRuntime`. Starting and stopping wait for each other; `stop` ends a load that is under way.

    A server that another program started at our address is shown and used as it is. `foreign_key` is the key that
    such a server may want, from our own environment. `known` finds a model that was loaded before this program began.
    """

    def __init__(
        self,
        *,
        http: Client,
        server: VllmServer,
        program: VllmProgram,
        options: Callable[[], VllmOptions],
        settings_of: Callable[[ModelKey], VllmSettings] = lambda _: VllmSettings(),
        foreign_key: Callable[[], str | None] = lambda: None,
        cards: Cards = unknown_cards,
        known: Callable[[ModelKey], ModelMetadata | None] = lambda _: None,
        pace: Pace | None = None,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        self._http = http
        self._server = server
        self._client = VllmClient(http)
        self._eye = VllmLook(server, self._client, foreign_key=foreign_key)
        self._program = program
        self._cards = cards
        self._known = known
        self._orders = Orders(program.path, options=options, settings_of=settings_of)
        self._state = VllmState(now=now)
        self.changed = self._state.changed
        self._lock = asyncio.Lock()
        self._stops = 0
        self._model: ModelMetadata | None = None
        self._order: Order | None = None
        self._tasks = TaskScope(NAME)
        self._poller = Poller(self._tasks, "watch", self.refresh, every_s=(pace or Pace()).every_s)
        self._ends = (server.exited.subscribe(self._on_exit), server.progress.subscribe(self._state.advance))

    @property
    def name(self) -> str:
        return NAME

    @property
    def snapshot(self) -> RuntimeSnapshot:
        return self._state.snapshot

    @property
    def log_file(self) -> Path:
        return self._server.log_file

    def log_lines(self) -> tuple[str, ...]:
        return self._server.log_lines()

    async def read_log(self) -> tuple[str, ...]:
        """The last lines, asked for anew where systemd keeps them."""
        return await self._server.read_log()

    def upstream(self) -> Upstream:
        if self._state.upstream is None:
            raise self._state.why_not()
        return self._state.upstream

    def passing(self) -> AbstractContextManager[Upstream]:
        return self._state.passing()

    def command_for(self, model: ModelMetadata, settings: LoadSettings) -> str:
        """What a load would run, for a shell, without any key. Raises `FileMissing`, `VllmMissing`. Blocks."""
        return self._orders.make(model, settings).command.shown

    async def preview(self, model: ModelMetadata) -> Preview:
        """What a load of `model` would run with settings that are not stored yet."""
        return await asyncio.to_thread(self._orders.preview, model)

    async def load(self, model: ModelMetadata, settings: LoadSettings) -> None:
        """As `Runtime`; raises `ServerRunsAlready`, `ServerPortTaken` before anything is stopped, `VllmMissing`."""
        stops = self._stops
        # Whoever came first loads first: nothing is waited for before the lock.
        async with self._lock:
            self._refuse_if_stopped(stops, model)
            await asyncio.to_thread(self._orders.folder, model)
            order = await asyncio.to_thread(self._orders.make, model, settings)
            if await self._is_there(order, model):
                self._model = model
                return
            await self._require_room()
            await self._end_server(force=False)
            self._refuse_if_stopped(stops, model)
            self._state.begin()
            try:
                facts = await self._server.serve(order)
                self._refuse_if_stopped(stops, model)
            except asyncio.CancelledError:
                await self._give_up(None)
                raise
            except VenomError as error:
                stopped = self._stops != stops or isinstance(error, LoadCancelled)
                await self._give_up(None if stopped else error)
                if stopped:
                    raise LoadCancelled(model_name=model.name) from error
                raise
            self._model, self._order = model, order
            self._state.run(await self._eye.started(facts, order, model.name))

    async def unload(self) -> None:
        """As `stop`: there is nothing left to run without its model."""
        await self.stop()

    async def stop(self, *, force: bool = False) -> None:
        if self._state.is_external and not force:
            raise NotOurServer(runtime=TITLE, pid=self._state.snapshot.pid or "unknown")
        self._stops += 1
        if self._state.snapshot.state is RuntimeState.STARTING:
            await self._server.stop(force=force)
        async with self._lock:
            await self._end_server(force=force)

    async def close(self) -> None:
        """End a server of ours; those of systemd and of others stay."""
        self._stops += 1
        for end in self._ends:
            end()
        await self._tasks.close()
        await self._server.close()

    async def refresh(self) -> RuntimeSnapshot:
        """Look who serves at our address, unless a verb is under way or the server is a child of ours."""
        if not self._is_busy():
            facts = await self._server.look()
            if not self._is_busy():
                await self._take(facts)
        return self._state.snapshot

    def watch(self) -> Unsubscribe:
        return self._poller.subscribe(lambda _: None)

    def look(self) -> None:
        """As `refresh`, in the background, with the version of a program that does not run."""
        if not self._tasks.is_closed:
            self._tasks.start("look", self._look())

    async def health(self) -> bool:
        endpoint = self._state.snapshot.endpoint
        return endpoint is not None and self._state.is_running and await self._client.is_healthy(endpoint)

    async def devices(self) -> tuple[Device, ...]:
        """NVIDIA's cards, as their driver tells of them. Raises `DevicesUnknown` where it does not."""
        cards = await self._cards()
        if cards is None:
            raise DevicesUnknown(runtime=TITLE)
        return tuple(device_of(card) for card in cards)

    async def chat(self, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]:
        adapted = replace(request, messages=adapt_messages(request.messages, chat_capabilities(self._model)))
        with self.passing() as upstream:
            try:
                async with aclosing(stream_chat(self._http, upstream, adapted, source=TITLE)) as chunks:
                    async for chunk in chunks:
                        yield chunk
            except SourceUnreachable as error:
                raise await self._state.why_broken(upstream) from error

    def _is_busy(self) -> bool:
        mine = self._state.is_running and self._state.snapshot.control is Control.CHILD
        return mine or self._lock.locked() or self._state.snapshot.state in IN_BETWEEN

    async def _is_there(self, order: Order, model: ModelMetadata) -> bool:
        """Whether a server runs that this would start in just this way, or one of others that serves the model."""
        if self._order is not None:
            return self._state.is_running and self._order.is_same_as(order)
        sight = await self._eye.meeting(order, model.name)
        if sight is None or not self._server.runs_as(order):
            return False
        self._state.run(sight)
        return True

    async def _require_room(self) -> None:
        try:
            await self._server.require_room()
        except VenomError as error:
            if not self._state.is_running:
                self._state.publish(error=error)
            raise

    async def _take(self, facts: ServerFacts) -> None:
        if facts.control is not None:
            if self._server.model_name is not None:
                self._model = self._known(ModelKey(name=self._server.model_name, runtime=NAME))
            self._state.run(await self._eye.found(facts))
            return
        startable = facts.unit is not None or await asyncio.to_thread(self._program.path) is not None
        self._state.absent(startable=startable)

    async def _end_server(self, *, force: bool) -> None:
        """Nothing that is not running is stopped; what an exit left behind is waited for."""
        if self._state.snapshot.state in (RuntimeState.STOPPED, RuntimeState.UNAVAILABLE):
            return
        if self._state.snapshot.state is not RuntimeState.EXITED:
            self._state.publish(state=RuntimeState.STOPPING)
        self._state.upstream = None
        try:
            await self._server.stop(force=force)
        except VenomError:
            await self._take(await self._server.look())
            raise
        self._order = None
        self._state.forget(RuntimeState.STOPPED)

    async def _give_up(self, error: VenomError | None) -> None:
        with suppress(VenomError):
            await self._server.stop()
        self._order = None
        if isinstance(error, RuntimeFailed):
            self._state.forget(RuntimeState.EXITED, error=error)
        else:
            self._state.forget(RuntimeState.STOPPED, error=error)

    async def _look(self) -> None:
        await self.refresh()
        if not self._state.is_running and not self._is_busy():
            version = await self._program.version()
            if not self._state.is_running:
                self._state.publish(version=version)

    def _on_exit(self, end: Exit) -> None:
        """The end of a server that was not ours to end is told without blame: nobody saw how it went."""
        if end.requested or not self._state.is_running:
            return
        control, port = self._state.snapshot.control, self._state.snapshot.port
        self._order = None
        if control is Control.EXTERNAL:
            self._state.forget(RuntimeState.STOPPED)
            return
        error = explain(end) or RuntimeFailed(runtime=TITLE, explanation=diagnose(end, port=port).sentence)
        code = end.code if end.signal is None else -end.signal
        self._state.forget(RuntimeState.EXITED, error=error, exit_code=code)

    def _refuse_if_stopped(self, stops: int, model: ModelMetadata) -> None:
        if self._stops != stops:
            raise LoadCancelled(model_name=model.name)
