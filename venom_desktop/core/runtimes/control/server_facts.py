"""What is known of a model server at one moment, and the address it is to listen at."""

import ipaddress
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from venom_desktop.core.runtimes.base import Control
from venom_desktop.core.runtimes.control.ports import Holder
from venom_desktop.core.runtimes.control.unit import Unit

Answers = Callable[[], Awaitable[bool]]
"""Asks the endpoint whether a server of this kind answers there; never raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a server of this machine listens; `host` is an IP address without brackets."""

    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerKind:
    """Which server it is. `serves`: whether a unit's server listens at an address, as far as the unit says.

    `tells`: which variables of its process may be looked at: it may have been given keys of others.
    `process_names`: how the system calls its processes, in small letters.
    """

    name: str
    title: str
    serves: Callable[[Unit, Address], bool]
    tells: Callable[[str], bool]
    process_names: tuple[str, ...]

    def is_process(self, holder: Holder) -> bool:
        return (holder.name or "").lower().removesuffix(".exe").startswith(self.process_names)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """`control` None: no server is there. None elsewhere is unknown, or nothing.

    `unit` is the systemd unit of its kind, whether it runs this server or not. `environment` holds those variables of
    the running process that its kind tells. `holder` is what holds the port and is no server of its kind that answers.
    """

    endpoint: str
    control: Control | None = None
    is_local: bool = True
    pid: int | None = None
    port: int | None = None
    program: Path | None = None
    unit: Unit | None = None
    environment: Mapping[str, str] | None = field(default=None, repr=False)
    started_at: datetime | None = None
    holder: Holder | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessFacts:
    program: Path | None = None
    environment: Mapping[str, str] | None = field(default=None, repr=False)
    started_at: datetime | None = None


def local_address(endpoint: str) -> Address | None:
    """None for another machine, and for what only a proxy serves: https, a path. Blocks for a moment."""
    parts = urlsplit(endpoint)
    if parts.scheme != "http" or parts.path not in ("", "/") or not parts.hostname:
        return None
    host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    if not address.is_loopback and str(address) not in _own_addresses():
        return None
    return Address(host=str(address), port=parts.port or 80)


def process_facts(pid: int, tells: Callable[[str], bool]) -> ProcessFacts:
    """What the system lets us see of a process. Blocks for a moment."""
    try:
        process = psutil.Process(pid)
        started_at = datetime.fromtimestamp(process.create_time()).astimezone()
    except psutil.Error:
        return ProcessFacts()
    return ProcessFacts(
        program=_program_of(process), environment=_environment_of(process, tells), started_at=started_at
    )


def _own_addresses() -> set[str]:
    families = (socket.AF_INET, socket.AF_INET6)
    found = (address for addresses in psutil.net_if_addrs().values() for address in addresses)
    return {address.address.partition("%")[0] for address in found if address.family in families}


def _program_of(process: psutil.Process) -> Path | None:
    try:
        return Path(process.exe()) if process.exe() else None
    except (psutil.Error, OSError):
        return None


def _environment_of(process: psutil.Process, tells: Callable[[str], bool]) -> dict[str, str] | None:
    try:
        told = process.environ()
    except (psutil.Error, OSError):
        return None
    return {name: value for name, value in told.items() if tells(name)}
