"""A program as a file: whether it may be run, and whether it is still the one that was asked for its version."""

import os
from pathlib import Path

from venom_desktop.core.errors import UnusableProgram

FileMark = tuple[Path, float, int]
"""Path, seconds of its last change, bytes: differs for every version of the file."""


def require_executable(program: Path, unusable: type[UnusableProgram]) -> None:
    """Blocks. Raises `unusable`."""
    if not program.is_file():
        raise unusable(path=program, problem="there is no such file")
    if not os.access(program, os.X_OK):
        raise unusable(path=program, problem="it may not be executed")


def file_mark(path: Path) -> FileMark | None:
    """None where there is none. Blocks."""
    try:
        status = path.stat()
    except OSError:
        return None
    return path, status.st_mtime, status.st_size
