"""Qt objects in cycles die on the window's thread, whoever allocates."""

import gc
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from venom_desktop.ui.garbage import WHOLE_AT_LAST_S, WHOLE_EVERY_S, YOUNG_LOOKS, GarbageOnThisThread


@pytest.fixture
def collector(qapp: QApplication) -> Iterator[GarbageOnThisThread]:
    gc.collect()
    collector = GarbageOnThisThread()
    yield collector
    collector.close()


class Knot(QObject):
    """Holds itself and notes on which thread it was let go."""

    def __init__(self, died_on: list[int]) -> None:
        super().__init__()
        self.myself = self
        self.died_on = died_on

    def __del__(self) -> None:
        self.died_on.append(threading.get_ident())


def allocate_much() -> None:
    kept = [[number] for number in range(50_000)]
    kept.clear()


def test_a_busy_thread_collects_no_qt_object(collector: GarbageOnThisThread) -> None:
    died_on: list[int] = []
    for _ in range(100):
        Knot(died_on)

    busy = threading.Thread(target=allocate_much)
    busy.start()
    busy.join()
    assert died_on == []

    collector.collect_everything()
    assert set(died_on) == {threading.get_ident()}
    assert len(died_on) == 100


def test_nothing_is_collected_before_it_is_due(collector: GarbageOnThisThread) -> None:
    gc.collect()

    assert not collector.collect_if_due()


def test_new_knots_are_untied_within_a_few_looks(collector: GarbageOnThisThread) -> None:
    died_on: list[int] = []
    kept = []
    for _ in range(YOUNG_LOOKS):
        Knot(died_on)
        kept.append([[number] for number in range(2_000)])
        assert collector.collect_if_due()

    assert len(died_on) == YOUNG_LOOKS


def test_what_has_lived_for_a_while_is_looked_at_only_with_everything(collector: GarbageOnThisThread) -> None:
    died_on: list[int] = []
    old: list[Knot] = [Knot(died_on)]
    kept = []
    for _ in range(YOUNG_LOOKS):
        kept.append([[number] for number in range(2_000)])
        collector.collect_if_due()
    old.clear()
    gc.collect()
    assert died_on == []

    collector.collect_everything()

    assert len(died_on) == 1


def test_everything_is_looked_at_while_another_window_has_the_keys(qapp: QApplication) -> None:
    now = 100.0
    collector = GarbageOnThisThread(clock=lambda: now)

    now += WHOLE_EVERY_S + 1
    assert collector.is_everything_due(in_use=False)
    assert not collector.is_everything_due(in_use=True)

    now += WHOLE_AT_LAST_S
    assert collector.is_everything_due(in_use=True)

    collector.collect_everything()
    assert not collector.is_everything_due(in_use=False)
    collector.close()


def test_closing_leaves_collecting_to_python_again(qapp: QApplication) -> None:
    collector = GarbageOnThisThread()
    assert not gc.isenabled()

    collector.close()

    assert gc.isenabled()
