"""What of Ollama is in our folder, as the window shows it."""

from dataclasses import dataclass
from pathlib import Path

from venom_desktop.core.runtimes.ollama_setup.releases import Release


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupSnapshot:
    """Versions as `0.16.3`. An Ollama that the system or the user installed is not ours and not seen here."""

    installed: str | None = None
    previous: str | None = None
    """The version that `roll_back` goes to."""
    program: Path | None = None
    available: Release | None = None
    """Newer than `installed`, as the last `check` found."""
    installer_page: str | None = None
    """Where this system gets its installer; None where `install` does it."""
    restart_needed: bool = False
    """A server that was started from our folder is of another version than `installed`."""
