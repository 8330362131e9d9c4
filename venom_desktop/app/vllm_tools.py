"""What the Runtime tab is given for vLLM: its log, a free port, its unit, and the page that tells how it is had."""

from typing import Final

from venom_desktop.app.compose_vllm import VllmParts
from venom_desktop.core.runtimes.control.unit import Unit
from venom_desktop.core.settings.store import SettingsStore
from venom_desktop.ui.runtime.server_tools import ServerTools

GUIDE: Final = "https://docs.vllm.ai/en/stable/getting_started/installation/"


def vllm_tools(vllm: VllmParts, settings: SettingsStore) -> ServerTools:
    def unit() -> Unit | None:
        seen = vllm.server.seen
        return None if seen is None else seen.unit

    async def use_free_port(port: int) -> None:
        await settings.set("vllm_port", port)

    return ServerTools(read_log=vllm.runtime.read_log, use_free_port=use_free_port, unit=unit, guide=GUIDE)
