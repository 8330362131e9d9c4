"""What others may ask of the machine: which process holds how much graphics memory."""

from collections.abc import Mapping
from typing import Protocol


class GraphicsMemory(Protocol):
    """The graphics memory of every process, as the driver tells it."""

    async def process_bytes(self) -> Mapping[int, int | None] | None:
        """PID to bytes over all cards, a None where the driver keeps it to itself; None without a card or an answer."""
