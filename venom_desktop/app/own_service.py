"""Makes a server a systemd service of the account's own, for the menu of its card."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

from venom_desktop.core.errors import ProgramMissing
from venom_desktop.core.runtimes.base import Control, Runtime, RuntimeState
from venom_desktop.core.runtimes.control.kept_server import KeptServer
from venom_desktop.core.runtimes.control.systemd import SYSTEMCTL
from venom_desktop.core.runtimes.control.unit_file import UnitFile
from venom_desktop.core.settings.schema import UnitScope
from venom_desktop.ui.runtime.server_tools import ServiceDesk


def own_service(
    runtime: Runtime,
    server: KeptServer,
    *,
    program: Callable[[], Path | None],
    missing: type[ProgramMissing] = ProgramMissing,
    looked_for: Callable[[], tuple[str, UnitScope]],
    fill: Callable[[str, Path], UnitFile],
) -> ServiceDesk:
    """`looked_for`: the unit of the settings, and whose. `fill` makes its file for a program; both may block."""

    def can_install() -> bool:
        seen = server.seen
        if seen is None or not seen.is_local or seen.control in (Control.SYSTEMD, Control.EXTERNAL):
            return False
        name, scope = looked_for()
        has_none = seen.unit is None or seen.unit.scope is UnitScope.SYSTEM
        can_run = runtime.snapshot.state is not RuntimeState.UNAVAILABLE and shutil.which(SYSTEMCTL) is not None
        return bool(name) and scope is not UnitScope.SYSTEM and has_none and can_run

    def make_file() -> UnitFile:
        found = program()
        if found is None:
            raise missing(runtime=runtime.snapshot.title)
        return fill(looked_for()[0], found)

    async def file() -> UnitFile:
        return await asyncio.to_thread(make_file)

    async def install(wanted: UnitFile) -> None:
        await server.install_unit(wanted)
        await server.look()

    return ServiceDesk(can_install=can_install, file=file, install=install)
