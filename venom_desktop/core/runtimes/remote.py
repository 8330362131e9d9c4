"""A server elsewhere as a runtime: reached over the network, used like a local one, never started or stopped."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NoReturn, TypeVar

from venom_desktop.core.errors import (
    DevicesUntold,
    LoadCancelled,
    NoActiveModel,
    RemoteControl,
    RequestRefused,
    RuntimeUnavailable,
    SourceChanged,
    SourceUnreachable,
    TokenRefused,
    UnknownModel,
    UpstreamFailed,
    VenomError,
)
from venom_desktop.core.http import Require
from venom_desktop.core.http_keyed import Key, KeyedClient
from venom_desktop.core.offline import everybody
from venom_desktop.core.polling import Poller
from venom_desktop.core.registry.model import ModelMetadata
from venom_desktop.core.runtimes.base import (
    ChatChunk,
    ChatRequest,
    Device,
    LoadSettings,
    RuntimeSnapshot,
    Upstream,
)
from venom_desktop.core.runtimes.chat_capabilities import chat_capabilities
from venom_desktop.core.runtimes.openai_wire import adapt_messages, stream_chat
from venom_desktop.core.runtimes.pulse import Pulse
from venom_desktop.core.runtimes.remote_base import RemoteKind, RemoteServer, RemoteWire
from venom_desktop.core.runtimes.remote_ollama import RemoteOllama
from venom_desktop.core.runtimes.remote_openai import RemoteOpenAi
from venom_desktop.core.runtimes.remote_state import RemoteState
from venom_desktop.core.runtimes.remote_wire import RemoteLine
from venom_desktop.core.signals import Unsubscribe
from venom_desktop.core.tasks import TaskScope

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds between two looks while somebody watches, and how a silence during an answer is judged."""

    looks_s: float = 10.0
    beats_s: float = 10.0
    silent_after_s: float = 40.0


PACE = Pace()


def wire_for(server: RemoteServer, client: KeyedClient, key: Key) -> RemoteWire:
    line = RemoteLine(server, client, key)
    return RemoteOllama(server, line) if server.kind is RemoteKind.OLLAMA else RemoteOpenAi(server, line)


class Remote:
    """Implements `ServerRuntime`. `start`, `stop`, `restart` and `pin` are refused with `RemoteControl`.

    RUNNING means that it answered the last look, UNAVAILABLE that it did not, STOPPED that nobody asked yet.
    `loaded` is what was loaded from here; what others hold in its memory is theirs and stays.
    """

    def __init__(
        self,
        server: RemoteServer,
        key: Key,
        *,
        pace: Pace = PACE,
        require: Require = everybody,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        self.server = server
        self._client = KeyedClient(server.url, key, certificate_file=server.certificate_file, require=require)
        self._line = RemoteLine(server, self._client, key)
        self._wire = wire_for(server, self._client, key)
        self._state = RemoteState(server, self._wire, now=now)
        self.changed = self._state.changed
        self.store = self._state.store
        self._pulse = Pulse(
            self._wire.beat, source=server.title, every_s=pace.beats_s, silent_after_s=pace.silent_after_s
        )
        self._tasks = TaskScope(server.name)
        self._poller = Poller(self._tasks, "watch", self._follow, every_s=pace.looks_s)
        self._lock = asyncio.Lock()
        self._ends = 0

    @property
    def name(self) -> str:
        return self.server.name

    @property
    def snapshot(self) -> RuntimeSnapshot:
        return self._state.snapshot

    @property
    def model(self) -> ModelMetadata | None:
        """The one that answers here."""
        return self._state.model

    def log_lines(self) -> tuple[str, ...]:
        return ()

    async def refresh(self) -> RuntimeSnapshot:
        await self.store.refresh()
        return self._state.snapshot

    def watch(self) -> Unsubscribe:
        return self._poller.subscribe(lambda _: None)

    async def start(self) -> None:
        self._refuse_control()

    async def restart(self) -> None:
        self._refuse_control()

    async def stop(self, *, force: bool = False) -> None:
        del force
        self._refuse_control()

    async def pin(self, name: str, *, pinned: bool) -> None:
        del name, pinned
        self._refuse_control()

    async def close(self) -> None:
        """What it holds stays there until it expires."""
        self._ends += 1
        await self._tasks.close()
        await self._client.close()

    async def load(self, model: ModelMetadata, settings: LoadSettings) -> None:
        """Let `model` answer here; how it is loaded is the server's own choice.

        Raises what `RemoteWire` names, `UnknownModel`, `ModelNotLoaded`, and `LoadCancelled` after `unload`.
        """
        del settings
        ends = self._ends
        async with self._lock:
            self._refuse_if_ended(model.name, ends)
            found = await self._wire.look()
            if all(row.name != model.name for row in found.models):
                self._state.take(found)
                raise UnknownModel(model_name=model.name)
            await self._let_go(self._state.held - {model.name})
            self._state.model = None
            await self._load(model.name, ends)
            if found.loaded is not None and model.name not in {one.name for one in found.loaded}:
                self._state.held |= {model.name}
            self._state.model = model
            await self._state.look()

    def resume(self, model: ModelMetadata) -> None:
        """Let the model that was active before answer again, without asking anybody."""
        if self._state.model is None:
            self._state.model = model

    async def unload(self) -> None:
        """Nothing answers here any more; what was loaded from here is let go, as far as the server can be reached."""
        self._end_loads()
        async with self._lock:
            self._state.model = None
            if self._state.held:
                await self._let_go(self._state.held)
                await self._state.look()
            elif self._state.snapshot.loaded:
                self._state.publish(loaded=())

    async def unload_model(self, name: str) -> None:
        """As `ServerRuntime`. Raises what `RemoteWire` names."""
        await self._wire.unload(name)
        self._state.held -= {name}
        if self._state.model is not None and self._state.model.name == name:
            self._state.model = None
        await self._state.look()

    async def health(self) -> bool:
        try:
            await self._wire.beat()
        except VenomError:
            return False
        return True

    async def devices(self) -> tuple[Device, ...]:
        raise DevicesUntold(runtime=self.server.title)

    def upstream(self) -> Upstream:
        """As `Runtime`. A server that was away at the last look may be back, so that is no reason to refuse."""
        if self._state.model is None:
            raise NoActiveModel
        return Upstream(base_url=self.server.url, model=self._state.model.name, post=self._client.post)

    @contextmanager
    def passing(self) -> Iterator[Upstream]:
        upstream = self.upstream()
        with self._state.answering():
            yield upstream

    async def chat(self, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]:
        with self.passing() as upstream:
            try:
                async with aclosing(self._answer(upstream, request)) as chunks:
                    async for chunk in chunks:
                        yield chunk
            except VenomError as error:
                raise await self._why(error) from error

    async def embed(self, text: str) -> int | None:
        """As `Embeds`. Raises what `RemoteWire` names, and `RequestRefused`."""
        with self.passing() as upstream:
            return await self._beaten(self._line.embed(upstream.model, text))

    async def _answer(self, upstream: Upstream, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]:
        messages = adapt_messages(request.messages, chat_capabilities(self._state.model))
        asked = replace(request, messages=messages, **self._thinking(request))
        answer = stream_chat(await self._client.opened(), upstream, asked, source=self.server.title)
        async with self._pulse.beating() as beat, aclosing(answer):
            while (chunk := await beat.wait(anext(answer, None))) is not None:
                yield chunk

    def _thinking(self, request: ChatRequest) -> dict[str, Any]:
        """On this wire Ollama takes OpenAI's word for it, not the one that llama.cpp and vLLM take."""
        if self.server.kind is not RemoteKind.OLLAMA or request.think is None:
            return {}
        effort = "medium" if request.think else "none"
        return {"think": None, "extra": {**request.extra, "reasoning_effort": effort}}

    async def _why(self, error: VenomError) -> VenomError:
        """Why an answer failed: a look at the server mostly tells more than the connection that broke."""
        match error:
            case TokenRefused():
                refused = await self._line.refused_key()
                self._state.show(None, refused)
                return refused
            case SourceChanged():
                return self._line.foreign()
            case SourceUnreachable():
                broken = UpstreamFailed(source=self.server.title, status="the answer broke off")
                return await self._state.look() or broken
            case RuntimeUnavailable() if type(error) is RuntimeUnavailable:
                return UpstreamFailed(source=self.server.title, status="it is busy or not ready")
            case UpstreamFailed() if type(error) is UpstreamFailed:
                return await self._state.look() or error
            case RequestRefused():
                return await self._state.why_gone() or error
            case _:
                return error

    async def _follow(self) -> RuntimeSnapshot:
        await self._state.look()
        if not self._tasks.is_running("details"):
            self._tasks.start("details", self.store.describe_new())
        return self._state.snapshot

    async def _load(self, name: str, ends: int) -> None:
        """One that `unload` can end."""
        self._refuse_if_ended(name, ends)
        task = self._tasks.start("load", self._beaten(self._wire.load(name)), on_end=lambda _: None)
        try:
            await task
        except asyncio.CancelledError:
            self._refuse_if_ended(name, ends)
            raise

    async def _beaten(self, work: Awaitable[T]) -> T:
        async with self._pulse.beating() as beat:
            return await beat.wait(work)

    async def _let_go(self, names: frozenset[str]) -> None:
        self._state.held -= names
        for name in names:
            with suppress(VenomError):
                await self._wire.unload(name)

    def _end_loads(self) -> None:
        self._ends += 1
        self._tasks.cancel("load")

    def _refuse_if_ended(self, name: str, ends: int) -> None:
        if self._ends != ends:
            raise LoadCancelled(model_name=name)

    def _refuse_control(self) -> NoReturn:
        raise RemoteControl(server=self.server.title)
