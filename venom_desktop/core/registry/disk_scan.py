"""Looks at the disk for the inventory: which files are gone, and how many bytes the models take, each inode once."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from venom_desktop.core.files import files_below
from venom_desktop.core.registry.model import ModelKey, ModelMetadata
from venom_desktop.core.runtimes.model_store import StoreSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """`missing` holds the very rows whose files were looked for: a row written since is judged by the next scan.

    `total_bytes` holds the folders that `stores` had when the scan began, and nothing of a store without one.
    """

    missing: Mapping[ModelKey, ModelMetadata]
    total_bytes: int
    partial_bytes: int
    stores: Mapping[str, StoreSnapshot]

    def total_with(self, stores: Iterable[StoreSnapshot]) -> int:
        """The total now: what a store says to have gained since counts without another scan."""
        return max(0, self.total_bytes + sum(map(self._gained, stores)))

    def _gained(self, now: StoreSnapshot) -> int:
        then = self.stores.get(now.runtime)
        if then is None or then.folder is None:
            return bytes_told(now)
        if now.disk_bytes is None or then.disk_bytes is None or then.folder != now.folder:
            return 0
        return now.disk_bytes - then.disk_bytes


def bytes_told(store: StoreSnapshot) -> int:
    """What a store takes by its own word; where it has none, each content it lists once, which is a little more."""
    if not store.is_here:
        return 0
    if store.disk_bytes is not None:
        return store.disk_bytes
    return sum({model.revision or model.name: model.size_bytes or 0 for model in store.models or ()}.values())


def scan(root: Path, folders: Sequence[Path], models: Iterable[ModelMetadata], stores: Sequence[StoreSnapshot]) -> Scan:
    """Look below `root`, `folders` and the folders of `stores`; blocks."""
    sizes: dict[tuple[int, int], int] = {}
    partial: dict[tuple[int, int], int] = {}
    own = [store.folder for store in stores if store.folder is not None]
    for path, status in files_below(*_outermost([root, *folders, *own])):
        identity = (status.st_dev, status.st_ino)
        if path.endswith(".part"):
            sizes[identity] = partial[identity] = status.st_size
        elif path.endswith("-partial"):
            sizes[identity] = partial[identity] = _written_bytes(status)
        else:
            sizes[identity] = status.st_size
    return Scan(
        missing={model.key: model for model in models if _is_missing(model, root)},
        total_bytes=sum(sizes.values()),
        partial_bytes=sum(partial.values()),
        stores={store.runtime: store for store in stores},
    )


def _written_bytes(status: os.stat_result) -> int:
    """Ollama makes an unfinished blob as long as it will be from the start: only what is written counts."""
    blocks = getattr(status, "st_blocks", None)
    return status.st_size if blocks is None else min(status.st_size, blocks * 512)


def _outermost(folders: Sequence[Path]) -> list[Path]:
    """Without those that stand below another one: they would only be walked twice."""
    found: list[Path] = []
    for folder in sorted({folder.resolve() for folder in folders}):
        if not any(folder.is_relative_to(other) for other in found):
            found.append(folder)
    return found


def _is_missing(model: ModelMetadata, root: Path) -> bool:
    if "local_path" in model.unknown or "files" in model.unknown:
        # A path that could not be believed.
        return True
    paths = [os.path.join(root, file) for file in model.files]  # noqa: PTH118 - a Path costs ten times as much
    paths += [os.fspath(path) for path in (model.local_path, model.projector_path) if path is not None]
    return not all(map(os.path.exists, paths))
