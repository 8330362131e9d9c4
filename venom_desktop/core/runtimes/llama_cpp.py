"""llama.cpp as a runtime: one server process per loaded model, ours or the user's `llama-server`."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from venom_desktop.core.errors import (
    FileMissing,
    LoadCancelled,
    RuntimeFailed,
    RuntimeUnavailable,
    SourceUnreachable,
    UpstreamFailed,
    VenomError,
)
from venom_desktop.core.http import Client, HttpError
from venom_desktop.core.registry.model import ModelMetadata
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
from venom_desktop.core.runtimes.control.base import Exit
from venom_desktop.core.runtimes.control.child import ChildServer, StartRefused
from venom_desktop.core.runtimes.control.diagnose import diagnose
from venom_desktop.core.runtimes.llama_cpp_engines import Engine, choose_engine
from venom_desktop.core.runtimes.llama_cpp_server import Order
from venom_desktop.core.runtimes.llama_cpp_start import Started, not_started, order_for, start_server
from venom_desktop.core.runtimes.loading import STALLED_AFTER_S
from venom_desktop.core.runtimes.openai_wire import adapt_messages, stream_chat
from venom_desktop.core.signals import Signal

NAME = "llama_cpp"
TITLE = "llama.cpp"
EXPLANATION_WITHIN_S = 2.0
NO_ENGINE = "No engine was found. Install the xllamacpp package or name a llama-server in Settings."


class LlamaCpp:
    """Implements `Runtime`. Starting and stopping wait for each other; `stop` ends a load that is under way."""

    def __init__(
        self,
        *,
        http: Client,
        runtime_folder: Path,
        log_folder: Path,
        server_path: Callable[[], Path | None] = lambda: None,
        stalled_after_s: float = STALLED_AFTER_S,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        self.changed: Signal[RuntimeSnapshot] = Signal()
        self._http = http
        self._runtime_folder = runtime_folder
        self._server_path = server_path
        self._stalled_after_s = stalled_after_s
        self._now = now
        self._child = ChildServer(NAME, runtime_folder=runtime_folder, log_file=log_folder / f"{NAME}.log")
        self._child.exited.subscribe(self._on_exit)
        self._lock = asyncio.Lock()
        self._stops = 0
        self._ended = asyncio.Event()
        self._model: ModelMetadata | None = None
        self._settings: LoadSettings | None = None
        self._upstream: Upstream | None = None
        self._snapshot = RuntimeSnapshot(name=NAME, title=TITLE, state=RuntimeState.STOPPED, control=Control.CHILD)
        if self._engine() is None:
            error = RuntimeFailed(runtime=TITLE, explanation=NO_ENGINE)
            self._snapshot = replace(self._snapshot, state=RuntimeState.UNAVAILABLE, error=error)

    @property
    def name(self) -> str:
        return NAME

    @property
    def snapshot(self) -> RuntimeSnapshot:
        return self._snapshot

    async def refresh(self) -> RuntimeSnapshot:
        """An engine may have been installed or named since the start."""
        if self._snapshot.state is RuntimeState.UNAVAILABLE and self._engine() is not None:
            self._publish(state=RuntimeState.STOPPED, error=None)
        return self._snapshot

    @property
    def log_file(self) -> Path:
        return self._child.log_file

    def log_lines(self) -> tuple[str, ...]:
        return self._child.log_lines()

    def upstream(self) -> Upstream:
        if self._upstream is None:
            raise self._why_not()
        return self._upstream

    @contextmanager
    def passing(self) -> Iterator[Upstream]:
        upstream = self.upstream()
        self._publish(answering=self._snapshot.answering + 1)
        try:
            yield upstream
        finally:
            self._publish(answering=self._snapshot.answering - 1)

    async def load(self, model: ModelMetadata, settings: LoadSettings) -> None:
        """Serve `model` alone. Raises `FileMissing`, `RuntimeFailed`, and `LoadCancelled` after `stop`."""
        stops = self._stops
        # Whoever came first loads first: nothing is waited for before the lock.
        async with self._lock:
            self._refuse_if_stopped(stops, model)
            path = await asyncio.to_thread(_existing, model)
            if self._serves(model, settings):
                self._model = model
                return
            await self._end_server()
            self._refuse_if_stopped(stops, model)
            self._publish(state=RuntimeState.STARTING, error=None, exit_code=None)
            try:
                started = await self._start(order_for(model, path, settings))
                self._refuse_if_stopped(stops, model)
            except asyncio.CancelledError:
                await self._end_server()
                raise
            except VenomError as error:
                await self._give_up(error, stopped=self._stops != stops)
                self._refuse_if_stopped(stops, model)
                raise
            self._model, self._settings = model, settings
            self._show(model, started)

    async def unload(self) -> None:
        await self.stop()

    async def stop(self, *, force: bool = False) -> None:
        """Its servers are all ours: there is nothing to force."""
        self._stops += 1
        if self._snapshot.state is RuntimeState.STARTING:
            await self._child.stop()
        async with self._lock:
            await self._end_server()

    async def close(self) -> None:
        await self.stop()
        await self._child.close()

    async def health(self) -> bool:
        if self._upstream is None:
            return False
        try:
            response = await self._http.get(f"{self._upstream.base_url}/health")
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
                raise await self._why_broken(upstream) from error

    async def _start(self, order: Order) -> Started:
        engine = self._engine()
        if engine is None:
            raise RuntimeFailed(runtime=TITLE, explanation=NO_ENGINE)
        return await start_server(
            self._child, engine, order, http=self._http, title=TITLE, stalled_after_s=self._stalled_after_s
        )

    def _show(self, model: ModelMetadata, started: Started) -> None:
        self._upstream = started.upstream
        self._ended.clear()
        self._child.tell_port(started.port)
        loaded = LoadedModel(
            name=model.name, memory_bytes=started.memory_bytes, vram_bytes=None, context=started.context
        )
        self._publish(
            state=RuntimeState.RUNNING,
            version=started.version,
            endpoint=started.upstream.base_url,
            port=started.port,
            pid=self._child.pid,
            loaded=(loaded,),
        )

    async def _end_server(self) -> None:
        """Nothing that is not running is stopped; what an exit left behind is waited for."""
        if self._snapshot.state in (RuntimeState.STOPPED, RuntimeState.UNAVAILABLE):
            return
        if self._snapshot.state is not RuntimeState.EXITED:
            self._publish(state=RuntimeState.STOPPING)
        self._upstream = None
        await self._child.stop()
        self._forget(state=RuntimeState.STOPPED, error=None, exit_code=None)

    async def _give_up(self, error: VenomError, *, stopped: bool) -> None:
        await self._child.stop()
        if stopped:
            self._forget(state=RuntimeState.STOPPED)
        else:
            self._forget(state=RuntimeState.EXITED, error=error)

    def _on_exit(self, end: Exit) -> None:
        if end.requested or self._snapshot.state is not RuntimeState.RUNNING:
            return
        error = RuntimeFailed(runtime=TITLE, explanation=diagnose(end, port=self._snapshot.port).sentence)
        code = end.code if end.signal is None else -end.signal
        self._forget(state=RuntimeState.EXITED, error=error, exit_code=code)

    def _forget(self, **changes: Any) -> None:
        """There is no server any more."""
        self._upstream = None
        self._ended.set()
        self._publish(endpoint=None, port=None, pid=None, loaded=(), **changes)

    def _publish(self, **changes: Any) -> None:
        if changes.get("state", self._snapshot.state) is not self._snapshot.state:
            changes["changed_at"] = self._now()
        self._snapshot = replace(self._snapshot, **changes)
        self.changed.publish(self._snapshot)

    def _engine(self) -> Engine | None:
        return choose_engine(self._server_path(), http=self._http, runtime_folder=self._runtime_folder)

    def _serves(self, model: ModelMetadata, settings: LoadSettings) -> bool:
        return self._upstream is not None and (_files(self._model), self._settings) == (_files(model), settings)

    def _refuse_if_stopped(self, stops: int, model: ModelMetadata) -> None:
        if self._stops != stops:
            raise LoadCancelled(model_name=model.name)

    def _why_not(self) -> VenomError:
        error = self._snapshot.error
        if isinstance(error, RuntimeFailed):
            return RuntimeFailed(**error.parameters)
        return RuntimeUnavailable(runtime=TITLE)

    async def _why_broken(self, upstream: Upstream) -> VenomError:
        """An answer broke off: mostly the server died, and its exit is told a moment later."""
        if self._upstream is upstream:
            try:
                async with asyncio.timeout(EXPLANATION_WITHIN_S):
                    await self._ended.wait()
            except TimeoutError:
                return UpstreamFailed(source=TITLE, status="the answer broke off")
        return self._why_not()


def _existing(model: ModelMetadata) -> Path:
    path = model.local_path
    if path is None or not path.is_file():
        raise FileMissing(model_name=model.name, path=path)
    return path


def _files(model: ModelMetadata | None) -> tuple[object, ...]:
    """What a server would have to be started again for."""
    return () if model is None else (model.key, model.local_path, model.projector_path)
