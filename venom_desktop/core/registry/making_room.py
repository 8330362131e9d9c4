"""What a switch stops before it loads: whose models are in the way, and how each runtime lets them go."""

import asyncio
from dataclasses import dataclass

from venom_desktop.core.errors import MemoryNotReturned
from venom_desktop.core.registry.model import ModelMetadata
from venom_desktop.core.registry.quota import size_text
from venom_desktop.core.registry.switch_steps import UntilReturned, nothing_to_wait_for
from venom_desktop.core.registry.workplace import Workplace
from venom_desktop.core.runtimes.base import Control, LoadedModel, Runtime, RuntimeSnapshot, RuntimeState, ServerRuntime

LOOK_EVERY_S = 0.05
_ALIVE = (RuntimeState.STARTING, RuntimeState.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """A runtime that has to let models go; `until_returned` is to be awaited when they have gone.

    `awaited` leaves out what was deleted while it was in memory: no server can be told to let that go.
    """

    runtime: Runtime
    names: tuple[str, ...]
    awaited: frozenset[str]
    keeps_one: bool
    until_returned: UntilReturned

    @property
    def words(self) -> str:
        """A server of several models goes on without them, so it is not "stopped"."""
        if isinstance(self.runtime, ServerRuntime):
            return f"Unloading {', '.join(self.names)}"
        return f"Stopping {self.runtime.snapshot.title}"


async def leaving_for(place: Workplace, model: ModelMetadata) -> tuple[Leaving, ...]:
    """Nothing for a model elsewhere: local servers go on beside it. Nothing that is not running is stopped."""
    if not place.is_local(model.runtime):
        return ()
    found = [await _leaving(place, runtime, model) for runtime in place.locals()]
    return tuple(one for one in found if one is not None)


async def let_go(leaving: Leaving, *, break_off: bool) -> None:
    """`break_off` ends a server of ours that is answering still: it would finish its answers before it unloads.

    Raises what `stop`, `unload` and `unload_model` raise.
    """
    runtime = leaving.runtime
    if not isinstance(runtime, ServerRuntime) or (break_off and _is_kept_by_us_and_busy(runtime)):
        await runtime.stop()
    elif leaving.keeps_one:
        for name in leaving.names:
            await runtime.unload_model(name)
    else:
        await runtime.unload()


async def until_gone(leaving: Leaving, *, within_s: float) -> None:
    """Wait until a server has let the models go and their memory is free. Raises `MemoryNotReturned`.

    It unloads what it is answering with only afterwards, and may have been asked by another program.
    """
    runtime = leaving.runtime
    if isinstance(runtime, ServerRuntime):
        try:
            async with asyncio.timeout(within_s):
                # The server does not tell it by itself.
                while _staying(await runtime.refresh(), leaving):  # noqa: ASYNC110
                    await asyncio.sleep(LOOK_EVERY_S)
        except TimeoutError:
            raise _not_returned(runtime.snapshot, leaving) from None
    await leaving.until_returned()


def _staying(snapshot: RuntimeSnapshot, leaving: Leaving) -> tuple[LoadedModel, ...]:
    return tuple(loaded for loaded in snapshot.loaded if loaded.name in leaving.awaited)


def _not_returned(snapshot: RuntimeSnapshot, leaving: Leaving) -> MemoryNotReturned:
    held = sum(loaded.memory_bytes or 0 for loaded in _staying(snapshot, leaving))
    pid = "" if snapshot.pid is None else f" (PID {snapshot.pid})"
    return MemoryNotReturned(holder=f"{snapshot.title}{pid}", amount=size_text(held))


def _is_kept_by_us_and_busy(runtime: Runtime) -> bool:
    snapshot = runtime.snapshot
    return snapshot.answering > 0 and snapshot.control is not Control.EXTERNAL


async def _leaving(place: Workplace, runtime: Runtime, model: ModelMetadata) -> Leaving | None:
    if isinstance(runtime, ServerRuntime) and await runtime.health():
        await runtime.refresh()
    if runtime.snapshot.state not in _ALIVE:
        return None
    is_target = runtime.name == model.runtime
    loaded = tuple(one.name for one in runtime.snapshot.loaded)
    names = tuple(name for name in loaded if not (is_target and name == model.name))
    keeps_one = names != loaded
    # One model per process: the load itself knows whether the one that runs will do.
    if not names and (keeps_one or isinstance(runtime, ServerRuntime)):
        return None
    # Which runner of a server has which model is not to be seen, so with one that stays nothing can be proved.
    proof = nothing_to_wait_for if keeps_one else await place.memory.look(runtime)
    awaited = await _installed(place, runtime.name, names)
    return Leaving(runtime=runtime, names=names, awaited=awaited, keeps_one=keeps_one, until_returned=proof)


async def _installed(place: Workplace, runtime_name: str, names: tuple[str, ...]) -> frozenset[str]:
    store = place.stores.get(runtime_name)
    if store is None:
        return frozenset(names)
    known = (await store.refresh()).models
    return frozenset(names) if known is None else frozenset(names) & {model.name for model in known}
