"""The most memory that a process has held at once."""

from pathlib import Path

import psutil

_KIB = 1024


def peak_bytes(pid: int, *, proc: Path = Path("/proc")) -> int | None:
    """Resident bytes at their highest (`VmHWM`, proc(5)); those of now where no system tells that. Blocks.

    None for a process that is gone.
    """
    try:
        for line in (proc / str(pid) / "status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * _KIB
    except (OSError, ValueError, IndexError):
        pass
    try:
        memory = psutil.Process(pid).memory_info()
    except psutil.Error:
        return None
    return int(getattr(memory, "peak_wset", memory.rss))
