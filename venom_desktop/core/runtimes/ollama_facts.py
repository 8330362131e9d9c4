"""What is Ollama's own about a server's process: its variables, its port, and how its units and processes are known."""

from venom_desktop.core.runtimes.control.server_facts import Address, ServerKind
from venom_desktop.core.runtimes.control.server_facts import ServerFacts as ServerFacts
from venom_desktop.core.runtimes.control.server_facts import local_address as local_address
from venom_desktop.core.runtimes.control.unit import Unit

NAME = "ollama"
TITLE = "Ollama"
DEFAULT_PORT = 11434
_EVERYWHERE = {"0.0.0.0": "0.0.0.0", "*": "0.0.0.0", "::": "[::]", "[::]": "[::]"}  # noqa: S104 - the user's choice


def listen_text(address: Address, told: str | None) -> str:
    """`OLLAMA_HOST` for a server. `told` (what the user set) may open it to the network; the port is ours."""
    bare = (told or "").strip().strip("\"'").partition("://")[2] or (told or "").strip().strip("\"'")
    name = bare.partition("/")[0].removesuffix(f":{address.port}")
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"{_EVERYWHERE.get(name, host)}:{address.port}"


def serves(unit: Unit, address: Address) -> bool:
    """Whether the unit's server listens at this port, as far as the unit says."""
    if unit.environment is None:
        return True
    told = unit.environment.get("OLLAMA_HOST", "").strip().strip("\"'").rpartition("://")[2].partition("/")[0]
    port = told.rpartition(":")[2] if ":" in told and not told.endswith("]") else ""
    return (int(port) if port.isdecimal() else DEFAULT_PORT) == address.port


def tells(variable: str) -> bool:
    """Only what tells of Ollama: a process may have been given keys of others."""
    return variable == "HOME" or (variable.startswith("OLLAMA_") and "KEY" not in variable and "TOKEN" not in variable)


OLLAMA_SERVER = ServerKind(name=NAME, title=TITLE, serves=serves, tells=tells, process_names=("ollama",))
