"""The catalog of the Ollama library: what its pages list, and what its registry knows exactly."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from venom_desktop.core.catalog.answered_in_time import AnsweredInTime
from venom_desktop.core.catalog.base import (
    CatalogEntry,
    CatalogPage,
    CatalogQuery,
    CatalogUpdate,
    FitGrade,
    FitVerdict,
    Quantization,
    RemoteFile,
)
from venom_desktop.core.catalog.cache import FRESH_FOR, DiskCache
from venom_desktop.core.catalog.entry_fit import estimated_fit
from venom_desktop.core.catalog.fit import DeviceMemory, LoadSettings, exact_verdict
from venom_desktop.core.catalog.ollama_library_client import OFFICIAL, OllamaLibraryClient
from venom_desktop.core.catalog.ollama_manifest import projector_bytes_of, weights_of
from venom_desktop.core.catalog.ollama_names import LIBRARY, parse_ollama_name
from venom_desktop.core.catalog.ollama_registry import OllamaRegistries
from venom_desktop.core.catalog.run_on import OLLAMA
from venom_desktop.core.catalog.snapshot import BundledRows
from venom_desktop.core.errors import InvalidName, VenomError
from venom_desktop.core.host.sample import HostSample
from venom_desktop.core.http import Client
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.runtimes.model_store import RemoteModel
from venom_desktop.core.signals import Signal

_MOST_MEASURED: Final = 256


class OllamaLibrary:
    """Close it with its owner: requests that outlived their caller end then.

    `bundled` reads the shipped list and may block; it is called in a thread, once, when it is needed.
    """

    def __init__(
        self,
        http: Client,
        *,
        registries: OllamaRegistries,
        cache: DiskCache,
        endpoint: Callable[[], str] = lambda: OFFICIAL,
        bundled: Callable[[], BundledRows] = BundledRows,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = OllamaLibraryClient(http, endpoint=endpoint, clock=clock)
        self._registries = registries
        self._clock = clock
        self._measured: dict[str, tuple[RemoteModel, datetime]] = {}
        self._answers = AnsweredInTime(self._client, name="ollama-library", cache=cache, bundled=bundled, clock=clock)

    @property
    def provider(self) -> ModelProvider:
        return ModelProvider.OLLAMA

    @property
    def endpoint(self) -> str:
        """Address of the library's site."""
        return self._client.endpoint

    @property
    def updated(self) -> Signal[CatalogUpdate]:
        """Pages that arrived after their caller had been given an older one."""
        return self._answers.updated

    async def close(self) -> None:
        await self._answers.close()

    async def list_models(self, query: CatalogQuery, *, refresh: bool = False) -> CatalogPage:
        """One page of the site, however many rows it has, within 3 s: fresh, or the last one kept, or the bundled one.

        The site orders by pulls or by age; likes and sizes it does not know. A row has one quantization for each size
        that it shows, without bytes; the shipped rows have their tags.
        """
        return await self._answers.list_models(query, refresh=refresh)

    async def details(self, model_name: str, *, refresh: bool = False) -> CatalogEntry:
        """The row with one quantization for each tag, sizes as rounded as the page shows them; a tag is ignored.

        While the site does not answer, the last details kept. Raises `InvalidName`, `UnknownLibraryModel`,
        `SourceUnreachable`, `SourceBusy`, `SourceChanged`, `UpstreamSlow`.
        """
        return await self._answers.details(_library_name(model_name), refresh=refresh)

    async def exact_fit(
        self,
        entry: CatalogEntry,
        quantization: Quantization,
        *,
        settings: LoadSettings,
        host: HostSample,
        gpu: DeviceMemory | None = None,
    ) -> FitVerdict | None:
        """The verdict for Ollama from the registry's exact sizes and the header of the weights, read by range.

        An estimate when one of them cannot be had, and None when even a size is missing.
        """
        settings = replace(settings, runtime=OLLAMA)
        try:
            remote = await self._measure(f"{entry.model_name}:{quantization.label}")
        except VenomError as error:
            rough = estimated_fit(entry, quantization, settings=settings, host=host, gpu=gpu)
            return _estimated(rough, f"the registry did not tell the sizes ({error.reason_code})")
        weights_bytes, projector_bytes = (
            sum(layer.size_bytes for layer in weights_of(remote)),
            projector_bytes_of(remote),
        )
        try:
            header = await self._registries.header(remote)
        except VenomError as error:
            sized = RemoteFile(name=quantization.label, size_bytes=weights_bytes + projector_bytes)
            rough = estimated_fit(
                entry, replace(quantization, files=(sized,), projector=None), settings=settings, host=host, gpu=gpu
            )
            return _estimated(rough, f"the model's header could not be read ({error.reason_code})")
        return exact_verdict(
            header,
            weights_bytes=weights_bytes,
            projector_bytes=projector_bytes,
            settings=settings,
            host=host,
            gpu=gpu,
        )

    async def _measure(self, name: str) -> RemoteModel:
        """Kept for half an hour: every step of the context's slider asks."""
        now = self._clock()
        known = self._measured.get(name)
        if known is not None and now - known[1] < FRESH_FOR:
            return known[0]
        remote = await self._registries.measure(name)
        while len(self._measured) >= _MOST_MEASURED:
            del self._measured[next(iter(self._measured))]
        self._measured[name] = (remote, now)
        return remote


def _estimated(verdict: FitVerdict | None, word: str) -> FitVerdict | None:
    return verdict and replace(verdict, grade=FitGrade.ESTIMATED, assumptions=(*verdict.assumptions, word))


def _library_name(name: str) -> str:
    """`gemma3` or `user/model` without a tag; raises `InvalidName`, also for models of other registries."""
    parsed = parse_ollama_name(name)
    if parsed.host is not None:
        raise InvalidName
    return parsed.model if parsed.namespace == LIBRARY else parsed.path
