"""What a catalog answers with, and the protocol every catalog satisfies."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from venom_desktop.core.errors import VenomError
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.signals import Signal

if TYPE_CHECKING:
    from venom_desktop.core.catalog.fit import DeviceMemory, LoadSettings
    from venom_desktop.core.host.sample import HostSample


SAFETENSORS_RUNTIME: Final = "vllm"
"""Runs a folder of safetensors files; the others take GGUF."""


class Ability(StrEnum):
    VISION = "vision"
    TOOLS = "tools"
    THINKING = "thinking"
    EMBEDDING = "embedding"


class Sort(StrEnum):
    DOWNLOADS = "downloads"
    LIKES = "likes"
    UPDATED = "updated"
    SIZE = "size"
    TRENDING = "trending"
    FIT = "fit"


SORTED_HERE: Final = frozenset({Sort.SIZE, Sort.FIT})
"""No source knows these orders: the rows most downloaded are loaded, and put in order here."""


class FitPlace(StrEnum):
    """Where a model's memory would live on this machine."""

    GPU = "gpu"
    GPU_AND_RAM = "part"
    RAM = "ram"
    TOO_BIG = "big"


class FitGrade(StrEnum):
    ESTIMATED = "estimated"
    EXACT = "exact"


@dataclass(frozen=True, slots=True, kw_only=True)
class FitVerdict:
    """Memory one model needs against what this machine has; all figures in bytes, context in tokens.

    `needed_bytes` = weights + kv_cache + overhead, put right by as many `loads` of the kind as were measured on this
    machine (0: the formula alone); `error_bytes` is the half width of the error bar.
    `free_bytes` and `total_bytes` are of the devices the runtime can use (GPU figures None without one).
    """

    place: FitPlace
    grade: FitGrade
    runtime: str
    needed_bytes: int
    error_bytes: int
    weights_bytes: int
    kv_cache_bytes: int
    overhead_bytes: int
    context: int
    kv_type: str
    free_bytes: int
    total_bytes: int
    gpu_free_bytes: int | None = None
    gpu_total_bytes: int | None = None
    loads: int = 0
    fits_when_empty: bool = True
    """False when not even the machine's whole memory would do."""
    assumptions: tuple[str, ...] = ()

    @property
    def lacks_gpu(self) -> bool:
        """True when the runtime needs a graphics card and found none."""
        return self.runtime == SAFETENSORS_RUNTIME and self.gpu_total_bytes is None

    @property
    def lacks_cards(self) -> bool:
        """True when the model is to be spread over more graphics cards than were found."""
        return self.runtime == SAFETENSORS_RUNTIME and self.gpu_total_bytes == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """One file of a repository; small files kept in git have no `sha256` but the name of their blob, `git_sha`."""

    name: str
    size_bytes: int | None
    sha256: str | None = None
    git_sha: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantization:
    """One installable variant: every shard, and the projector of a vision model.

    Of a library of tags, `label` is the tag and `level` the quantization of its weights; `digest` is as much of the
    manifest's as a page shows (12 hex), `same_as` another tag of the same digest (what `latest` stands for now).
    """

    label: str
    files: tuple[RemoteFile, ...]
    projector: RemoteFile | None = None
    level: str | None = None
    digest: str | None = None
    same_as: str | None = None
    context_length: int | None = None

    @property
    def size_bytes(self) -> int | None:
        """Download size with projector, or None when one file's size is unknown."""
        sizes = [file.size_bytes for file in (*self.files, *((self.projector,) if self.projector else ()))]
        return None if any(size is None for size in sizes) else sum(size for size in sizes if size is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogEntry:
    """One row of a catalog. List rows may lack what only `details` knows (None or empty)."""

    provider: ModelProvider
    model_name: str
    display_name: str
    publisher: str | None = None
    description: str | None = None
    parameters: int | None = None
    quantizations: tuple[Quantization, ...] | None = None
    """None until it was read; empty when there is nothing installable."""
    size_range_bytes: tuple[int, int] | None = None
    """Smallest and largest quantization, when the list already tells."""
    license: str | None = None
    gated: bool | None = None
    private: bool | None = None
    downloads: int | None = None
    likes: int | None = None
    trending: float | None = None
    """How much of a stir it makes now, in its source's own measure; larger is more."""
    updated: datetime | None = None
    abilities: frozenset[Ability] = frozenset()
    context_length: int | None = None
    architecture: str | None = None
    revision: str | None = None
    chat_template: str | None = None
    runtimes: tuple[str, ...] = ()
    safetensors: Quantization | None = None
    """Everything vLLM needs of the repository, as one variant; None where it has no such weights."""
    model_class: str | None = None
    """The class that `config.json` names (`Qwen2ForCausalLM`), None while that is not known."""
    needs_own_code: bool = False
    """True when `config.json` points to Python files of the publisher's."""
    tags: tuple[str, ...] = ()
    page_url: str | None = None
    fit: FitVerdict | None = None
    only_pickle: bool = False
    only_cloud: bool = False
    """True for what runs on the publisher's own servers alone: there are no weights to install."""

    @property
    def key(self) -> tuple[ModelProvider, str]:
        """Its identity: two sources may call a model the same."""
        return self.provider, self.model_name

    def variants(self, runtime: str | None) -> tuple[Quantization, ...] | None:
        """What can be installed for a runtime; None until it was read."""
        if runtime != SAFETENSORS_RUNTIME:
            return self.quantizations
        if self.safetensors is not None:
            return (self.safetensors,)
        return None if self.quantizations is None else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogQuery:
    """`limit` rows from `cursor` on; an empty text lists by `sort` alone.

    `safetensors` asks for repositories with such weights instead of GGUF files, where a source has both.
    """

    text: str = ""
    sort: Sort = Sort.DOWNLOADS
    limit: int = 60
    cursor: str | None = None
    safetensors: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogPage:
    """`stale` with `error` when the source failed and an older answer is shown; `bundled` when it came with the app."""

    entries: tuple[CatalogEntry, ...]
    next_cursor: str | None = None
    read_at: datetime | None = None
    stale: bool = False
    bundled: bool = False
    error: VenomError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogUpdate:
    """What the source answered after `list_models` had already given an older answer."""

    query: CatalogQuery
    page: CatalogPage


class Catalog(Protocol):
    """One source of models. Raises `SourceUnreachable`, `SourceChanged`, `SourceBusy`, `GatedRepository`, ..."""

    @property
    def provider(self) -> ModelProvider: ...

    @property
    def updated(self) -> Signal[CatalogUpdate]:
        """Answers that came too late for their caller."""

    async def list_models(self, query: CatalogQuery, *, refresh: bool = False) -> CatalogPage:
        """One page, from the 30-minute cache unless `refresh`; within 3 s whatever the source does."""

    async def details(self, model_name: str, *, refresh: bool = False) -> CatalogEntry:
        """The row with quantizations (exact sizes and checksums), licence, gate, template, context."""


class DetailedCatalog(Catalog, Protocol):
    """A catalog that can also judge one variant before it is downloaded. `endpoint` is the address of its pages."""

    @property
    def endpoint(self) -> str: ...

    async def exact_fit(
        self,
        entry: CatalogEntry,
        quantization: Quantization,
        *,
        settings: "LoadSettings",
        host: "HostSample",
        gpu: "DeviceMemory | None" = None,
    ) -> FitVerdict | None:
        """The verdict from the model file's own header; an estimate, or None, where that cannot be read."""
