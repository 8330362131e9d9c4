"""Servers that go on when the program ends, where the user chose so."""

from venom_desktop.app.compose import Composition
from venom_desktop.core.settings.schema import Settings


def leave_servers_as_chosen(built: Composition) -> None:
    """Those that run learn of a change at once."""
    settings = built.services.settings

    def tell(now: Settings) -> None:
        for server in (built.llama_cpp, built.ollama.server, built.vllm.server):
            server.stay(now.keep_running_after_quit)

    tell(settings.snapshot)
    settings.changed.subscribe(tell)
