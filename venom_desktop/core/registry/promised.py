"""Space that running installs have still to write, so that two of them cannot both count on the last free bytes."""

import asyncio

from venom_desktop.core.registry.inventory import Inventory
from venom_desktop.core.registry.quota import StorageQuota


class PromisedSpace:
    """Bytes by operation; `total` is what `StorageQuota` takes off before it answers."""

    def __init__(self) -> None:
        self._bytes: dict[str, int] = {}
        self._checking = asyncio.Lock()

    def total(self) -> int:
        return sum(self._bytes.values())

    async def promise(
        self, operation_id: str, missing_bytes: int | None, *, quota: StorageQuota, inventory: Inventory
    ) -> None:
        """Check `missing_bytes` against what the disk holds now, and hold them. Raises `NotEnoughSpace`."""
        async with self._checking:
            await inventory.refresh()
            self.release(operation_id)
            await quota.check(missing_bytes)
            self._bytes[operation_id] = missing_bytes or 0

    def release(self, operation_id: str) -> None:
        self._bytes.pop(operation_id, None)
