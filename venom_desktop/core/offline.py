"""The user's word that nothing leaves this machine: every client asks here before it asks anybody else."""

import ipaddress
from collections.abc import Callable
from urllib.parse import urlsplit

from venom_desktop.core.errors import StayingOffline


class Offline:
    """`chosen` tells whether the user works offline now."""

    def __init__(self, chosen: Callable[[], bool]) -> None:
        self._chosen = chosen

    @property
    def is_on(self) -> bool:
        return self._chosen()

    def require(self, url: str) -> None:
        """Raises `StayingOffline` for an address that is not this machine's."""
        if self._chosen() and not is_this_machine_at(url):
            raise StayingOffline(source=host_of(url))


def is_this_machine_at(url: str) -> bool:
    """Whether the host of an address is this machine; a name that only resolves to it counts as another."""
    host = host_of(url).rstrip(".").lower()
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_of(url: str) -> str:
    """The host alone; the whole text where there is none."""
    try:
        return urlsplit(url).hostname or url
    except ValueError:
        return url


def everybody(_: str) -> None:
    """Where nobody works offline: every address may be asked."""


ONLINE = Offline(lambda: False)
