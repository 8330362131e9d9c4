"""Whether the registries hold something newer than what is installed; asked only when the user asks."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType

from venom_desktop.core.errors import VenomError
from venom_desktop.core.registry.inventory import InventorySnapshot
from venom_desktop.core.registry.model import ModelKey, ModelMetadata, ModelProvider
from venom_desktop.core.registry.stores import Stores
from venom_desktop.core.runtimes.model_store import RemoteModels
from venom_desktop.core.signals import Signal

ASKED_AT_ONCE = 4


class UpdateStatus(StrEnum):
    CURRENT = "current"
    AVAILABLE = "available"
    UNKNOWN = "unknown"
    """The registry did not answer; `error` says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateState:
    """What a registry said about one model at `checked_at`. `size_bytes` is the whole of the newer version."""

    status: UpdateStatus
    checked_at: datetime
    revision: str | None = None
    """The digest that was installed then."""
    size_bytes: int | None = None
    error: VenomError | None = field(default=None, compare=False)


Updates = Mapping[ModelKey, UpdateState]


def _local_now() -> datetime:
    return datetime.now(UTC).astimezone()


class UpdateChecks:
    """`changed` publishes after every answer, and when what was said about a model no longer holds."""

    def __init__(self, stores: Stores, *, remote: RemoteModels, now: Callable[[], datetime] = _local_now) -> None:
        self.changed: Signal[Updates] = Signal()
        self._stores = stores
        self._remote = remote
        self._now = now
        self._one_check = asyncio.Lock()
        self._states: dict[ModelKey, UpdateState] = {}
        stores.inventory.changed.subscribe(self._forget_others)

    @property
    def snapshot(self) -> Updates:
        """What is known of the models that stand there now; a model nobody asked about is not in it."""
        return MappingProxyType(dict(self._states))

    async def check(self) -> Updates:
        """Ask about every model that came from a registry; returns when all were asked, and never raises."""
        async with self._one_check:
            models = iter([model for model in self._stores.inventory.snapshot.models if self._has_source(model)])

            async def ask() -> None:
                for model in models:
                    await self._ask(model)

            await asyncio.gather(*(ask() for _ in range(ASKED_AT_ONCE)))
        return self.snapshot

    def _has_source(self, model: ModelMetadata) -> bool:
        return model.runtime in self._stores.by_runtime and model.provider is not ModelProvider.LOCAL

    async def _ask(self, model: ModelMetadata) -> None:
        try:
            remote = await self._remote.measure(model.name)
        except VenomError as error:
            state = UpdateState(
                status=UpdateStatus.UNKNOWN, checked_at=self._now(), revision=model.revision, error=error
            )
        else:
            same = remote.digest in (model.revision, model.source_revision)
            state = UpdateState(
                status=UpdateStatus.CURRENT if same else UpdateStatus.AVAILABLE,
                checked_at=self._now(),
                revision=model.revision,
                size_bytes=remote.total_bytes,
            )
        if model.revision is None:
            return
        self._states[model.key] = state
        self._forget_others(self._stores.inventory.snapshot, always=True)

    def _forget_others(self, inventory: InventorySnapshot, *, always: bool = False) -> None:
        """A model that was removed or pulled anew since is another one."""
        here = {model.key: model.revision for model in inventory.models}
        kept = {key: state for key, state in self._states.items() if here.get(key) == state.revision}
        if always or len(kept) != len(self._states):
            self._states = kept
            self.changed.publish(self.snapshot)
