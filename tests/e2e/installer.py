"""A program of its own that installs one model and tells how far it is; the tests kill it."""

import asyncio
import sys

from venom_desktop import ModelRegistry
from venom_desktop.core.operations.operation import ModelOperation


async def install(models_dir: str, name: str) -> None:
    """Print one line for every change: done bytes (or -), status, message."""
    async with ModelRegistry(models_dir=models_dir) as registry:
        registry.operations.changed.subscribe(tell)
        await registry.wait(await registry.install_model(name))


def tell(operation: ModelOperation) -> None:
    done = "-" if operation.done_bytes is None else operation.done_bytes
    print(done, operation.status.value, operation.message, flush=True)  # noqa: T201 - what the test reads


if __name__ == "__main__":
    asyncio.run(install(sys.argv[1], sys.argv[2]))
