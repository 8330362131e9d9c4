"""A wait ends when the server falls silent, and only then."""

import asyncio

import pytest

from venom_desktop.core.errors import UpstreamSlow
from venom_desktop.core.runtimes.pulse import Pulse


class Server:
    """Answers while it lives; `asked` is set at every question."""

    def __init__(self) -> None:
        self.lives = True
        self.asked = asyncio.Event()
        self.questions = 0

    async def ask(self) -> None:
        self.questions += 1
        self.asked.set()
        if not self.lives:
            raise UpstreamSlow(source="Ollama", timeout_s=2)


async def test_a_wait_on_a_silent_server_ends_with_a_sentence() -> None:
    server = Server()
    server.lives = False
    pulse = Pulse(server.ask, source="Ollama", every_s=0.01, silent_after_s=0.03)
    with pytest.raises(UpstreamSlow, match="Ollama did not answer within"):
        async with pulse.beating() as beat:
            await beat.wait(asyncio.Event().wait())


async def test_a_server_that_lives_may_take_its_time() -> None:
    server = Server()
    pulse = Pulse(server.ask, source="Ollama", every_s=0.001, silent_after_s=0.0)

    async def long_work() -> str:
        while server.questions < 50:
            server.asked.clear()
            await server.asked.wait()
        return "done"

    async with pulse.beating() as beat:
        assert await beat.wait(long_work()) == "done"


async def test_silence_between_two_waits_ends_neither_what_was_done_nor_the_caller() -> None:
    server = Server()
    server.lives = False
    pulse = Pulse(server.ask, source="Ollama", every_s=0.001, silent_after_s=0.0)
    async with pulse.beating():
        while server.questions < 10:
            server.asked.clear()
            await server.asked.wait()


async def test_a_wait_that_is_cancelled_is_cancelled() -> None:
    pulse = Pulse(Server().ask, source="Ollama", every_s=0.001)
    began = asyncio.Event()

    async def wait() -> None:
        async with pulse.beating() as beat:
            began.set()
            await beat.wait(asyncio.Event().wait())

    async with asyncio.TaskGroup() as group:
        task = group.create_task(wait())
        await began.wait()
        task.cancel()
    assert task.cancelled()
