"""Starting with the session: the desktop's autostart entry is the setting, and nothing else remembers it."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from venom_desktop.core.errors import StorageFailed
from venom_desktop.core.files import write_atomically
from venom_desktop.core.programs import own_window

ENTRY_NAME = "venom-desktop.desktop"
MINIMISED = "--minimised"
_HOME_VARIABLE = "VENOM_HOME"
_RESERVED = frozenset(" \t\n\"'\\><~|&;$*?#()`")
"""What an argument of Exec must be quoted for (Desktop Entry Specification, "The Exec key")."""


class LoginStart:
    """An entry in `folder` that runs `command`. What another program did to the entry counts."""

    def __init__(self, folder: Path, command: Sequence[str]) -> None:
        self.path = folder / ENTRY_NAME
        self._command = tuple(command)

    async def is_on(self) -> bool:
        """Whether the desktop starts the program at login. Raises `StorageFailed` for an entry that cannot be read."""
        return await asyncio.to_thread(self._is_on)

    async def set(self, on: bool) -> None:
        """Write the entry or take it away. Raises `DiskFull`, `StorageFailed`."""
        if on:
            content = entry(self._command).encode(errors="surrogateescape")
            await asyncio.to_thread(write_atomically, self.path, content, keep_previous=False)
        else:
            await asyncio.to_thread(self._remove)

    def _is_on(self) -> bool:
        try:
            lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise StorageFailed(path=self.path, problem=error.strerror or str(error)) from error
        said = {key.strip(): value.strip() for key, _, value in (line.partition("=") for line in lines)}
        return said.get("Hidden") != "true" and said.get("X-GNOME-Autostart-enabled") != "false"

    def _remove(self) -> None:
        try:
            self.path.unlink(missing_ok=True)
        except NotADirectoryError:
            return
        except OSError as error:
            raise StorageFailed(path=self.path, problem=error.strerror or str(error)) from error


def login_start(environ: Mapping[str, str], *, platform: str = sys.platform) -> LoginStart | None:
    """This program's, in the user's autostart folder; None on systems without one (only Linux has it so far).

    A program that runs in a home of its own (`VENOM_HOME`) is started in that home.
    """
    if not platform.startswith("linux"):
        return None
    told = Path(environ.get("XDG_CONFIG_HOME", ""))
    # A relative path is to be ignored (XDG Base Directory Specification).
    config = told if told.is_absolute() else Path.home() / ".config"
    home = environ.get(_HOME_VARIABLE, "").strip()
    place = ["env", f"{_HOME_VARIABLE}={Path(home).absolute()}"] if home else []
    return LoginStart(config / "autostart", [*place, *own_window(MINIMISED)])


def entry(command: Sequence[str]) -> str:
    """The desktop entry; `command` as the system gets it, argument by argument."""
    words = " ".join(_quoted(word) for word in command)
    # The value is a string first and a command line second, so each backslash is doubled once more.
    line = words.replace("%", "%%").replace("\\", "\\\\").replace("\n", "\\n")
    return (
        "[Desktop Entry]\n"
        "Type=Application\n"
        "Name=Venom Desktop\n"
        "Comment=AI models on this computer\n"
        f"Exec={line}\n"
        "Icon=venom-desktop\n"
        "Terminal=false\n"
        "StartupNotify=false\n"
        "X-GNOME-Autostart-enabled=true\n"
    )


def _quoted(word: str) -> str:
    if word and not _RESERVED & set(word):
        return word
    escaped = "".join(f"\\{letter}" if letter in '"`$\\' else letter for letter in word)
    return f'"{escaped}"'
