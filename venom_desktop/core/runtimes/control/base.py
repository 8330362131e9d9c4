"""What a server process of ours looks like from outside: how it ended, and who keeps it."""

from dataclasses import dataclass
from typing import Protocol

from venom_desktop.core.signals import Signal

GRACE_S = 2.0
"""Between SIGTERM and SIGKILL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """How a server ended. `code` and `signal` are None where nobody could tell (its guard was killed)."""

    code: int | None = None
    signal: int | None = None
    requested: bool = False
    """We ended it."""
    out_of_memory: bool = False
    """The kernel ended a process for want of memory while this one ran."""
    lines: tuple[str, ...] = ()
    """The last lines it wrote, oldest first."""


class ServerProcess(Protocol):
    """A server that can be ended, and that tells when it has."""

    exited: Signal[Exit]

    @property
    def pid(self) -> int | None: ...

    @property
    def is_running(self) -> bool: ...

    async def stop(self) -> None:
        """SIGTERM, 2 s, SIGKILL to the whole group; returns when the process is gone."""

    def log_lines(self) -> tuple[str, ...]: ...
