"""Models that are on this computer and in no list: looked for in the background, told once, put away when unwanted."""

import asyncio
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from venom_desktop.core.import_errors import UnknownFind
from venom_desktop.core.registry.discovery.found import FoundModel, FoundSnapshot
from venom_desktop.core.registry.discovery.glance import Headers
from venom_desktop.core.registry.discovery.listed import listed_files
from venom_desktop.core.registry.discovery.look import Look
from venom_desktop.core.registry.discovery.places import Place
from venom_desktop.core.registry.imports.memory import ImportMemory
from venom_desktop.core.registry.inventory import Inventory
from venom_desktop.core.registry.manifest import Manifest
from venom_desktop.core.signals import Signal
from venom_desktop.core.tasks import TaskScope

OLLAMA = "ollama"
_LOOK = "look"


def _local_now() -> datetime:
    return datetime.now(UTC).astimezone()


class Discovery:
    """`changed` publishes when a look begins, after each place of a first look, and at its end.

    `places` may block; `allows` tells the runtimes of the profile. One thread reads, file by file, and of a file that
    has not changed since the last look nothing is read again.
    """

    def __init__(
        self,
        *,
        places: Callable[[], Sequence[Place]],
        manifest: Manifest,
        inventory: Inventory,
        memory: ImportMemory,
        allows: Callable[[str], bool],
        now: Callable[[], datetime] = _local_now,
    ) -> None:
        self.changed: Signal[FoundSnapshot] = Signal()
        self._places = places
        self._manifest = manifest
        self._inventory = inventory
        self._memory = memory
        self._allows = allows
        self._now = now
        self._scope = TaskScope("discovery")
        self._stopping = threading.Event()
        self._running: asyncio.Task[None] | None = None
        self._found: Sequence[FoundModel] = ()
        self._headers: Headers = {}
        self._snapshot = FoundSnapshot()
        self._end = inventory.changed.subscribe(lambda _: self.judge())

    @property
    def snapshot(self) -> FoundSnapshot:
        return self._snapshot

    def get(self, found_id: str) -> FoundModel:
        """One that is offered or was put away. Raises `UnknownFind`."""
        for model in (*self._snapshot.models, *self._snapshot.dismissed):
            if model.found_id == found_id:
                return model
        raise UnknownFind(found_id=f"{found_id:.40}")

    def begin(self) -> None:
        """Look in the background, unless a look is under way. Call it on the loop."""
        if not self._scope.is_closed and not self._scope.is_running(_LOOK):
            self._running = self._scope.start(_LOOK, self._look())

    async def look(self) -> FoundSnapshot:
        """Return when a look has come to its end, the one that is under way or one that begins now."""
        self.begin()
        if self._running is not None:
            await asyncio.wait((self._running,))
        return self._snapshot

    async def dismiss(self, found_id: str) -> None:
        """Put one away until it is wanted back, also in later runs.

        Raises `UnknownFind`, `StorageFailed`, `DiskFull`.
        """
        await self._memory.dismiss([os.fspath(self.get(found_id).path)])
        self.judge()

    async def restore(self, found_ids: Iterable[str] | None = None) -> None:
        """Offer again what was put away; None means all of it. Raises as `dismiss`."""
        chosen = self._snapshot.dismissed if found_ids is None else [self.get(found_id) for found_id in found_ids]
        await self._memory.restore([os.fspath(model.path) for model in chosen])
        self.judge()

    def judge(self) -> None:
        """Compare what was found with the lists, the profile and the user's decisions of now."""
        if self._found or self._snapshot.models or self._snapshot.dismissed:
            self._publish(self._judged(self._snapshot))

    async def close(self) -> None:
        """Return when nothing is read any more."""
        self._end()
        self._stopping.set()
        if self._running is not None:
            await asyncio.wait((self._running,))
        await self._scope.close()

    async def _look(self) -> None:
        self._publish(replace(self._snapshot, looking=True))
        try:
            await self._go_through(first=self._snapshot.looked_at is None)
        finally:
            self._publish(replace(self._snapshot, looking=False))

    async def _go_through(self, *, first: bool) -> None:
        await self._memory.load()
        rows, models_dir = self._manifest.models(), self._manifest.models_dir
        look = Look(
            listed=await asyncio.to_thread(listed_files, rows, models_dir),
            headers=self._headers,
            stop=self._stopping.is_set,
        )
        for place in await asyncio.to_thread(self._places):
            await asyncio.to_thread(look.at, place)
            if first:
                self._found = tuple(look.found)
                self.judge()
        self._found, self._headers = tuple(look.found), look.headers
        told = replace(self._snapshot, skipped=look.skipped, looking=False, looked_at=self._now())
        self._publish(self._judged(told))

    def _judged(self, snapshot: FoundSnapshot) -> FoundSnapshot:
        dismissed = self._memory.decisions.dismissed
        offered: list[FoundModel] = []
        put_away: list[FoundModel] = []
        for model in self._unlisted():
            (put_away if os.fspath(model.path) in dismissed else offered).append(model)
        return replace(snapshot, models=tuple(offered), dismissed=tuple(put_away))

    def _unlisted(self) -> list[FoundModel]:
        rows = self._manifest.models()
        paths = {os.fspath(row.local_path) for row in rows if row.local_path is not None}
        paths |= {record.found for record in self._memory.decisions.imports if record.key in self._manifest}
        in_ollama = {model.name.casefold() for model in self._inventory.snapshot.models if model.runtime == OLLAMA}
        found = (
            model
            for model in self._found
            if self._allows(model.runtime)
            and (model.listed_as is None or model.listed_as not in self._manifest)
            and os.fspath(model.path) not in paths
            and in_ollama.isdisjoint(name.casefold() for name in model.ollama_names)
        )
        return sorted(found, key=lambda model: (model.title.casefold(), os.fspath(model.path)))

    def _publish(self, snapshot: FoundSnapshot) -> None:
        if snapshot != self._snapshot:
            self._snapshot = snapshot
            self.changed.publish(snapshot)
