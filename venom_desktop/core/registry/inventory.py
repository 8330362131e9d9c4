"""What is on this machine right now: our manifest and the runtimes' own stores, with what is active and loaded."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from venom_desktop.core.errors import ActiveModelGone, AmbiguousName, UnknownModel
from venom_desktop.core.registry.disk_scan import Scan, bytes_told, scan
from venom_desktop.core.registry.manifest import Manifest, own_name
from venom_desktop.core.registry.model import ModelKey, ModelMetadata, ModelStatus
from venom_desktop.core.registry.store_memory import StoreMemory
from venom_desktop.core.registry.store_rows import MergedRows, StoreView, view_of
from venom_desktop.core.runtimes.model_store import ModelStore, StoreSnapshot
from venom_desktop.core.signals import Signal, Unsubscribe


@dataclass(frozen=True, slots=True, kw_only=True)
class InventorySnapshot:
    """`models` in the order of their shown names. Bytes count each inode once, unfinished downloads included.

    Until `measured`, `total_bytes` is the sum of what the rows say and `partial_bytes` is 0. `stores` has the runtimes
    that keep their models by themselves.
    """

    models: tuple[ModelMetadata, ...] = ()
    total_bytes: int = 0
    partial_bytes: int = 0
    active: ModelKey | None = None
    loaded: frozenset[ModelKey] = frozenset()
    measured: bool = False
    stores: Mapping[str, StoreView] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def by_runtime(self) -> dict[str, tuple[ModelMetadata, ...]]:
        """Runtimes in alphabetical order, each with its models in the order of `models`."""
        runtimes = sorted({model.runtime for model in self.models})
        return {runtime: tuple(model for model in self.models if model.runtime == runtime) for runtime in runtimes}

    @property
    def active_gone(self) -> ActiveModelGone | None:
        """Said when the active model is in its runtime's store no more: another program removed it there."""
        store = None if self.active is None else self.stores.get(self.active.runtime)
        if self.active is None or store is None or not store.reachable:
            return None
        if any(model.key == self.active for model in self.models):
            return None
        return ActiveModelGone(model_name=self.active.name)


class Inventory:
    """Publishes a new snapshot after each change of manifest, stores or disk, of the active or a loaded model.

    For a runtime with one of `stores` the rows are that store's, and the last ones known while it cannot be reached;
    the manifest's stand in while it was never heard. `other_folders` are places that count as used as well.
    """

    def __init__(
        self,
        manifest: Manifest,
        *,
        other_folders: Callable[[], Sequence[Path]] = tuple,
        stores: Sequence[ModelStore] = (),
        memory: StoreMemory | None = None,
    ) -> None:
        self.changed: Signal[InventorySnapshot] = Signal()
        self._manifest = manifest
        self._other_folders = other_folders
        self._stores: tuple[ModelStore, ...] = ()
        self._end_of: dict[str, Unsubscribe] = {}
        self._memory = memory
        self._snapshot: InventorySnapshot | None = None
        self._of_version = -1
        self._told: InventorySnapshot | None = None
        self._by_key: dict[ModelKey, ModelMetadata] = {}
        self._views: Mapping[str, StoreView] = MappingProxyType({})
        self._merged = MergedRows()
        self._active: ModelKey | None = None
        self._loaded: frozenset[ModelKey] = frozenset()
        self._scan: Scan | None = None
        self._scans_begun = 0
        self._scan_shown = 0
        self._held = 0
        self._end = manifest.saved.subscribe(lambda _: self._publish())
        for store in stores:
            self._follow(store)

    @property
    def snapshot(self) -> InventorySnapshot:
        if self._snapshot is None or self._of_version != self._manifest.version:
            self._snapshot = self._take()
        return self._snapshot

    def find(self, name: str, runtime: str | None = None) -> ModelMetadata:
        """The row as shown. Raises `UnknownModel`, or `AmbiguousName` when no runtime is given and two have it."""
        _ = self.snapshot
        places = sorted({key.runtime for key in self._by_key}) if runtime is None else [runtime]
        found = [model for place in places if (model := self._row(own_name(name, place), place)) is not None]
        match found:
            case [model]:
                return model
            case []:
                raise UnknownModel(model_name=name)
            case _:
                raise AmbiguousName(model_name=name, runtimes=" and ".join(model.runtime for model in found))

    def get(self, key: ModelKey) -> ModelMetadata | None:
        """The row as shown; None when there is none."""
        _ = self.snapshot
        return self._row(key.name, key.runtime)

    def __contains__(self, name: str) -> bool:
        """Whether some runtime has a model of this name."""
        _ = self.snapshot
        return any(self._row(own_name(name, place), place) for place in {key.runtime for key in self._by_key})

    def set_active(self, key: ModelKey | None) -> None:
        if key != self._active:
            self._active = key
            self._publish()

    def set_loaded(self, keys: Iterable[ModelKey]) -> None:
        loaded = frozenset(keys)
        if loaded != self._loaded:
            self._loaded = loaded
            self._publish()

    @property
    def stores(self) -> dict[str, ModelStore]:
        """Those of now, by runtime."""
        return {store.snapshot.runtime: store for store in self._stores}

    def add_store(self, store: ModelStore) -> None:
        """Its rows show from now on; an earlier store of the same runtime gives way to it."""
        self._follow(store)
        self._publish()

    def remove_store(self, runtime: str) -> None:
        """Its rows go, and what it listed last is forgotten."""
        self._leave(runtime)
        if self._memory is not None:
            self._memory.forget(runtime)
        self._publish()

    async def refresh(self) -> InventorySnapshot:
        """Look at the disk again, in a thread; publishes when something differs."""
        self._scans_begun += 1
        number = self._scans_begun
        found = await asyncio.to_thread(self._look, [store.snapshot for store in self._stores])
        if number > self._scan_shown:
            # Of two that overlap the later one saw more.
            self._scan, self._scan_shown = found, number
            self._publish()
        return self.snapshot

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """What changes inside is published as one change, at the end; `find` and `snapshot` show it before."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
            self._publish()

    def close(self) -> None:
        self._end()
        for end in self._end_of.values():
            end()

    async def aclose(self) -> None:
        """As `close`; returns when what the stores listed last is on the disk."""
        self.close()
        if self._memory is not None:
            for store in self._stores:
                self._remember(store.snapshot)
            await self._memory.settled()

    def _follow(self, store: ModelStore) -> None:
        self._leave(store.snapshot.runtime)
        self._stores = (*self._stores, store)
        self._end_of[store.snapshot.runtime] = store.changed.subscribe(self._hear)

    def _leave(self, runtime: str) -> None:
        self._stores = tuple(store for store in self._stores if store.snapshot.runtime != runtime)
        self._end_of.pop(runtime, lambda: None)()

    def _hear(self, store: StoreSnapshot) -> None:
        self._remember(store)
        self._publish()

    def _remember(self, store: StoreSnapshot) -> None:
        if self._memory is not None and store.models is not None:
            self._memory.keep(store.runtime, store.models, store.read_at)

    def _publish(self) -> None:
        self._snapshot = self._take()
        if not self._held and self._snapshot != self._told:
            self._told = self._snapshot
            self.changed.publish(self._snapshot)

    def _take(self) -> InventorySnapshot:
        self._of_version = self._manifest.version
        known = {model.key: model for model in self._manifest.models()}
        listings, self._views = self._listings()
        missing = self._scan.missing if self._scan is not None else {}
        rows = [_shown(model, missing) for model in known.values() if model.runtime not in listings]
        for listing in listings.values():
            rows += self._merged.of(listing, known)
        self._by_key = {model.key: model for model in rows}
        return InventorySnapshot(
            models=tuple(sorted(rows, key=lambda model: (model.display_name.casefold(), model.name, model.runtime))),
            total_bytes=self._total_bytes(rows),
            partial_bytes=0 if self._scan is None else self._scan.partial_bytes,
            active=self._active,
            loaded=self._loaded,
            measured=self._scan is not None,
            stores=self._views,
        )

    def _listings(self) -> tuple[dict[str, tuple[ModelMetadata, ...]], Mapping[str, StoreView]]:
        """The rows of each store that was ever heard, and how each store stands."""
        listings: dict[str, tuple[ModelMetadata, ...]] = {}
        views: dict[str, StoreView] = {}
        for store in self._stores:
            told = store.snapshot
            remembered = None if self._memory is None or told.models is not None else self._memory.last(told.runtime)
            models = told.models if remembered is None else remembered.models
            if models is not None:
                listings[told.runtime] = models
            views[told.runtime] = view_of(
                told,
                self._views.get(told.runtime),
                listed=models is not None,
                remembered_at=None if remembered is None else remembered.read_at,
            )
        return listings, MappingProxyType(views)

    def _total_bytes(self, rows: Iterable[ModelMetadata]) -> int:
        told = [store.snapshot for store in self._stores]
        if self._scan is not None:
            return self._scan.total_with(told)
        counted = {store.runtime: bytes_told(store) for store in told if store.models is not None}
        return sum(counted.values()) + sum(_claimed_bytes(row) for row in rows if row.runtime not in counted)

    def _row(self, name: str, runtime: str) -> ModelMetadata | None:
        """Ollama takes two names that differ in case alone for one."""
        row = self._by_key.get(ModelKey(name=name, runtime=runtime))
        if row is not None or runtime not in self._views:
            return row
        wanted = name.casefold()
        return next((row for key, row in self._by_key.items() if _is_called(key, wanted, runtime)), None)

    def _look(self, stores: Sequence[StoreSnapshot]) -> Scan:
        if self._memory is not None:
            self._memory.read()
        return scan(self._manifest.models_dir, tuple(self._other_folders()), self._manifest.models(), stores)


def _is_called(key: ModelKey, folded: str, runtime: str) -> bool:
    return key.runtime == runtime and key.name.casefold() == folded


def _shown(model: ModelMetadata, missing: Mapping[ModelKey, ModelMetadata]) -> ModelMetadata:
    """Not written to the manifest: a disk that is not mounted today may be tomorrow.

    A row that says it is being removed tells of a removal that was cut off: what is left of it is looked at.
    """
    if model.status is ModelStatus.REMOVING:
        return replace(model, status=ModelStatus.FAILED if missing.get(model.key) is model else ModelStatus.INSTALLED)
    if model.status is ModelStatus.INSTALLED and missing.get(model.key) is model:
        return replace(model, status=ModelStatus.FAILED)
    return model


def _claimed_bytes(model: ModelMetadata) -> int:
    if model.used_in_place:
        return 0
    return model.size_bytes if model.size_bytes is not None else round((model.size_gb or 0) * 1e9)
