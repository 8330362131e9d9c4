"""Importing a GGUF file of the user's own: read, listed and used where it lies, never copied or moved."""

import asyncio
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from venom_desktop.core.catalog.gguf_header import GgufHeader, read_gguf_header, whole_number
from venom_desktop.core.errors import AlreadyInstalled, FileMissing, InvalidInput, StorageUnreadable
from venom_desktop.core.registry.capabilities import capabilities_from_gguf
from venom_desktop.core.registry.inventory import Inventory
from venom_desktop.core.registry.manifest import Manifest
from venom_desktop.core.registry.model import ModelKey, ModelMetadata, ModelProvider
from venom_desktop.core.registry.names import slug_for_file
from venom_desktop.core.registry.own_files import bare_name, require_parts

RUNTIME = "llama_cpp"
"""The only runtime of this version that takes a file as it is."""

_PROJECTOR_ARCHITECTURE = "clip"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    parts: tuple[Path, ...]
    header: GgufHeader
    size_bytes: int


class ImportFiles:
    """`require_runtime` raises when the profile forbids llama.cpp."""

    def __init__(self, *, manifest: Manifest, inventory: Inventory, require_runtime: Callable[[str], None]) -> None:
        self._manifest = manifest
        self._inventory = inventory
        self._require_runtime = require_runtime
        self._one_at_a_time = asyncio.Lock()

    async def import_file(self, path: Path) -> ModelKey:
        """List the model that `path`, or the set of parts it belongs to, holds; returns its new row's key.

        Raises `FileMissing`, `UnreadableModelFile`, `InvalidInput`, `AlreadyInstalled`, `ProfileForbidsRuntime`,
        `FolderLocked`, `StorageFailed`.
        """
        self._manifest.require_writable()
        self._require_runtime(RUNTIME)
        async with self._one_at_a_time:
            found = await asyncio.to_thread(_look, path)
            rows = self._manifest.models()
            twin = await asyncio.to_thread(_twin, found.parts, rows, self._manifest.models_dir)
            if twin is not None:
                raise AlreadyInstalled(model_name=twin.name, runtime=twin.runtime)
            model = _row(found, taken={row.name for row in rows if row.runtime == RUNTIME})
            await self._manifest.put(model)
        await self._inventory.refresh()
        return model.key


def _look(path: Path) -> _Found:
    if not path.is_file():
        raise FileMissing(model_name=path.name, path=path)
    parts = require_parts(Path(os.path.abspath(path)))  # noqa: PTH100 - links stay: their target may move
    header = read_gguf_header(parts[0])
    _require_model(header, parts)
    try:
        size_bytes = sum(part.stat().st_size for part in parts)
    except OSError as error:
        raise StorageUnreadable(path=parts[0].parent, problem=error.strerror) from error
    return _Found(parts=parts, header=header, size_bytes=size_bytes)


def _require_model(header: GgufHeader, parts: tuple[Path, ...]) -> None:
    name = parts[0].name
    if header.architecture == _PROJECTOR_ARCHITECTURE:
        raise InvalidInput(problem=f"{name} is only the vision part of a model. Choose the model's own file.")
    if not header.architecture or not header.tensor_count:
        raise InvalidInput(problem=f"{name} holds no model weights. Choose the model's own file.")
    count = whole_number(header.keys.get("split.count")) or 1
    if count > 1 and count != len(parts):
        raise InvalidInput(
            problem=f"{name} is one of {count} files of a model and was renamed. Give them their first names back."
        )


def _twin(parts: tuple[Path, ...], rows: Iterable[ModelMetadata], models_dir: Path) -> ModelMetadata | None:
    """The row that already holds this very file, by whatever path."""
    wanted = _identity(parts[0])
    for row in rows:
        paths = [*(models_dir / file for file in row.files), *((row.local_path,) if row.local_path else ())]
        if wanted is not None and wanted in map(_identity, paths):
            return row
    return None


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _row(found: _Found, *, taken: set[str]) -> ModelMetadata:
    first = found.parts[0]
    return ModelMetadata(
        name=slug_for_file(first, taken),
        provider=ModelProvider.LOCAL,
        display_name=(found.header.name or "").strip() or bare_name(first),
        runtime=RUNTIME,
        size_bytes=found.size_bytes,
        size_gb=round(found.size_bytes / 10**9, 3),
        capabilities=capabilities_from_gguf(found.header),
        local_path=first,
        installed_at=datetime.now(UTC).astimezone(),
        used_in_place=True,
    )
