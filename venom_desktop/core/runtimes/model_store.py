"""What a runtime that keeps its models by itself offers: the list of them, and the verbs on it (Ollama's store)."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from venom_desktop.core.errors import VenomError
from venom_desktop.core.registry.model import ModelMetadata
from venom_desktop.core.signals import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSnapshot:
    """`models` None: the store was never heard; while it is not `reachable` they are the last ones known.

    A row carries name, digest (`revision`), size and capabilities; what only our manifest knows is laid over it by the
    inventory. `disk_bytes` counts a blob that several models share once, None is unknown. `folder` None: it could not
    be found out, or it may not be read.
    """

    runtime: str
    models: tuple[ModelMetadata, ...] | None = None
    reachable: bool = False
    read_at: datetime | None = None
    folder: Path | None = None
    disk_bytes: int | None = None
    is_here: bool = True
    """False: the server is another machine's, and so is the disk it fills."""
    title: str | None = None
    """What the user calls its server, where that is not told by `runtime`."""
    error: VenomError | None = None


class PullPhase(StrEnum):
    MANIFEST = "manifest"
    DOWNLOADING = "downloading"
    VERIFYING = "verifying"
    WRITING = "writing"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class PullStep:
    """One line of a pull or a creation. `layer` is a digest (`sha256:<64 hex>`); bytes of that layer alone."""

    phase: PullPhase
    layer: str | None = None
    done_bytes: int | None = None
    total_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteLayer:
    """One blob of a model in a registry; `media_type` says what it is, `digest` is `sha256:<64 hex>`."""

    digest: str
    size_bytes: int
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteModel:
    """What a registry holds under one name: its manifest's digest (64 hex), and every blob of it, the config too."""

    name: str
    digest: str
    layers: tuple[RemoteLayer, ...]

    @property
    def total_bytes(self) -> int:
        """Each blob once."""
        return sum({layer.digest: layer.size_bytes for layer in self.layers}.values())


class ModelStore(Protocol):
    """The models of one server. `changed` publishes after our own verbs at once, and after those of others in time."""

    changed: Signal[StoreSnapshot]

    @property
    def snapshot(self) -> StoreSnapshot: ...

    async def refresh(self) -> StoreSnapshot:
        """Ask the server now; one that does not answer is told by the snapshot, not raised."""

    def pull(self, name: str) -> AsyncGenerator[PullStep, None]:
        """Have the server fetch a model; closing the iterator ends the request and keeps what arrived.

        Raises `RuntimeUnavailable`, `DownloadInterrupted` (the stream ended without its end), `ChecksumMismatch`,
        `DiskFull`, `UnknownLibraryModel`, `SourceUnreachable`, `RuntimeTooOld`, `RequestRefused`, `UpstreamFailed`.
        """

    async def delete(self, name: str) -> None:
        """Raises `UnknownModel`, `RuntimeUnavailable`."""

    async def copy(self, name: str, new_name: str) -> None:
        """Give a model a second name; it takes no further space. Raises `UnknownModel`, `RuntimeUnavailable`."""

    def create(self, name: str, file: Path) -> AsyncGenerator[PullStep, None]:
        """Make a model of a GGUF file of the user's own. Raises as `pull`, and `UnreadableModelFile`."""

    async def describe(self, name: str) -> ModelMetadata:
        """The row of one model with its capabilities. Raises `UnknownModel`, `RuntimeUnavailable`."""


class RemoteModels(Protocol):
    """The registries a store pulls from."""

    async def measure(self, name: str) -> RemoteModel:
        """What `name` (`llama3:8b`, `user/model:tag`, `hf.co/org/repo:Q4_K_M`, `host/ns/model:tag`) is there now.

        Raises `UnknownLibraryModel`, `SourceUnreachable`, `SourceBusy`, `SourceChanged`, `UpstreamSlow`.
        """
