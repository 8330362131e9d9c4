"""Where the `ollama` program is, and which version it says it is."""

import asyncio
import os
import re
import shutil
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from venom_desktop.core.runtimes.control.commands import CommandHangs, outcome_of
from venom_desktop.core.runtimes.program_file import FileMark, file_mark

PROGRAM = "ollama.exe" if sys.platform == "win32" else "ollama"
SUPPORTED_SINCE = (0, 16)
ANSWER_WITHIN_S = 10.0
_USUAL = (
    "/usr/local/bin",
    "/usr/bin",
    "~/.local/bin",
    "/opt/ollama/bin",
    "/opt/homebrew/bin",
    "/snap/bin",
    "/Applications/Ollama.app/Contents/Resources",
    "~/AppData/Local/Programs/Ollama",
)
# Its own version comes in a warning where a server of another version answers, or none.
_CLIENT = re.compile(r"client version is (\S{1,40})")
_SAME = re.compile(r"ollama version is (\S{1,40})")


class Origin(StrEnum):
    """Who put the program there; the earlier is preferred."""

    SETTING = "setting"
    OURS = "ours"
    PATH = "path"
    USUAL_PLACE = "usual_place"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramFacts:
    """`version` None: it did not tell. `is_old`: before the line we support; None is unknown (a build of its own)."""

    path: Path
    origin: Origin
    version: str | None = None
    is_old: bool | None = None


class OllamaProgram:
    """`configured` is the path of the settings, `ours` the program of the release that we installed."""

    def __init__(
        self,
        configured: Callable[[], Path | None],
        ours: Callable[[], Path | None] = lambda: None,
        *,
        environ: Mapping[str, str] = os.environ,
        usual: tuple[str, ...] = _USUAL,
    ) -> None:
        self._configured = configured
        self._ours = ours
        self._environ = environ
        self._usual = usual
        self._versions: dict[FileMark, str | None] = {}

    def path(self) -> Path | None:
        """Looks at some folders: call it in a thread. A path of the settings is given even where nothing is."""
        found = self._find()
        return None if found is None else found[0]

    async def facts(self) -> ProgramFacts | None:
        """The program with its version, asked once for each file; None where there is none."""
        found = await asyncio.to_thread(self._find)
        if found is None:
            return None
        path, origin = found
        version = await self._version(path)
        return ProgramFacts(path=path, origin=origin, version=version, is_old=is_old(version))

    def _find(self) -> tuple[Path, Origin] | None:
        configured, ours = self._configured(), self._ours()
        if configured is not None:
            return configured, Origin.SETTING
        if ours is not None and _is_program(ours):
            return ours, Origin.OURS
        on_path = shutil.which(PROGRAM, path=self._environ.get("PATH", os.defpath))
        if on_path is not None:
            return Path(on_path).absolute(), Origin.PATH
        usual = (Path(folder).expanduser() / PROGRAM for folder in self._usual)
        return next(((path, Origin.USUAL_PLACE) for path in usual if _is_program(path)), None)

    async def _version(self, path: Path) -> str | None:
        key = await asyncio.to_thread(file_mark, path)
        if key is None:
            return None
        if key not in self._versions:
            self._versions[key] = await version_of(path)
        return self._versions[key]


async def version_of(program: Path) -> str | None:
    """What `ollama --version` says of the program itself; None where it does not answer."""
    with nobody_listens() as host:
        try:
            outcome = await outcome_of(
                [str(program), "--version"], within_s=ANSWER_WITHIN_S, environment={"OLLAMA_HOST": host}
            )
        except (OSError, CommandHangs):
            return None
    found = _CLIENT.search(outcome.out) or _SAME.search(outcome.out)
    return None if found is None else found[1]


def is_old(version: str | None) -> bool | None:
    """Whether it is from before 0.16; None for a version that says nothing (0.0.0 is a build from source)."""
    found = re.match(r"v?(\d{1,6})\.(\d{1,6})(?:\D|$)", version or "", re.ASCII)
    if found is None or re.match(r"v?0\.0\.0(?:\D|$)", version or ""):
        return None
    return (int(found[1]), int(found[2])) < SUPPORTED_SINCE


@contextmanager
def nobody_listens() -> Iterator[str]:
    """An address that refuses at once: the program would wait for a server that hangs."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as held:
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)
