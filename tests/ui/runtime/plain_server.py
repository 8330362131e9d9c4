"""A server runtime in memory: it does what it is told at once, and tells what was asked of it."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from venom_desktop.core.errors import NotOurServer, ProgramMissing, RuntimeUnavailable, VenomError
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
from venom_desktop.core.runtimes.ollama_setup.releases import Release
from venom_desktop.core.runtimes.ollama_setup.snapshot import SetupSnapshot
from venom_desktop.core.signals import Signal, Unsubscribe

OLLAMA = "ollama"


def in_memory(name: str, gigabytes: float = 4.9, *, minutes: float | None = 24, vram: float = 1.0) -> LoadedModel:
    size = round(gigabytes * 1e9)
    end = None if minutes is None else datetime.now(UTC) + timedelta(minutes=minutes)
    return LoadedModel(name=name, memory_bytes=size, vram_bytes=round(size * vram), context=32768, expires_at=end)


STOPPED = RuntimeSnapshot(name=OLLAMA, title="Ollama", state=RuntimeState.STOPPED)
RUNNING = replace(
    STOPPED,
    state=RuntimeState.RUNNING,
    version="0.16.3",
    control=Control.CHILD,
    endpoint="http://127.0.0.1:11434",
    port=11434,
    pid=3187,
)
EXTERNAL = replace(RUNNING, control=Control.EXTERNAL)
MISSING = replace(STOPPED, state=RuntimeState.UNAVAILABLE, error=ProgramMissing(runtime="Ollama"))


@dataclass
class PlainServer:
    """`refusal` is raised by the next start."""

    snapshot: RuntimeSnapshot = STOPPED
    refusal: VenomError | None = None
    lines: tuple[str, ...] = ()
    asked: list[str] = field(default_factory=list)
    watchers: int = 0
    found: RuntimeSnapshot | None = None
    """What the next look finds."""

    def __post_init__(self) -> None:
        self.changed: Signal[RuntimeSnapshot] = Signal()

    @property
    def name(self) -> str:
        return OLLAMA

    def show(self, snapshot: RuntimeSnapshot) -> None:
        self.snapshot = snapshot
        self.changed.publish(snapshot)

    async def start(self) -> None:
        self.asked.append("start")
        refusal, self.refusal = self.refusal, None
        if refusal is not None:
            raise refusal
        self.show(RUNNING)

    async def restart(self) -> None:
        self.asked.append("restart")
        self._refuse_foreign()
        self.show(replace(RUNNING, pid=(self.snapshot.pid or 0) + 1))

    async def stop(self, *, force: bool = False) -> None:
        self.asked.append("stop by force" if force else "stop")
        if not force:
            self._refuse_foreign()
        self.show(STOPPED)

    async def unload_model(self, name: str) -> None:
        self.asked.append(f"unload {name}")
        self._require_running()
        left = tuple(model for model in self.snapshot.loaded if model.name != name)
        self.show(replace(self.snapshot, loaded=left))

    async def unload(self) -> None:
        self.show(replace(self.snapshot, loaded=()))

    async def pin(self, name: str, *, pinned: bool) -> None:
        self.asked.append(f"{'pin' if pinned else 'unpin'} {name}")
        self._require_running()
        end = None if pinned else datetime.now(UTC) + timedelta(minutes=5)
        loaded = (replace(one, expires_at=end) if one.name == name else one for one in self.snapshot.loaded)
        self.show(replace(self.snapshot, loaded=tuple(loaded)))

    async def refresh(self) -> RuntimeSnapshot:
        self.asked.append("refresh")
        if self.found is not None:
            self.show(self.found)
        return self.snapshot

    def watch(self) -> Unsubscribe:
        self.watchers += 1
        ended: list[bool] = []

        def end() -> None:
            if not ended:
                ended.append(True)
                self.watchers -= 1

        return end

    async def load(self, model: ModelMetadata, settings: LoadSettings) -> None:
        self.show(replace(self.snapshot, loaded=(in_memory(model.name),)))

    async def chat(self, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]:
        yield ChatChunk(text="Yes", finish_reason="stop")

    def upstream(self) -> Upstream:
        raise RuntimeUnavailable(runtime="Ollama")

    @contextmanager
    def passing(self) -> Iterator[Upstream]:
        yield self.upstream()

    async def health(self) -> bool:
        return self.snapshot.state is RuntimeState.RUNNING

    async def devices(self) -> tuple[Device, ...]:
        return ()

    def log_lines(self) -> tuple[str, ...]:
        return self.lines

    def _refuse_foreign(self) -> None:
        if self.snapshot.control is Control.EXTERNAL:
            raise NotOurServer(runtime="Ollama", pid=self.snapshot.pid)

    def _require_running(self) -> None:
        if self.snapshot.state is not RuntimeState.RUNNING:
            raise RuntimeUnavailable(runtime="Ollama")


@dataclass
class PlainSetup:
    """Notes what it was asked; `operation_id` is what an install answers, `newest` what a check finds."""

    snapshot: SetupSnapshot = field(default_factory=SetupSnapshot)
    newest: str | None = None
    operation_id: str = "setup-1"
    refusal: VenomError | None = None
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.changed: Signal[SetupSnapshot] = Signal()

    async def install(self) -> str:
        self.asked.append("install")
        if self.refusal is not None:
            raise self.refusal
        return self.operation_id

    async def check(self) -> Release | None:
        self.asked.append("check")
        found = None if self.newest is None else Release(version=self.newest, archives=(), page="")
        self.show(replace(self.snapshot, available=found))
        return found

    async def roll_back(self) -> SetupSnapshot:
        self.asked.append("roll back")
        now = self.snapshot
        self.show(replace(now, installed=now.previous, previous=now.installed, restart_needed=True))
        return self.snapshot

    def show(self, snapshot: SetupSnapshot) -> None:
        self.snapshot = snapshot
        self.changed.publish(snapshot)
