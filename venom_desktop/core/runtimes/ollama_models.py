"""The models that an Ollama server keeps: the list as rows, details asked once, and the verbs on them."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from venom_desktop.core.catalog.gguf_header import GgufHeader
from venom_desktop.core.errors import UnknownModel, VenomError
from venom_desktop.core.registry.model import ModelCapabilities, ModelMetadata, ModelProvider
from venom_desktop.core.registry.names import is_from_hugging_face, is_this_machine, ollama_name, ollama_title
from venom_desktop.core.runtimes.model_store import PullPhase, PullStep, StoreSnapshot
from venom_desktop.core.runtimes.ollama_client import OllamaClient
from venom_desktop.core.runtimes.ollama_folder import disk_bytes, models_folder
from venom_desktop.core.runtimes.ollama_server import OllamaServer
from venom_desktop.core.runtimes.ollama_upload import create_from_file
from venom_desktop.core.runtimes.ollama_wire import OllamaDetails, OllamaModel
from venom_desktop.core.signals import Signal
from venom_desktop.core.tasks import TaskScope

NAME = "ollama"
ASKED_AT_ONCE = 4
ASK_AGAIN_AFTER_S = 60.0
"""A model whose details the server cannot tell (a damaged blob) is not asked about at every look."""

Folder = Callable[[], Awaitable[tuple[Path | None, int | None]]]
"""Gives the folder of the store and the bytes in it, each blob once; None is unknown."""


async def unknown_folder() -> tuple[Path | None, int | None]:
    return None, None


def folder_of(server: OllamaServer, environment: Callable[[], Mapping[str, str]]) -> Folder:
    """The folder of whatever server answers; `environment` is what one that we start is given."""

    async def look() -> tuple[Path | None, int | None]:
        facts = await server.look()
        folder = await asyncio.to_thread(models_folder, facts, environment())
        return folder, await disk_bytes(folder)

    return look


class OllamaModels:
    """Implements `ModelStore`. Details of a model are kept by its digest, so that a look asks for the list alone.

    `is_here` says whether the server is this machine's.
    """

    def __init__(
        self,
        client: OllamaClient,
        *,
        folder: Folder = unknown_folder,
        is_here: Callable[[], bool] = lambda: True,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.changed: Signal[StoreSnapshot] = Signal()
        self._client = client
        self._folder = folder
        self._is_here = is_here
        self._now = now
        self._clock = clock
        self._snapshot = StoreSnapshot(runtime=NAME)
        self._listed: tuple[OllamaModel, ...] | None = None
        self._measured: tuple[bool, tuple[OllamaModel, ...] | None] | None = None
        self._details: dict[str, OllamaDetails] = {}
        self._refused_at: dict[str, float] = {}
        self._measuring = asyncio.Lock()
        self._describing = asyncio.Lock()
        self._looks = 0
        self._look_shown = 0

    @property
    def snapshot(self) -> StoreSnapshot:
        return self._snapshot

    async def refresh(self) -> StoreSnapshot:
        await self._look()
        await self._measure()
        async with self._describing:
            await self._describe_new()
        return self._snapshot

    def pull(self, name: str) -> AsyncGenerator[PullStep, None]:
        return self._told(self._client.pull(ollama_name(name), insecure=is_on_this_machine(name)))

    def create(self, name: str, file: Path) -> AsyncGenerator[PullStep, None]:
        """As `ModelStore`; raises `FileMissing`, `StorageUnreadable` too."""
        return self._told(create_from_file(self._client, ollama_name(name), file))

    async def delete(self, name: str) -> None:
        own = ollama_name(name)
        with suppress(VenomError):
            # What is deleted while it is in memory can only be waited out afterwards.
            await self._client.unload(own)
        try:
            await self._client.delete(own)
        finally:
            # Also after a failure: somebody else may have deleted it, and the row should go.
            await self._look()
        await self._measure()

    async def copy(self, name: str, new_name: str) -> None:
        await self._client.copy(ollama_name(name), ollama_name(new_name))
        await self._look()

    async def describe(self, name: str) -> ModelMetadata:
        """As `ModelStore`; the details are asked for unless they are known."""
        error = await self._look()
        if error is not None:
            raise error
        wanted = ollama_name(name)
        for model in self._listed or ():
            if model.name == wanted:
                key = _identity(model)
                if key not in self._details:
                    self._details[key] = await self._client.show(model.name)
                    self._publish()
                return _row(model, self._details[key])
        raise UnknownModel(model_name=name)

    def header(self, name: str) -> GgufHeader | None:
        """That of the weights, as far as the server told it; None until it did."""
        wanted = ollama_name(name)
        model = next((model for model in self._listed or () if model.name == wanted), None)
        details = None if model is None else self._details.get(_identity(model))
        return None if details is None else details.header

    async def _told(self, steps: AsyncGenerator[PullStep, None]) -> AsyncGenerator[PullStep, None]:
        """The new model is in the list before its end is told."""
        async with aclosing(steps):
            async for step in steps:
                if step.phase is PullPhase.DONE:
                    await self.refresh()
                yield step

    async def _look(self) -> VenomError | None:
        """Ask for the list and publish it, or why it could not be had. Of two that overlap the later one holds."""
        self._looks += 1
        number = self._looks
        error: VenomError | None = None
        listed: tuple[OllamaModel, ...] | None = None
        try:
            listed = await self._client.models()
        except VenomError as failure:
            error = failure
        if number < self._look_shown:
            return error
        self._look_shown = number
        if listed is not None:
            self._listed = listed
            self._forget_gone()
            self._publish(reachable=True, error=None, read_at=self._now())
        else:
            self._publish(reachable=False, error=error)
        return error

    async def _measure(self) -> None:
        """The folder is read again when the server or the models in it are others than before, one look at a time."""
        async with self._measuring:
            now = (self._snapshot.reachable, self._listed)
            if self._measured == now:
                return
            folder, count = await self._folder()
            self._measured = now
            self._publish(folder=folder, disk_bytes=count)

    async def _describe_new(self) -> None:
        if not self._snapshot.reachable:
            return
        now = self._clock()
        waiting = {
            key: model.name
            for model in self._listed or ()
            if (key := _identity(model)) not in self._details
            and (key not in self._refused_at or now - self._refused_at[key] >= ASK_AGAIN_AFTER_S)
        }
        pending = iter(waiting.items())

        async def ask() -> None:
            for key, name in pending:
                try:
                    self._details[key] = await self._client.show(name)
                except VenomError:
                    self._refused_at[key] = self._clock()

        if waiting:
            async with TaskScope("ollama details") as scope:
                for number in range(ASKED_AT_ONCE):
                    scope.start(str(number), ask())
                await scope.drain()
            self._publish()

    def _forget_gone(self) -> None:
        here = {_identity(model) for model in self._listed or ()}
        self._details = {key: told for key, told in self._details.items() if key in here}
        self._refused_at = {key: at for key, at in self._refused_at.items() if key in here}

    def _publish(self, **changes: Any) -> None:
        """A later time of reading alone is no news."""
        models = None
        if self._listed is not None:
            models = tuple(_row(model, self._details.get(_identity(model))) for model in self._listed)
        before = self._snapshot
        self._snapshot = replace(before, models=models, is_here=self._is_here(), **changes)
        if replace(before, read_at=None) != replace(self._snapshot, read_at=None):
            self.changed.publish(self._snapshot)


def is_on_this_machine(name: str) -> bool:
    """Whether the registry in `name` is one here, which needs no https: nobody stands between."""
    return name.count("/") > 1 and is_this_machine(name.partition("/")[0])


def _identity(model: OllamaModel) -> str:
    """What its details hang on; names with the same digest share them."""
    return model.digest or f"{model.name} {model.modified_at}"


def _row(model: OllamaModel, details: OllamaDetails | None) -> ModelMetadata:
    capabilities = ModelCapabilities() if details is None else details.capabilities
    if capabilities.quantization is None:
        capabilities = replace(capabilities, quantization=model.quantization)
    return ModelMetadata(
        name=model.name,
        provider=ModelProvider.HUGGINGFACE if is_from_hugging_face(model.name) else ModelProvider.OLLAMA,
        display_name=ollama_title(model.name),
        runtime=NAME,
        size_bytes=model.size_bytes,
        size_gb=None if model.size_bytes is None else model.size_bytes / 1e9,
        capabilities=capabilities,
        revision=model.digest,
        license=None if details is None else details.license,
        installed_at=model.modified_at,
    )
