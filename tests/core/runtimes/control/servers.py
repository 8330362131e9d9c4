"""Small stand-in servers for the tests of guard and child, and ways to wait for what they do."""

import asyncio
import sys
from typing import TypeVar

from venom_desktop.core.runtimes.control.orphans import wait_for_end
from venom_desktop.core.runtimes.control.process_identity import started_mark
from venom_desktop.core.signals import Signal

T = TypeVar("T")

WAITS = [sys.executable, "-c", "import sys; print('up', flush=True); sys.stdin.read()"]
"""Ends when its stdin closes."""

DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)",
]
"""Ignores SIGTERM and a closed stdin."""

WITH_GRANDCHILD = [
    sys.executable,
    "-c",
    "import subprocess, sys, time;"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    "print(child.pid, flush=True); time.sleep(600)",
]
"""Tells the PID of a process it started; neither looks at its stdin."""


def queue_of(source: Signal[T]) -> asyncio.Queue[T]:
    heard: asyncio.Queue[T] = asyncio.Queue()
    source.subscribe(heard.put_nowait)
    return heard


async def soon(queue: asyncio.Queue[T]) -> T:
    return await asyncio.wait_for(queue.get(), 10)


async def gone(pid: int) -> bool:
    mark = started_mark(pid)
    return mark is None or await wait_for_end(pid, mark, within_s=10)
