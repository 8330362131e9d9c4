"""What the Settings tab needs of the local API, which it may not import: the application hands it in."""

from typing import Protocol

from venom_desktop.core.signals import Signal


class ApiControl(Protocol):
    """`changed` publishes whether it runs, after every start and stop, whoever asked for it."""

    changed: Signal[bool]

    @property
    def running(self) -> bool: ...

    @property
    def url(self) -> str | None:
        """Where it answers, None while it does not run."""

    @property
    def token(self) -> str | None:
        """What callers send; None while it is not known, such as before the first start."""

    async def start(self) -> None:
        """Listen on the port that the settings name. Raises a `VenomError`, such as for a port that is taken."""

    async def stop(self) -> None:
        """Returns when the port is free."""
