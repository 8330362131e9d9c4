"""Gives models of a runtime's own store a second name or another one."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

from venom_desktop.core.errors import ActiveModelRenamed, OperationRunning
from venom_desktop.core.registry.model import ModelKey, ModelMetadata
from venom_desktop.core.registry.names import key_for, ollama_title
from venom_desktop.core.registry.stores import Stores

Follow = Callable[[ModelKey, ModelKey], Awaitable[None]]


async def nothing_follows(_: ModelKey, __: ModelKey) -> None:
    """Nobody else keeps anything by a model's name."""


class CopyModels:
    """`unload` takes a model out of memory; `follow` hears of a new name (old, new) to keep its settings.

    One at a time: of two models that are given one name at once the first would be lost.
    """

    def __init__(
        self,
        stores: Stores,
        *,
        active: Callable[[], ModelKey | None],
        unload: Callable[[ModelKey], Awaitable[None]],
        follow: Follow = nothing_follows,
    ) -> None:
        self._stores = stores
        self._active = active
        self._unload = unload
        self._follow = follow
        self._one_by_one = asyncio.Lock()

    async def copy(self, model_name: str, new_name: str, runtime: str | None = None) -> ModelKey:
        """Let one model stand under two names, at once and without further space; returns the new row's key.

        Raises `UnknownModel`, `AmbiguousName`, `InvalidName`, `InvalidInput`, `AlreadyInstalled`, `OperationRunning`,
        `ProfileForbidsRuntime`, `RuntimeUnavailable`, `FolderLocked`.
        """
        async with self._one_by_one:
            model, key = await self._checked(model_name, new_name, runtime, verb="be copied")
            with self._stores.inventory.at_once():
                await self._stores.by_runtime[key.runtime].copy(model.name, key.name)
                await self._note(model, key, installed_at=datetime.now(UTC).astimezone(), last_used_at=None)
            return key

    async def rename(self, model_name: str, new_name: str, runtime: str | None = None) -> ModelKey:
        """Copy, then take the old name away; what was set by hand goes along. Returns the new row's key.

        Raises as `copy`, and `ActiveModelRenamed`. When only the old name cannot be taken away both stand there.
        """
        async with self._one_by_one:
            model, key = await self._checked(model_name, new_name, runtime, verb="be renamed")
            if self._active() == model.key:
                raise ActiveModelRenamed
            await self._rename(model, key)
            return key

    async def _rename(self, model: ModelMetadata, key: ModelKey) -> None:
        store = self._stores.by_runtime[key.runtime]
        await self._unload(model.key)
        with self._stores.inventory.at_once():
            await store.copy(model.name, key.name)
            await self._note(model, key, installed_at=model.installed_at, last_used_at=model.last_used_at)
            await self._follow(model.key, key)
            self._require_still_free(model.key)
            await store.delete(model.name)
            if model.key in self._stores.manifest:
                await self._stores.manifest.remove(model.key)

    def _require_still_free(self, key: ModelKey) -> None:
        """Nobody has taken the old name up meanwhile; then both names stay."""
        if self._active() == key:
            raise ActiveModelRenamed
        if self._stores.operations.running_on(key.name, key.runtime) is not None:
            raise OperationRunning(model_name=key.name)

    async def _checked(
        self, model_name: str, new_name: str, runtime: str | None, *, verb: str
    ) -> tuple[ModelMetadata, ModelKey]:
        self._stores.manifest.require_writable()
        model = await self._stores.find(model_name, runtime)
        self._stores.of(model.runtime, verb)
        self._stores.require_runtime(model.runtime)
        key = key_for(new_name, model.runtime)
        await self._stores.require_new_now(key)
        for one in (model.key, key):
            if self._stores.operations.running_on(one.name, one.runtime) is not None:
                raise OperationRunning(model_name=one.name)
        return model, key

    async def _note(
        self, model: ModelMetadata, key: ModelKey, *, installed_at: datetime | None, last_used_at: datetime | None
    ) -> None:
        display_name = ollama_title(key.name)
        await self._stores.manifest.put(
            replace(
                model,
                name=key.name,
                display_name=display_name,
                installed_at=installed_at,
                last_used_at=last_used_at,
            )
        )
