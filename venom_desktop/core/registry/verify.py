"""Comparing an installed model's files with the publisher's checksums, as an operation with progress."""

import contextlib
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from venom_desktop.core.downloads.verify import FileToCheck, check_files
from venom_desktop.core.errors import FileDamaged, InvalidInput
from venom_desktop.core.files import resolve_under
from venom_desktop.core.operations.operation import ModelOperation, OperationType, Progress
from venom_desktop.core.operations.service import Kind, OperationService
from venom_desktop.core.registry.inventory import Inventory
from venom_desktop.core.registry.manifest import Manifest
from venom_desktop.core.registry.model import ModelMetadata


class VerifyModels:
    """A file that differs is marked and told, never deleted: it may be the user's only copy."""

    def __init__(
        self, *, operations: OperationService, manifest: Manifest, inventory: Inventory, models_dir: Path
    ) -> None:
        self._operations = operations
        self._manifest = manifest
        self._inventory = inventory
        self._models_dir = models_dir
        operations.register(OperationType.VERIFY, Kind(work=self._verify))

    async def verify(self, model_name: str, runtime: str | None = None) -> str:
        """Start the check and return its operation id. Raises `UnknownModel`, `AmbiguousName`, `InvalidInput`."""
        model = self._inventory.find(model_name, runtime)
        if model.runtime in self._inventory.snapshot.stores:
            raise InvalidInput(
                problem=f"{model.name} was compared with its checksums by its runtime when it arrived, which keeps the "
                "files by itself. Check for updates to compare it with the registry."
            )
        if not model.checksums:
            raise InvalidInput(problem=f"The publisher of {model.name} gives no checksum to compare with.")
        return await self._operations.start(OperationType.VERIFY, model.name, runtime=model.runtime)

    async def _verify(self, operation: ModelOperation) -> AsyncGenerator[Progress, None]:
        model = self._inventory.find(operation.model_name, operation.runtime)
        try:
            async with contextlib.aclosing(check_files(self._files(model), model_name=model.name)) as steps:
                async for step in steps:
                    yield Progress(
                        message=f"Checking {step.file_name}", done_bytes=step.done_bytes, total_bytes=step.total_bytes
                    )
        except FileDamaged:
            await self._mark(model, differs=True)
            raise
        await self._mark(model, differs=False)
        yield Progress(message="The checksum matches")

    def _files(self, model: ModelMetadata) -> list[FileToCheck]:
        return [
            FileToCheck(path=resolve_under(self._models_dir, name), sha256=sha256)
            for name, sha256 in model.checksums.items()
        ]

    async def _mark(self, model: ModelMetadata, *, differs: bool) -> None:
        def change(current: ModelMetadata) -> ModelMetadata:
            verified_at = current.verified_at if differs else datetime.now(UTC).astimezone()
            return replace(current, checksum_differs=differs, verified_at=verified_at)

        await self._manifest.update(model.key, change)
