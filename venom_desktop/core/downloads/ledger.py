"""How far a job has come: written by the transfer, read by the thread that reports."""

import math
import time

from venom_desktop.core.downloads.base import DownloadPhase, DownloadPlan, DownloadProgress, FileToFetch
from venom_desktop.core.downloads.partial import part_path


class Ledger:
    """Bytes by file; each field is replaced whole, so the reporting thread needs no lock."""

    def __init__(self, plan: DownloadPlan) -> None:
        self._sizes = [file.size_bytes for file in plan.files]
        self._done = [_bytes_here(file) for file in plan.files]
        self._names = [file.target.name for file in plan.files]
        self._index = 0
        self._phase = DownloadPhase.DOWNLOADING
        self._wait_ends: float | None = None

    def begin_file(self, index: int) -> None:
        self._index = index

    def checking(self) -> None:
        self._phase = DownloadPhase.CHECKING

    def downloading(self, done_bytes: int) -> None:
        self._phase = DownloadPhase.DOWNLOADING
        self._done[self._index] = done_bytes

    def reach(self, done_bytes: int) -> None:
        self._done[self._index] = done_bytes

    def learn_size(self, size_bytes: int) -> None:
        self._sizes[self._index] = size_bytes

    def complete_file(self, size_bytes: int) -> None:
        self._sizes[self._index] = size_bytes
        self._done[self._index] = size_bytes

    def wait(self, seconds: float) -> None:
        """Stand still and let the report count down."""
        self._wait_ends = time.monotonic() + seconds
        self._phase = DownloadPhase.WAITING
        time.sleep(seconds)
        self._phase = DownloadPhase.DOWNLOADING
        self._wait_ends = None

    def progress(self) -> DownloadProgress:
        known = [size for size in self._sizes if size is not None]
        wait_ends = self._wait_ends
        return DownloadProgress(
            phase=self._phase,
            done_bytes=sum(self._done),
            total_bytes=sum(known) if len(known) == len(self._sizes) else None,
            file_name=self._names[self._index],
            wait_s=None if wait_ends is None else float(math.ceil(max(0.0, wait_ends - time.monotonic()))),
        )


def _bytes_here(file: FileToFetch) -> int:
    for path in (file.target, part_path(file)):
        try:
            size = path.stat().st_size
        except OSError:
            continue
        if file.size_bytes is None or size <= file.size_bytes:
            return size
    return 0
