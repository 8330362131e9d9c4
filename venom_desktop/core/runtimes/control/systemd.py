"""Servers that systemd keeps, through `systemctl`: no shell, no password prompt, a deadline for each call."""

import asyncio
import shutil
import time
from dataclasses import dataclass

from venom_desktop.core.errors import ControlRefused, RuntimeFailed, UpstreamSlow
from venom_desktop.core.files.atomic import write_atomically
from venom_desktop.core.runtimes.control.commands import CommandHangs, Outcome, outcome_of
from venom_desktop.core.runtimes.control.drop_in import DropIn, write_drop_in
from venom_desktop.core.runtimes.control.unit import PROPERTIES, Unit, parse_unit
from venom_desktop.core.runtimes.control.unit_file import UnitFile
from venom_desktop.core.settings.schema import UnitScope

SYSTEMCTL = "systemctl"
JOURNALCTL = "journalctl"
LOOK_WITHIN_S = 2.0
ACT_WITHIN_S = 100.0
"""A unit may take 90 s to stop before systemd kills it."""
HUNG_FOR_S = 30.0
"""So long nobody asks again after an answer that never came."""
LINES = 300
_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "SYSTEMD_PAGER": "", "SYSTEMD_COLORS": "0"}
_REFUSED = (
    "interactive authentication required",
    "authentication is required",
    "access denied",
    "permission denied",
    "operation not permitted",
    "not authorized",
)
_NO_MANAGER_CURE = "Its service manager does not answer in this session. Log in again, or run it without systemd."
_NO_MANAGER = ("failed to connect to", "system has not been booted with systemd")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds that a look and an act may take."""

    look_s: float = LOOK_WITHIN_S
    act_s: float = ACT_WITHIN_S


class Systemd:
    """`title` names the server in sentences. Every method costs a process of some milliseconds."""

    def __init__(self, title: str, *, patience: Patience | None = None) -> None:
        self._title = title
        self._patience = patience or Patience()
        self._hung_at: dict[UnitScope, float] = {}

    async def find(self, name: str, scope: UnitScope) -> Unit | None:
        """The unit as it stands; None where there is none, no systemd that can be asked, or no answer in time.

        With `UnitScope.AUTO` the one that runs; of two that do not, the user's own, which needs no password.
        """
        if not name or shutil.which(SYSTEMCTL) is None:
            return None
        if scope is not UnitScope.AUTO:
            return await self._look(name, scope)
        found = [await self._look(name, UnitScope.USER), await self._look(name, UnitScope.SYSTEM)]
        units = [unit for unit in found if unit is not None]
        return next((unit for unit in units if unit.is_running), units[0] if units else None)

    async def start(self, unit: Unit) -> None:
        """Raises `ControlRefused`, `RuntimeFailed`, `UpstreamSlow`."""
        await self._act("start", unit)

    async def stop(self, unit: Unit) -> None:
        """Returns when it has ended. Raises as `start`."""
        await self._act("stop", unit)

    async def restart(self, unit: Unit) -> None:
        """Raises as `start`."""
        await self._act("restart", unit)

    async def journal(self, unit: Unit, *, of_this_start: bool = False) -> tuple[str, ...]:
        """Its last 300 lines with their times, oldest first; none where the journal may not be read."""
        which = "--user-unit" if unit.scope is UnitScope.USER else "--unit"
        command = [JOURNALCTL, f"{which}={unit.name}", "-n", str(LINES), "--no-pager", "-q", "-o", "short-iso"]
        if of_this_start and unit.started_at is not None:
            command.append(f"--since=@{int(unit.started_at.timestamp())}")
        try:
            outcome = await outcome_of(command, within_s=self._patience.look_s, environment=_ENVIRONMENT)
        except (OSError, CommandHangs):
            return ()
        return tuple(outcome.out.splitlines()) if outcome.code == 0 else ()

    async def write(self, drop_in: DropIn) -> None:
        """Write it and have systemd read it; it counts from the unit's next start.

        Raises `ControlRefused` for a system unit, with the command to run; `StorageFailed`, `RuntimeFailed`.
        """
        if drop_in.scope is not UnitScope.USER:
            cure = f"Run this in a terminal: {drop_in.command}"
            raise ControlRefused(problem=f"change {drop_in.unit}", cure=cure)
        await asyncio.to_thread(write_drop_in, drop_in)
        await self._reload(drop_in.scope)

    async def install(self, file: UnitFile) -> None:
        """Write a unit of the user's own and have systemd read it; it does not run yet.

        Raises `ControlRefused` where the account has no service manager, `StorageFailed`, `RuntimeFailed`.
        """
        outcome = await self._systemctl(UnitScope.USER, ["show", "--property=Version"], within_s=self._patience.look_s)
        if outcome.code != 0:
            raise ControlRefused(problem=f"install {file.unit}", cure=_NO_MANAGER_CURE)
        await asyncio.to_thread(write_atomically, file.path, file.text.encode())
        await self._reload(UnitScope.USER)

    async def _reload(self, scope: UnitScope) -> None:
        outcome = await self._systemctl(scope, ["daemon-reload"], within_s=self._patience.act_s)
        if outcome.code != 0:
            raise RuntimeFailed(runtime=self._title, explanation=f"systemd did not read its unit again: {outcome.why}")

    async def _look(self, name: str, scope: UnitScope) -> Unit | None:
        if time.monotonic() - self._hung_at.get(scope, -HUNG_FOR_S) < HUNG_FOR_S:
            return None
        arguments = ["show", f"--property={','.join(PROPERTIES)}", "--", name]
        try:
            outcome = await self._systemctl(scope, arguments, within_s=self._patience.look_s)
        except UpstreamSlow:
            self._hung_at[scope] = time.monotonic()
            return None
        except RuntimeFailed:
            return None
        return await asyncio.to_thread(parse_unit, outcome.out, name, scope) if outcome.code == 0 else None

    async def _act(self, verb: str, unit: Unit) -> None:
        outcome = await self._systemctl(unit.scope, [verb, "--", unit.name], within_s=self._patience.act_s)
        if outcome.code == 0:
            return
        words = outcome.problem.lower()
        if any(word in words for word in _REFUSED):
            raise ControlRefused(problem=f"{verb} {unit.name}", cure=_cure(verb, unit))
        if any(word in words for word in _NO_MANAGER):
            raise ControlRefused(problem=f"{verb} {unit.name}", cure=_NO_MANAGER_CURE)
        raise RuntimeFailed(runtime=self._title, explanation=f"systemd could not {verb} {unit.name}: {outcome.why}")

    async def _systemctl(self, scope: UnitScope, arguments: list[str], *, within_s: float) -> Outcome:
        command = [SYSTEMCTL, "--user" if scope is UnitScope.USER else "--system", "--no-ask-password", "--no-pager"]
        try:
            return await outcome_of([*command, *arguments], within_s=within_s, environment=_ENVIRONMENT)
        except OSError as error:
            explanation = f"systemctl could not be run: {error.strerror}."
            raise RuntimeFailed(runtime=self._title, explanation=explanation) from error
        except CommandHangs as error:
            raise UpstreamSlow(source="systemd", timeout_s=round(within_s)) from error


def _cure(verb: str, unit: Unit) -> str:
    if unit.scope is UnitScope.USER:
        return f"Run systemctl --user {verb} {unit.name} in a terminal to see why."
    return (
        f"Run sudo systemctl {verb} {unit.name} in a terminal, "
        "or install it as a unit of your own account (systemctl --user)."
    )
