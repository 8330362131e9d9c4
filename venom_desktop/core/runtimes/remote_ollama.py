"""An Ollama elsewhere: its models with what they can do, what it holds in memory, loading and letting go."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from venom_desktop.core.errors import InvalidName, ModelNotLoaded, SourceChanged, UnknownModel
from venom_desktop.core.registry.model import ModelCapabilities, ModelMetadata, ModelProvider
from venom_desktop.core.registry.names import check_name, is_from_hugging_face, ollama_title
from venom_desktop.core.runtimes.ollama_failures import words_of
from venom_desktop.core.runtimes.ollama_wire import OllamaModel, details_of, loaded_of, models_of
from venom_desktop.core.runtimes.remote_base import Found, RemoteServer
from venom_desktop.core.runtimes.remote_wire import LOADING_S, RemoteLine

KEEP_ALIVE = "30m"
"""What a load of ours asks for; later questions renew what the server itself keeps."""
EMBEDS_ONLY = "does not support generate"


class RemoteOllama:
    """Implements `RemoteWire`."""

    def __init__(self, server: RemoteServer, line: RemoteLine) -> None:
        self._server = server
        self._line = line

    async def look(self) -> Found:
        version = await self.beat()
        tags = await self._line.ask("GET", "/api/tags")
        running = await self._line.ask("GET", "/api/ps")
        try:
            models = models_of(tags.content)
            loaded = loaded_of(running.content, now=datetime.now(UTC))
        except SourceChanged as error:
            raise self._line.foreign() from error
        rows = tuple(self._row(model) for model in models if _is_usable(model.name))
        return Found(models=rows, version=version, loaded=loaded)

    async def beat(self) -> str:
        told = await self._line.ask("GET", "/api/version")
        version = told.content.get("version") if isinstance(told.content, Mapping) else None
        if told.status != 200 or not isinstance(version, str) or not version:
            raise self._line.foreign()
        return version

    async def describe(self, model: ModelMetadata) -> ModelMetadata:
        told = await self._line.ask("POST", "/api/show", {"model": model.name})
        if told.status != 200:
            raise UnknownModel(model_name=model.name)
        try:
            details = details_of(told.content)
        except SourceChanged as error:
            raise self._line.foreign() from error
        quantization = details.capabilities.quantization or model.capabilities.quantization
        return replace(
            model, capabilities=replace(details.capabilities, quantization=quantization), license=details.license
        )

    async def load(self, name: str) -> None:
        body: dict[str, Any] = {"model": name, "keep_alive": KEEP_ALIVE, "stream": False}
        told = await self._line.ask("POST", "/api/generate", body, within_s=LOADING_S)
        if told.status == 400 and EMBEDS_ONLY in words_of(told.content):
            # A model that only embeds is loaded by a question of no texts.
            told = await self._line.ask("POST", "/api/embed", {**body, "input": []}, within_s=LOADING_S)
        if told.status == 404:
            raise UnknownModel(model_name=name)
        if told.status != 200:
            problem = f"{words_of(told.content) or told.status}."
            raise ModelNotLoaded(runtime=self._server.title, model_name=name, problem=problem)

    async def unload(self, name: str) -> None:
        await self._line.ask("POST", "/api/generate", {"model": name, "keep_alive": 0, "stream": False})

    def _row(self, model: OllamaModel) -> ModelMetadata:
        """Without a size: what it takes is another machine's disk."""
        hub = is_from_hugging_face(model.name)
        return ModelMetadata(
            name=model.name,
            provider=ModelProvider.HUGGINGFACE if hub else ModelProvider.OLLAMA,
            display_name=ollama_title(model.name),
            runtime=self._server.name,
            capabilities=ModelCapabilities(quantization=model.quantization),
            revision=model.digest,
            installed_at=model.modified_at,
        )


def _is_usable(name: str) -> bool:
    try:
        return bool(check_name(name))
    except InvalidName:
        return False
