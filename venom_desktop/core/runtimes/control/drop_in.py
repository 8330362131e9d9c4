"""The drop-in file by which a systemd unit is given variables; nothing writes it without the user's consent."""

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from venom_desktop.core.errors import InvalidInput
from venom_desktop.core.files.atomic import write_atomically
from venom_desktop.core.files.paths import resolve_under
from venom_desktop.core.runtimes.control.unit import Unit
from venom_desktop.core.settings.schema import UnitScope

FILE = "venom-desktop.conf"
_SYSTEM = Path("/etc/systemd/system")


@dataclass(frozen=True, slots=True, kw_only=True)
class DropIn:
    """What would be written, where, and the command that does it for a unit of the system."""

    unit: str
    scope: UnitScope
    path: Path
    text: str

    @property
    def command(self) -> str:
        """One line for a terminal."""
        systemctl = "systemctl --user" if self.scope is UnitScope.USER else "sudo systemctl"
        sudo = "" if self.scope is UnitScope.USER else "sudo "
        folder, path, unit = (shlex.quote(str(part)) for part in (self.path.parent, self.path, self.unit))
        steps = (
            f"{sudo}mkdir -p {folder}",
            f"printf %s {shlex.quote(self.text)} | {sudo}tee {path} > /dev/null",
            f"{systemctl} daemon-reload",
            f"{systemctl} restart {unit}",
        )
        return " && ".join(steps)


def drop_in_for(unit: Unit, environment: Mapping[str, str], *, environ: Mapping[str, str] | None = None) -> DropIn:
    """Writes nothing. Raises `InvalidInput` for a value of several lines."""
    root = user_units(environ) if unit.scope is UnitScope.USER else _SYSTEM
    lines = ["# Written by Venom Desktop. Remove this file to go back.", "[Service]"]
    lines += [environment_line(name, value) for name, value in sorted(environment.items())]
    return DropIn(
        unit=unit.name,
        scope=unit.scope,
        path=resolve_under(root, f"{unit.name}.d", FILE),
        text="\n".join(lines) + "\n",
    )


def write_drop_in(drop_in: DropIn) -> None:
    """Blocks. Raises `StorageFailed`, `DiskFull`."""
    write_atomically(drop_in.path, drop_in.text.encode(), keep_previous=False)


def user_units(environ: Mapping[str, str] | None = None) -> Path:
    """Where an account keeps units of its own (systemd.unit(5))."""
    own = os.environ if environ is None else environ
    return Path(own.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"


def environment_line(name: str, value: str) -> str:
    """Raises `InvalidInput` for a value of several lines."""
    if not value.isprintable():
        raise InvalidInput(problem=f"{name} holds a sign that a unit cannot carry. Change its value.")
    # systemd.unit(5): a percent sign begins a specifier, a backslash an escape.
    escaped = f"{name}={value}".replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'Environment="{escaped}"'
