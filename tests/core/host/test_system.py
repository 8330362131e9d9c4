"""The machine is measured as it is, and a container is not taken for its machine."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from venom_desktop.core.host.sample import GpuSample
from venom_desktop.core.host.system import Memory, Processor, SystemSampler, within_cgroups

GB = 10**9
MACHINE = Memory(total_bytes=64 * GB, available_bytes=40 * GB)


class Cgroups:
    """A cgroup file system in a folder."""

    def __init__(self, folder: Path, own: str) -> None:
        self.root = folder / "cgroup"
        self.own = folder / "own"
        self.own.write_text(own)

    def group(self, path: str, **files: str) -> None:
        folder = self.root / path
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / f"memory.{name}").write_text(text)

    def limit(self) -> Memory:
        return within_cgroups(MACHINE, root=self.root, own_cgroup=self.own)


async def test_a_sample_of_this_machine_is_plausible() -> None:
    sample = await SystemSampler().sample()
    assert 0 <= sample.cpu_percent <= 100
    assert sample.cpu_count == psutil.cpu_count()
    assert 0 < sample.memory_available_bytes < sample.memory_total_bytes <= psutil.virtual_memory().total
    assert sample.taken_at.tzinfo is not None
    assert sample.gpus == ()


async def test_a_sample_has_the_cards_that_the_driver_tells() -> None:
    card = GpuSample(index=0, name="H200", load_percent=1, memory_used_bytes=2, memory_total_bytes=3)

    async def cards() -> tuple[GpuSample, ...]:
        return (card,)

    assert (await SystemSampler(cards=cards).sample()).gpus == (card,)


def test_work_shows_in_the_percentage_whichever_thread_asks() -> None:
    sampler = SystemSampler()
    begun = os.times().user
    while os.times().user - begun < 0.3:
        sum(range(1000))
    with ThreadPoolExecutor(max_workers=1) as pool:
        assert pool.submit(sampler.sample_now).result().cpu_percent > 1


def test_two_samples_at_once_do_not_make_a_spike() -> None:
    cores = psutil.cpu_count() or 1
    told = ((0.0, 0.0), (0.25, 1.0), (0.26, 1.01), (0.76, 2.0))
    readings = (Processor(busy_s=busy * cores, total_s=total * cores) for busy, total in told)
    sampler = SystemSampler(processor=lambda: next(readings))
    assert [round(sampler.sample_now().cpu_percent) for _ in range(3)] == [25, 25, 51]


def test_no_cgroup_means_the_whole_machine(tmp_path: Path) -> None:
    assert Cgroups(tmp_path, "4:memory:/docker/x\n").limit() == MACHINE
    assert within_cgroups(MACHINE, root=tmp_path, own_cgroup=tmp_path / "missing") == MACHINE


def test_a_container_has_what_its_limit_leaves(tmp_path: Path) -> None:
    groups = Cgroups(tmp_path, "0::/\n")
    groups.group("", max=str(8 * GB), current=str(3 * GB), stat=f"anon {GB}\ninactive_file {GB}\n")
    assert groups.limit() == Memory(total_bytes=8 * GB, available_bytes=6 * GB)


def test_the_tightest_group_above_counts(tmp_path: Path) -> None:
    groups = Cgroups(tmp_path, "1:name=systemd:/\n0::/user.slice/app.scope\n")
    groups.group("user.slice/app.scope", max="max\n", current=str(GB))
    groups.group("user.slice", max=f"{16 * GB}\n", current=str(15 * GB), stat="inactive_file 0\n")
    assert groups.limit() == Memory(total_bytes=16 * GB, available_bytes=GB)


def test_a_limit_above_the_machine_changes_nothing(tmp_path: Path) -> None:
    groups = Cgroups(tmp_path, "0::/\n")
    groups.group("", max=str(500 * GB), current=str(3 * GB))
    assert groups.limit() == MACHINE


@pytest.mark.parametrize("text", ["", "9 GB", "-1", "\x00", "é"])
def test_a_limit_that_is_no_number_is_none(tmp_path: Path, text: str) -> None:
    groups = Cgroups(tmp_path, "0::/\n")
    groups.group("", max=text, current=text, stat=text)
    assert groups.limit() == MACHINE


def test_more_used_than_allowed_leaves_nothing(tmp_path: Path) -> None:
    groups = Cgroups(tmp_path, "0::/\n")
    groups.group("", max=str(GB), current=str(2 * GB))
    assert groups.limit() == Memory(total_bytes=GB, available_bytes=0)
