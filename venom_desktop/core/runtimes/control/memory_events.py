"""Counts what the kernel killed for want of memory, so that a sudden death can be explained."""

from pathlib import Path

_COUNTERS = (Path("/proc/vmstat"), Path("/sys/fs/cgroup/memory.events"))


def out_of_memory_kills() -> int:
    """`oom_kill` of the machine and of our control group together; 0 where the system does not count."""
    return sum(_read(path) for path in _COUNTERS)


def _read(path: Path) -> int:
    try:
        lines = path.read_text("ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return 0
    for line in lines:
        name, _, count = line.partition(" ")
        if name == "oom_kill":
            return int(count)
    return 0
