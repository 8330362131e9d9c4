"""What every runtime offers: state snapshots, load and unload, and chat over one request shape."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Protocol

from venom_desktop.core.errors import VenomError
from venom_desktop.core.registry.model import ModelMetadata
from venom_desktop.core.runtimes.state import RuntimeState as RuntimeState
from venom_desktop.core.signals import Signal


class Control(StrEnum):
    """Who owns the server process."""

    SYSTEMD = "systemd"
    CHILD = "child"
    EXTERNAL = "external"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """A model in memory; bytes, tokens; `expires_at` None means it stays."""

    name: str
    memory_bytes: int | None
    vram_bytes: int | None
    context: int | None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeSnapshot:
    """`endpoint` is the base URL without `/v1`."""

    name: str
    title: str
    state: RuntimeState
    version: str | None = None
    control: Control | None = None
    endpoint: str | None = None
    port: int | None = None
    pid: int | None = None
    loaded: tuple[LoadedModel, ...] = ()
    error: VenomError | None = None
    exit_code: int | None = None
    changed_at: datetime | None = None
    answering: int = 0
    """Answers being produced right now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSettings:
    """Per-model settings of a local runtime; None leaves the choice to the engine (SPEC section 5).

    `context` in tokens per slot, `gpu_layers` -1 for all, `kv_type` one of f16, q8_0, q4_0.
    """

    context: int | None = None
    threads: int | None = None
    gpu_layers: int | None = None
    parallel: int | None = None
    kv_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatMessage:
    role: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """None leaves the choice to the engine; `extra` passes on what the wire knows and we do not."""

    messages: tuple[ChatMessage, ...]
    temperature: float | None = None
    max_tokens: int | None = None
    extra: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatChunk:
    """A piece of an answer. Usage and speed come with the last one; seconds and tokens."""

    text: str = ""
    reasoning: str = ""
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    tokens_per_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """Where a runtime answers in OpenAI's shapes: `base_url` without `/v1`; `headers` go with each request."""

    base_url: str
    model: str
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Something an engine computes on; `kind` as the engine names it (cpu, gpu, ...), bytes, None is unknown."""

    name: str
    description: str
    kind: str | None
    memory_free_bytes: int | None
    memory_total_bytes: int | None


class Runtime(Protocol):
    """One local engine. `changed` publishes a new snapshot at every change of state."""

    changed: Signal[RuntimeSnapshot]

    @property
    def name(self) -> str: ...

    @property
    def snapshot(self) -> RuntimeSnapshot: ...

    async def load(self, model: ModelMetadata, settings: LoadSettings) -> None:
        """Start if need be, load `model`, answer `/health`. Raises `RuntimeFailed`, `FileMissing`."""

    async def unload(self) -> None:
        """Take the model out of memory; for an engine of one model per process this ends it."""

    async def stop(self) -> None:
        """End the server; returns when the process is gone."""

    def chat(self, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]:
        """Stream one answer. Closing the iterator cancels it upstream. Raises `RuntimeUnavailable`."""

    def upstream(self) -> Upstream:
        """Where the loaded model answers. Raises `RuntimeUnavailable`."""

    def passing(self) -> AbstractContextManager[Upstream]:
        """As `upstream`, for one request that is passed on: it counts as `answering` until it is left."""

    async def health(self) -> bool:
        """True when the server answers and can take a request now."""

    async def devices(self) -> tuple[Device, ...]:
        """What its engine can use. Raises `RuntimeFailed` when it does not tell."""

    def log_lines(self) -> tuple[str, ...]:
        """The last lines the server wrote, oldest first."""
