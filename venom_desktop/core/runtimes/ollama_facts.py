"""What is known of an Ollama server at one moment, and the address it is to listen at."""

import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from venom_desktop.core.runtimes.base import Control
from venom_desktop.core.runtimes.control.ports import Holder
from venom_desktop.core.runtimes.control.unit import Unit

TITLE = "Ollama"
DEFAULT_PORT = 11434
_EVERYWHERE = {"0.0.0.0": "0.0.0.0", "*": "0.0.0.0", "::": "[::]", "[::]": "[::]"}  # noqa: S104 - the user's choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a server of this machine listens; `host` is an IP address without brackets."""

    host: str
    port: int

    def listen_text(self, told: str | None) -> str:
        """`OLLAMA_HOST` for a server. `told` (what the user set) may open it to the network; the port is ours."""
        bare = (told or "").strip().strip("\"'").partition("://")[2] or (told or "").strip().strip("\"'")
        name = bare.partition("/")[0].removesuffix(f":{self.port}")
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{_EVERYWHERE.get(name, host)}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """`control` None: no server is there. None elsewhere is unknown, or nothing.

    `unit` is the systemd unit of Ollama, whether it runs this server or not. `environment` holds the `OLLAMA_*`
    variables and HOME of the running process. `holder` is what holds the port and is no Ollama that answers.
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


def process_facts(pid: int) -> ProcessFacts:
    """What the system lets us see of a process. Blocks for a moment."""
    try:
        process = psutil.Process(pid)
        started_at = datetime.fromtimestamp(process.create_time()).astimezone()
    except psutil.Error:
        return ProcessFacts()
    return ProcessFacts(program=_program_of(process), environment=_environment_of(process), started_at=started_at)


def serves(unit: Unit, address: Address) -> bool:
    """Whether the unit's server listens at this port, as far as the unit says."""
    if unit.environment is None:
        return True
    told = unit.environment.get("OLLAMA_HOST", "").strip().strip("\"'").rpartition("://")[2].partition("/")[0]
    port = told.rpartition(":")[2] if ":" in told and not told.endswith("]") else ""
    return (int(port) if port.isdecimal() else DEFAULT_PORT) == address.port


def _own_addresses() -> set[str]:
    families = (socket.AF_INET, socket.AF_INET6)
    found = (address for addresses in psutil.net_if_addrs().values() for address in addresses)
    return {address.address.partition("%")[0] for address in found if address.family in families}


def _program_of(process: psutil.Process) -> Path | None:
    try:
        return Path(process.exe()) if process.exe() else None
    except (psutil.Error, OSError):
        return None


def _environment_of(process: psutil.Process) -> dict[str, str] | None:
    """Only what tells of Ollama: a process may have been given keys of others."""
    try:
        told = process.environ()
    except (psutil.Error, OSError):
        return None
    return {name: value for name, value in told.items() if name == "HOME" or _is_tuning(name)}


def _is_tuning(name: str) -> bool:
    return name.startswith("OLLAMA_") and "KEY" not in name and "TOKEN" not in name
