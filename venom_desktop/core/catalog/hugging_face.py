"""The catalog of GGUF models on the Hugging Face hub."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from venom_desktop.core.catalog.answered_in_time import ANSWER_WITHIN_S as ANSWER_WITHIN_S
from venom_desktop.core.catalog.answered_in_time import AnsweredInTime
from venom_desktop.core.catalog.base import (
    SAFETENSORS_RUNTIME,
    CatalogEntry,
    CatalogPage,
    CatalogQuery,
    CatalogUpdate,
    FitGrade,
    FitVerdict,
    Quantization,
)
from venom_desktop.core.catalog.cache import DiskCache
from venom_desktop.core.catalog.entry_fit import estimated_fit
from venom_desktop.core.catalog.fit import DeviceMemory, LoadSettings, exact_verdict
from venom_desktop.core.catalog.hugging_face_client import (
    OFFICIAL,
    HuggingFaceClient,
    TokenSource,
    checked_repository,
    repository_of,
)
from venom_desktop.core.catalog.hugging_face_wire import SOURCE, parse_entry, parse_rows, refusal
from venom_desktop.core.catalog.remote_headers import RemoteHeaders
from venom_desktop.core.catalog.safetensors_files import LABEL
from venom_desktop.core.catalog.safetensors_fit import SafetensorsFit
from venom_desktop.core.catalog.snapshot import BundledRows
from venom_desktop.core.errors import VenomError
from venom_desktop.core.host.sample import HostSample
from venom_desktop.core.http import Client
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.signals import Signal


class _Hub:
    """The hub as a source of rows and details."""

    title = SOURCE

    def __init__(self, client: HuggingFaceClient, offers_vllm: Callable[[], bool]) -> None:
        self._client = client
        self._offers_vllm = offers_vllm

    @property
    def endpoint(self) -> str:
        return self._client.endpoint

    async def page(self, query: CatalogQuery) -> Mapping[str, Any]:
        stored = await self._client.listing(query)
        wanted = None if query.cursor else repository_of(query.text)
        if wanted and all(_id(row) != wanted.lower() for row in stored["rows"]):
            stored["rows"] = [*await self._named_exactly(wanted), *stored["rows"]]
        return stored

    async def model(self, model_name: str) -> Any:
        return await self._client.repository(model_name)

    def entries(self, rows: Any) -> tuple[CatalogEntry, ...]:
        return parse_rows(rows, endpoint=self.endpoint, with_vllm=self._offers_vllm())

    def entry(self, stored: Any) -> CatalogEntry:
        return parse_entry(stored, endpoint=self.endpoint, with_vllm=self._offers_vllm())

    async def _named_exactly(self, model_name: str) -> list[Any]:
        """A repository without GGUF is no row of the listing, but whoever types its name learns why."""
        try:
            return [await self._client.repository(model_name)]
        except VenomError:
            return []


class HuggingFaceCatalog:
    """Close it with its owner: requests that outlived their caller end then.

    `bundled` reads the shipped list and may block; it is called in a thread, once, when it is needed. Entries name
    vLLM among their runtimes while `offers_vllm`.
    """

    def __init__(
        self,
        http: Client,
        *,
        endpoint: str = OFFICIAL,
        token: TokenSource = lambda: None,
        cache: DiskCache,
        bundled: Callable[[], BundledRows] = BundledRows,
        offers_vllm: Callable[[], bool] = lambda: False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = HuggingFaceClient(http, endpoint=endpoint, token=token, clock=clock)
        self._headers = RemoteHeaders(
            http, source=SOURCE, refusal=refusal, cache=cache, authorization=self._client.authorization
        )
        self._folders = SafetensorsFit(self._client.small_file, cache=cache, clock=clock)
        self._answers = AnsweredInTime(
            _Hub(self._client, offers_vllm), name="hugging-face", cache=cache, bundled=bundled, clock=clock
        )

    @property
    def provider(self) -> ModelProvider:
        return ModelProvider.HUGGINGFACE

    @property
    def endpoint(self) -> str:
        """Address of the hub, to whose host alone a token may go."""
        return self._client.endpoint

    @property
    def updated(self) -> Signal[CatalogUpdate]:
        """Pages that arrived after their caller had been given an older one."""
        return self._answers.updated

    async def close(self) -> None:
        await self._answers.close()

    async def list_models(self, query: CatalogQuery, *, refresh: bool = False) -> CatalogPage:
        """One page within 3 s: fresh, or the last one kept, or the bundled one, marked `stale` with the `error`."""
        return await self._answers.list_models(query, refresh=refresh)

    async def details(self, model_name: str, *, refresh: bool = False) -> CatalogEntry:
        """The row with exact sizes, checksums and the commit, within 3 s; a tag behind the name is ignored.

        When the hub does not answer, the last details kept. Raises `InvalidName`, `UnknownRepository`,
        `GatedRepository`, `TokenRefused`, `SourceUnreachable`, `SourceBusy`, `SourceChanged`, `UpstreamSlow`.
        """
        return await self._answers.details(checked_repository(model_name), refresh=refresh)

    async def exact_fit(
        self,
        entry: CatalogEntry,
        quantization: Quantization,
        *,
        settings: LoadSettings,
        host: HostSample,
        gpu: DeviceMemory | None = None,
    ) -> FitVerdict | None:
        """The verdict from the file's own header, read by range and kept by revision.

        An estimate when the header cannot be read, and None when even a size is missing.
        """
        rough = estimated_fit(entry, quantization, settings=settings, host=host, gpu=gpu)
        if quantization.label == LABEL and settings.runtime == SAFETENSORS_RUNTIME:
            return await self._folders.exact_fit(
                entry, quantization, rough=rough, settings=settings, host=host, gpu=gpu
            )
        sizes = [file.size_bytes for file in quantization.files]
        if not sizes or any(size is None for size in sizes):
            return rough
        first = quantization.files[0].name
        try:
            header = await self._headers.read(
                self.resolve_url(entry.model_name, entry.revision or "main", first),
                model_name=entry.model_name,
                file_name=first,
                fixed=f"{entry.model_name} {entry.revision} {first}" if entry.revision else None,
            )
        except VenomError as error:
            word = f"the file's header could not be read ({error.reason_code})"
            return rough and replace(rough, grade=FitGrade.ESTIMATED, assumptions=(*rough.assumptions, word))
        projector = quantization.projector
        return exact_verdict(
            header,
            weights_bytes=sum(size for size in sizes if size is not None),
            projector_bytes=(projector.size_bytes or 0) if projector else 0,
            settings=settings,
            host=host,
            gpu=gpu,
        )

    async def small_file(self, model_name: str, revision: str, file_name: str) -> bytes:
        """All of a file that is known to be small. Raises as `details`, and `NotFound`."""
        return await self._client.small_file(model_name, revision, file_name)

    def resolve_url(self, model_name: str, revision: str, file_name: str) -> str:
        """Where the bytes of one file of a repository are."""
        return self._client.resolve_url(model_name, revision, file_name)


def _id(row: Any) -> str:
    name = row.get("id") if isinstance(row, dict) else None
    return name.lower() if isinstance(name, str) else ""
