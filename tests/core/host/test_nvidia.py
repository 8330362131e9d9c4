"""NVIDIA's driver through a stand-in of its library: what it tells, what it keeps to itself, and a hang."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from venom_desktop.core.errors import GraphicsUntold, VenomError
from venom_desktop.core.host.nvidia import Library, Nvidia, all_asleep


@dataclass
class Process:
    pid: int
    usedGpuMemory: int | None  # noqa: N815 - NVML's own name


@dataclass
class StandIn:
    """Implements `Library`: for each card what computes and what draws; `before` happens at every question."""

    computing: list[list[Process]] = field(default_factory=lambda: [[]])
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

    def nvmlDeviceGetComputeRunningProcesses(self, handle: int) -> list[Process]:
        return self.computing[handle]

    def nvmlDeviceGetGraphicsRunningProcesses(self, handle: int) -> list[Process]:
        return self.drawing[handle]


def nvidia(library: StandIn, *, asleep: bool = False, within_s: float = 20.0) -> Nvidia:
    return Nvidia(library.load, asleep=lambda: asleep, within_s=within_s)


async def test_bytes_of_a_process_are_summed_over_cards_and_not_over_lists() -> None:
    library = StandIn(
        computing=[[Process(1, 100), Process(2, 5)], [Process(1, 30)]], drawing=[[Process(1, 100)], [Process(3, 7)]]
    )
    assert await nvidia(library).process_bytes() == {1: 130, 2: 5, 3: 7}


async def test_bytes_that_the_driver_keeps_to_itself_are_unknown_and_not_nothing() -> None:
    library = StandIn(computing=[[Process(1, None)], [Process(1, 30)]], drawing=[[], []])
    assert await nvidia(library).process_bytes() == {1: None}


async def test_a_machine_without_a_driver_is_asked_once() -> None:
    asked = 0

    def load() -> Library:
        nonlocal asked
        asked += 1
        raise OSError("libnvidia-ml.so.1: cannot open shared object file")

    told: list[VenomError] = []
    reader = Nvidia(load, asleep=lambda: False)
    reader.gave_up.subscribe(told.append)
    assert [await reader.process_bytes() for _ in range(3)] == [None, None, None]
    assert (asked, told) == (1, [])


async def test_a_driver_that_stumbles_once_is_asked_again_and_loaded_once() -> None:
    failures = iter([True])

    def stumble() -> None:
        if next(failures, False):
            raise RuntimeError("GPU is lost")

    library = StandIn(computing=[[Process(1, 9)]], before=stumble)
    reader = nvidia(library)
    assert await reader.process_bytes() is None
    assert await reader.process_bytes() == {1: 9}
    assert library.loads == 1


@pytest.fixture
def held() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


async def test_a_driver_that_hangs_is_given_up_for_good_and_the_user_is_told(held: threading.Event) -> None:
    asked = 0

    def hang() -> None:
        nonlocal asked
        asked += 1
        held.wait()

    told: list[VenomError] = []
    reader = nvidia(StandIn(before=hang), within_s=0.05)
    reader.gave_up.subscribe(told.append)
    assert await reader.process_bytes() is None
    assert await reader.process_bytes() is None
    assert [type(one) for one in told] == [GraphicsUntold]
    assert asked == 1


async def test_a_card_that_sleeps_is_not_woken() -> None:
    library = StandIn(computing=[[Process(1, 9)]])
    assert await nvidia(library, asleep=True).process_bytes() is None
    assert library.loads == 0


def card(folder: Path, name: str, *, vendor: str = "0x10de", state: str = "suspended") -> None:
    (folder / name / "power").mkdir(parents=True)
    (folder / name / "vendor").write_text(f"{vendor}\n")
    (folder / name / "class").write_text("0x030000\n")
    (folder / name / "power" / "runtime_status").write_text(f"{state}\n")


def test_cards_sleep_when_all_of_this_maker_do(tmp_path: Path) -> None:
    assert not all_asleep(tmp_path / "nowhere")
    card(tmp_path, "01:00.0")
    card(tmp_path, "00:02.0", vendor="0x8086", state="active")
    assert all_asleep(tmp_path)
    card(tmp_path, "02:00.0", state="active")
    assert not all_asleep(tmp_path)


async def test_the_real_library_answers_or_says_that_there_is_none() -> None:
    found = await Nvidia().process_bytes()
    assert found is None or all(pid > 0 for pid in found)
