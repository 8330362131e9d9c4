"""The exact verdict for a folder of safetensors: sizes of its weights, and the context's memory from `config.json`."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from venom_desktop.core.catalog.base import CatalogEntry, FitGrade, FitVerdict, Quantization
from venom_desktop.core.catalog.cache import DiskCache
from venom_desktop.core.catalog.fit import DeviceMemory, LoadSettings, exact_verdict
from venom_desktop.core.catalog.model_config import MOST_BYTES, ModelConfig, header_from_config, parse_config
from venom_desktop.core.catalog.safetensors_files import CONFIG, is_weights
from venom_desktop.core.catalog.vllm_memory import WHOLE, bytes_in_memory
from venom_desktop.core.errors import UnusableConfig, VenomError
from venom_desktop.core.host.sample import HostSample

SmallFile = Callable[[str, str, str], Awaitable[bytes]]
"""Reads a whole file of a repository at a revision."""

HALVED: Final = "vLLM keeps weights of 32 bits in 16"
NO_CARD: Final = "vLLM needs a graphics card, and none was found"


class SafetensorsFit:
    """A `config.json` is kept by its commit, under which it never changes."""

    def __init__(self, read: SmallFile, *, cache: DiskCache, clock: Callable[[], datetime]) -> None:
        self._read = read
        self._cache = cache
        self._clock = clock

    async def exact_fit(
        self,
        entry: CatalogEntry,
        quantization: Quantization,
        *,
        rough: FitVerdict | None,
        settings: LoadSettings,
        host: HostSample,
        gpu: DeviceMemory | None,
    ) -> FitVerdict | None:
        """`rough` where the sizes or the configuration are not to be had, or where the cards are not known."""
        sizes = [file.size_bytes for file in quantization.files if is_weights(file.name)]
        known = [size for size in sizes if size is not None]
        if not known or len(known) != len(sizes) or settings.spread.on_cluster:
            return rough
        try:
            config = await self._config(entry, quantization)
        except VenomError as error:
            word = f"config.json could not be read ({error.reason_code})"
            return rough and replace(rough, grade=FitGrade.ESTIMATED, assumptions=(*rough.assumptions, word))
        verdict = exact_verdict(
            header_from_config(config.content),
            weights_bytes=bytes_in_memory(sum(known), config.quantization),
            settings=settings,
            host=host,
            gpu=gpu,
        )
        told = {NO_CARD: verdict.lacks_gpu, HALVED: config.quantization == WHOLE}
        return replace(verdict, assumptions=(*verdict.assumptions, *(word for word, counts in told.items() if counts)))

    async def _config(self, entry: CatalogEntry, quantization: Quantization) -> ModelConfig:
        told = next((file.size_bytes for file in quantization.files if file.name == CONFIG), None)
        if told is None or told > MOST_BYTES:
            raise UnusableConfig(model_name=entry.model_name, problem="is larger than any real one")
        key = f"config {entry.model_name} {entry.revision}"
        kept = await self._cache.read(key) if entry.revision else None
        if kept is not None and isinstance(kept.value, str):
            return parse_config(kept.value.encode(), model_name=entry.model_name)
        data = await self._read(entry.model_name, entry.revision or "main", CONFIG)
        config = parse_config(data, model_name=entry.model_name)
        if entry.revision:
            await self._cache.write(key, data.decode("utf-8", "replace"), read_at=self._clock())
        return config
