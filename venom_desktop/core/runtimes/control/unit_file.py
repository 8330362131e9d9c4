"""The file of a systemd unit of the user's own, which makes a server a service: written when asked for alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from venom_desktop.core.errors import InvalidInput
from venom_desktop.core.files.paths import resolve_under
from venom_desktop.core.resources import unit_template
from venom_desktop.core.runtimes.control.drop_in import environment_line, user_units


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitFile:
    """What would be written, and where."""

    unit: str
    path: Path
    text: str


def unit_file_for(
    template: str, unit: str, program: Path, environment: Mapping[str, str], *, environ: Mapping[str, str] | None = None
) -> UnitFile:
    """`template` names a file of packaging/systemd. Reads it and writes nothing.

    Raises `InvalidInput` for a path or a value that a unit cannot carry.
    """
    text = unit_template(template).read_text(encoding="utf-8")
    _, _, body = text.partition("[Unit]")
    lines = "\n".join(environment_line(name, value) for name, value in sorted(environment.items()))
    filled = f"[Unit]{body}".replace("@PROGRAM@", _quoted(program)).replace(
        "@ENVIRONMENT@\n", f"{lines}\n" if lines else ""
    )
    return UnitFile(
        unit=unit,
        path=resolve_under(user_units(environ), unit),
        text=f"# Written by Venom Desktop. Stop {unit} and remove this file to go back.\n{filled}",
    )


def _quoted(program: Path) -> str:
    """systemd.service(5): a percent sign begins a specifier, a dollar sign a variable, a backslash an escape."""
    path = str(program)
    if not path.isprintable():
        raise InvalidInput(problem=f"{path!r} holds a sign that a unit cannot carry. Move the program.")
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'
