"""Reads CPU and memory of this machine, or of the container that we may not outgrow."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import psutil

from venom_desktop.core.host.base import Cards, unknown_cards
from venom_desktop.core.host.sample import HostSample

CGROUP_ROOT = Path("/sys/fs/cgroup")
OWN_CGROUP = Path("/proc/self/cgroup")
_SHORTEST_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Bytes; available is what can be taken without swapping."""

    total_bytes: int
    available_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Processor:
    """Seconds over all cores since the machine started."""

    busy_s: float
    total_s: float


def read_processor() -> Processor:
    times = psutil.cpu_times()
    # Linux counts guests twice, once as the user time of the host.
    total_s = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    return Processor(busy_s=total_s - times.idle - getattr(times, "iowait", 0.0), total_s=total_s)


class SystemSampler:
    """CPU percent is the mean since the sample before, so the first one tells of the time since `__init__`.

    `psutil.cpu_percent` would count for each thread apart, and the threads of a pool take turns.
    """

    def __init__(
        self,
        *,
        processor: Callable[[], Processor] = read_processor,
        cards: Cards = unknown_cards,
        cgroup_root: Path = CGROUP_ROOT,
        own_cgroup: Path = OWN_CGROUP,
    ) -> None:
        self._read_processor = processor
        self._cards = cards
        self._cgroup_root = cgroup_root
        self._own_cgroup = own_cgroup
        self._cpu_count = psutil.cpu_count() or 1
        self._processor = processor()
        self._cpu_percent = 0.0

    async def sample(self) -> HostSample:
        """Measure in a thread. Raises `OSError` where the system does not tell."""
        return replace(await asyncio.to_thread(self.sample_now), gpus=await self._cards() or ())

    def sample_now(self) -> HostSample:
        """Measure here, without the graphics cards; may block for some milliseconds."""
        memory = self._memory()
        return HostSample(
            taken_at=datetime.now(UTC).astimezone(),
            cpu_percent=self._measure_cpu(),
            cpu_count=self._cpu_count,
            memory_total_bytes=memory.total_bytes,
            memory_available_bytes=memory.available_bytes,
        )

    def _measure_cpu(self) -> float:
        now, before = self._read_processor(), self._processor
        passed_s = now.total_s - before.total_s
        # Clock ticks are 10 ms: over less than some of them a percentage is noise, and the last one stands.
        if passed_s >= _SHORTEST_S * self._cpu_count:
            self._processor = now
            self._cpu_percent = min(100.0, max(0.0, 100.0 * (now.busy_s - before.busy_s) / passed_s))
        return self._cpu_percent

    def _memory(self) -> Memory:
        machine = psutil.virtual_memory()
        whole = Memory(total_bytes=machine.total, available_bytes=machine.available)
        return within_cgroups(whole, root=self._cgroup_root, own_cgroup=self._own_cgroup)


def within_cgroups(machine: Memory, *, root: Path, own_cgroup: Path) -> Memory:
    """The tightest of the machine and every cgroup (version 2) that we are in, from our own up to the root.

    Page cache of files counts as available there too, as the kernel drops it first (`inactive_file` of memory.stat).
    """
    total, available = machine.total_bytes, machine.available_bytes
    for folder in _own_groups(root, own_cgroup):
        limit = _number(folder / "memory.max")
        if limit is None:
            continue
        total = min(total, limit)
        used = _number(folder / "memory.current")
        if used is not None:
            available = min(available, limit - used + _droppable_bytes(folder))
    return Memory(total_bytes=total, available_bytes=max(0, min(available, total)))


def _own_groups(root: Path, own_cgroup: Path) -> tuple[Path, ...]:
    """Our group and those above it; a container usually sees its own group as the root."""
    try:
        lines = own_cgroup.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ()
    path = next((line[3:] for line in lines if line.startswith("0::/")), None)
    if path is None:
        return ()
    parts = [part for part in PurePosixPath(path).parts[1:] if part != ".."]
    return tuple(root.joinpath(*parts[:depth]) for depth in range(len(parts), -1, -1))


def _number(path: Path) -> int | None:
    """The number in the file; None for `max` (no limit) and where there is no such file."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return int(text) if text.isdigit() else None


def _droppable_bytes(folder: Path) -> int:
    try:
        lines = (folder / "memory.stat").read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return 0
    found = next((line.split()[1] for line in lines if line.startswith("inactive_file ")), "0")
    return int(found) if found.isdigit() else 0
