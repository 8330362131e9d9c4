"""The charts follow the machine while they can be seen, at one point a second."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from venom_desktop.core.host.monitor import HostMonitor
from venom_desktop.core.host.sample import GpuSample, HostSample
from venom_desktop.core.tasks import TaskScope
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.runtime.charts import HostCharts, by_second

START = datetime(2026, 10, 3, 12, 0, tzinfo=UTC)
GPU = GpuSample(
    index=0, name="RTX", load_percent=64, memory_used_bytes=6_400_000_000, memory_total_bytes=12_000_000_000
)


def sample(second: float, percent: float, *gpus: GpuSample) -> HostSample:
    return HostSample(
        taken_at=START + timedelta(seconds=second),
        cpu_percent=percent,
        cpu_count=8,
        memory_total_bytes=64_000_000_000,
        memory_available_bytes=42_600_000_000,
        gpus=gpus,
    )


@dataclass
class Machine:
    """A machine whose load is the number of times that it was looked at."""

    gpus: tuple[GpuSample, ...] = ()
    looks: int = 0
    looked: asyncio.Event = field(default_factory=asyncio.Event)

    async def sample(self) -> HostSample:
        self.looks += 1
        self.looked.set()
        return sample(self.looks, self.looks, *self.gpus)

    async def until_looked(self) -> None:
        await asyncio.wait_for(self.looked.wait(), 5)
        self.looked.clear()
        for _ in range(3):
            await asyncio.sleep(0)


@dataclass
class Bench:
    machine: Machine
    host: HostMonitor
    charts: HostCharts


@pytest.fixture
async def bench(themed: QApplication, qtbot: QtBot) -> AsyncIterator[Bench]:
    async with TaskScope("charts") as scope:
        machine = Machine()
        host = HostMonitor(scope, machine.sample, fast_s=3600, slow_s=3600)
        charts = HostCharts(Bridge(scope), host)
        qtbot.addWidget(charts)
        yield Bench(machine, host, charts)


def load(one: HostSample) -> float:
    return one.cpu_percent


def test_samples_that_are_not_evenly_spaced_become_one_a_second() -> None:
    history = [sample(0, 10), sample(5, 20), sample(6, 30)]
    assert by_second(history, load, seconds=10) == [10, 10, 10, 10, 10, 20, 30]
    assert by_second(history, load, seconds=3) == [10, 20, 30]
    assert by_second([], load) == []
    nothing: Callable[[HostSample], float | None] = lambda one: None  # noqa: E731
    assert by_second(history, nothing) == []


async def test_the_machine_is_watched_only_while_the_charts_show(bench: Bench) -> None:
    bench.charts.show()
    await bench.machine.until_looked()
    assert bench.charts.cpu.value.text() == "1"
    bench.charts.hide()
    end = bench.host.subscribe(lambda _: None)
    bench.machine.looked.clear()
    bench.host.refresh()
    await bench.machine.until_looked()
    assert bench.machine.looks > 1
    assert bench.charts.cpu.value.text() == "1"
    bench.charts.show()
    bench.machine.looked.clear()
    bench.host.refresh()
    await bench.machine.until_looked()
    assert bench.charts.cpu.value.text() == str(bench.machine.looks)
    end()


async def test_a_machine_without_a_graphics_card_says_so(bench: Bench) -> None:
    bench.charts.show()
    await bench.machine.until_looked()
    assert bench.charts.gpu_cards == []
    assert bench.charts.memory.chart.accessibleDescription().replace("\u00a0", " ") == "21.4 of 64 GB"


async def test_every_graphics_card_has_its_load_and_its_memory(bench: Bench) -> None:
    bench.machine.gpus = (
        GPU,
        GpuSample(index=1, name="RTX", load_percent=None, memory_used_bytes=None, memory_total_bytes=None),
    )
    bench.charts.show()
    await bench.machine.until_looked()
    [(first_load, first_memory), (second_load, second_memory)] = bench.charts.gpu_cards
    assert (first_load.value.text(), first_memory.value.text()) == ("64", "6.4")
    assert (second_load.value.text(), second_memory.value.text()) == ("unknown", "unknown")
