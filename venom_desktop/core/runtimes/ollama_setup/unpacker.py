"""The unpacking process: takes one job from its stdin, reports on its stdout, and ends when its stdin closes.

Started by `unpacking.py` as `python -m venom_desktop.core.runtimes.ollama_setup.unpacker`, so that neither the
128 MiB that Zstandard needs nor the work itself is the window's, and a cancel is a kill.
"""

import errno
import os
import sys
import threading
import time
from pathlib import Path

from venom_desktop.core.errors import DiskFull, StorageFailed, VenomError
from venom_desktop.core.files import free_bytes
from venom_desktop.core.runtimes.ollama_setup.archive import Contents, measure, unpack
from venom_desktop.core.runtimes.ollama_setup.space import require_room
from venom_desktop.core.runtimes.ollama_setup.unpack_job import (
    Finished,
    UnpackJob,
    UnpackProgress,
    UnpackReport,
    decode_job,
    encode_report,
)

_REPORT_EVERY_S = 0.25
_MOST_MEMORY_BYTES = 3 << 30
_BLOCK_BYTES = 4096
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def main() -> None:
    """Run the one job; the exit status is 0 when everything is unpacked, 1 for a failure that was reported."""
    line = sys.stdin.buffer.readline()
    if not line:
        return
    threading.Thread(target=_end_with_stdin, name="stdin", daemon=True).start()
    _bound_memory()
    job = decode_job(line)
    try:
        _run(job)
    except OSError as error:
        _say(_translated(error, job.folder))
    except VenomError as error:
        _say(error)
    else:
        _say(Finished())
        os._exit(0)
    os._exit(1)


def _run(job: UnpackJob) -> None:
    _say(UnpackProgress(done_bytes=0, total_bytes=None))
    contents = measure(job.archives, job.folder, limits=job.limits)
    needed = contents.total_bytes + contents.entries * _BLOCK_BYTES
    require_room(job.title, needed, free_bytes(job.folder) - job.reserve_bytes)
    unpack(job.archives, job.folder, limits=job.limits, on_bytes=_Counter(contents).add)


class _Counter:
    """Says how far it is, four times a second."""

    def __init__(self, contents: Contents) -> None:
        self._total = contents.total_bytes
        self._done = 0
        self._said_at = float("-inf")

    def add(self, count: int) -> None:
        self._done += count
        now = time.monotonic()
        if now - self._said_at >= _REPORT_EVERY_S:
            self._said_at = now
            _say(UnpackProgress(done_bytes=self._done, total_bytes=self._total))


def _translated(error: OSError, folder: Path) -> VenomError:
    if error.errno in _FULL:
        return DiskFull()
    return StorageFailed(path=str(error.filename or folder), problem=error.strerror or str(error))


def _bound_memory() -> None:
    """A hostile archive may make this process fail, not the machine."""
    if sys.platform == "linux":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = _MOST_MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(hard, _MOST_MEMORY_BYTES)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def _say(report: UnpackReport) -> None:
    try:
        sys.stdout.buffer.write(encode_report(report))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os._exit(1)


def _end_with_stdin() -> None:
    while os.read(0, 4096):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
