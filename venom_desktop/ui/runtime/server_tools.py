"""What the tab is given for a runtime with a server of its own, beside the runtime: setup, tuning, a free port, log."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from venom_desktop.core.runtimes.control.drop_in import DropIn
from venom_desktop.core.runtimes.control.unit import Unit
from venom_desktop.core.runtimes.control.unit_file import UnitFile
from venom_desktop.core.runtimes.ollama_setup.snapshot import SetupSnapshot
from venom_desktop.core.runtimes.tuning import TuningRow
from venom_desktop.core.settings.schema import OllamaProfile
from venom_desktop.core.signals import Signal
from venom_desktop.ui.bridge import Source


class ServerSetup(Protocol):
    """Fetches the program of a server, keeps it up to date, and returns to the version before."""

    changed: Signal[SetupSnapshot]

    @property
    def snapshot(self) -> SetupSnapshot: ...

    async def install(self) -> str:
        """Begin to fetch and install the newest version; returns the operation's id.

        Raises `AlreadyInstalled`, `OperationRunning`; what goes wrong later fails the operation.
        """

    async def check(self) -> object:
        """Look whether a newer version is out; the snapshot has it then. Raises as a look at a release page does."""

    async def roll_back(self) -> object:
        """Use the version before from the next start on. Raises `Conflict`, `OperationRunning`, `ProgramUnusable`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningDesk:
    """What the tuning editor reads and writes. `profile_variable` names what fixed the profile, None when it is free.

    `rows` compares with the running server where its environment is known; it raises `InvalidSetting`.
    """

    rows: Callable[[], tuple[TuningRow, ...]]
    profile: Callable[[], OllamaProfile]
    chosen: Callable[[], Mapping[str, str]]
    """The variables that are set here, by name."""
    store_profile: Callable[[OllamaProfile], Awaitable[object]]
    store_chosen: Callable[[Mapping[str, str]], Awaitable[object]]
    changed: Source[object]
    profile_variable: str | None = None
    drop_in: Callable[[], DropIn | None] = lambda: None
    """What a server that systemd keeps lacks; None when its unit has it all, and for any other server."""
    write_drop_in: Callable[[], Awaitable[object]] | None = None
    """Writes it and restarts the unit. Raises `ControlRefused`, `StorageFailed`, and as a restart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDesk:
    """Makes a server a systemd service of the account's own."""

    can_install: Callable[[], bool]
    """False where it is one already, where somebody else keeps the server, and without its program or systemd."""
    file: Callable[[], Awaitable[UnitFile]]
    """What would be written. Raises `ProgramMissing`, `InvalidInput`."""
    install: Callable[[UnitFile], Awaitable[object]]
    """Writes it; the next start is systemd's. Raises `ControlRefused`, `StorageFailed`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerTools:
    """None where a runtime has no such thing."""

    setup: ServerSetup | None = None
    tuning: TuningDesk | None = None
    read_log: Callable[[], Awaitable[tuple[str, ...]]] | None = None
    """The last lines, oldest first, after asking the journal where systemd keeps the server. Raises `VenomError`."""
    use_free_port: Callable[[int], Awaitable[object]] | None = None
    """Stores another port for the server; it is started afterwards."""
    unit: Callable[[], Unit | None] = lambda: None
    """The systemd unit of the server, whether it runs or not."""
    service: ServiceDesk | None = None
    guide: str = ""
    """A page that tells how the program is had, where it is not fetched from here."""


NO_TOOLS = ServerTools()
