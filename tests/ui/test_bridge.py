"""The bridge: nothing hears after its widget is gone, and no widget hears more than ten times a second."""

import asyncio
from collections.abc import Sequence

import pytest
from PySide6.QtCore import QElapsedTimer, QTimer
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from venom_desktop.core.errors import RuntimeUnavailable
from venom_desktop.core.signals import Signal
from venom_desktop.core.tasks import TaskScope
from venom_desktop.ui.bridge import Bridge, Named


@pytest.fixture
def bridge(qapp: QApplication) -> Bridge:
    return Bridge(TaskScope("test"))


def test_a_subscription_ends_with_its_widget(bridge: Bridge) -> None:
    signal: Signal[int] = Signal()
    widget = QWidget()
    heard: list[int] = []
    bridge.listen(signal, widget, heard.append)
    signal.publish(1)

    delete(widget)

    signal.publish(2)
    assert heard == [1]
    assert not signal.has_listeners


def test_a_subscription_outlives_the_one_who_made_it(bridge: Bridge, qtbot: QtBot) -> None:
    signal: Signal[int] = Signal()
    widget = QWidget()
    qtbot.addWidget(widget)
    heard: list[int] = []

    def subscribe() -> None:
        bridge.listen(signal, widget, heard.append)

    subscribe()
    signal.publish(1)
    assert heard == [1]


def test_a_subscription_can_be_ended_early_and_twice(bridge: Bridge, qtbot: QtBot) -> None:
    signal: Signal[int] = Signal()
    widget = QWidget()
    qtbot.addWidget(widget)
    subscription = bridge.listen(signal, widget, lambda _: None)
    subscription.end()
    subscription.end()
    assert not signal.has_listeners


def test_a_flood_arrives_as_few_batches_with_the_latest_of_every_key(bridge: Bridge, qtbot: QtBot) -> None:
    signal: Signal[tuple[str, int]] = Signal()
    widget = QWidget()
    qtbot.addWidget(widget)
    batches: list[Sequence[tuple[str, int]]] = []
    bridge.listen_merged(signal, widget, batches.append, key=lambda value: value[0])

    for step in range(500):
        signal.publish(("a", step))
        signal.publish(("b", step))
    qtbot.waitUntil(lambda: bool(batches))

    assert list(batches[0]) == [("a", 499), ("b", 499)]
    signal.publish(("a", 500))
    assert len(batches) == 1
    qtbot.waitUntil(lambda: len(batches) == 2)
    assert list(batches[1]) == [("a", 500)]


def test_a_widget_hears_at_most_ten_batches_a_second(bridge: Bridge, qtbot: QtBot) -> None:
    signal: Signal[int] = Signal()
    widget = QWidget()
    qtbot.addWidget(widget)
    batches: list[Sequence[int]] = []
    bridge.listen_merged(signal, widget, batches.append)
    since = QElapsedTimer()
    since.start()
    ticker = QTimer(widget)
    ticker.timeout.connect(lambda: signal.publish(since.elapsed()))
    ticker.start(2)

    qtbot.waitUntil(lambda: since.elapsed() > 450)

    assert 2 <= len(batches) <= 1 + since.elapsed() / 100


def test_what_waits_is_dropped_with_the_widget(bridge: Bridge, qtbot: QtBot) -> None:
    signal: Signal[int] = Signal()
    widget = QWidget()
    batches: list[Sequence[int]] = []
    bridge.listen_merged(signal, widget, batches.append)
    signal.publish(1)
    delete(widget)
    signal.publish(2)
    qtbot.wait(1)
    assert batches == []


async def test_two_owners_may_use_the_same_key() -> None:
    scope = TaskScope("test")
    first, second = (Named(Bridge(scope), name) for name in ("catalog", "trending"))
    done: list[str] = []
    gate = asyncio.Event()

    async def work(name: str) -> None:
        await gate.wait()
        done.append(name)

    first.start("details", work("old"))
    first.start("details", work("catalog"))
    second.start("details", work("trending"))
    second.start("fit", work("cancelled"))
    second.cancel("fit")
    gate.set()
    await scope.drain()

    assert done == ["catalog", "trending"]
    await scope.close()


async def test_an_error_reaches_the_one_who_started_the_work_or_the_window() -> None:
    async def fail() -> None:
        raise RuntimeUnavailable(runtime="Ollama")

    own: list[Exception] = []
    window: list[Exception] = []
    async with TaskScope("test") as scope:
        bridge = Bridge(scope, window.append)
        bridge.start("one", fail(), on_error=own.append)
        bridge.start("two", fail())
        await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()})
    assert [type(error) for error in own + window] == [RuntimeUnavailable, RuntimeUnavailable]
    assert len(own) == 1


async def test_nothing_is_started_for_a_late_repaint_when_the_program_is_going() -> None:
    scope = TaskScope("test")
    bridge = Bridge(scope)
    await scope.close()
    ran: list[bool] = []

    async def work() -> None:
        ran.append(True)

    bridge.start("late", work())
    await asyncio.sleep(0)
    assert not ran
