"""Asks the registries that Ollama pulls from what a name is there now: layers, sizes, digest, the model's header."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from venom_desktop.core.catalog.asked_to_wait import AskedToWait
from venom_desktop.core.catalog.cache import DiskCache
from venom_desktop.core.catalog.gguf_header import GgufHeader
from venom_desktop.core.catalog.ollama_manifest import MEDIA_TYPE, header_layer_of, parse_manifest
from venom_desktop.core.catalog.ollama_names import HUB_HOSTS, OllamaName, parse_ollama_name
from venom_desktop.core.catalog.remote_headers import RemoteHeaders
from venom_desktop.core.errors import (
    ModelNotPublic,
    SourceBusy,
    UnknownLibraryModel,
    UnreadableModelFile,
    UpstreamFailed,
    VenomError,
)
from venom_desktop.core.http import Client, Response, get, retry_after_s
from venom_desktop.core.registry.names import is_this_machine
from venom_desktop.core.runtimes.model_store import RemoteModel

LIBRARY_TITLE: Final = "The Ollama library"
HUB_TITLE: Final = "Hugging Face"
_HUB: Final = "https://hf.co"


class OllamaRegistries:
    """`registry` and `hugging_face` yield addresses: of the library's own registry, and of the hub or its mirror.

    `cache` keeps headers by the digest of their layer, which never changes.
    """

    def __init__(
        self,
        http: Client,
        *,
        registry: Callable[[], str],
        hugging_face: Callable[[], str],
        cache: DiskCache,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._http = http
        self._registry = registry
        self._hugging_face = hugging_face
        self._cache = cache
        self._clock = clock
        self._waits: dict[str, AskedToWait] = {}
        self._headers: dict[str, RemoteHeaders] = {}

    async def measure(self, name: str) -> RemoteModel:
        """What `name` is in its registry now; every layer and the configuration, with exact sizes.

        Its `digest` is the one an Ollama server lists after a pull. Raises `InvalidName`, `UnknownLibraryModel`,
        `ModelNotPublic`, `SourceUnreachable`, `SourceBusy`, `SourceChanged`, `UpstreamSlow`, `UpstreamFailed`.
        """
        parsed = parse_ollama_name(name)
        base, title = self._base(parsed), self._title(parsed)
        wait = self._waits.setdefault(base, AskedToWait(title, clock=self._clock))
        wait.respect()
        address = f"{base}/v2/{parsed.path}/manifests/{parsed.tag}"
        try:
            response = await get(self._http, address, source=title, headers={"Accept": MEDIA_TYPE})
        except SourceBusy as busy:
            wait.note(busy)
            raise
        error = _refusal(response, model_name=name, title=title, on_the_hub=parsed.is_on_the_hub)
        if error is not None:
            raise error
        return await asyncio.to_thread(parse_manifest, response.content, name=name, source=title)

    async def header(self, model: RemoteModel) -> GgufHeader:
        """The header of a model's weights, read by range and kept by digest.

        Raises `UnreadableModelFile` for a model that is no GGUF, and as `measure` does.
        """
        layer = header_layer_of(model)
        if layer is None:
            raise UnreadableModelFile(file_name=model.name, problem="its weights are no GGUF file")
        parsed = parse_ollama_name(model.name)
        return await self._headers_of(parsed).read(
            f"{self._base(parsed)}/v2/{parsed.path}/blobs/{layer.digest}",
            model_name=model.name,
            file_name=model.name,
            fixed=layer.digest,
        )

    def _headers_of(self, name: OllamaName) -> RemoteHeaders:
        title = self._title(name)
        if title not in self._headers:
            refusal = partial(_header_refusal, title=title, on_the_hub=name.is_on_the_hub)
            self._headers[title] = RemoteHeaders(self._http, source=title, refusal=refusal, cache=self._cache)
        return self._headers[title]

    def _base(self, name: OllamaName) -> str:
        if name.host is None:
            return self._registry().rstrip("/")
        if name.is_on_the_hub:
            told = self._hugging_face().rstrip("/")
            return _HUB if urlsplit(told).hostname in HUB_HOSTS else told
        scheme = "http" if is_this_machine(name.host) else "https"
        return f"{scheme}://{name.host}"

    def _title(self, name: OllamaName) -> str:
        return LIBRARY_TITLE if name.host is None else HUB_TITLE if name.is_on_the_hub else name.host


def _header_refusal(
    response: Response, *, model_name: str, with_token: bool, title: str, on_the_hub: bool
) -> VenomError | None:
    return _refusal(response, model_name=model_name, title=title, on_the_hub=on_the_hub)


def _refusal(response: Response, *, model_name: str, title: str, on_the_hub: bool) -> VenomError | None:
    status = response.status_code
    if status < 400:
        return None
    if status == 429:
        return SourceBusy(source=title, retry_after_s=retry_after_s(response.headers))
    # The hub answers 400 for a quantization that a repository lacks, and for a repository without GGUF files.
    if status == 404 or (status == 400 and on_the_hub):
        return UnknownLibraryModel(source=title, model_name=model_name)
    if status in (401, 403):
        return ModelNotPublic(source=title, model_name=model_name)
    return UpstreamFailed(source=title, status=status)
