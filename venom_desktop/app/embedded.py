"""The registry for scripts (SPEC section 2): `ModelRegistry(models_dir=...)`, no window, no Qt, no running program."""

import asyncio
import hashlib
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Self

from venom_desktop.app.compose import build
from venom_desktop.app.paths import Paths
from venom_desktop.app.serving import start_server
from venom_desktop.core.catalog.base import CatalogEntry
from venom_desktop.core.registry import registry
from venom_desktop.core.registry.discovery.found import FoundModel
from venom_desktop.core.registry.install import RUNTIMES
from venom_desktop.core.registry.model import ModelKey, ModelProvider
from venom_desktop.core.registry.pairs import require_pair
from venom_desktop.core.registry.updates import Updates
from venom_desktop.core.secrets.masking import Redactor


class ModelRegistry(registry.ModelRegistry):
    """Starts itself at the first verb; `close()`, or `async with`, ends what it started.

    It keeps a history of its own for each `models_dir`, so that a script never touches the window's. Settings and
    keys are the user's.
    """

    def __init__(self, models_dir: str | Path = "./data/models", *, environ: Mapping[str, str] = os.environ) -> None:
        models = Path(models_dir).expanduser().absolute()
        paths = Paths.from_environment(environ)
        own = paths.data / "scripts" / hashlib.sha256(os.fsencode(models)).hexdigest()[:16]
        paths = replace(paths, data=own, log=own, runtime=own / "run", models=models)
        built = build(paths, environ, redactor=Redactor(), models_dir=models)
        super().__init__(built.parts)
        self.manifest.open()
        self._services = built.services
        self._lifecycle = built.lifecycle
        self._starting = asyncio.Lock()
        self._started = False
        self._paths = paths

    async def open(self) -> Self:
        """Start; harmless when it has started already."""
        async with self._starting:
            if not self._started:
                self._paths.runtime.mkdir(parents=True, exist_ok=True)
                await self._lifecycle.start()
                self._started = True
        return self

    async def close(self) -> None:
        async with self._starting:
            if self._started:
                self._started = False
                await self._lifecycle.stop()
            # Read alone it was never started, and has held the folder since it was made.
            await self.manifest.close()

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def list_available_models(
        self, provider: ModelProvider | None = None, limit: int = 20, *, refresh: bool = False
    ) -> list[CatalogEntry]:
        await self.open()
        return await super().list_available_models(provider, limit, refresh=refresh)

    async def install_model(
        self, model_name: str, provider: ModelProvider | str = ModelProvider.HUGGINGFACE, runtime: str | None = None
    ) -> str:
        await self.open()
        self.require_runtime(runtime)
        if provider in set(ModelProvider):
            chosen = require_pair(ModelProvider(provider), runtime, offered=(*RUNTIMES, *self._services.runtimes))
            await start_server(self._services, chosen)
        return await super().install_model(model_name, provider, runtime)

    async def remove_model(self, model_name: str, runtime: str | None = None, *, delete_own_file: bool = False) -> str:
        await self.open()
        await start_server(self._services, self.inventory.find(model_name, runtime).runtime)
        return await super().remove_model(model_name, runtime, delete_own_file=delete_own_file)

    async def verify_model(self, model_name: str, runtime: str | None = None) -> str:
        await self.open()
        return await super().verify_model(model_name, runtime)

    async def start_activation(self, model_name: str, runtime: str | None = None) -> str:
        await self.open()
        return await super().start_activation(model_name, runtime)

    async def activate_model(self, model_name: str, runtime: str | None = None, *, confirm: bool = False) -> bool:
        await self.open()
        return await super().activate_model(model_name, runtime, confirm=confirm)

    async def update_model(self, model_name: str, runtime: str | None = None) -> str:
        await self.open()
        await start_server(self._services, self.inventory.find(model_name, runtime).runtime)
        return await super().update_model(model_name, runtime)

    async def find_on_disk(self, *, refresh: bool = False) -> tuple[FoundModel, ...]:
        await self.open()
        return await super().find_on_disk(refresh=refresh)

    async def undo_import(self, model_name: str, runtime: str | None = None) -> str:
        await self.open()
        return await super().undo_import(model_name, runtime)

    async def create_model(self, file: Path, name: str, runtime: str = "ollama") -> str:
        await self.open()
        await start_server(self._services, runtime)
        return await super().create_model(file, name, runtime)

    async def copy_model(self, model_name: str, new_name: str, runtime: str | None = None) -> ModelKey:
        await self.open()
        return await super().copy_model(model_name, new_name, runtime)

    async def rename_model(self, model_name: str, new_name: str, runtime: str | None = None) -> ModelKey:
        await self.open()
        return await super().rename_model(model_name, new_name, runtime)

    async def check_updates(self) -> Updates:
        await self.open()
        return await super().check_updates()
