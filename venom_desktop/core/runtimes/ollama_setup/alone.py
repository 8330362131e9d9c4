"""One change of the versions' folder at a time, and steps that a cancel finds done or not begun."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from venom_desktop.core.errors import FolderLocked, OperationRunning
from venom_desktop.core.files import FolderLock

T = TypeVar("T")


@asynccontextmanager
async def alone_in(folder: Path, title: str) -> AsyncIterator[None]:
    """Keep other processes out of `folder`. Raises `OperationRunning` (on `title`) when one is in, `StorageFailed`."""
    lock = FolderLock(folder)
    try:
        await to_the_end(lock.acquire)
        yield
    except FolderLocked as error:
        raise OperationRunning(model_name=title) from error
    finally:
        lock.release()


async def to_the_end(call: Callable[[], T]) -> T:
    """What `call` returns, run in a thread; a cancel meanwhile is raised only when the thread has ended."""
    running = asyncio.get_running_loop().run_in_executor(None, call)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        if not running.cancelled():
            # Asked for, so that it does not count as an error that nobody looked at.
            running.exception()
        raise
