"""What a press of the panel's primary button sets going. No Qt in here."""

from collections.abc import Mapping
from typing import Protocol

from venom_desktop.core.operations.operation import ModelOperation
from venom_desktop.core.registry.model import ModelKey, ModelProvider
from venom_desktop.core.runtimes.base import Runtime, ServerRuntime
from venom_desktop.core.runtimes.model_settings import ModelSettingsStore
from venom_desktop.ui.catalog.presenter import NextStep, Step
from venom_desktop.ui.catalog.selection import Chosen


class Registry(Protocol):
    """The verbs behind the button."""

    async def install_model(self, model_name: str, provider: ModelProvider | str = ..., runtime: str = ...) -> str: ...

    async def start_activation(self, model_name: str, runtime: str | None = None) -> str: ...

    def resume(self, operation_id: str) -> ModelOperation: ...


class GoingOn:
    """Whoever moved the slider and goes on wants the model loaded with that context: it is stored first."""

    def __init__(self, registry: Registry, model_settings: ModelSettingsStore, runtimes: Mapping[str, Runtime]) -> None:
        self._registry = registry
        self._model_settings = model_settings
        self._runtimes = runtimes

    async def go_on(self, following: NextStep, chosen: Chosen | None) -> None:
        """Raises what installs, activations, starts of a server and the store of settings raise."""
        if following.model_name is None or chosen is None or chosen.runtime is None:
            return
        name, runtime = following.model_name, chosen.runtime
        match following.step:
            case Step.INSTALL:
                await self._keep_context(name, chosen)
                await self._registry.install_model(name, chosen.entry.provider, runtime)
            case Step.PAUSED if following.operation is not None:
                await self._keep_context(name, chosen)
                self._registry.resume(following.operation.operation_id)
            case Step.ACTIVATE | Step.LOAD_AGAIN:
                await self._keep_context(name, chosen)
                await self._registry.start_activation(name, runtime)
            case Step.START_RUNTIME:
                server = self._runtimes.get(runtime)
                if isinstance(server, ServerRuntime):
                    await server.start()
            case _:
                return

    async def _keep_context(self, name: str, chosen: Chosen) -> None:
        key = ModelKey(name=name, runtime=str(chosen.runtime))
        if chosen.context_moved:
            await self._model_settings.save_context(key, chosen.context)
