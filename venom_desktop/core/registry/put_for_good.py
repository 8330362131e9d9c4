"""The last step of whatever brings a model: its row is written, and who comes to end it then comes too late."""

import asyncio

from venom_desktop.core.registry.manifest import Manifest
from venom_desktop.core.registry.model import ModelMetadata


async def put_for_good(manifest: Manifest, model: ModelMetadata) -> None:
    """A row without files must not be, nor files without their row. Raises as `Manifest.put`."""
    try:
        await manifest.put(model)
    except asyncio.CancelledError:
        await manifest.settled()
        if manifest.get(model.key) != model:
            raise
