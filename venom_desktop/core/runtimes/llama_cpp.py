"""llama.cpp as a runtime: one server process per loaded model, ours or the user's `llama-server`."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager, aclosing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from venom_desktop.core.errors import (
    FileMissing,
    LoadCancelled,
    RuntimeFailed,
    SourceUnreachable,
    VenomError,
)
from venom_desktop.core.http import Client, HttpError
from venom_desktop.core.registry.model import ModelKey, ModelMetadata
from venom_desktop.core.runtimes.base import (
    ChatChunk,
    ChatRequest,
    Control,
    Device,
    LoadedModel,
    LoadSettings,
    RuntimeSnapshot,
    RuntimeState,
    Upstream,
)
from venom_desktop.core.runtimes.chat_capabilities import chat_capabilities
from venom_desktop.core.runtimes.control.adoption import left_behind
from venom_desktop.core.runtimes.control.base import Exit
from venom_desktop.core.runtimes.control.child import ChildServer, StartRefused
from venom_desktop.core.runtimes.control.diagnose import diagnose
from venom_desktop.core.runtimes.control.orphans import end_left
from venom_desktop.core.runtimes.llama_cpp_engines import Engine, choose_engine
from venom_desktop.core.runtimes.llama_cpp_left import Note, note_from
from venom_desktop.core.runtimes.llama_cpp_server import Order
from venom_desktop.core.runtimes.llama_cpp_start import Started, ask_server, not_started, order_for, start_server
from venom_desktop.core.runtimes.loading import STALLED_AFTER_S
from venom_desktop.core.runtimes.openai_wire import adapt_messages, stream_chat
from venom_desktop.core.runtimes.served_state import ServedState

NAME = "llama_cpp"
TITLE = "llama.cpp"
NO_ENGINE = "No engine was found. Install the xllamacpp package or name a llama-server in Settings."


class LlamaCpp:
    """Implements `Runtime`. Starting and stopping wait for each other; `stop` ends a load that is under way.

    `known` finds a model that an earlier program of ours loaded.
    """

    def __init__(
        self,
        *,
        http: Client,
        runtime_folder: Path,
        log_folder: Path,
        server_path: Callable[[], Path | None] = lambda: None,
        known: Callable[[ModelKey], ModelMetadata | None] = lambda _: None,
        stalled_after_s: float = STALLED_AFTER_S,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        self._http = http
        self._runtime_folder = runtime_folder
        self._server_path = server_path
        self._known = known
        self._stalled_after_s = stalled_after_s
        self._child = ChildServer(NAME, runtime_folder=runtime_folder, log_file=log_folder / f"{NAME}.log")
        self._child.exited.subscribe(self._on_exit)
        self._lock = asyncio.Lock()
        self._stops = 0
        self._model: ModelMetadata | None = None
        self._order: Order | None = None
        self._looked_back = False
        stopped = RuntimeSnapshot(name=NAME, title=TITLE, state=RuntimeState.STOPPED, control=Control.CHILD)
        self._state = ServedState(stopped, now=now)
        self.changed = self._state.changed
        if self._engine() is None:
            error = RuntimeFailed(runtime=TITLE, explanation=NO_ENGINE)
            self._state.publish(state=RuntimeState.UNAVAILABLE, error=error)

    @property
    def name(self) -> str:
        return NAME

    @property
    def snapshot(self) -> RuntimeSnapshot:
        return self._state.snapshot

    async def refresh(self) -> RuntimeSnapshot:
        """An engine may have been installed or named since the start."""
        if self._state.snapshot.state is RuntimeState.UNAVAILABLE and self._engine() is not None:
            self._state.publish(state=RuntimeState.STOPPED, error=None)
        return self._state.snapshot

    @property
    def log_file(self) -> Path:
        return self._child.log_file

    def log_lines(self) -> tuple[str, ...]:
        return self._child.log_lines()

    def upstream(self) -> Upstream:
        if self._state.upstream is None:
            raise self._state.why_not()
        return self._state.upstream

    def passing(self) -> AbstractContextManager[Upstream]:
        return self._state.passing()

    async def load(self, model: ModelMetadata, settings: LoadSettings) -> None:
        """Serve `model` alone. Raises `FileMissing`, `RuntimeFailed`, and `LoadCancelled` after `stop`."""
        stops = self._stops
        # Whoever came first loads first: nothing is waited for before the lock.
        async with self._lock:
            self._refuse_if_stopped(stops, model)
            order = order_for(model, await asyncio.to_thread(_existing, model), settings)
            await self._look_back()
            if self._serves(order):
                self._model = model
                return
            await self._end_server()
            self._refuse_if_stopped(stops, model)
            self._state.publish(state=RuntimeState.STARTING, error=None, exit_code=None)
            try:
                started = await self._start(order)
                self._refuse_if_stopped(stops, model)
            except asyncio.CancelledError:
                await self._end_server()
                raise
            except VenomError as error:
                await self._give_up(error, stopped=self._stops != stops)
                self._refuse_if_stopped(stops, model)
                raise
            self._show(model, order, started)

    async def unload(self) -> None:
        await self.stop()

    async def stop(self, *, force: bool = False) -> None:
        """Its servers are all ours: there is nothing to force."""
        self._stops += 1
        if self._state.snapshot.state is RuntimeState.STARTING:
            await self._child.stop()
        async with self._lock:
            await self._end_server()

    async def take_over(self) -> None:
        """Go on with the server that an earlier program of ours left running, if there is one."""
        async with self._lock:
            await self._look_back()

    def stay(self, wanted: bool) -> None:
        """Whether the server goes on without this program."""
        self._child.stay(wanted)

    async def close(self) -> None:
        """End the server, unless it is to stay."""
        if not self._child.is_staying:
            await self.stop()
        await self._child.close()

    async def health(self) -> bool:
        if self._state.upstream is None:
            return False
        try:
            response = await self._http.get(f"{self._state.upstream.base_url}/health")
        except HttpError:
            return False
        return response.status_code == 200

    async def devices(self) -> tuple[Device, ...]:
        engine = self._engine()
        if engine is None:
            raise RuntimeFailed(runtime=TITLE, explanation=NO_ENGINE)
        try:
            return await engine.devices()
        except StartRefused as error:
            raise not_started(error, title=TITLE) from error

    async def chat(self, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]:
        adapted = replace(request, messages=adapt_messages(request.messages, chat_capabilities(self._model)))
        with self.passing() as upstream:
            try:
                async with aclosing(stream_chat(self._http, upstream, adapted, source=TITLE)) as chunks:
                    async for chunk in chunks:
                        yield chunk
            except SourceUnreachable as error:
                raise await self._state.why_broken(upstream) from error

    async def _start(self, order: Order) -> Started:
        engine = self._engine()
        if engine is None:
            raise RuntimeFailed(runtime=TITLE, explanation=NO_ENGINE)
        return await start_server(
            self._child, engine, order, http=self._http, title=TITLE, stalled_after_s=self._stalled_after_s
        )

    async def _look_back(self) -> None:
        if self._looked_back:
            return
        self._looked_back = True
        left = await left_behind(self._runtime_folder, NAME)
        if left is None:
            return
        if not left.record.guard_lives or not await self._child.take_over(left):
            # Only its guard has the key.
            await end_left(left.pid_file, left.record)
            return
        note, port = note_from(self._child.note), left.record.port
        started = None
        if note is not None and port is not None:
            started = await ask_server(self._child, note.order, http=self._http, port=port, version=note.version)
        if note is None or started is None:
            await self._child.stop()
            return
        self._show(self._known(ModelKey(name=note.order.alias, runtime=NAME)), note.order, started)

    def _show(self, model: ModelMetadata | None, order: Order, started: Started) -> None:
        self._model, self._order = model, order
        self._child.become_ready(port=started.port, note=Note(order=order, version=started.version).as_text())
        loaded = LoadedModel(
            name=order.alias, memory_bytes=started.memory_bytes, vram_bytes=None, context=started.context
        )
        self._state.serve(
            started.upstream,
            version=started.version,
            endpoint=started.upstream.base_url,
            port=started.port,
            pid=self._child.pid,
            loaded=(loaded,),
        )

    async def _end_server(self) -> None:
        """Nothing that is not running is stopped; what an exit left behind is waited for."""
        if self._state.snapshot.state in (RuntimeState.STOPPED, RuntimeState.UNAVAILABLE):
            return
        if self._state.snapshot.state is not RuntimeState.EXITED:
            self._state.publish(state=RuntimeState.STOPPING)
        self._state.upstream = None
        await self._child.stop()
        self._state.forget(RuntimeState.STOPPED, error=None, exit_code=None)

    async def _give_up(self, error: VenomError, *, stopped: bool) -> None:
        await self._child.stop()
        if stopped:
            self._state.forget(RuntimeState.STOPPED)
        else:
            self._state.forget(RuntimeState.EXITED, error=error)

    def _on_exit(self, end: Exit) -> None:
        if end.requested or self._state.snapshot.state is not RuntimeState.RUNNING:
            return
        error = RuntimeFailed(runtime=TITLE, explanation=diagnose(end, port=self._state.snapshot.port).sentence)
        code = end.code if end.signal is None else -end.signal
        self._state.forget(RuntimeState.EXITED, error=error, exit_code=code)

    def _engine(self) -> Engine | None:
        return choose_engine(self._server_path(), http=self._http, runtime_folder=self._runtime_folder)

    def _serves(self, order: Order) -> bool:
        """But for the key, which is another for each start."""
        if self._state.upstream is None or self._order is None:
            return False
        return replace(order, api_key="") == replace(self._order, api_key="")

    def _refuse_if_stopped(self, stops: int, model: ModelMetadata) -> None:
        if self._stops != stops:
            raise LoadCancelled(model_name=model.name)


def _existing(model: ModelMetadata) -> Path:
    path = model.local_path
    if path is None or not path.is_file():
        raise FileMissing(model_name=model.name, path=path)
    return path
