"""The steps of a switch as everybody sees them: stable words for programs, English sentences for people."""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Protocol

from venom_desktop.core.operations.operation import Progress
from venom_desktop.core.runtimes.base import Runtime


class SwitchStep(StrEnum):
    """In the order in which they are taken; what has nothing to do is left out."""

    VALIDATE = "validate"
    DRAIN = "drain"
    STOP = "stop"
    MEMORY_RETURNED = "memory_returned"
    START = "start"
    HEALTHY = "healthy"
    LOADED = "loaded"
    ANSWERED = "answered"
    SAVED = "saved"
    PUT_BACK = "put_back"
    """After a failure alone: the model that answered before is loaded again."""


class WhenBusy(StrEnum):
    """What to do about answers that still run when their time is over."""

    ASK = "ask"
    REFUSE = "refuse"
    BREAK_OFF = "break_off"


STOP_AND_SWITCH = "stop_and_switch"
"""The question of a switch that waits for answers: go on waiting, or break them off."""


UntilReturned = Callable[[], Awaitable[None]]
"""Waits until the memory is free again. Raises `MemoryNotReturned`."""


async def nothing_to_wait_for() -> None:
    """Of a runtime that held nothing."""


class MemoryProof(Protocol):
    async def look(self, runtime: Runtime) -> UntilReturned:
        """What `runtime` holds now, before it is stopped, as the way to wait for it afterwards."""


def progress(step: SwitchStep, message: str, *, can_cancel: bool | None = None, question: str = "") -> Progress:
    """A question stands until the next progress, which takes it back unless it asks again."""
    return Progress(step=step.value, message=message, can_cancel=can_cancel, question=question)


def answers_text(count: int) -> str:
    return "1 answer" if count == 1 else f"{count} answers"
