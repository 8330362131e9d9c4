"""Speaks with an Ollama server (line 0.16 and newer): its models, its memory, pulls, creations and answers."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from venom_desktop.core.errors import (
    RuntimeTooOld,
    SourceChanged,
    VenomError,
)
from venom_desktop.core.http import Client, HttpError
from venom_desktop.core.registry.model import ModelCapabilities
from venom_desktop.core.runtimes.base import ChatChunk, ChatRequest, LoadedModel
from venom_desktop.core.runtimes.model_store import PullStep
from venom_desktop.core.runtimes.ollama_blobs import send_blob
from venom_desktop.core.runtimes.ollama_chat import ChatAnswer, chat_body, kept_alive
from venom_desktop.core.runtimes.ollama_failures import (
    UNKNOWN_VERSION,
    create_failure,
    pull_failure,
    refusal,
    words_of,
)
from venom_desktop.core.runtimes.ollama_lines import TITLE, Answer, OllamaWire, json_lines, read_error, unreachable
from venom_desktop.core.runtimes.ollama_patience import Patience as Patience
from venom_desktop.core.runtimes.ollama_pull import progress
from venom_desktop.core.runtimes.ollama_wire import (
    OllamaDetails,
    OllamaModel,
    details_of,
    loaded_of,
    models_of,
)

NO_CAPABILITIES = ModelCapabilities()


class OllamaClient:
    """Every call raises `RuntimeUnavailable` for a server that is not there, `UpstreamSlow` for one that hangs,
    `SourceChanged` for one that does not speak as Ollama does, `SourceBusy`, `RequestRefused`, `UpstreamFailed`.
    """

    def __init__(self, http: Client, endpoint: Callable[[], str], *, patience: Patience | None = None) -> None:
        self._wire = OllamaWire(http, endpoint)
        self._patience = patience or Patience()

    async def version(self) -> str:
        content = await self._told("GET", "/api/version", within_s=self._patience.listing_s)
        version = content.get("version") if isinstance(content, Mapping) else None
        if not isinstance(version, str) or not version:
            raise SourceChanged(source=TITLE)
        return version

    async def models(self) -> tuple[OllamaModel, ...]:
        """What is installed, the latest change first."""
        return models_of(await self._told("GET", "/api/tags", within_s=self._patience.listing_s))

    async def loaded(self) -> tuple[LoadedModel, ...]:
        """What is in memory, also while it is still loading."""
        content = await self._told("GET", "/api/ps", within_s=self._patience.listing_s)
        return loaded_of(content, now=datetime.now(UTC))

    async def show(self, name: str) -> OllamaDetails:
        """Raises `UnknownModel`."""
        return details_of(await self._told("POST", "/api/show", {"model": name}, model=name))

    async def delete(self, name: str) -> None:
        """One that is in memory stays there until it expires. Raises `UnknownModel`."""
        await self._done("DELETE", "/api/delete", {"model": name}, model=name, within_s=self._patience.deleting_s)

    async def copy(self, name: str, new_name: str) -> None:
        """An existing `new_name` is replaced. Raises `UnknownModel`."""
        await self._done("POST", "/api/copy", {"source": name, "destination": new_name}, model=name)

    async def has_blob(self, digest: str) -> bool:
        """`digest` as `sha256:<64 hex>`."""
        answer = await self._wire.ask("HEAD", f"/api/blobs/{digest}", within_s=self._patience.asking_s)
        if answer.status == 404:
            return False
        _check(answer)
        return True

    def push_blob(self, digest: str, file: Path) -> AsyncGenerator[int, None]:
        """Send a file and yield the bytes sent so far; the server checks them against `digest`.

        Closing the iterator ends it; nothing of it is kept. Raises `ChecksumMismatch` (the file changed), `DiskFull`,
        `StorageUnreadable`.
        """
        return send_blob(self._wire, digest, file, silence_s=self._patience.checking_s)

    def pull(self, name: str, *, insecure: bool = False) -> AsyncGenerator[PullStep, None]:
        """Have the server fetch a model, a step for each change. Closing the iterator ends it and keeps what came.

        Bytes may fall back: the server takes back a part that failed. `insecure` allows a registry without TLS.
        Raises `DownloadInterrupted` (`PullBrokenOff` when the server ended), `ChecksumMismatch`, `DiskFull`,
        `StorageFailed`, `UnknownLibraryModel`, `SourceUnreachable`, `RuntimeTooOld`.
        """
        body = {"model": name, "stream": True, **({"insecure": True} if insecure else {})}
        return self._pulled(name, body)

    def create(self, name: str, files: Mapping[str, str]) -> AsyncGenerator[PullStep, None]:
        """Make a model of blobs the server has: file name to `sha256:<64 hex>`. Raises `RequestRefused`, `DiskFull`."""
        body = {"model": name, "files": dict(files), "stream": True}
        return progress(self._wire, "/api/create", body, create_failure, patience=self._patience)

    async def load(self, name: str, *, options: Mapping[str, Any], keep_alive: str | int | None) -> None:
        """Take a model into memory; one that is there with the same options is only kept longer.

        Raises `UnknownModel`, `ModelNotLoaded`.
        """
        body: dict[str, Any] = {"model": name, "options": dict(options), "stream": False}
        if keep_alive is not None:
            body["keep_alive"] = kept_alive(keep_alive)
        within_s = self._patience.loading_s
        answer = await self._wire.ask("POST", "/api/generate", body, within_s=within_s)
        if answer.status == 400 and "does not support generate" in words_of(answer.content):
            # A model that only embeds is loaded by a question of no texts.
            answer = await self._wire.ask("POST", "/api/embed", {**body, "input": []}, within_s=within_s)
        _check(answer, model=name, loading=True)

    async def unload(self, name: str) -> None:
        """Returns before the memory is free: `loaded` tells. Raises `UnknownModel`, also for one deleted meanwhile."""
        await self._done("POST", "/api/generate", {"model": name, "keep_alive": 0, "stream": False}, model=name)

    async def chat(
        self,
        model: str,
        request: ChatRequest,
        *,
        options: Mapping[str, Any],
        keep_alive: str | int | None,
        capabilities: ModelCapabilities = NO_CAPABILITIES,
    ) -> AsyncGenerator[ChatChunk, None]:
        """Stream one answer, counts and speed with its last chunk. Closing the iterator cancels it at the server.

        Raises `UnknownModel`, `ModelNotLoaded`, `SourceUnreachable` (it ended too early).
        """
        build = partial(
            chat_body, request, model=model, capabilities=capabilities, options=options, keep_alive=keep_alive
        )
        has_images = any(message.images for message in request.messages)
        body = await asyncio.to_thread(build) if has_images else build()
        answer = ChatAnswer()
        try:
            async with self._wire.open("POST", "/api/chat", body, begins_s=self._patience.loading_s) as response:
                if response.status_code != 200:
                    raise refusal(await read_error(response, within_s=self._patience.asking_s), model=model)
                async with aclosing(json_lines(response, silence_s=lambda: self._patience.answering_s)) as lines:
                    async for line in lines:
                        if (chunk := answer.take(line)) is not None:
                            yield chunk
        except HttpError as error:
            raise unreachable(error) from error
        answer.check_ended()

    async def _pulled(self, name: str, body: Mapping[str, Any]) -> AsyncGenerator[PullStep, None]:
        failed = partial(pull_failure, name=name)
        try:
            async with aclosing(progress(self._wire, "/api/pull", body, failed, patience=self._patience)) as steps:
                async for step in steps:
                    yield step
        except RuntimeTooOld as error:
            raise RuntimeTooOld(**{**error.parameters, "version": await self._version_or_unknown()}) from error

    async def _version_or_unknown(self) -> str:
        try:
            return await self.version()
        except VenomError:
            return UNKNOWN_VERSION

    async def _told(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        model: str | None = None,
        within_s: float | None = None,
    ) -> Any:
        answer = await self._wire.ask(method, path, body, within_s=within_s or self._patience.asking_s)
        _check(answer, model=model)
        return answer.content

    async def _done(
        self, method: str, path: str, body: Mapping[str, Any], *, model: str, within_s: float | None = None
    ) -> None:
        answer = await self._wire.ask(method, path, body, within_s=within_s or self._patience.asking_s)
        _check(answer, model=model)


def _check(answer: Answer, *, model: str | None = None, loading: bool = False) -> None:
    """Raises for everything but success."""
    if not 200 <= answer.status < 300:
        raise refusal(answer, model=model, loading=loading)
