"""What the Runtime tab is given for vLLM: its log, a free port, its unit, and the page that tells how it is had."""

from pathlib import Path
from typing import Final

from venom_desktop.app.compose_vllm import VllmParts
from venom_desktop.app.own_service import own_service
from venom_desktop.core.errors import VllmMissing
from venom_desktop.core.runtimes.control.unit import Unit
from venom_desktop.core.runtimes.control.unit_file import UnitFile, unit_file_for
from venom_desktop.core.settings.store import SettingsStore
from venom_desktop.ui.runtime.server_tools import ServerTools

GUIDE: Final = "https://docs.vllm.ai/en/stable/getting_started/installation/"


def vllm_tools(vllm: VllmParts, settings: SettingsStore) -> ServerTools:
    def unit() -> Unit | None:
        seen = vllm.server.seen
        return None if seen is None else seen.unit

    async def use_free_port(port: int) -> None:
        await settings.set("vllm_port", port)

    def fill(unit: str, program: Path) -> UnitFile:
        return unit_file_for("vllm.service", unit, program, {}, variables_file=vllm.server.variables_file)

    return ServerTools(
        read_log=vllm.runtime.read_log,
        use_free_port=use_free_port,
        unit=unit,
        service=own_service(
            vllm.runtime,
            vllm.server,
            program=vllm.program.path,
            missing=VllmMissing,
            looked_for=lambda: (settings.snapshot.vllm_systemd_unit, settings.snapshot.vllm_systemd_scope),
            fill=fill,
        ),
        guide=GUIDE,
    )
