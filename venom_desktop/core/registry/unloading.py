"""Takes models out of memory when a switch asks for it or comes to nothing, and tells whether a server was ended."""

from venom_desktop.core.runtimes.base import Runtime, RuntimeState, ServerRuntime


async def unload_one(runtime: Runtime, name: str) -> None:
    """On an engine of one model per process this ends it. Raises `RuntimeUnavailable`."""
    if isinstance(runtime, ServerRuntime):
        await runtime.unload_model(name)
    else:
        await runtime.unload()


async def give_up(runtime: Runtime, name: str) -> None:
    """After a load that came to nothing; a server that refused it before it touched its memory keeps the others."""
    if isinstance(runtime, ServerRuntime):
        held = await runtime.refresh()
        if all(loaded.name != name for loaded in held.loaded):
            return
    await runtime.unload()


async def was_stopped(runtime: Runtime) -> bool:
    """After a load that was stopped: whether the server was stopped with it, so that a load would start it again."""
    if not isinstance(runtime, ServerRuntime):
        return False
    # Waits for the verb under way, which may have ended the load before it ends the server.
    await runtime.unload()
    return runtime.snapshot.state is not RuntimeState.RUNNING
