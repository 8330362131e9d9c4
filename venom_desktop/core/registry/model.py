"""What a model is: the snapshots that travel between manifest, inventory, window and API (SPEC section 1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

NOTHING: Mapping[str, Any] = MappingProxyType({})


class ModelProvider(StrEnum):
    """Where a model comes from, or who answers in the cloud."""

    OLLAMA = "ollama"
    HUGGINGFACE = "huggingface"
    LOCAL = "local"
    OPENAI = "openai"
    GOOGLE = "google"


class ModelStatus(StrEnum):
    AVAILABLE = "available"
    DOWNLOADING = "downloading"
    INSTALLED = "installed"
    FAILED = "failed"
    REMOVING = "removing"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCapabilities:
    """Detected, not defaulted: None is unknown. `max_context_length` in tokens."""

    supports_system_role: bool | None = None
    supports_function_calling: bool | None = None
    supports_vision: bool | None = None
    supports_thinking: bool | None = None
    supports_embedding: bool | None = None
    allowed_roles: tuple[str, ...] | None = None
    prompt_template: str | None = None
    max_context_length: int | None = None
    quantization: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelKey:
    """A row's identity: the name alone may stand on two runtimes."""

    name: str
    runtime: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelMetadata:
    """One row of the manifest. `size_gb` = 10^9 bytes; unknown enum words are None and kept in `unknown`."""

    name: str
    provider: ModelProvider | None
    display_name: str
    runtime: str
    size_gb: float | None = None
    size_bytes: int | None = None
    status: ModelStatus | None = ModelStatus.INSTALLED
    capabilities: ModelCapabilities = ModelCapabilities()
    overrides: ModelCapabilities = ModelCapabilities()
    """What the user set by hand; `effective` lays it over what was detected."""
    local_path: Path | None = None
    """The first (or only) GGUF file, or the folder of a safetensors model."""
    files: tuple[str, ...] = ()
    """Every file that belongs to the model, relative to the models folder."""
    projector_path: Path | None = None
    sha256: str | None = None
    checksums: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    """File (as in `files`) to SHA-256 of the publisher."""
    verified_at: datetime | None = None
    checksum_differs: bool = False
    installed_at: datetime | None = None
    last_used_at: datetime | None = None
    revision: str | None = None
    source_revision: str | None = None
    """What the publisher calls the very same content, where a store keeps it under a digest of its own."""
    license: str | None = None
    model_class: str | None = None
    """Of a folder of safetensors: the class that its `config.json` names."""
    needs_own_code: bool = False
    """True when `config.json` points to Python files of the publisher's, which are not installed with it."""
    used_in_place: bool = False
    unknown: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    """Fields and enum words of other versions, written back as they came."""

    @property
    def key(self) -> ModelKey:
        return ModelKey(name=self.name, runtime=self.runtime)

    @property
    def folder(self) -> Path | None:
        """Where its files lie; None when nobody knows."""
        if self.local_path is None or self.runtime == "vllm":
            return self.local_path
        return self.local_path.parent
