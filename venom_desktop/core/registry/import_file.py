"""Listing what lies on this computer where it lies, never copied or moved: a file of the user's own, or a find."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from venom_desktop.core.errors import AlreadyInstalled, FileMissing
from venom_desktop.core.import_errors import FindGone
from venom_desktop.core.registry.capabilities import capabilities_from_gguf
from venom_desktop.core.registry.discovery.found import FoundFile, FoundModel
from venom_desktop.core.registry.discovery.listed import listed_files
from venom_desktop.core.registry.imports.rows import row_in_place
from venom_desktop.core.registry.inventory import Inventory
from venom_desktop.core.registry.manifest import Manifest
from venom_desktop.core.registry.model import ModelKey, ModelMetadata, ModelProvider
from venom_desktop.core.registry.names import free_name, slug_for_file
from venom_desktop.core.registry.own_model import RUNTIME, OwnModel, look_at, title_of


class ImportFiles:
    """`require_runtime` raises when the profile forbids a runtime."""

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

        def make(taken: set[str]) -> tuple[Path, ModelMetadata]:
            found = look_at(path)
            return found.parts[0], _row(found, taken=taken)

        return await self._list(RUNTIME, make)

    async def import_find(self, model: FoundModel) -> ModelKey:
        """List what was found on the disk. Raises as `import_file`, and `FindGone`, `UnusableConfig`."""

        def make(taken: set[str]) -> tuple[Path, ModelMetadata]:
            try:
                return model.files[-1].path, row_in_place(model, free_name(model.name, taken))
            except (FileMissing, FileNotFoundError) as error:
                raise FindGone(path=model.path) from error

        return await self._list(model.runtime, make)

    async def _list(self, runtime: str, make: Callable[[set[str]], tuple[Path, ModelMetadata]]) -> ModelKey:
        """`make` gets the names that are taken; of the file it gives back no row may have the same one."""
        self._manifest.require_writable()
        self._require_runtime(runtime)
        async with self._one_at_a_time:
            rows = self._manifest.models()
            file, row = await asyncio.to_thread(make, {row.name for row in rows if row.runtime == runtime})
            twin = await asyncio.to_thread(self._twin, file)
            if twin is not None:
                raise AlreadyInstalled(model_name=twin.name, runtime=twin.runtime)
            await self._manifest.put(row)
        await self._inventory.refresh()
        return row.key

    def _twin(self, file: Path) -> ModelKey | None:
        """The row that already holds this very file, by whatever path."""
        identity = FoundFile.of(file, file.stat()).identity
        return listed_files(self._manifest.models(), self._manifest.models_dir).get(identity)


def _row(found: OwnModel, *, taken: set[str]) -> ModelMetadata:
    first = found.parts[0]
    return ModelMetadata(
        name=slug_for_file(first, taken),
        provider=ModelProvider.LOCAL,
        display_name=title_of(found.header, first),
        runtime=RUNTIME,
        size_bytes=found.size_bytes,
        size_gb=round(found.size_bytes / 10**9, 3),
        capabilities=capabilities_from_gguf(found.header),
        local_path=first,
        installed_at=datetime.now(UTC).astimezone(),
        used_in_place=True,
    )
