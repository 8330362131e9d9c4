"""What an Ollama server holds in memory: loading a model, letting others go, keeping one."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from venom_desktop.core.errors import LoadCancelled, UnknownModel, VenomError
from venom_desktop.core.runtimes.base import LoadSettings
from venom_desktop.core.runtimes.ollama_client import OllamaClient
from venom_desktop.core.runtimes.pulse import Pulse
from venom_desktop.core.tasks import TaskScope

ALL_LAYERS = 999
"""More than any model has: for Ollama -1 means that it chooses."""
FOR_EVER = -1
GONE_WITHIN_S = 2.0
"""A model that is answering goes when it is done, which is not waited for."""
_LOOK_EVERY_S = 0.02


def options_for(settings: LoadSettings) -> Mapping[str, Any]:
    """The settings as Ollama's options; a request with others loads the model anew, so each one carries them.

    How many answers at a time, and the precision of the context, are settings of the server.
    """
    layers = ALL_LAYERS if settings.gpu_layers == -1 else settings.gpu_layers
    options = {"num_ctx": settings.context, "num_gpu": layers, "num_thread": settings.threads}
    return {name: value for name, value in options.items() if value is not None}


class OllamaMemory:
    """`default_keep_alive` gives how long the server keeps a model that is not pinned, in its words ("30m")."""

    def __init__(self, client: OllamaClient, *, pulse: Pulse, default_keep_alive: Callable[[], str]) -> None:
        self._client = client
        self._pulse = pulse
        self._default_keep_alive = default_keep_alive
        self._pinned: set[str] = set()
        self._tasks = TaskScope("ollama memory")
        self._loading: str | None = None
        self.ends = 0
        """How often loads were ended; one that began before the last time is not to go on."""

    async def hold(self, name: str, options: Mapping[str, Any], ends: int) -> None:
        """Hold `name` alone. Raises `LoadCancelled` when loads were ended since `ends` was read.

        Raises `UnknownModel` before anything is unloaded, `ModelNotLoaded`, `RuntimeUnavailable`, `UpstreamSlow`.
        """
        self.refuse_if_ended(name, ends)
        if all(known.name != name for known in await self._client.models()):
            raise UnknownModel(model_name=name)
        await self.unload(loaded.name for loaded in await self._client.loaded() if loaded.name != name)
        self.refuse_if_ended(name, ends)
        self._loading = name
        keep_alive = FOR_EVER if name in self._pinned else None
        task = self._tasks.start("load", self._load(name, options, keep_alive), on_end=lambda _: None)
        try:
            await task
        except asyncio.CancelledError:
            self.refuse_if_ended(name, ends)
            raise
        finally:
            self._loading = None

    def end_loads(self) -> None:
        self.ends += 1
        self._tasks.cancel("load")

    def refuse_if_ended(self, name: str, ends: int) -> None:
        """Raises `LoadCancelled`."""
        if self.ends != ends:
            raise LoadCancelled(model_name=name)

    async def close(self) -> None:
        await self._tasks.close()

    async def unload(self, names: Iterable[str]) -> None:
        """Let them go, all at a time, and wait until they are gone; a load of one of them ends.

        Raises `RuntimeUnavailable`, `UpstreamSlow`.
        """
        leaving = set(names)
        if self._loading in leaving:
            self.end_loads()
        self._pinned -= leaving
        staying: set[str] = set()
        problems: list[VenomError] = []

        async def let_go(name: str) -> None:
            try:
                await self._client.unload(name)
            except UnknownModel:
                # Deleted while it was in memory: it stays until it expires.
                staying.add(name)
            except VenomError as error:
                problems.append(error)

        async with TaskScope("ollama unload") as scope:
            for name in leaving:
                scope.start(name, let_go(name))
            await scope.drain()
        if problems:
            raise problems[0]
        await self._until_gone(leaving - staying)

    async def pin(self, name: str, *, pinned: bool, options: Mapping[str, Any]) -> None:
        """`options` it was loaded with: others would load it anew. Raises as `hold`."""
        await self._load(name, options, FOR_EVER if pinned else self._default_keep_alive())
        (self._pinned.add if pinned else self._pinned.discard)(name)

    def forget(self) -> None:
        """The server ended, and with it what it held."""
        self._pinned.clear()

    async def _load(self, name: str, options: Mapping[str, Any], keep_alive: str | int | None) -> None:
        async with self._pulse.beating() as beat:
            await beat.wait(self._client.load(name, options=options, keep_alive=keep_alive))

    async def _until_gone(self, leaving: set[str]) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(GONE_WITHIN_S):
                while leaving:
                    leaving = leaving & {loaded.name for loaded in await self._client.loaded()}
                    if leaving:
                        await asyncio.sleep(_LOOK_EVERY_S)
