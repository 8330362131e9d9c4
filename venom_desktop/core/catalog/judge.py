"""Keeps the verdicts of catalog rows in step with the memory of this machine."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from venom_desktop.core.catalog.base import CatalogEntry, FitGrade
from venom_desktop.core.catalog.entry_fit import estimated_fit
from venom_desktop.core.catalog.fit import placed
from venom_desktop.core.catalog.run_on import OLLAMA, SettingsOf, memory_for, runtime_of, usable_gpu
from venom_desktop.core.host.sample import HostSample

NOTICEABLE_BYTES: Final = 256 << 20


class Judge:
    """Without a sample of the machine there is no verdict. `settings` tells how a runtime loads a model."""

    def __init__(self, settings: SettingsOf) -> None:
        self._settings = settings
        self._host: HostSample | None = None
        self._preferred: tuple[str, ...] = ()

    def set_memory(self, host: HostSample) -> bool:
        """True when free memory has changed noticeably since the verdicts given; small steps add up."""
        before = self._host
        if before is not None and not _noticeably_other(before, host):
            return False
        self._host = host
        return True

    def prefer(self, runtimes: Sequence[str]) -> bool:
        """Judge a row for the first of these that can run it; True when that is news."""
        before, self._preferred = self._preferred, tuple(runtimes)
        return self._preferred != before

    def judged(self, entry: CatalogEntry) -> CatalogEntry:
        """The entry with its verdict; an exact one keeps its figures and gets a new place."""
        host = self._host
        if host is None:
            return entry
        runtime = runtime_of(entry, self._preferred)
        settings = self._settings(runtime)
        gpu = memory_for(settings, host)
        if entry.fit is not None and entry.fit.grade is FitGrade.EXACT and entry.fit.runtime == runtime:
            return replace(entry, fit=placed(entry.fit, host=host, gpu=gpu))
        return replace(entry, fit=estimated_fit(entry, settings=settings, host=host, gpu=gpu))

    def all_judged(self, entries: Iterable[CatalogEntry]) -> list[CatalogEntry]:
        return [self.judged(entry) for entry in entries]


def _noticeably_other(before: HostSample, after: HostSample) -> bool:
    if abs(before.memory_available_bytes - after.memory_available_bytes) >= NOTICEABLE_BYTES:
        return True
    had, has = usable_gpu(OLLAMA, before), usable_gpu(OLLAMA, after)
    if had is None or has is None:
        return (had is None) is not (has is None)
    return abs(had.free_bytes - has.free_bytes) >= NOTICEABLE_BYTES
