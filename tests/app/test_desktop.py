"""A second start of the window: who holds the home is asked, and what it says is told."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.app.commands import Ended, ended
from venom_desktop.app.instance import InstanceServer
from venom_desktop.app.instance_door import ask, claim
from venom_desktop.app.logging import LOG_NAME
from venom_desktop.app.paths import Paths
from venom_desktop.core.errors import Conflict, VenomError


class _Answers:
    def __init__(self, error: VenomError | None) -> None:
        self._error = error
        self.shown = 0

    async def show(self) -> None:
        if self._error is not None:
            raise self._error
        self.shown += 1

    async def open_file(self, file: Path) -> None:
        raise NotImplementedError

    async def api(self) -> tuple[str, str]:
        raise NotImplementedError


async def _second_start(answers: _Answers) -> Ended:
    paths = Paths.from_environment(os.environ)
    paths.make_private()
    held = claim(paths.runtime)
    assert held is not None
    server = InstanceServer(held, answers)
    await server.start()
    try:
        return await ended(await _start())
    finally:
        await server.close()
        held.release()


@asynccontextmanager
async def _started() -> AsyncIterator[asyncio.subprocess.Process]:
    process = await _start()
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _start() -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "venom_desktop",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )


async def _until_it_answers(folder: Path, process: asyncio.subprocess.Process) -> None:
    """The socket is there before the loop that answers on it."""
    async with asyncio.timeout(90):
        while await asyncio.to_thread(partial(ask, folder, {"request": "hello"}, wait_s=60)) is None:
            assert process.returncode is None, await process.communicate()
            await asyncio.sleep(0.05)


@pytest.mark.usefixtures("private_home")
async def test_a_second_start_brings_the_first_window_to_the_front() -> None:
    answers = _Answers(None)
    assert (await _second_start(answers)).code == 0
    assert answers.shown == 1


@pytest.mark.usefixtures("private_home")
async def test_a_second_start_says_why_it_cannot_open_a_window() -> None:
    told = await _second_start(_Answers(Conflict(problem="The API runs here without a window.")))
    assert (told.code, told.err.strip()) == (1, "The API runs here without a window.")


@pytest.mark.usefixtures("private_home")
async def test_a_log_that_cannot_be_written_does_not_keep_the_window_from_working() -> None:
    paths = Paths.from_environment(os.environ)
    paths.make_private()
    (paths.log / LOG_NAME).mkdir()
    async with _started() as process:
        await _until_it_answers(paths.runtime, process)
        process.send_signal(signal.SIGTERM)
        done = await ended(process)
    assert (done.code, done.err) == (0, "")


@pytest.mark.usefixtures("private_home")
async def test_a_place_of_the_window_that_cannot_be_kept_is_no_failure_of_its_end() -> None:
    paths = Paths.from_environment(os.environ)
    paths.make_private()
    paths.ui_state_file.mkdir()
    async with _started() as process:
        await _until_it_answers(paths.runtime, process)
        process.send_signal(signal.SIGTERM)
        done = await ended(process)
    assert (done.code, done.err) == (0, "")
