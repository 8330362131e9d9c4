"""The one entry: no arguments or `--minimised` open the window, the rest belongs to the command line."""

import os
import sys
from collections.abc import Mapping, Sequence

from venom_desktop.core.programs import run_as_own_program

NO_DISPLAY = (
    "There is no display, so the window cannot open. Start it from a desktop session, or run "
    "`venom-desktop serve` for the HTTP API."
)


_MINIMISED = (["--minimised"], ["--minimized"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit status."""
    if arguments is None and run_as_own_program(sys.argv):
        return 0
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given in _MINIMISED:
        return _open_window(minimised=bool(given))
    from venom_desktop.app.cli import run

    return run(given)


def _open_window(*, minimised: bool) -> int:
    if not _has_display(os.environ):
        print(NO_DISPLAY, file=sys.stderr)  # noqa: T201 - told to who typed the command
        return 1
    from venom_desktop.app.desktop import run

    return run(minimised=minimised)


def _has_display(environ: Mapping[str, str]) -> bool:
    if sys.platform != "linux" or environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
