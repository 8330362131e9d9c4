"""What every runtime offers: state snapshots, load and unload, and chat over one request shape."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

from venom_desktop.core.errors import VenomError
from venom_desktop.core.http import Passed
from venom_desktop.core.registry.model import ModelMetadata
from venom_desktop.core.runtimes.load_progress import LoadProgress
from venom_desktop.core.runtimes.state import RuntimeState as RuntimeState
from venom_desktop.core.signals import Signal, Unsubscribe


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
    progress: LoadProgress | None = None
    """How far a start has come, where its log tells; None while nothing starts."""


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
class ToolCall:
    """A function the model wants called; nothing here calls it. `arguments` as the model gave them."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatMessage:
    """`images` are whole files (PNG, JPEG, WebP) for a model with vision."""

    role: str
    content: str
    images: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """None leaves the choice to the engine; `extra` passes on what the wire knows and we do not."""

    messages: tuple[ChatMessage, ...]
    temperature: float | None = None
    max_tokens: int | None = None
    schema: Mapping[str, Any] | None = None
    """A JSON schema that the answer has to follow."""
    tools: tuple[Mapping[str, Any], ...] = ()
    """Functions in OpenAI's shape: {"type": "function", "function": {"name", "description", "parameters"}}."""
    think: bool | None = None
    """Whether a model that can think does so first; its thoughts come as `reasoning`."""
    extra: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatChunk:
    """A piece of an answer. Usage and speed come with the last one; seconds and tokens."""

    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    tokens_per_s: float | None = None


class Post(Protocol):
    """Sends bytes on as `PassingClient.post` does."""

    def __call__(
        self, url: str, body: bytes, *, headers: Mapping[str, str], source: str, streamed: bool = False
    ) -> AbstractAsyncContextManager[Passed]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """Where a runtime answers in OpenAI's shapes: `base_url` without `/v1`; `headers` go with each request."""

    base_url: str
    model: str
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    post: "Post | None" = field(default=None, repr=False)
    """How to send there, where the common client may not: with a key or certificates of its own."""


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
        """Start if need be, load `model`, answer `/health`.

        Raises `RuntimeFailed`, `FileMissing`, `LoadCancelled`; one with a store `UnknownModel`, `ModelNotLoaded`.
        """

    async def unload(self) -> None:
        """Take the model out of memory; for an engine of one model per process this ends it."""

    async def stop(self, *, force: bool = False) -> None:
        """End the server; returns when the process is gone.

        Raises `NotOurServer` for one that somebody else started, unless `force`.
        """

    def chat(self, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]:
        """Stream one answer. Closing the iterator cancels it upstream. Raises `RuntimeUnavailable`."""

    def upstream(self) -> Upstream:
        """Where the loaded model answers. Raises `RuntimeUnavailable`, `NoActiveModel` (the server runs, without)."""

    def passing(self) -> AbstractContextManager[Upstream]:
        """As `upstream`, for one request that is passed on: it counts as `answering` until it is left."""

    async def health(self) -> bool:
        """True when the server answers and can take a request now."""

    async def devices(self) -> tuple[Device, ...]:
        """What its engine can use. Raises `RuntimeFailed` when it does not tell."""

    def log_lines(self) -> tuple[str, ...]:
        """The last lines the server wrote, oldest first."""


@runtime_checkable
class Embeds(Protocol):
    """A runtime that can be asked for a vector as well as for words."""

    async def embed(self, text: str) -> int | None:
        """Have the active model turn `text` into a vector, which nobody keeps; the tokens it took, None is untold.

        Raises `NoActiveModel`, `RequestRefused`, and what asking the server raises.
        """


@runtime_checkable
class FollowedRuntime(Runtime, Protocol):
    """A runtime that others may start and stop too: it is looked at while somebody looks."""

    async def refresh(self) -> RuntimeSnapshot:
        """Ask the server now how it stands."""

    def watch(self) -> Unsubscribe:
        """Follow the server, and what other programs do with it, until the returned end is called."""


@runtime_checkable
class ServerRuntime(FollowedRuntime, Protocol):
    """A runtime whose server runs with no model, with one, or with several in memory (Ollama).

    `unload` takes all of them out of memory and leaves the server running.
    """

    async def start(self) -> None:
        """Start the server, or find it running. Raises `ProgramMissing`, `ServerPortTaken`, `RuntimeFailed`."""

    async def restart(self) -> None:
        """End the server and start it anew, with the settings of now. Raises as `start` and `stop`."""

    async def unload_model(self, name: str) -> None:
        """Take one model out of memory. Raises `RuntimeUnavailable`."""

    async def pin(self, name: str, *, pinned: bool) -> None:
        """Keep a loaded model in memory until it is unloaded, or let it expire again. Raises `RuntimeUnavailable`."""
