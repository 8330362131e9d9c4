"""Builds what measures loads: what the formula says of one, and how much of the machine it really took."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from venom_desktop.app.compose_ollama import OllamaParts
from venom_desktop.app.compose_vllm import VllmParts
from venom_desktop.core.catalog.fit import LoadSettings, predicted_bytes
from venom_desktop.core.catalog.gguf_header import GgufHeader, read_gguf_header
from venom_desktop.core.catalog.kv_cache import KvType
from venom_desktop.core.catalog.run_on import SettingsOf, SettingsOfModel
from venom_desktop.core.errors import VenomError
from venom_desktop.core.host.base import GraphicsMemory
from venom_desktop.core.host.process_memory import peak_bytes
from venom_desktop.core.observability.loads import MeasuredLoads
from venom_desktop.core.observability.measure import Expected, MeasureLoads
from venom_desktop.core.registry.inventory import Inventory
from venom_desktop.core.registry.model import ModelKey, ModelMetadata
from venom_desktop.core.registry.own_files import named_parts
from venom_desktop.core.runtimes.base import LoadedModel, Runtime, RuntimeSnapshot
from venom_desktop.core.runtimes.base import LoadSettings as Chosen
from venom_desktop.core.runtimes.model_settings import ModelSettingsStore

ENGINE: Final = "llama_cpp"


def build_measured_loads(
    loads: MeasuredLoads,
    runtimes: Mapping[str, Runtime],
    *,
    inventory: Inventory,
    model_settings: ModelSettingsStore,
    ollama: OllamaParts,
    graphics: GraphicsMemory,
) -> MeasureLoads:
    """Of llama.cpp and Ollama. vLLM fills the share it is given, whatever the model needs: nothing is learned of it."""

    async def expected(key: ModelKey, loaded: LoadedModel) -> Expected | None:
        row = inventory.get(key)
        if row is None or loaded.context is None:
            return None
        if key.runtime == ENGINE:
            settings = replace(_engine_settings(model_settings.get(key)), context=loaded.context)
            return await asyncio.to_thread(_of_file, row, settings)
        header = ollama.models.header(key.name) if key.runtime == ollama.runtime.name else None
        if header is None or row.size_bytes is None:
            return None
        settings = replace(ollama.load_settings(key.runtime), context=loaded.context)
        return _expected(header, weights_bytes=row.size_bytes, projector_bytes=0, settings=settings)

    async def held(snapshot: RuntimeSnapshot, loaded: LoadedModel) -> int | None:
        if snapshot.name != ENGINE:
            # Its server adds up what its runner took, on cards and beside them.
            return loaded.memory_bytes
        if snapshot.pid is None:
            return None
        on_cards = await graphics.process_bytes() or {}
        resident = await asyncio.to_thread(peak_bytes, snapshot.pid)
        return None if resident is None else resident + (on_cards.get(snapshot.pid) or 0)

    return MeasureLoads(runtimes, loads, expected=expected, held=held)


def build_settings_of_model(usual: SettingsOf, model_settings: ModelSettingsStore, vllm: VllmParts) -> SettingsOfModel:
    """Ollama loads every model as its server's variables say."""

    def of_model(key: ModelKey) -> LoadSettings:
        if key.runtime == vllm.runtime.name:
            return vllm.load_settings(key)
        by_runtime = usual(key.runtime)
        if key.runtime != ENGINE:
            return by_runtime
        return replace(_engine_settings(model_settings.get(key)), lessons=by_runtime.lessons)

    return of_model


def _engine_settings(chosen: Chosen) -> LoadSettings:
    kv_type = KvType(chosen.kv_type) if chosen.kv_type is not None else KvType.F16
    return LoadSettings(kv_type=kv_type, parallel=chosen.parallel or 1, runtime=ENGINE)


def _of_file(row: ModelMetadata, settings: LoadSettings) -> Expected | None:
    """From the file itself; None for one that cannot be read now. Blocks."""
    if row.local_path is None:
        return None
    try:
        header = read_gguf_header(row.local_path, stop_at_vocabulary=True)
        weights = sum(part.stat().st_size for part in named_parts(row.local_path))
        projector = _size(row.projector_path)
    except (VenomError, OSError):
        return None
    return _expected(header, weights_bytes=weights, projector_bytes=projector, settings=settings)


def _size(path: Path | None) -> int:
    return 0 if path is None else path.stat().st_size


def _expected(
    header: GgufHeader, *, weights_bytes: int, projector_bytes: int, settings: LoadSettings
) -> Expected | None:
    count = predicted_bytes(header, weights_bytes=weights_bytes, projector_bytes=projector_bytes, settings=settings)
    if count is None or header.architecture is None:
        return None
    return Expected(architecture=header.architecture, predicted_bytes=count)
