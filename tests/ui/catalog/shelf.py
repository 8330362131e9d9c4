"""A source of models in memory: pages, a failure that can be switched on, a door that can be kept shut."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from tests.ui.catalog.rows import NOW
from venom_desktop.core.catalog.base import (
    CatalogEntry,
    CatalogPage,
    CatalogQuery,
    CatalogUpdate,
    FitGrade,
    FitVerdict,
    Quantization,
)
from venom_desktop.core.catalog.entry_fit import estimated_fit
from venom_desktop.core.catalog.fit import DeviceMemory, LoadSettings
from venom_desktop.core.errors import VenomError
from venom_desktop.core.host.sample import HostSample
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.signals import Signal


class Shelf:
    """Satisfies `DetailedCatalog`. While `error` is set it answers with the rows it has, marked old, or raises."""

    def __init__(self, provider: ModelProvider, entries: Sequence[CatalogEntry]) -> None:
        self.provider = provider
        self.entries = list(entries)
        self.error: VenomError | None = None
        self.open = asyncio.Event()
        self.open.set()
        self.asked: list[CatalogQuery] = []
        self.refreshed = 0
        self.judged: list[tuple[str, str, int]] = []
        """Label, runtime and context of every exact verdict asked for."""
        self.most_judged_at_once = 0
        self._judging = 0
        self.updated: Signal[CatalogUpdate] = Signal()

    @property
    def endpoint(self) -> str:
        return f"https://{self.provider.value}.example"

    async def list_models(self, query: CatalogQuery, *, refresh: bool = False) -> CatalogPage:
        self.asked.append(query)
        self.refreshed += refresh
        await self.open.wait()
        if self.error is not None and not self.entries:
            raise self.error
        found = [entry for entry in self.entries if query.text.partition(":")[0] in entry.model_name.lower()]
        start = int(query.cursor or 0)
        stop = start + query.limit
        return CatalogPage(
            entries=tuple(found[start:stop]),
            next_cursor=str(stop) if stop < len(found) else None,
            read_at=NOW,
            stale=self.error is not None,
            error=self.error,
        )

    async def details(self, model_name: str, *, refresh: bool = False) -> CatalogEntry:
        if self.error is not None:
            raise self.error
        name = model_name.partition(":")[0]
        return next(entry for entry in self.entries if entry.model_name == name)

    async def exact_fit(
        self,
        entry: CatalogEntry,
        quantization: Quantization,
        *,
        settings: LoadSettings,
        host: HostSample,
        gpu: DeviceMemory | None = None,
    ) -> FitVerdict | None:
        self.judged.append((quantization.label, settings.runtime, settings.context))
        self._judging += 1
        self.most_judged_at_once = max(self.most_judged_at_once, self._judging)
        await asyncio.sleep(0)
        self._judging -= 1
        rough = estimated_fit(entry, quantization, settings=settings, host=host, gpu=gpu)
        return rough and replace(rough, grade=FitGrade.EXACT)
