"""NVIDIA's driver through a stand-in of its library: what it tells, what it keeps to itself, and a hang."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes.nvml import Process, StandIn
from venom_desktop.core.errors import GraphicsUntold, VenomError
from venom_desktop.core.host.nvidia import Library, Nvidia, all_asleep
from venom_desktop.core.host.sample import GpuSample


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


H200: Mapping[str, object] = {"name": "NVIDIA H200", "total": 150_754_820_096, "used": 608_960_512, "gpu": 37}


async def test_every_card_is_told_and_what_it_keeps_to_itself_is_unknown() -> None:
    library = StandIn(computing=[[], []], facts=[H200, {"name": "NVIDIA T4"}])
    assert await nvidia(library).cards() == (
        GpuSample(
            index=0,
            name="NVIDIA H200",
            load_percent=37,
            memory_used_bytes=608_960_512,
            memory_total_bytes=150_754_820_096,
        ),
        GpuSample(index=1, name="NVIDIA T4", load_percent=None, memory_used_bytes=None, memory_total_bytes=None),
    )
    assert await nvidia(StandIn(computing=[])).cards() == ()


async def test_a_card_that_fell_asleep_is_known_still_and_holds_nothing() -> None:
    sleeps = True
    reader = Nvidia(StandIn(facts=[H200]).load, asleep=lambda: sleeps)
    assert await reader.cards() is None
    sleeps = False
    (awake,) = await reader.cards() or ()
    sleeps = True
    assert await reader.cards() == (replace(awake, load_percent=0, memory_used_bytes=0),)
    assert await reader.cards() == (replace(awake, load_percent=0, memory_used_bytes=0),)


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
    assert await reader.cards() is None
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
    reader = Nvidia()
    found, cards = await reader.process_bytes(), await reader.cards()
    assert found is None or all(pid > 0 for pid in found)
    assert cards is None or all(card.name and (card.memory_total_bytes or 1) > 0 for card in cards)
