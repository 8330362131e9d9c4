"""NVIDIA's library of the tests: as many cards as it is told of, with what each does and keeps to itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace

from venom_desktop.core.host.nvidia import Library


@dataclass
class Process:
    pid: int
    usedGpuMemory: int | None  # noqa: N815 - NVML's own name


@dataclass
class StandIn:
    """Implements `Library`: for each card what computes and what draws; `before` happens at every question."""

    computing: list[list[Process]] = field(default_factory=lambda: [[]])
    facts: list[Mapping[str, object]] = field(default_factory=lambda: [{}])
    """Of each card: `name`, `total`, `used`, `gpu`; what is not there the driver does not support."""
    drawing: list[list[Process]] = field(default_factory=lambda: [[]])
    before: Callable[[], object] = lambda: None
    loads: int = 0

    def load(self) -> Library:
        self.loads += 1
        return self

    def nvmlDeviceGetCount(self) -> int:
        self.before()
        return len(self.computing)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        return index

    def nvmlDeviceGetName(self, handle: int) -> str:
        return str(self.facts[handle]["name"])

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> SimpleNamespace:
        return SimpleNamespace(total=self.facts[handle]["total"], used=self.facts[handle]["used"])

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> SimpleNamespace:
        return SimpleNamespace(gpu=self.facts[handle]["gpu"])

    def nvmlDeviceGetComputeRunningProcesses(self, handle: int) -> list[Process]:
        return self.computing[handle]

    def nvmlDeviceGetGraphicsRunningProcesses(self, handle: int) -> list[Process]:
        return self.drawing[handle]

    def nvmlInit(self) -> None:
        """As the module `pynvml`, which this may stand in for."""
