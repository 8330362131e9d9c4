"""What a switch works with, and the questions about it that several steps ask."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from venom_desktop.core.errors import FileMissing, RuntimeUnavailable, UnknownRuntime, VenomError
from venom_desktop.core.registry.first_answer import first_answer
from venom_desktop.core.registry.inventory import Inventory
from venom_desktop.core.registry.manifest import Manifest
from venom_desktop.core.registry.model import NOTHING, ModelCapabilities, ModelKey, ModelMetadata
from venom_desktop.core.registry.switch_steps import MemoryProof
from venom_desktop.core.runtimes.active import ActiveModelStore
from venom_desktop.core.runtimes.ask import Ask
from venom_desktop.core.runtimes.base import (
    LoadSettings,
    Runtime,
    RuntimeSnapshot,
    RuntimeState,
)
from venom_desktop.core.runtimes.model_store import ModelStore

UNLOADED_WITHIN_S = 20.0
"""A server ends what it is answering for other programs before it unloads."""
TOLD_WITHIN_S = 2.0
_ENDED = (RuntimeState.STOPPED, RuntimeState.EXITED)


@runtime_checkable
class LooksAgain(Protocol):
    """A runtime that can find out whether what was missing has come."""

    async def refresh(self) -> RuntimeSnapshot: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """`stores` are those of the runtimes that keep their models by themselves: there a model has no file we know.

    `is_local` tells the runtimes that share this machine's memory from clouds and servers elsewhere.
    """

    manifest: Manifest
    inventory: Inventory
    active: ActiveModelStore
    runtimes: Mapping[str, Runtime]
    ask: Ask
    load_settings: Callable[[ModelKey], LoadSettings]
    require_runtime: Callable[[str], None]
    memory: MemoryProof
    stores: Mapping[str, ModelStore] = field(default_factory=lambda: NOTHING)
    unloaded_within_s: Callable[[], float] = lambda: UNLOADED_WITHIN_S
    is_local: Callable[[str], bool] = lambda _: True

    def locals(self) -> tuple[Runtime, ...]:
        return tuple(runtime for name, runtime in self.runtimes.items() if self.is_local(name))

    async def require_usable(self, runtime_name: str) -> None:
        """Raises `UnknownRuntime`, `ProfileForbidsRuntime`, and why a runtime cannot be used here at all."""
        if runtime_name not in self.runtimes:
            raise UnknownRuntime(runtime=runtime_name, known=", ".join(self.runtimes))
        self.require_runtime(runtime_name)
        runtime = self.runtimes[runtime_name]
        if runtime.snapshot.state is RuntimeState.UNAVAILABLE and isinstance(runtime, LooksAgain):
            await runtime.refresh()
        if runtime.snapshot.state is RuntimeState.UNAVAILABLE:
            raise runtime.snapshot.error or RuntimeUnavailable(runtime=runtime.snapshot.title)

    async def found_there(self, key: ModelKey) -> ModelMetadata:
        """The model as its runtime has it now. Raises `UnknownModel`, `FileMissing`.

        A store that cannot be reached is asked again by the load, which starts its server.
        """
        store = self.stores.get(key.runtime)
        if store is not None:
            await store.refresh()
        model = self.inventory.find(key.name, key.runtime)
        if store is None and (model.local_path is None or not await asyncio.to_thread(model.local_path.exists)):
            raise FileMissing(model_name=model.name, path=model.local_path or "")
        return model

    def answering(self) -> ModelKey | None:
        """The active model if it answers now; one that the user has stopped is not loaded by another's failure.

        A server may have let it go for a while: then the next question loads it, and it counts too.
        """
        key = self.active.snapshot.key
        runtime = None if key is None else self.runtimes.get(key.runtime)
        if key is None or runtime is None:
            return None
        try:
            answers = runtime.upstream().model
        except VenomError:
            return None
        return key if answers == key.name or any(one.name == key.name for one in runtime.snapshot.loaded) else None

    async def require_healthy(self, runtime_name: str) -> None:
        """Raises why a server does not answer: how it ended, where that is told."""
        runtime = self.runtimes[runtime_name]
        if await runtime.health() and runtime.snapshot.state not in _ENDED:
            return
        if self.is_local(runtime_name):
            await _until_ended(runtime)
        if isinstance(runtime, LooksAgain):
            await runtime.refresh()
        # This knows best why not.
        runtime.upstream()
        raise runtime.snapshot.error or RuntimeUnavailable(runtime=runtime.snapshot.title)

    async def load(self, model: ModelMetadata) -> None:
        await self.runtimes[model.runtime].load(model, self.load_settings(model.key))

    async def answer_once(self, model: ModelMetadata) -> ModelCapabilities:
        """Prove that it answers; gives what that taught about it. Raises as `first_answer`."""
        return await first_answer(self.ask, self.runtimes[model.runtime], model)


async def _until_ended(runtime: Runtime) -> None:
    """The end of a server is told a moment after it fell silent; of one that hangs it is not."""
    ended = asyncio.Event()
    end = runtime.changed.subscribe(lambda now: None if now.state is RuntimeState.RUNNING else ended.set())
    try:
        if runtime.snapshot.state is RuntimeState.RUNNING:
            async with asyncio.timeout(TOLD_WITHIN_S):
                await ended.wait()
    except TimeoutError:
        return
    finally:
        end()
