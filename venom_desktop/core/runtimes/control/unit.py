"""A systemd unit as `systemctl show` tells it."""

import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from venom_desktop.core.settings.schema import UnitScope

PROPERTIES = (
    "LoadState",
    "ActiveState",
    "SubState",
    "MainPID",
    "ExecMainStartTimestampMonotonic",
    "Environment",
    "EnvironmentFiles",
    "User",
    "FragmentPath",
    "DropInPaths",
    "NeedDaemonReload",
    "Result",
    "ExecMainCode",
    "ExecMainStatus",
)
_KILLED = (2, 3)
"""`CLD_KILLED` and `CLD_DUMPED` of waitid(2)."""


class UnitState(StrEnum):
    ACTIVE = "active"
    RELOADING = "reloading"
    ACTIVATING = "activating"
    DEACTIVATING = "deactivating"
    INACTIVE = "inactive"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit that is loaded. `user` None: root for a system unit, ourselves for one of our own.

    `environment` is what its process was given, as far as its files say; None where they changed since it started or
    do not say all. `exit_code` and `exit_signal` are those of the last main process that ended.
    """

    name: str
    scope: UnitScope
    state: UnitState
    sub_state: str
    main_pid: int | None = None
    started_at: datetime | None = None
    environment: Mapping[str, str] | None = field(default=None, repr=False)
    user: str | None = None
    file: Path | None = None
    result: str | None = None
    exit_code: int | None = None
    exit_signal: int | None = None

    @property
    def is_running(self) -> bool:
        return self.main_pid is not None

    @property
    def has_failed(self) -> bool:
        """Also between two of its own attempts."""
        return self.state in (UnitState.FAILED, UnitState.INACTIVE) or self.sub_state == "auto-restart"


def parse_unit(told: str, name: str, scope: UnitScope) -> Unit | None:
    """None for a unit that is not there or masked. Looks at its files: call it in a thread."""
    facts = dict(line.partition("=")[::2] for line in told.splitlines())
    if facts.get("LoadState") != "loaded":
        return None
    started = _number(facts, "ExecMainStartTimestampMonotonic")
    started_s = None if not started else started / 1e6 + time.time() - time.monotonic()
    ended_by, status = _number(facts, "ExecMainCode"), _number(facts, "ExecMainStatus")
    return Unit(
        name=name,
        scope=scope,
        state=_state(facts.get("ActiveState", "")),
        sub_state=facts.get("SubState", ""),
        main_pid=_number(facts, "MainPID") or None,
        started_at=None if started_s is None else datetime.fromtimestamp(started_s).astimezone(),
        environment=_environment(facts, started_s),
        user=facts.get("User") or None,
        file=Path(facts["FragmentPath"]) if facts.get("FragmentPath") else None,
        result=facts.get("Result") or None,
        exit_code=status if ended_by == 1 else None,
        exit_signal=status if ended_by in _KILLED else None,
    )


def _state(word: str) -> UnitState:
    try:
        return UnitState(word)
    except ValueError:
        return UnitState.UNKNOWN


def _number(facts: Mapping[str, str], key: str) -> int | None:
    told = facts.get(key, "")
    return int(told) if told.isdecimal() else None


def _environment(facts: Mapping[str, str], started_s: float | None) -> Mapping[str, str] | None:
    if facts.get("EnvironmentFiles") or facts.get("NeedDaemonReload") == "yes":
        return None
    try:
        files = [facts.get("FragmentPath", ""), *shlex.split(facts.get("DropInPaths", ""))]
        pairs = [entry.partition("=") for entry in shlex.split(facts.get("Environment", ""))]
    except ValueError:
        return None
    running = facts.get("MainPID", "0") != "0"
    if running and started_s is not None and any(_written_at(file) > started_s for file in files if file):
        return None
    return {name: value for name, _, value in pairs}


def _written_at(file: str) -> float:
    try:
        return Path(file).stat().st_mtime
    except OSError:
        return 0.0
