"""Keeps the verdicts of catalog rows in step with the memory of this machine."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from venom_desktop.core.catalog.base import CatalogEntry, FitGrade
from venom_desktop.core.catalog.entry_fit import estimated_fit
from venom_desktop.core.catalog.fit import DeviceMemory, LoadSettings, placed
from venom_desktop.core.host.sample import HostSample

NOTICEABLE_BYTES: Final = 256 << 20


class Judge:
    """Without a sample of the machine there is no verdict."""

    def __init__(self, settings: LoadSettings) -> None:
        self._settings = settings
        self._host: HostSample | None = None
        self._gpu: DeviceMemory | None = None

    def set_memory(self, host: HostSample, gpu: DeviceMemory | None) -> bool:
        """True when free memory has changed noticeably since the verdicts given; small steps add up."""
        before, self._gpu, had = self._host, gpu, self._gpu
        same = (
            before is not None
            and abs(before.memory_available_bytes - host.memory_available_bytes) < NOTICEABLE_BYTES
            and (had is None) is (gpu is None)
            and (had is None or gpu is None or abs(had.free_bytes - gpu.free_bytes) < NOTICEABLE_BYTES)
        )
        if same:
            self._gpu = had
            return False
        self._host = host
        return True

    def judged(self, entry: CatalogEntry) -> CatalogEntry:
        """The entry with its verdict; an exact one keeps its figures and gets a new place."""
        if self._host is None:
            return entry
        if entry.fit is not None and entry.fit.grade is FitGrade.EXACT:
            return replace(entry, fit=placed(entry.fit, host=self._host, gpu=self._gpu))
        return replace(entry, fit=estimated_fit(entry, settings=self._settings, host=self._host, gpu=self._gpu))

    def all_judged(self, entries: Iterable[CatalogEntry]) -> list[CatalogEntry]:
        return [self.judged(entry) for entry in entries]
