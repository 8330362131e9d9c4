"""Qt objects in cycles die on the window's thread, whoever allocates."""

import gc
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from venom_desktop.ui.garbage import GarbageOnThisThread


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

    while collector.collect_if_due() is not None:
        pass
    gc.collect()
    assert set(died_on) == {threading.get_ident()}
    assert len(died_on) == 100


def test_nothing_is_collected_before_it_is_due(collector: GarbageOnThisThread) -> None:
    gc.collect()

    assert collector.collect_if_due() is None


def test_closing_leaves_collecting_to_python_again(qapp: QApplication) -> None:
    collector = GarbageOnThisThread()
    assert not gc.isenabled()

    collector.close()

    assert gc.isenabled()
