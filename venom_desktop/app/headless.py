"""A home held without a window: composed, started, reachable for later commands, and taken down in order."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from venom_desktop.api.server import ApiServer
from venom_desktop.app import instance_door
from venom_desktop.app.compose import build
from venom_desktop.app.instance import InstanceServer
from venom_desktop.app.logging import start_logging
from venom_desktop.app.paths import Paths
from venom_desktop.app.staying import leave_servers_as_chosen
from venom_desktop.core.errors import Conflict, VenomError
from venom_desktop.core.secrets.masking import Redactor
from venom_desktop.core.services import Services

ANSWER_WITHIN_S = 15.0
"""Who holds the home may be ending, which takes as long as the engine needs to give its memory back."""


class HomeTaken(Conflict):
    reason_code = "HOME_TAKEN"
    sentence = "Venom Desktop is already running here (process\u00a0{pid}). Close it first, or use its own HTTP API."


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    services: Services
    api: ApiServer

    @property
    def notices(self) -> tuple[VenomError, ...]:
        """What the user should know about the files that were read."""
        damaged = (self.services.registry.manifest.notice, self.services.active.notice)
        return (*self.services.settings.notices, *(notice for notice in damaged if notice is not None))


def claim_home(paths: Paths) -> instance_door.Claim:
    """Raises `HomeTaken` with the process that has it, `StorageFailed`."""
    paths.make_private()
    claimed = instance_door.claim_or_ask(paths.runtime, {"request": "hello"}, wait_s=ANSWER_WITHIN_S)
    if isinstance(claimed, dict):
        raise HomeTaken(pid=claimed.get("pid", "unknown"))
    return claimed


@asynccontextmanager
async def open_home(
    paths: Paths,
    environ: Mapping[str, str],
    claim: instance_door.Claim,
    *,
    command: str,
    port: int | None = None,
    models_dir: Path | None = None,
) -> AsyncIterator[Home]:
    """`command` is what others are told is running here. `port` None takes the setting's.

    The HTTP API runs once somebody starts it. Raises `InvalidSetting`, `StorageFailed`, `StorageUnreadable`.
    """
    redactor = Redactor()
    stop_logging = start_logging(paths.log, redactor)
    try:
        built = build(paths, environ, redactor=redactor, models_dir=models_dir)
        leave_servers_as_chosen(built)
        wanted = built.services.settings.snapshot.api_port if port is None else port
        api = ApiServer(built.services, paths.token_file, wanted, hide=redactor.add)
        await built.lifecycle.start()
        instance = InstanceServer(claim, _Answers(api, command))
        await instance.start()
        try:
            yield Home(services=built.services, api=api)
        finally:
            await api.stop()
            await instance.close()
            await built.lifecycle.stop()
    finally:
        claim.release()
        stop_logging()


class _Answers:
    """What a later window or command is told."""

    def __init__(self, api: ApiServer, command: str) -> None:
        self._api = api
        self._command = command

    async def show(self) -> None:
        raise self._no_window()

    async def open_file(self, file: Path) -> None:
        del file
        raise self._no_window()

    async def api(self) -> tuple[str, str]:
        await self._api.start()
        return self._api.url, self._api.token

    def _no_window(self) -> VenomError:
        problem = (
            f"`{self._command}` runs here without a window (process\u00a0{os.getpid()}). End it to open the window."
        )
        return Conflict(problem=problem)
