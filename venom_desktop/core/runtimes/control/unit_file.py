"""The file of a systemd unit of the user's own, which makes a server a service: written when asked for alone."""

import re
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
    template: str,
    unit: str,
    program: Path,
    environment: Mapping[str, str],
    *,
    variables_file: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> UnitFile:
    """`template` names a file of packaging/systemd. Reads it and writes nothing.

    `variables_file` is what the unit reads more variables from at each start, where its template does.
    Raises `InvalidInput` for a path or a value that a unit cannot carry.
    """
    text = unit_template(template).read_text(encoding="utf-8")
    _, _, body = text.partition("[Unit]")
    lines = "".join(f"{environment_line(name, value)}\n" for name, value in sorted(environment.items()))
    filled = f"[Unit]{body}".replace("@PROGRAM@", _quoted(program)).replace("@ENVIRONMENT@\n", lines)
    if variables_file is not None:
        filled = filled.replace("@VARIABLES@", _pattern(variables_file))
    return UnitFile(
        unit=unit,
        path=resolve_under(user_units(environ), unit),
        text=f"# Written by Venom Desktop. Stop {unit} and remove this file to go back.\n{filled}",
    )


def _quoted(program: Path) -> str:
    """systemd.service(5): a percent sign begins a specifier, a dollar sign a variable, a backslash an escape."""
    path = _printable(program, "Move the program.")
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'


def _pattern(file: Path) -> str:
    """systemd.exec(5): unquoted up to the end of the line, a percent sign begins a specifier, and wildcards count."""
    path = _printable(file, "Move this program's settings.")
    return re.sub(r"([\\*?\[])", r"\\\1", path).replace("%", "%%")


def _printable(path: Path, cure: str) -> str:
    if not str(path).isprintable():
        raise InvalidInput(problem=f"{str(path)!r} holds a sign that a unit cannot carry. {cure}")
    return str(path)
