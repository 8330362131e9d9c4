"""Makes Ollama a systemd service of the account's own, for the card's menu."""

import asyncio
import shutil

from venom_desktop.app.compose_ollama import OllamaParts
from venom_desktop.core.errors import ProgramMissing
from venom_desktop.core.runtimes.base import Control
from venom_desktop.core.runtimes.control.systemd import SYSTEMCTL
from venom_desktop.core.runtimes.control.unit_file import UnitFile, unit_file_for
from venom_desktop.core.runtimes.ollama_facts import TITLE, listen_text, local_address
from venom_desktop.core.settings.schema import UnitScope
from venom_desktop.core.settings.store import SettingsStore
from venom_desktop.ui.runtime.server_tools import ServiceDesk

TEMPLATE = "ollama.service"


def ollama_service(ollama: OllamaParts, settings: SettingsStore) -> ServiceDesk:
    def can_install() -> bool:
        seen = ollama.server.seen
        if seen is None or not seen.is_local or seen.control in (Control.SYSTEMD, Control.EXTERNAL):
            return False
        chosen = settings.snapshot
        is_looked_for = bool(chosen.ollama_systemd_unit) and chosen.ollama_systemd_scope is not UnitScope.SYSTEM
        has_none = seen.unit is None or seen.unit.scope is UnitScope.SYSTEM
        return is_looked_for and has_none and shutil.which(SYSTEMCTL) is not None

    async def file() -> UnitFile:
        program = await asyncio.to_thread(ollama.program.path)
        if program is None:
            raise ProgramMissing(runtime=TITLE)
        environment = dict(ollama.tuning.environment())
        address = await asyncio.to_thread(local_address, settings.snapshot.ollama_endpoint)
        if address is not None:
            environment["OLLAMA_HOST"] = listen_text(address, environment.get("OLLAMA_HOST"))
        return await asyncio.to_thread(
            unit_file_for, TEMPLATE, settings.snapshot.ollama_systemd_unit, program, environment
        )

    async def install(wanted: UnitFile) -> None:
        await ollama.server.install_unit(wanted)
        await ollama.runtime.restart()

    return ServiceDesk(can_install=can_install, file=file, install=install)
