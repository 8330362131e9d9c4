"""Waits for what is being answered before a switch stops anything, and asks when that takes long."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import ExitStack

from venom_desktop.core.errors import AnswersRunning
from venom_desktop.core.operations.operation import Progress
from venom_desktop.core.registry.switch_steps import STOP_AND_SWITCH, SwitchStep, WhenBusy, answers_text, progress
from venom_desktop.core.runtimes.base import Runtime

FINISH_WITHIN_S = 30.0


class Drain:
    """One switch's wait. New answers are let in as long as nothing stops: the switch may still be given up."""

    def __init__(self, runtimes: Iterable[Runtime], *, when_busy: WhenBusy, within_s: float = FINISH_WITHIN_S) -> None:
        self._runtimes = tuple(runtimes)
        self._when_busy = when_busy
        self._within_s = within_s
        self._news = asyncio.Event()
        self._until = 0.0
        self.asks = False
        """Whether the user is to decide now."""
        self.breaks_off = False
        """Answers that still run are to be broken off."""

    @property
    def is_over(self) -> bool:
        return self.breaks_off or not self._answering()

    def break_off(self) -> None:
        self.breaks_off, self.asks = True, False
        self._news.set()

    def wait_longer(self) -> None:
        """Ask again after as long as the first time."""
        self.asks = False
        self._until = asyncio.get_running_loop().time() + self._within_s
        self._news.set()

    async def steps(self) -> AsyncGenerator[Progress, None]:
        """Ends when nothing is answered any more, or nothing is to be waited for. Raises `AnswersRunning`."""
        if self.is_over:
            return
        if not self._until:
            self.wait_longer()
        with ExitStack() as listening:
            for runtime in self._runtimes:
                listening.callback(runtime.changed.subscribe(lambda _: self._news.set()))
            while not self.is_over:
                self._news.clear()
                self._decide_at_the_end()
                yield self._told()
                await self._wait()

    def _decide_at_the_end(self) -> None:
        if self.asks or asyncio.get_running_loop().time() < self._until:
            return
        match self._when_busy:
            case WhenBusy.ASK:
                self.asks = True
            case WhenBusy.REFUSE:
                runtime = next(runtime for runtime in self._runtimes if runtime.snapshot.answering)
                answers = answers_text(runtime.snapshot.answering)
                raise AnswersRunning(runtime=runtime.snapshot.title, answers=answers)
            case WhenBusy.BREAK_OFF:
                self.breaks_off = True

    def _told(self) -> Progress:
        count = self._answering()
        if not self.asks:
            return progress(SwitchStep.DRAIN, f"Waiting for {answers_text(count)}")
        titles = [runtime.snapshot.title for runtime in self._runtimes if runtime.snapshot.answering]
        still = "1 answer is" if count == 1 else f"{count} answers are"
        done, them = ("it is done", "it") if count == 1 else ("they are done", "them")
        sentence = f"{still} still running on {' and '.join(titles)}. Switch when {done}, or stop {them} now?"
        return progress(SwitchStep.DRAIN, sentence, question=STOP_AND_SWITCH)

    async def _wait(self) -> None:
        left_s = None if self.asks else max(0.0, self._until - asyncio.get_running_loop().time())
        try:
            async with asyncio.timeout(left_s):
                await self._news.wait()
        except TimeoutError:
            return

    def _answering(self) -> int:
        return sum(runtime.snapshot.answering for runtime in self._runtimes)
