"""Takes one model out of memory, and leaves those that other programs loaded on the same server alone."""

from venom_desktop.core.runtimes.base import Runtime, ServerRuntime


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
