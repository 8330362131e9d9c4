"""The models of a server elsewhere as the inventory lists them: its own list, and what single questions add to it."""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from venom_desktop.core.errors import ModelsElsewhere, UnknownModel, VenomError
from venom_desktop.core.registry.model import ModelMetadata
from venom_desktop.core.runtimes.model_store import PullStep, StoreSnapshot
from venom_desktop.core.runtimes.remote_base import Found, RemoteServer, RemoteWire
from venom_desktop.core.signals import Signal
from venom_desktop.core.tasks import TaskScope

ASKED_AT_ONCE = 4
ASK_AGAIN_AFTER_S = 60.0
Look = Callable[[], Awaitable[VenomError | None]]


class RemoteStore:
    """Implements `ModelStore`, as far as it reads: models are brought and removed at the server itself.

    `look` asks the server and hands what it found to `take`. Details of a model are kept by its digest.
    """

    def __init__(
        self,
        server: RemoteServer,
        wire: RemoteWire,
        *,
        look: Look,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.changed: Signal[StoreSnapshot] = Signal()
        self._title = server.title
        self._wire = wire
        self._look = look
        self._now = now
        self._clock = clock
        self._snapshot = StoreSnapshot(runtime=server.name, is_here=False, title=server.title)
        self._listed: tuple[ModelMetadata, ...] | None = None
        self._details: dict[str, ModelMetadata] = {}
        self._refused_at: dict[str, float] = {}

    @property
    def snapshot(self) -> StoreSnapshot:
        return self._snapshot

    async def refresh(self) -> StoreSnapshot:
        await self._look()
        await self.describe_new()
        return self._snapshot

    def take(self, found: Found | None, error: VenomError | None) -> None:
        """What a look found, or why it found nothing: the last list stays then."""
        if found is None:
            self._publish(reachable=False, error=error)
            return
        self._listed = found.models
        here = {_identity(model) for model in found.models}
        self._details = {key: told for key, told in self._details.items() if key in here}
        self._refused_at = {key: at for key, at in self._refused_at.items() if key in here}
        self._publish(reachable=True, error=None, read_at=self._now())

    async def describe_new(self) -> None:
        """Ask about every model that nothing more is known of yet."""
        if not self._snapshot.reachable:
            return
        now = self._clock()
        pending = iter([model for model in self._listed or () if self._is_new(_identity(model), now)])

        async def ask() -> None:
            for model in pending:
                try:
                    self._details[_identity(model)] = await self._wire.describe(model)
                except VenomError:
                    self._refused_at[_identity(model)] = self._clock()

        async with TaskScope("remote details") as scope:
            for number in range(ASKED_AT_ONCE):
                scope.start(str(number), ask())
            await scope.drain()
        self._publish()

    async def describe(self, name: str) -> ModelMetadata:
        """As `ModelStore`; raises what `RemoteWire` names too."""
        error = await self._look()
        if error is not None:
            raise error
        for model in self._listed or ():
            if model.name == name:
                if _identity(model) not in self._details:
                    self._details[_identity(model)] = await self._wire.describe(model)
                    self._publish()
                return self._row(model)
        raise UnknownModel(model_name=name)

    def pull(self, name: str) -> AsyncGenerator[PullStep, None]:
        """Raises `ModelsElsewhere`."""
        raise ModelsElsewhere(server=self._title, verb="be brought")

    async def delete(self, name: str) -> None:
        """Raises `ModelsElsewhere`."""
        raise ModelsElsewhere(server=self._title, verb="be removed")

    async def copy(self, name: str, new_name: str) -> None:
        """Raises `ModelsElsewhere`."""
        raise ModelsElsewhere(server=self._title, verb="be copied")

    def create(self, name: str, file: Path) -> AsyncGenerator[PullStep, None]:
        """Raises `ModelsElsewhere`."""
        raise ModelsElsewhere(server=self._title, verb="be made")

    def _is_new(self, key: str, now: float) -> bool:
        waits = key in self._refused_at and now - self._refused_at[key] < ASK_AGAIN_AFTER_S
        return key not in self._details and not waits

    def _row(self, model: ModelMetadata) -> ModelMetadata:
        """The details of a content belong to whatever names it has now."""
        told = self._details.get(_identity(model))
        return model if told is None else replace(model, capabilities=told.capabilities, license=told.license)

    def _publish(self, **changes: Any) -> None:
        """A later time of reading alone is no news."""
        models = None if self._listed is None else tuple(map(self._row, self._listed))
        before, self._snapshot = self._snapshot, replace(self._snapshot, models=models, **changes)
        if replace(before, read_at=None) != replace(self._snapshot, read_at=None):
            self.changed.publish(self._snapshot)


def _identity(model: ModelMetadata) -> str:
    return model.revision or model.name
