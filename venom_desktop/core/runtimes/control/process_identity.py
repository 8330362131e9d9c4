"""Tells a process from a later one that was given the same number."""

import sys
from pathlib import Path

_PROC = sys.platform.startswith("linux")
_DEAD_STATES = frozenset("ZXx")


def started_mark(pid: int) -> str | None:
    """A text that differs for every process that ever had this PID; None when it is gone or a zombie."""
    return _linux_mark(pid) if _PROC else _other_mark(pid)


def is_same_process(pid: int, started: str) -> bool:
    return started_mark(pid) == started


def _linux_mark(pid: int) -> str | None:
    # proc(5): field 3 is the state, field 22 the start in ticks since boot; the name before them may hold anything.
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in _DEAD_STATES else f"{boot}:{fields[19]}"


def _other_mark(pid: int) -> str | None:
    # The guard, which needs this, stays small where it can do without.
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
    except psutil.Error:
        return None
