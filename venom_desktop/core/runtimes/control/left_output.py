"""What a server writes after its guard was killed: read from the server's own end of the pipes (Linux)."""

import asyncio
import contextlib
import os
import stat
from collections import deque
from pathlib import Path

from venom_desktop.core.runtimes.control.guard import LONGEST_LINE_BYTES, PIPE_BYTES
from venom_desktop.core.runtimes.control.guard_output import LINES_KEPT, Log

STREAMS = (1, 2)
CHUNK_BYTES = 1 << 16


class LeftOutput:
    """Keeps the last lines and adds all of them to the log; without a reader the server would stop at a full pipe."""

    def __init__(self, pid: int, log_file: Path) -> None:
        self._lines: deque[str] = deque(maxlen=LINES_KEPT)
        self._log = Log(log_file)
        self._loop = asyncio.get_running_loop()
        self._unfinished: dict[int, bytes] = {}
        for stream in STREAMS:
            descriptor = _open(f"/proc/{pid}/fd/{stream}")
            if descriptor is not None:
                self._unfinished[descriptor] = b""
                self._loop.add_reader(descriptor, self._read, descriptor)

    def lines(self) -> tuple[str, ...]:
        return tuple(self._lines)

    def close(self) -> None:
        """Take what is there, then let go; a second call does nothing."""
        for descriptor in tuple(self._unfinished):
            for _ in range(PIPE_BYTES // CHUNK_BYTES):
                if not self._read(descriptor):
                    break
        for descriptor in tuple(self._unfinished):
            self._end(descriptor)
        self._log.close()

    def _read(self, descriptor: int) -> bool:
        """False when there was nothing."""
        try:
            chunk = os.read(descriptor, CHUNK_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            chunk = b""
        if not chunk:
            self._end(descriptor)
            return False
        *whole, rest = (self._unfinished[descriptor] + chunk).split(b"\n")
        if len(rest) > LONGEST_LINE_BYTES:
            whole, rest = [*whole, rest], b""
        self._unfinished[descriptor] = rest
        for line in whole:
            self._take(line)
        return True

    def _take(self, line: bytes) -> None:
        self._log.write(line + b"\n")
        self._lines.append(line.decode("utf-8", "replace").rstrip("\r"))

    def _end(self, descriptor: int) -> None:
        rest = self._unfinished.pop(descriptor)
        if rest:
            self._take(rest)
        self._loop.remove_reader(descriptor)
        os.close(descriptor)


def _open(path: str) -> int | None:
    """None for anything but a pipe: a terminal or a file is none of our business."""
    with contextlib.suppress(OSError):
        if stat.S_ISFIFO(os.stat(path).st_mode):  # noqa: PTH116 - the link itself is no path
            return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    return None
