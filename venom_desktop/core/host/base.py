"""What others may ask of the machine: its graphics cards, and which process holds how much of their memory."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from venom_desktop.core.host.sample import GpuSample

Cards = Callable[[], Awaitable[tuple[GpuSample, ...] | None]]
"""The graphics cards as they are now; None where no driver tells."""


async def unknown_cards() -> tuple[GpuSample, ...] | None:
    """Nobody tells."""
    return None


class GraphicsMemory(Protocol):
    """The graphics memory of every process, as the driver tells it."""

    async def process_bytes(self) -> Mapping[int, int | None] | None:
        """PID to bytes over all cards, a None where the driver keeps it to itself; None without a card or an answer."""
