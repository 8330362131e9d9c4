"""Where an Ollama server keeps its models, and how much they take."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from venom_desktop.core.files.measure import disk_use
from venom_desktop.core.runtimes.base import Control
from venom_desktop.core.runtimes.control.unit import Unit
from venom_desktop.core.runtimes.ollama_facts import ServerFacts
from venom_desktop.core.settings.schema import UnitScope

MODELS = "OLLAMA_MODELS"


def models_folder(
    facts: ServerFacts, ours: Mapping[str, str], *, environ: Mapping[str, str] = os.environ
) -> Path | None:
    """The folder of the server in `facts`, or of the one that would be started; it need not exist yet.

    `ours` is what a server started by us is given. None: unknown, another machine's, or not ours to read. Blocks.
    """
    folder = _told(facts, ours, environ)
    return folder if folder is not None and _readable(folder) else None


async def disk_bytes(folder: Path | None) -> int | None:
    """Bytes of all files there, blobs that several models share once; None is unknown."""
    return None if folder is None else await asyncio.to_thread(disk_use, folder)


def _told(facts: ServerFacts, ours: Mapping[str, str], environ: Mapping[str, str]) -> Path | None:
    if not facts.is_local:
        return None
    if facts.control is None:
        if facts.holder is not None:
            return None
        return _of_child(ours, environ) if facts.unit is None else _of_unit(facts.unit)
    if facts.environment is not None and (MODELS in facts.environment or "HOME" in facts.environment):
        return _from(facts.environment, facts.environment.get("HOME"))
    if facts.control is Control.SYSTEMD and facts.unit is not None:
        return _of_unit(facts.unit)
    return _of_child(ours, environ) if facts.control is Control.CHILD else None


def _of_child(ours: Mapping[str, str], environ: Mapping[str, str]) -> Path | None:
    return _from({**environ, **ours}, environ.get("HOME") or str(Path.home()))


def _of_unit(unit: Unit) -> Path | None:
    if unit.environment is None:
        return None
    if unit.scope is UnitScope.USER:
        home: str | None = str(Path.home())
    else:
        home = unit.environment.get("HOME") or _home_of(unit.user or "root")
    return _from(unit.environment, home)


def _home_of(user: str) -> str | None:
    if sys.platform == "win32":  # not run; the module does not exist there
        return None
    import pwd

    try:
        entry = pwd.getpwuid(int(user)) if user.isdecimal() else pwd.getpwnam(user)
    except (KeyError, OverflowError):
        return None
    return entry.pw_dir


def _from(environment: Mapping[str, str], home: str | None) -> Path | None:
    told = environment.get(MODELS, "").strip().strip("\"'")
    if told:
        # A relative one hangs on the server's working folder, which nobody tells.
        return Path(told) if Path(told).is_absolute() else None
    return None if not home else Path(home) / ".ollama" / "models"


def _readable(folder: Path) -> bool:
    """A folder that is not there yet counts, where we would see it if it were."""
    try:
        with os.scandir(folder):
            return True
    except FileNotFoundError:
        return True
    except OSError:
        return False
