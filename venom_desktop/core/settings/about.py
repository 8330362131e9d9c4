"""How a setting is described: what it takes, the words on it, and the variable that wins over it."""

import dataclasses
from enum import StrEnum

from venom_desktop.core.settings.kinds import Kind

ON_OR_OFF = "Use true or false."
A_PATH = "Give an absolute path."


class UnitScope(StrEnum):
    """Whose systemd keeps a server; `auto` looks at the user's first."""

    AUTO = "auto"
    SYSTEM = "system"
    USER = "user"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a setting takes, and the words on it; `variable` None means no environment variable sets it."""

    kind: Kind
    meaning: str
    expected: str
    variable: str | None = None
