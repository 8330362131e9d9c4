"""Switch: what we add to stopping one runtime and starting and loading the next, and to a first start."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from tests.core.registry.switchboard import FIRST, ONE, OTHER, Switchboard, a_switchboard
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.runtimes.base import LoadSettings, Runtime, ServerRuntime

ROUNDS: Final = 7
SETTINGS: Final = LoadSettings(context=512)
PAIRS: Final = {
    "engine_to_engine": (ONE, OTHER),
    "engine_to_ollama": (ONE, FIRST),
    "ollama_to_engine": (FIRST, ONE),
}


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with a_switchboard(Path(folder)) as board:
            for name, (before, after) in PAIRS.items():
                await _measure(board, f"switch_{name}", before, after)
            for name, key in {"engine": ONE, "ollama": FIRST}.items():
                await _measure(board, f"switch_first_{name}", None, key)


async def _measure(board: Switchboard, name: str, before: ModelKey | None, after: ModelKey) -> None:
    async def plain() -> None:
        if before is not None:
            await _give_up(board.runtimes[before.runtime])
        await _load(board, after)

    async def switch() -> None:
        await board.switch(after)

    ways: dict[str, Callable[[], Awaitable[None]]] = {"plain": plain, "switch": switch}
    found: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(ROUNDS):
        # Each goes first in turn, so that a busy moment of the machine hits both.
        for way in ways if number % 2 == 0 else reversed(ways):
            await _begin_with(board, before)
            began = time.perf_counter()
            await ways[way]()
            found[way].append(time.perf_counter() - began)
    middle = {way: statistics.median(times) for way, times in found.items()}
    print(f"{name}_plain {middle['plain']:.3f} s")
    print(f"{name} {middle['switch']:.3f} s")
    print(f"{name}_added {middle['switch'] - middle['plain']:.3f} s")


async def _begin_with(board: Switchboard, key: ModelKey | None) -> None:
    for runtime in board.runtimes.values():
        await _give_up(runtime)
    await board.activating.deactivate()
    if key is not None:
        await board.switch(key)


async def _give_up(runtime: Runtime) -> None:
    if isinstance(runtime, ServerRuntime):
        await runtime.unload()
    else:
        await runtime.stop()


async def _load(board: Switchboard, key: ModelKey) -> None:
    await board.runtimes[key.runtime].load(board.inventory.find(key.name, key.runtime), SETTINGS)


if __name__ == "__main__":
    asyncio.run(main())
