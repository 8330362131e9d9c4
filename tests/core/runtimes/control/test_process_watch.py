"""The end of a process that is no child of ours: whether somebody asked for it."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator

import pytest

from venom_desktop.core.errors import ControlRefused
from venom_desktop.core.runtimes.control.base import Exit
from venom_desktop.core.runtimes.control.process_watch import ProcessWatch


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"])
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize("refused", [True, False])
async def test_an_end_was_asked_for_only_where_asking_was_not_refused(
    process: subprocess.Popen[bytes], refused: bool
) -> None:
    watch = ProcessWatch("server")
    ends: asyncio.Queue[Exit] = asyncio.Queue()
    watch.ended.subscribe(ends.put_nowait)
    watch.follow(process.pid)
    with contextlib.suppress(ControlRefused), watch.expecting_end():
        if refused:
            raise ControlRefused(problem="stop it", cure="Ask somebody else.")
        process.kill()
    process.kill()
    async with asyncio.timeout(60):
        assert (await ends.get()).requested is not refused
    await watch.close()
