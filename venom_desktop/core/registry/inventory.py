"""What is on this machine right now: the manifest's rows, checked against the disk, with what is active and loaded."""

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from venom_desktop.core.files import files_below
from venom_desktop.core.registry.manifest import Manifest
from venom_desktop.core.registry.model import ModelKey, ModelMetadata, ModelStatus
from venom_desktop.core.signals import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class InventorySnapshot:
    """`models` in the order of their shown names. Bytes count each inode once, unfinished downloads included.

    Until `measured`, `total_bytes` is the sum of what the rows say and `partial_bytes` is 0.
    """

    models: tuple[ModelMetadata, ...] = ()
    total_bytes: int = 0
    partial_bytes: int = 0
    active: ModelKey | None = None
    loaded: frozenset[ModelKey] = frozenset()
    measured: bool = False

    @property
    def by_runtime(self) -> dict[str, tuple[ModelMetadata, ...]]:
        """Runtimes in alphabetical order, each with its models in the order of `models`."""
        runtimes = sorted({model.runtime for model in self.models})
        return {runtime: tuple(model for model in self.models if model.runtime == runtime) for runtime in runtimes}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scan:
    """`missing` holds the very rows whose files were looked for: a row written since is judged by the next scan."""

    missing: Mapping[ModelKey, ModelMetadata]
    total_bytes: int
    partial_bytes: int


class Inventory:
    """Publishes a new snapshot after each change of the manifest, of the disk, of the active or a loaded model.

    `other_folders` are stores of other programs that count as used (Ollama's).
    """

    def __init__(self, manifest: Manifest, *, other_folders: Callable[[], Sequence[Path]] = tuple) -> None:
        self.changed: Signal[InventorySnapshot] = Signal()
        self._manifest = manifest
        self._other_folders = other_folders
        self._snapshot: InventorySnapshot | None = None
        self._by_key: dict[ModelKey, ModelMetadata] = {}
        self._active: ModelKey | None = None
        self._loaded: frozenset[ModelKey] = frozenset()
        self._scan: _Scan | None = None
        self._scans_begun = 0
        self._scan_shown = 0
        self._end = manifest.saved.subscribe(lambda _: self._publish())

    @property
    def snapshot(self) -> InventorySnapshot:
        if self._snapshot is None:
            self._snapshot = self._take()
        return self._snapshot

    def find(self, name: str, runtime: str | None = None) -> ModelMetadata:
        """The row as shown. Raises `UnknownModel`, or `AmbiguousName` when no runtime is given and two have it."""
        found = self._manifest.find(name, runtime)
        _ = self.snapshot
        return self._by_key.get(found.key, found)

    def set_active(self, key: ModelKey | None) -> None:
        if key != self._active:
            self._active = key
            self._publish()

    def set_loaded(self, keys: Iterable[ModelKey]) -> None:
        loaded = frozenset(keys)
        if loaded != self._loaded:
            self._loaded = loaded
            self._publish()

    async def refresh(self) -> InventorySnapshot:
        """Look at the disk again, in a thread; publishes when something differs."""
        self._scans_begun += 1
        number = self._scans_begun
        scan = await asyncio.to_thread(self._look)
        if number > self._scan_shown:
            # Of two that overlap the later one saw more.
            self._scan, self._scan_shown = scan, number
            self._publish()
        return self.snapshot

    def close(self) -> None:
        self._end()

    def _publish(self) -> None:
        before, self._snapshot = self._snapshot, self._take()
        if self._snapshot != before:
            self.changed.publish(self._snapshot)

    def _take(self) -> InventorySnapshot:
        scan = self._scan
        missing = scan.missing if scan is not None else {}
        models = [_shown(model, missing) for model in self._manifest.models()]
        self._by_key = {model.key: model for model in models}
        return InventorySnapshot(
            models=tuple(sorted(models, key=lambda model: (model.display_name.casefold(), model.name, model.runtime))),
            total_bytes=sum(map(_claimed_bytes, models)) if scan is None else scan.total_bytes,
            partial_bytes=0 if scan is None else scan.partial_bytes,
            active=self._active,
            loaded=self._loaded,
            measured=scan is not None,
        )

    def _look(self) -> _Scan:
        root = self._manifest.models_dir
        sizes: dict[tuple[int, int], int] = {}
        partial: dict[tuple[int, int], int] = {}
        for path, status in files_below(root, *self._other_folders()):
            identity = (status.st_dev, status.st_ino)
            sizes[identity] = status.st_size
            if path.endswith(".part"):
                partial[identity] = status.st_size
        missing = {model.key: model for model in self._manifest.models() if _is_missing(model, root)}
        return _Scan(missing=missing, total_bytes=sum(sizes.values()), partial_bytes=sum(partial.values()))


def _shown(model: ModelMetadata, missing: Mapping[ModelKey, ModelMetadata]) -> ModelMetadata:
    """Not written to the manifest: a disk that is not mounted today may be tomorrow.

    A row that says it is being removed tells of a removal that was cut off: what is left of it is looked at.
    """
    if model.status is ModelStatus.REMOVING:
        return replace(model, status=ModelStatus.FAILED if missing.get(model.key) is model else ModelStatus.INSTALLED)
    if model.status is ModelStatus.INSTALLED and missing.get(model.key) is model:
        return replace(model, status=ModelStatus.FAILED)
    return model


def _is_missing(model: ModelMetadata, root: Path) -> bool:
    if "local_path" in model.unknown or "files" in model.unknown:
        # A path that could not be believed.
        return True
    paths = [os.path.join(root, file) for file in model.files]  # noqa: PTH118 - a Path costs ten times as much
    paths += [os.fspath(path) for path in (model.local_path, model.projector_path) if path is not None]
    return not all(map(os.path.exists, paths))


def _claimed_bytes(model: ModelMetadata) -> int:
    if model.used_in_place:
        return 0
    return model.size_bytes if model.size_bytes is not None else round((model.size_gb or 0) * 1e9)
