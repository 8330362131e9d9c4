"""Space that running installs have still to write, so that two of them cannot both count on the last free bytes."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from venom_desktop.core.files import same_volume
from venom_desktop.core.registry.inventory import Inventory
from venom_desktop.core.registry.quota import StorageQuota


@dataclass(frozen=True, slots=True)
class _Promise:
    size_bytes: int
    folder: Path | None


class PromisedSpace:
    """By operation; `total` is what `StorageQuota` takes off before it answers."""

    def __init__(self) -> None:
        self._promises: dict[str, _Promise] = {}
        self._checking = asyncio.Lock()

    def total(self) -> int:
        return sum(promise.size_bytes for promise in self._promises.values())

    async def promise(
        self,
        operation_id: str,
        missing_bytes: int | None,
        *,
        quota: StorageQuota,
        inventory: Inventory,
        folder: Path | None = None,
    ) -> None:
        """Check `missing_bytes` against what the disk holds now, and hold them. Raises `NotEnoughSpace`.

        `folder` is where they will be written; None is the models folder.
        """
        async with self._checking:
            await inventory.refresh()
            self.release(operation_id)
            elsewhere = await asyncio.to_thread(self._elsewhere, folder or quota.models_dir, quota.models_dir)
            await quota.check(missing_bytes, folder=folder, promised_elsewhere=elsewhere)
            self._promises[operation_id] = _Promise(missing_bytes or 0, folder)

    def release(self, operation_id: str) -> None:
        self._promises.pop(operation_id, None)

    def _elsewhere(self, folder: Path, models_dir: Path) -> int:
        """What is promised on other volumes than that of `folder`."""
        promises = tuple(self._promises.values())
        return sum(one.size_bytes for one in promises if not same_volume(one.folder or models_dir, folder))
