"""Keystroke to filtered view, the part without the window: 10,000 rows (p95 at most 16 ms) and 100,000 (50 ms)."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from venom_desktop.core.catalog.base import (
    Ability,
    CatalogEntry,
    CatalogPage,
    CatalogQuery,
    CatalogUpdate,
    Quantization,
    RemoteFile,
)
from venom_desktop.core.catalog.filters import CatalogFilters
from venom_desktop.core.catalog.search import CatalogSearch
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.signals import Signal

LIMITS_MS = {10_000: 16.0, 100_000: 50.0}
WORDS = ("qwen3 coder", "gemma it", "llama 8b", "mistral", "model 0042", "deepseek r1 q4", "zzz")
_FAMILIES = ("Qwen3-Coder", "gemma-3-it", "Llama-3.1-8B", "Mistral-Small", "DeepSeek-R1", "Phi-4-mini")
_LABELS = ("Q4_K_M", "Q5_K_M", "Q8_0")


class Loaded:
    """A catalog that gives everything at once for no text, and nothing more for a text."""

    def __init__(self, entries: Sequence[CatalogEntry]) -> None:
        self._entries = tuple(entries)
        self.updated: Signal[CatalogUpdate] = Signal()

    @property
    def provider(self) -> ModelProvider:
        return ModelProvider.HUGGINGFACE

    async def list_models(self, query: CatalogQuery, *, refresh: bool = False) -> CatalogPage:
        return CatalogPage(entries=() if query.text else self._entries, read_at=datetime.now(UTC))

    async def details(self, model_name: str, *, refresh: bool = False) -> CatalogEntry:
        raise NotImplementedError


def entry_of(number: int) -> CatalogEntry:
    name = f"{_FAMILIES[number % len(_FAMILIES)]}-{number:06}-GGUF"
    sizes = [number % 40 * 10**9 // 2 + place * 10**9 for place, _ in enumerate(_LABELS, start=1)]
    return CatalogEntry(
        provider=ModelProvider.HUGGINGFACE,
        model_name=f"org{number % 300}/{name}",
        display_name=name.replace("-", " "),
        downloads=(number * 7919) % 1_000_003,
        likes=(number * 104_729) % 10_007,
        updated=datetime(2026, 11, 1, tzinfo=UTC) - timedelta(minutes=number),
        quantizations=tuple(
            Quantization(label=label, files=(RemoteFile(name=f"{label}.gguf", size_bytes=size),))
            for label, size in zip(_LABELS, sizes, strict=True)
        ),
        size_range_bytes=(sizes[0], sizes[-1]),
        license="mit" if number % 2 else "apache-2.0",
        abilities=frozenset({Ability.TOOLS}) if number % 4 else frozenset(),
        architecture="llama",
        tags=("gguf", "text-generation", "en"),
    )


async def _keystrokes_ms(rows: int, filters: CatalogFilters) -> list[float]:
    search = CatalogSearch([Loaded([entry_of(number) for number in range(rows)])])
    loaded = asyncio.Event()
    search.changed.subscribe(lambda state: loaded.set() if not state.loading and state.sources else None)
    search.open()
    await loaded.wait()
    search.set_filters(filters)
    found = []
    for word in WORDS:
        for length in (*range(1, len(word) + 1), *range(len(word) - 1, -1, -1)):
            started = time.perf_counter()
            search.set_text(word[:length])
            found.append((time.perf_counter() - started) * 1e3)
            await asyncio.sleep(0)
    await search.close()
    return found


async def main() -> None:
    every = CatalogFilters(
        abilities=frozenset({Ability.TOOLS}), size_bytes=(0, 20 * 10**9), licenses=frozenset({"mit"})
    )
    for rows, limit_ms in LIMITS_MS.items():
        for name, filters in (("text", CatalogFilters()), ("text_and_filters", every)):
            times = await _keystrokes_ms(rows, filters)
            p95 = statistics.quantiles(times, n=20)[-1]
            print(f"catalog_filter_{name}_{rows}_p95 {p95:.2f} ms (limit {limit_ms:.0f}, ratio {p95 / limit_ms:.2f})")
            print(f"catalog_filter_{name}_{rows}_max {max(times):.2f} ms")


if __name__ == "__main__":
    asyncio.run(main())
