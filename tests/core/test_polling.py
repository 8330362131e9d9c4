"""Polling: values for whoever listens, rest for nobody."""

import asyncio

from venom_desktop.core.errors import SourceUnreachable
from venom_desktop.core.polling import Poller
from venom_desktop.core.tasks import TaskScope


class Source:
    """Counts reads; fails while told to."""

    def __init__(self) -> None:
        self.reads = 0
        self.failing = False
        self.asked = asyncio.Event()

    async def read(self) -> int:
        self.reads += 1
        self.asked.set()
        if self.failing:
            raise SourceUnreachable(source="The test")
        return self.reads


async def test_a_subscriber_hears_values_and_the_last_one_at_once() -> None:
    source = Source()
    async with TaskScope("test") as scope:
        poller = Poller(scope, "source", source.read, every_s=0)
        heard: list[int] = []
        three = asyncio.Event()

        def listen(value: int) -> None:
            heard.append(value)
            if value >= 3:
                three.set()

        poller.subscribe(listen)
        await three.wait()
        late: list[int] = []
        poller.subscribe(late.append)
        assert heard[:3] == [1, 2, 3]
        assert late[0] >= 3


async def test_polling_stops_with_its_last_subscriber() -> None:
    source = Source()
    async with TaskScope("test") as scope:
        poller = Poller(scope, "source", source.read, every_s=0)
        first = poller.subscribe(lambda _: None)
        second = poller.subscribe(lambda _: None)
        await source.asked.wait()
        first()
        assert scope.is_running("source")
        second()
        await scope.drain()
        reads = source.reads
        await asyncio.sleep(0)
        assert source.reads == reads


async def test_a_failing_source_is_asked_less_and_less_often_but_at_once_when_told() -> None:
    source = Source()
    source.failing = True
    async with TaskScope("test") as scope:
        poller = Poller(scope, "source", source.read, every_s=3600)
        heard: list[int] = []
        good = asyncio.Event()

        def listen(value: int) -> None:
            heard.append(value)
            good.set()

        poller.subscribe(listen)
        await source.asked.wait()
        source.failing = False
        while not good.is_set():
            poller.refresh()
            await asyncio.sleep(0)
        assert heard == [source.reads]
