"""Ollama as a runtime: one server for many models, ours, systemd's or somebody else's."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Mapping
from contextlib import aclosing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from venom_desktop.core.errors import (
    ActiveModelGone,
    DevicesUntold,
    LoadCancelled,
    NoActiveModel,
    NotOurServer,
    RuntimeFailed,
    RuntimeUnavailable,
    SourceChanged,
    SourceUnreachable,
    UnknownModel,
    UpstreamSlow,
    VenomError,
)
from venom_desktop.core.registry.model import ModelMetadata
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
from venom_desktop.core.runtimes.model_store import ModelStore
from venom_desktop.core.runtimes.ollama_client import OllamaClient
from venom_desktop.core.runtimes.ollama_devices import devices_in
from venom_desktop.core.runtimes.ollama_facts import TITLE
from venom_desktop.core.runtimes.ollama_look import OllamaLook
from venom_desktop.core.runtimes.ollama_memory import OllamaMemory, options_for
from venom_desktop.core.runtimes.ollama_server import OllamaServer
from venom_desktop.core.runtimes.ollama_state import NAME, OllamaState
from venom_desktop.core.runtimes.ollama_watch import OllamaWatch, Pace
from venom_desktop.core.runtimes.pulse import Pulse
from venom_desktop.core.signals import Unsubscribe

PACE = Pace()


class Ollama:
    """Implements `ServerRuntime`. Verbs on the server and loads wait for each other; `stop` and `unload` end a load.

    The model that is active stays so when the server let it go: the next question takes it into memory again.
    """

    def __init__(
        self,
        *,
        server: OllamaServer,
        client: OllamaClient,
        models: ModelStore,
        program: Callable[[], Path | None],
        default_keep_alive: Callable[[], str] = lambda: "5m",
        pulse: Pulse | None = None,
        pace: Pace = PACE,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        self._server = server
        self._client = client
        self._pulse = pulse or Pulse(client.version, source=TITLE)
        self._memory = OllamaMemory(client, pulse=self._pulse, default_keep_alive=default_keep_alive)
        self._state = OllamaState(OllamaLook(server, client, program=program), now=now, gone=self._memory.forget)
        self.changed = self._state.changed
        self._watch = OllamaWatch(self._state, models, pace)
        self._lock = asyncio.Lock()
        self._stops = 0
        self._model: ModelMetadata | None = None
        self._options: Mapping[str, Any] = {}
        self._end = server.exited.subscribe(self._on_exit)

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

    async def refresh(self) -> RuntimeSnapshot:
        await self._state.look(thoroughly=True)
        return self._state.snapshot

    def watch(self) -> Unsubscribe:
        return self._watch.subscribe()

    async def start(self) -> None:
        stops = self._stops
        async with self._lock:
            if self._stops != stops:
                raise LoadCancelled(model_name=TITLE)
            await self._start()

    async def restart(self) -> None:
        """As `ServerRuntime`; loads under way end."""
        await self._require_ours(force=False)
        self._memory.end_loads()
        async with self._lock:
            await self._between(RuntimeState.STOPPING, self._server.restart())

    async def stop(self, *, force: bool = False) -> None:
        await self._require_ours(force=force)
        self._stops += 1
        self._memory.end_loads()
        if self._state.snapshot.state is RuntimeState.STARTING:
            await self._server.stop(force=force)
        async with self._lock:
            if self._state.snapshot.state is RuntimeState.EXITED:
                self._state.show({"state": RuntimeState.STOPPED, "error": None, "exit_code": None})
            elif self._state.is_running or self._server.keeps_child or await self.health():
                await self._between(RuntimeState.STOPPING, self._server.stop(force=force))

    async def close(self) -> None:
        """End a server of ours, unless it is to go on by itself; those of others stay."""
        self._stops += 1
        self._memory.end_loads()
        self._end()
        await self._memory.close()
        await self._watch.close()
        await self._server.close()

    async def load(self, model: ModelMetadata, settings: LoadSettings) -> None:
        """Hold `model` alone in memory; starts the server if need be and never restarts a running one.

        Raises `UnknownModel` and what `start` raises before anything is unloaded; `ModelNotLoaded`, `RuntimeFailed`,
        `UpstreamSlow` (it hangs), and `LoadCancelled` after `stop` or `unload`.
        """
        ends = self._memory.ends
        options = options_for(settings)
        async with self._lock:
            self._memory.refuse_if_ended(model.name, ends)
            try:
                await self._start()
            except LoadCancelled as error:
                raise LoadCancelled(model_name=model.name) from error
            before, self._model = self._model, None
            try:
                await self._memory.hold(model.name, options, ends)
            except (RuntimeUnavailable, SourceUnreachable) as error:
                raise await self._state.why_broken() from error
            except UnknownModel:
                self._model = before
                self._watch.look_at_models()
                raise
            except VenomError:
                await self._state.look(thoroughly=False)
                raise
            self._model, self._options = model, options
            await self._state.look(thoroughly=False)

    def resume(self, model: ModelMetadata, settings: LoadSettings) -> None:
        """Let the model that was active before this program started answer again; the first question loads it."""
        if self._model is None:
            self._model, self._options = model, options_for(settings)

    async def unload(self) -> None:
        """As `ServerRuntime`; nothing is active any more. A server that does not answer has nothing to unload."""
        self._memory.end_loads()
        async with self._lock:
            self._model = None
            try:
                names = [loaded.name for loaded in await self._client.loaded()]
                await self._memory.unload(names)
            except (RuntimeUnavailable, UpstreamSlow, SourceChanged):
                names = []
            if names or self._state.snapshot.loaded:
                await self._state.look(thoroughly=False)

    async def unload_model(self, name: str) -> None:
        await self._memory.unload([name])
        await self._state.look(thoroughly=False)

    async def pin(self, name: str, *, pinned: bool) -> None:
        options = self._options if self._model is not None and self._model.name == name else {}
        await self._memory.pin(name, pinned=pinned, options=options)
        await self._state.look(thoroughly=False)

    async def health(self) -> bool:
        try:
            await self._client.version()
        except VenomError:
            return False
        return True

    async def devices(self) -> tuple[Device, ...]:
        found = devices_in(await self._server.read_log())
        if not found:
            raise DevicesUntold(runtime=TITLE)
        return found

    def upstream(self) -> Upstream:
        """As `Runtime`; raises `NoActiveModel` too: a server may run with no model of ours."""
        if not self._state.is_running or self._state.snapshot.endpoint is None:
            raise self._state.why_not()
        if self._model is None:
            raise NoActiveModel
        return Upstream(base_url=self._state.snapshot.endpoint, model=self._model.name)

    @contextmanager
    def passing(self) -> Iterator[Upstream]:
        upstream = self.upstream()
        with self._state.answering():
            yield upstream

    async def chat(self, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]:
        """As `Runtime`; a model that the server let go is loaded first. Raises `ActiveModelGone`."""
        if not self._state.is_running:
            await self._state.look(thoroughly=False)
        with self.passing() as upstream:
            try:
                async with aclosing(self._answer(upstream.model, request)) as chunks:
                    async for chunk in chunks:
                        yield chunk
            except (RuntimeUnavailable, SourceUnreachable) as error:
                raise await self._state.why_broken() from error
            except UnknownModel as error:
                self._watch.look_at_models()
                await self._state.look(thoroughly=False)
                raise ActiveModelGone(model_name=upstream.model) from error
        if all(loaded.name != upstream.model for loaded in self._state.snapshot.loaded):
            self._watch.look()

    async def _answer(self, name: str, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]:
        answer = self._client.chat(
            name, request, options=self._options, keep_alive=None, capabilities=chat_capabilities(self._model)
        )
        async with self._pulse.beating() as beat, aclosing(answer):
            while (chunk := await beat.wait(anext(answer, None))) is not None:
                yield chunk

    async def _start(self) -> None:
        """Raises as `ServerRuntime.start`, and `UpstreamSlow` for one that runs and hangs."""
        try:
            await self._client.version()
        except VenomError as error:
            if self._state.is_running and isinstance(error, UpstreamSlow):
                raise
            await self._between(RuntimeState.STARTING, self._start_server())
        else:
            if not self._state.is_running:
                await self._state.look(thoroughly=True)

    async def _start_server(self) -> None:
        stops = self._stops
        try:
            await self._server.start()
        except RuntimeFailed as error:
            if self._stops != stops:
                raise LoadCancelled(model_name=TITLE) from error
            raise

    async def _between(self, state: RuntimeState, verb: Coroutine[Any, Any, object]) -> None:
        try:
            await self._state.during(state, verb)
        except asyncio.CancelledError:
            self._watch.look(thoroughly=True)
            raise
        finally:
            self._watch.look_at_models()

    def _on_exit(self, end: Exit) -> None:
        self._state.end(end)
        self._watch.look_at_models()

    async def _require_ours(self, *, force: bool) -> None:
        facts = await self._server.look()
        if facts.control is Control.EXTERNAL and not force:
            raise NotOurServer(runtime=TITLE, pid=facts.pid or "?")
