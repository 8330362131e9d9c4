"""Exact verdicts for the rows in view, one after the other and only while nobody scrolls. No Qt in here."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from venom_desktop.core.catalog.base import CatalogEntry, FitGrade
from venom_desktop.core.catalog.entry_fit import estimated_fit
from venom_desktop.core.catalog.fit import LoadSettings
from venom_desktop.core.errors import InvalidInput, NotFound, VenomError
from venom_desktop.core.host.sample import HostSample
from venom_desktop.ui.catalog.presenter import preselected
from venom_desktop.ui.catalog.selection import Source


class InView:
    """Asks once for each row: one whose header cannot be read keeps its estimate."""

    def __init__(self, source: Source, tell: Callable[[CatalogEntry], None]) -> None:
        self._source = source
        self._tell = tell
        self._tried: set[tuple[str, str | None]] = set()

    async def judge(self, entries: Sequence[CatalogEntry], host: HostSample) -> None:
        """Tell each entry as soon as its verdict is exact; end quietly when the source fails."""
        for entry in entries:
            key = (entry.model_name, entry.revision)
            if key in self._tried or _is_judged(entry):
                continue
            try:
                judged = await _judged(entry, self._source, host=host)
            except (NotFound, InvalidInput):
                judged = None
            except VenomError:
                # The list has its estimates, and the banner over it speaks for the source.
                return
            self._tried.add(key)
            if judged is not None:
                self._tell(judged)


async def _judged(entry: CatalogEntry, source: Source, *, host: HostSample) -> CatalogEntry | None:
    details = await source.details(entry.model_name)
    settings = LoadSettings()
    verdicts = {
        one.label: estimated_fit(details, one, settings=settings, host=host) for one in details.quantizations or ()
    }
    quantization = preselected(details, verdicts)
    if quantization is None:
        return None
    verdict = await source.exact_fit(details, quantization, settings=settings, host=host)
    return replace(entry, quantizations=details.quantizations, size_range_bytes=details.size_range_bytes, fit=verdict)


def _is_judged(entry: CatalogEntry) -> bool:
    return entry.quantizations == () or (entry.fit is not None and entry.fit.grade is FitGrade.EXACT)
