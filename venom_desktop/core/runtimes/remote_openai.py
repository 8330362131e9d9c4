"""A server elsewhere that speaks OpenAI's wire (vLLM, llama.cpp, LM Studio, a hosted one): its list of models."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from venom_desktop.core.errors import InvalidName, UnknownModel
from venom_desktop.core.json_values import count_in, mapping_in, text_in
from venom_desktop.core.registry.model import ModelCapabilities, ModelMetadata
from venom_desktop.core.registry.names import check_name
from venom_desktop.core.runtimes.remote_base import Found, RemoteServer
from venom_desktop.core.runtimes.remote_wire import RemoteLine


class RemoteOpenAi:
    """Implements `RemoteWire`. What it has in memory it does not tell, and nothing is loaded or let go from here."""

    def __init__(self, server: RemoteServer, line: RemoteLine) -> None:
        self._server = server
        self._line = line

    async def look(self) -> Found:
        rows = await self._rows()
        models = tuple(self._row(row, name) for row in rows if (name := _usable(row)) is not None)
        return Found(models=models, version=_server_of(rows))

    async def beat(self) -> object:
        return await self._rows()

    async def describe(self, model: ModelMetadata) -> ModelMetadata:
        return model

    async def load(self, name: str) -> None:
        if name not in {_usable(row) for row in await self._rows()}:
            raise UnknownModel(model_name=name)

    async def unload(self, name: str) -> None:
        """Nothing that this wire knows."""

    async def _rows(self) -> list[Mapping[str, Any]]:
        told = await self._line.ask("GET", "/v1/models")
        rows = told.content.get("data") if isinstance(told.content, Mapping) else None
        if told.status != 200 or not isinstance(rows, list):
            raise self._line.foreign()
        return [row for row in rows if isinstance(row, Mapping)]

    def _row(self, row: Mapping[str, Any], name: str) -> ModelMetadata:
        created = count_in(row.get("created"))
        return ModelMetadata(
            name=name,
            provider=self._server.kind.provider,
            display_name=name.rpartition("/")[2] or name,
            runtime=self._server.name,
            capabilities=ModelCapabilities(max_context_length=_context(row), supports_embedding=_embeds(row)),
            installed_at=_moment(created),
        )


def _usable(row: Mapping[str, Any]) -> str | None:
    """A name of its own that passes our rules; servers elsewhere may have others."""
    name = text_in(row.get("id"))
    try:
        return None if name is None else check_name(name)
    except InvalidName:
        return None


def _context(row: Mapping[str, Any]) -> int | None:
    """vLLM's word for it, llama.cpp's, and that of those who sell many models."""
    told = row.get("max_model_len"), mapping_in(row.get("meta")).get("n_ctx_train"), row.get("context_length")
    return next((count for count in map(count_in, told) if count), None)


def _embeds(row: Mapping[str, Any]) -> bool | None:
    """True where the row says so: Together's `type`, Infinity's `capabilities`, OpenRouter's `output_modalities`."""
    told = [row.get("type"), row.get("capabilities"), mapping_in(row.get("architecture")).get("output_modalities")]
    words = [word for one in told for word in (one if isinstance(one, list) else [one])]
    return True if any(isinstance(word, str) and word.startswith("embed") for word in words) else None


def _server_of(rows: list[Mapping[str, Any]]) -> str | None:
    """ "vLLM" or "llama.cpp", where the first row says who made it."""
    owner = text_in(rows[0].get("owned_by")) if rows else None
    return {"vllm": "vLLM", "llamacpp": "llama.cpp"}.get(owner or "")


def _moment(seconds: int | None) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (OverflowError, OSError, ValueError):
        return None
