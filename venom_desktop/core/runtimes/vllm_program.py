"""Where the `vllm` program is, in an environment of its own, and which version it says it is."""

import asyncio
import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from venom_desktop.core.runtimes.control.commands import CommandHangs, outcome_of
from venom_desktop.core.runtimes.program_file import FileMark, file_mark

PROGRAM = "vllm.exe" if sys.platform == "win32" else "vllm"
VERSION_WITHIN_S = 120.0
"""It imports torch before it answers, which takes a cold disk its time; nobody waits for it."""
_VERSION = re.compile(r"^(\d\S{0,60})$", re.MULTILINE)


class VllmProgram:
    """`configured` is the path of the settings."""

    def __init__(self, configured: Callable[[], Path | None], *, environ: Mapping[str, str] = os.environ) -> None:
        self._configured = configured
        self._environ = environ
        self._versions: dict[FileMark, str | None] = {}

    def path(self) -> Path | None:
        """Looks at some folders. A path of the settings is given even where nothing is."""
        configured = self._configured()
        if configured is not None:
            return configured
        found = shutil.which(PROGRAM, path=self._environ.get("PATH", os.defpath))
        return None if found is None else Path(found).absolute()

    async def version(self) -> str | None:
        """Asked once for each state of the file, which takes some seconds; None where it does not tell."""
        path = await asyncio.to_thread(self.path)
        key = None if path is None else await asyncio.to_thread(file_mark, path)
        if path is None or key is None:
            return None
        if key not in self._versions:
            self._versions[key] = await version_of(path)
        return self._versions[key]


async def version_of(program: Path) -> str | None:
    """What `vllm --version` writes: the version alone on a line, after what its libraries had to say."""
    try:
        outcome = await outcome_of([str(program), "--version"], within_s=VERSION_WITHIN_S)
    except (OSError, CommandHangs):
        return None
    found = _VERSION.findall(outcome.out)
    return found[-1] if found and outcome.code == 0 else None
