"""The folders that Settings shows."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """In use in this run; `models` may differ from the setting until a restart."""

    models: Path
    config: Path
    log: Path
