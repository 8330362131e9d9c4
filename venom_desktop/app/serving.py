"""Starts the server that a command or a script needs: it has no window to start one in."""

from venom_desktop.core.registry.names import is_remote
from venom_desktop.core.runtimes.base import ServerRuntime
from venom_desktop.core.runtimes.profiles import RuntimeProfile
from venom_desktop.core.services import Services


async def start_server(services: Services, runtime: str | None) -> None:
    """Have a server running that keeps its runtime's models itself; a child of ours ends with us.

    Where the files of models are ours, no server is needed to bring or remove them. Raises `ProfileForbidsRuntime`, and
    as `ServerRuntime.start`.
    """
    if runtime not in services.registry.inventory.snapshot.stores:
        return
    found = services.runtimes.get(runtime or "")
    if isinstance(found, ServerRuntime) and not is_remote(found.name):
        RuntimeProfile(services.settings.snapshot.runtime_profile.value).require(found.name)
        await found.start()
