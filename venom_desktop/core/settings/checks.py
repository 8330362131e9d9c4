"""Checks on values that only the disk can answer, before they are stored."""

import asyncio
import tempfile
from pathlib import Path

from venom_desktop.core.errors import StorageFailed


async def require_writable_folder(folder: Path) -> None:
    """Raises `StorageFailed` unless a file can be made in `folder`; none is left there."""
    await asyncio.to_thread(_try, folder)


def _try(folder: Path) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise StorageFailed(path=folder, problem=error.strerror or str(error)) from error
