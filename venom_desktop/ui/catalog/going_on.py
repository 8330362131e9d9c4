"""What a press of the panel's primary button sets going. No Qt in here."""

from dataclasses import replace
from typing import Protocol

from venom_desktop.core.operations.operation import ModelOperation
from venom_desktop.core.registry.model import ModelKey, ModelProvider
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

    def __init__(self, registry: Registry, model_settings: ModelSettingsStore) -> None:
        self._registry = registry
        self._model_settings = model_settings

    async def go_on(self, following: NextStep, chosen: Chosen | None, runtime: str) -> None:
        """Raises what installs, activations and the store of settings raise."""
        if following.model_name is None:
            return
        name = following.model_name
        match following.step:
            case Step.INSTALL:
                await self._keep_context(name, runtime, chosen=chosen)
                await self._registry.install_model(name, runtime=runtime)
            case Step.PAUSED if following.operation is not None:
                await self._keep_context(name, runtime, chosen=chosen)
                self._registry.resume(following.operation.operation_id)
            case Step.ACTIVATE | Step.LOAD_AGAIN:
                await self._keep_context(name, runtime, chosen=chosen)
                await self._registry.start_activation(name, runtime)
            case _:
                return

    async def _keep_context(self, name: str, runtime: str, *, chosen: Chosen | None) -> None:
        key = ModelKey(name=name, runtime=runtime)
        if chosen is not None and chosen.context_moved:
            await self._model_settings.save(key, replace(self._model_settings.get(key), context=chosen.context))
