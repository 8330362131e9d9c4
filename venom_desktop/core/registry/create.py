"""Makes a model in a runtime's store of a GGUF file of the user's own."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path

from venom_desktop.core.errors import InvalidInput
from venom_desktop.core.operations.operation import ModelOperation, OperationType, Progress
from venom_desktop.core.registry.model import ModelKey, ModelProvider
from venom_desktop.core.registry.names import key_for
from venom_desktop.core.registry.own_model import look_at
from venom_desktop.core.registry.pull_progress import CreationProgress
from venom_desktop.core.registry.stores import Noted, Stores


class CreateModels:
    """The file stays where it is; the store keeps a copy."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    async def create(self, file: Path, name: str, runtime: str) -> str:
        """Check the file, start the creation and return its operation id.

        Raises `InvalidName`, `InvalidInput`, `FileMissing`, `UnreadableModelFile`, `ProfileForbidsRuntime`,
        `AlreadyInstalled`, `OperationRunning`, `FolderLocked`.
        """
        self._stores.manifest.require_writable()
        self._stores.of(runtime, "be made of a file")
        self._stores.require_runtime(runtime)
        key = key_for(name, runtime)
        await self._stores.require_new_now(key)
        found = await asyncio.to_thread(look_at, file)
        if len(found.parts) > 1:
            raise InvalidInput(problem=f"{file.name} is one of {len(found.parts)} parts. Choose a model in one file.")
        return await self._stores.operations.start(
            OperationType.INSTALL,
            key.name,
            runtime=runtime,
            payload={"file": str(found.parts[0]), "size_bytes": found.size_bytes},
            total_bytes=2 * found.size_bytes,
        )

    async def work(self, operation: ModelOperation) -> AsyncGenerator[Progress, None]:
        """The steps of a creation; a pause ends them, and going on begins again."""
        self._stores.manifest.require_writable()
        runtime, file = str(operation.runtime), Path(str(operation.payload["file"]))
        size_bytes = int(operation.payload["size_bytes"])
        progress = CreationProgress(size_bytes, at_least=operation.done_bytes or 0)
        yield Progress(message="Reading the file", total_bytes=2 * size_bytes)
        try:
            await self._stores.promise(runtime, operation.operation_id, size_bytes)
            made = self._stores.by_runtime[runtime].create(operation.model_name, file)
            async with contextlib.aclosing(made) as steps:
                async for step in steps:
                    yield progress.add(step)
        finally:
            self._stores.promised.release(operation.operation_id)
        key = ModelKey(name=operation.model_name, runtime=runtime)
        await self._stores.record(key, Noted(provider=ModelProvider.LOCAL), size_bytes=size_bytes)
        yield Progress(message="Ready")
