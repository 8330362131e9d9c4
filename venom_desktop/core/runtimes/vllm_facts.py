"""What is vLLM's own about a server's process: its variables, its cards, and how its units and processes are known."""

from venom_desktop.core.host.sample import GpuSample
from venom_desktop.core.runtimes.base import Device
from venom_desktop.core.runtimes.control.server_facts import Address, ServerKind
from venom_desktop.core.runtimes.control.unit import Unit
from venom_desktop.core.runtimes.vllm_settings import VllmOptions

NAME = "vllm"
TITLE = "vLLM"
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound to


def endpoint_of(options: VllmOptions) -> str:
    """Where a client of this machine finds the server: one that listens everywhere is asked here."""
    host = "127.0.0.1" if options.host in _EVERYWHERE else options.host
    return f"http://[{host}]:{options.port}" if ":" in host else f"http://{host}:{options.port}"


def serves(unit: Unit, address: Address) -> bool:
    """Whether the unit's server listens at this port, as far as its `VLLM_PORT` says."""
    told = None if unit.environment is None else unit.environment.get("VLLM_PORT", "")
    return not told or not told.isdecimal() or int(told) == address.port


def tells(variable: str) -> bool:
    """Only what tells of vLLM: a process may have been given keys of others."""
    return variable.startswith("VLLM_") and "KEY" not in variable and "TOKEN" not in variable


def device_of(card: GpuSample) -> Device:
    """Under the name that CUDA gives a card."""
    total, used = card.memory_total_bytes, card.memory_used_bytes
    return Device(
        name=f"cuda:{card.index}",
        description=card.name,
        kind="gpu",
        memory_free_bytes=None if total is None or used is None else total - used,
        memory_total_bytes=total,
    )


VLLM_SERVER = ServerKind(name=NAME, title=TITLE, serves=serves, tells=tells, process_names=("vllm",))
