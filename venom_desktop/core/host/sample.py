"""What the machine has and what of it is in use, at one moment."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuSample:
    """One graphics card; bytes, percent 0-100, None where the driver does not tell."""

    index: int
    name: str
    load_percent: float | None
    memory_used_bytes: int | None
    memory_total_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSample:
    """CPU 0-100 over all cores, memory in bytes; an empty `gpus` is a normal machine without one."""

    taken_at: datetime
    cpu_percent: float
    cpu_count: int
    memory_total_bytes: int
    memory_available_bytes: int
    gpus: tuple[GpuSample, ...] = ()

    @property
    def memory_used_bytes(self) -> int:
        return self.memory_total_bytes - self.memory_available_bytes
