"""A load as a switch tells it: with the steps that the runtime's own log tells meanwhile."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from typing import Any

from venom_desktop.core.operations.operation import Progress
from venom_desktop.core.registry.switch_steps import SwitchStep, progress
from venom_desktop.core.runtimes.base import Runtime
from venom_desktop.core.tasks import TaskScope


async def told_while_loading(
    load: Coroutine[Any, Any, None], runtime: Runtime, step: SwitchStep
) -> AsyncGenerator[Progress, None]:
    """Run `load` to its end, and say "Loading weights 3 of 8" where the runtime does. Raises what `load` raises."""
    news = asyncio.Event()
    told = None
    async with TaskScope("load") as scope:
        end = runtime.changed.subscribe(lambda _: news.set())
        try:
            loading = scope.start("load", load, on_end=lambda _: news.set())
            while not loading.done():
                await news.wait()
                news.clear()
                now = runtime.snapshot.progress
                if now is not None and now != told:
                    told = now
                    yield progress(step, str(now))
            await loading
        finally:
            end()
