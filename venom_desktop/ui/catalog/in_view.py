"""Exact verdicts for the rows in view, one after the other and only while nobody scrolls. No Qt in here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from venom_desktop.core.catalog.base import CatalogEntry, FitGrade
from venom_desktop.core.catalog.entry_fit import estimated_fit
from venom_desktop.core.catalog.run_on import SettingsOf, memory_for, usual_settings
from venom_desktop.core.errors import InvalidInput, NotFound, VenomError
from venom_desktop.core.host.sample import HostSample
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.ui.catalog.presenter import preselected
from venom_desktop.ui.catalog.selection import Source


class InView:
    """Asks once for each row and runtime: one whose header cannot be read keeps its estimate.

    `usual` tells the runtime a row is judged for.
    """

    def __init__(
        self,
        sources: Mapping[ModelProvider, Source],
        tell: Callable[[CatalogEntry], None],
        *,
        usual: Callable[[CatalogEntry], str],
        settings: SettingsOf = usual_settings,
    ) -> None:
        self._sources = sources
        self._tell = tell
        self._usual = usual
        self._settings = settings
        self._tried: set[tuple[object, ...]] = set()

    async def judge(self, entries: Sequence[CatalogEntry], host: HostSample) -> None:
        """Tell each entry as soon as its verdict is exact; pass over a source that fails, quietly."""
        silent: set[ModelProvider] = set()
        for entry in entries:
            runtime = self._usual(entry)
            key = (*entry.key, entry.revision, runtime)
            if key in self._tried or entry.provider in silent or _is_judged(entry, runtime):
                continue
            try:
                judged = await self._judged(entry, runtime, host=host)
            except (NotFound, InvalidInput):
                judged = None
            except VenomError:
                # The list has its estimates, and the banner over it speaks for the source.
                silent.add(entry.provider)
                continue
            self._tried.add(key)
            if judged is not None:
                self._tell(judged)

    async def _judged(self, entry: CatalogEntry, runtime: str, *, host: HostSample) -> CatalogEntry | None:
        source = self._sources[entry.provider]
        details = await source.details(entry.model_name)
        settings = self._settings(runtime)
        gpu = memory_for(settings, host)
        offered = details.variants(runtime) or ()
        verdicts = {one.label: estimated_fit(details, one, settings=settings, host=host, gpu=gpu) for one in offered}
        quantization = preselected(offered, verdicts)
        if quantization is None:
            return None
        verdict = await source.exact_fit(details, quantization, settings=settings, host=host, gpu=gpu)
        sizes = details.size_range_bytes
        return replace(
            entry,
            quantizations=details.quantizations,
            safetensors=details.safetensors,
            size_range_bytes=sizes,
            fit=verdict,
        )


def _is_judged(entry: CatalogEntry, runtime: str) -> bool:
    if entry.variants(runtime) == () or entry.only_cloud:
        return True
    return entry.fit is not None and entry.fit.grade is FitGrade.EXACT and entry.fit.runtime == runtime
