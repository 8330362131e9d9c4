"""The machine is followed while anybody looks, as fast as they look, and without a stall."""

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from venom_desktop.core.host.monitor import KEPT_SAMPLES, HostMonitor
from venom_desktop.core.host.sample import HostSample
from venom_desktop.core.host.system import SystemSampler
from venom_desktop.core.tasks import TaskScope

LONG_S = 1000.0


@pytest.fixture
async def scope() -> AsyncIterator[TaskScope]:
    async with TaskScope("test") as scope:
        yield scope


class CountingSampler:
    def __init__(self) -> None:
        self.count = 0

    async def sample(self) -> HostSample:
        self.count += 1
        return HostSample(
            taken_at=datetime.now(UTC),
            cpu_percent=float(self.count),
            cpu_count=2,
            memory_total_bytes=2,
            memory_available_bytes=1,
        )


async def heard(monitor: HostMonitor, count: int, *, closely: bool = False) -> list[HostSample]:
    """Subscribe until `count` samples came."""
    samples: list[HostSample] = []
    enough = asyncio.Event()

    def listen(sample: HostSample) -> None:
        samples.append(sample)
        if len(samples) >= count:
            enough.set()

    end = monitor.subscribe(listen, closely=closely)
    async with asyncio.timeout(60):
        await enough.wait()
    end()
    return samples


async def test_nobody_looking_means_no_sampling(scope: TaskScope) -> None:
    sampler = CountingSampler()
    monitor = HostMonitor(scope, sampler.sample)
    assert monitor.last is None
    assert not scope.is_running("host")
    await heard(monitor, 1)
    assert not scope.is_running("host")


async def test_looking_closely_samples_fast_and_slowly_again_after(scope: TaskScope) -> None:
    sampler = CountingSampler()
    monitor = HostMonitor(scope, sampler.sample, fast_s=0.0, slow_s=LONG_S)
    end_slow = monitor.subscribe(lambda _: None)
    await heard(monitor, 5, closely=True)
    # The change of pace itself reads once more, then the long pause begins.
    await heard(monitor, 2)
    count = sampler.count
    for _ in range(50):
        await asyncio.sleep(0)
    assert sampler.count == count
    end_slow()


async def test_one_of_two_close_watchers_leaving_changes_nothing(scope: TaskScope) -> None:
    monitor = HostMonitor(scope, CountingSampler().sample, fast_s=0.001, slow_s=LONG_S)
    first = monitor.subscribe(lambda _: None, closely=True)
    second = monitor.subscribe(lambda _: None, closely=True)
    first()
    first()
    await heard(monitor, 5)
    second()


async def test_the_history_is_bounded_and_in_order(scope: TaskScope) -> None:
    monitor = HostMonitor(scope, CountingSampler().sample, fast_s=0.0, slow_s=LONG_S)
    await heard(monitor, KEPT_SAMPLES + 30, closely=True)
    history = [sample.cpu_percent for sample in monitor.history]
    assert len(history) == KEPT_SAMPLES
    assert history == sorted(history)
    assert history[-1] >= KEPT_SAMPLES + 30


async def test_a_failing_sample_is_not_the_end(scope: TaskScope) -> None:
    sampler = CountingSampler()

    async def fail_twice() -> HostSample:
        sample = await sampler.sample()
        if sampler.count <= 2:
            raise OSError("no /proc")
        return sample

    monitor = HostMonitor(scope, fail_twice, fast_s=0.001)
    samples = await heard(monitor, 1, closely=True)
    assert samples[0].cpu_percent == 3


async def test_the_system_is_read_outside_the_event_loop(scope: TaskScope) -> None:
    threads: list[threading.Thread] = []

    class Watched(SystemSampler):
        def sample_now(self) -> HostSample:
            threads.append(threading.current_thread())
            return super().sample_now()

    await heard(HostMonitor(scope, Watched().sample), 1)
    assert threads
    assert threading.main_thread() not in threads
