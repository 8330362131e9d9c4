"""Importing a GGUF file of the user's own: read, listed and used where it lies, never copied or moved."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from venom_desktop.core.errors import AlreadyInstalled
from venom_desktop.core.registry.capabilities import capabilities_from_gguf
from venom_desktop.core.registry.inventory import Inventory
from venom_desktop.core.registry.manifest import Manifest
from venom_desktop.core.registry.model import ModelKey, ModelMetadata, ModelProvider
from venom_desktop.core.registry.names import slug_for_file
from venom_desktop.core.registry.own_files import bare_name
from venom_desktop.core.registry.own_model import OwnModel, look_at

RUNTIME = "llama_cpp"
"""The only runtime of this version that takes a file as it is."""


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
            found = await asyncio.to_thread(look_at, path)
            rows = self._manifest.models()
            twin = await asyncio.to_thread(_twin, found.parts, rows, self._manifest.models_dir)
            if twin is not None:
                raise AlreadyInstalled(model_name=twin.name, runtime=twin.runtime)
            model = _row(found, taken={row.name for row in rows if row.runtime == RUNTIME})
            await self._manifest.put(model)
        await self._inventory.refresh()
        return model.key


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


def _row(found: OwnModel, *, taken: set[str]) -> ModelMetadata:
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
