"""Says before an install, and while it runs, whether quota and disk have room for it (SPEC section 10)."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from venom_desktop.core.errors import NotEnoughSpace, QuotaExceeded
from venom_desktop.core.files import free_bytes
from venom_desktop.core.registry.inventory import Inventory, InventorySnapshot

ASSUMED_MODEL_BYTES: Final = 4_000_000_000
"""What a model of unknown size is taken for."""

_GB: Final = 1_000_000_000
_MB: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaSnapshot:
    """Bytes; limit and left are None without a quota. `raise_to_gb` is the limit that would do, None when it does."""

    used_bytes: int
    limit_bytes: int | None
    left_bytes: int | None
    free_bytes: int
    """Free on the volume of the models folder."""
    over: bool
    over_at_start: bool
    """More was on the disk than the quota allows when this program first looked."""
    raise_to_gb: int | None


class StorageQuota:
    """`limit_bytes` None means no quota; `promised_bytes` is what running installs have still to write."""

    def __init__(
        self,
        limit_bytes: Callable[[], int | None],
        models_dir: Path,
        *,
        inventory: Inventory,
        promised_bytes: Callable[[], int] = lambda: 0,
    ) -> None:
        self._limit_bytes = limit_bytes
        self.models_dir = models_dir
        self._inventory = inventory
        self._promised_bytes = promised_bytes
        self._over_at_start: bool | None = None
        self._end = inventory.changed.subscribe(self._note_start)

    async def check(
        self,
        additional_bytes: int | None,
        *,
        folder: Path | None = None,
        promised_elsewhere: int = 0,
        written_bytes: int | None = None,
    ) -> None:
        """As `require`; in a thread, because a sleeping disk answers late."""
        await asyncio.to_thread(
            self.require,
            additional_bytes,
            folder=folder,
            promised_elsewhere=promised_elsewhere,
            written_bytes=written_bytes,
        )

    def require(
        self,
        additional_bytes: int | None,
        *,
        folder: Path | None = None,
        promised_elsewhere: int = 0,
        written_bytes: int | None = None,
    ) -> None:
        """Raises `NotEnoughSpace` or `QuotaExceeded` when `additional_bytes` (None: 4 GB) do not fit; equal fits.

        The parameters carry `needed_bytes` and `left_bytes`, the quota's also `raise_to_gb`.
        The disk comes first: a higher limit would not help there. It is the one of `folder` (None: the models folder);
        `promised_elsewhere` are promised bytes that will be written to other volumes. `written_bytes` is what the disk
        has to take where that differs from what counts: a link takes none, and counts.
        """
        needed = ASSUMED_MODEL_BYTES if additional_bytes is None else additional_bytes
        written = needed if written_bytes is None else written_bytes
        promised = self._promised_bytes()
        free = max(0, free_bytes(folder or self.models_dir) - max(0, promised - promised_elsewhere))
        if written > free:
            raise NotEnoughSpace(**_figures(written, free))
        limit = self._limit_bytes()
        if limit is None:
            return
        used = self._inventory.snapshot.total_bytes + promised
        left = max(0, limit - used)
        if needed > left:
            raise QuotaExceeded(**_figures(needed, left), raise_to_gb=math.ceil((used + needed) / _GB))

    def snapshot(self) -> QuotaSnapshot:
        inventory = self._inventory.snapshot
        self._note_start(inventory)
        used = inventory.total_bytes
        limit = self._limit_bytes()
        over = limit is not None and used > limit
        return QuotaSnapshot(
            used_bytes=used,
            limit_bytes=limit,
            left_bytes=None if limit is None else max(0, limit - used),
            free_bytes=free_bytes(self.models_dir),
            over=over,
            over_at_start=bool(self._over_at_start),
            raise_to_gb=math.ceil(used / _GB) if over else None,
        )

    def close(self) -> None:
        self._end()

    def _note_start(self, inventory: InventorySnapshot) -> None:
        if self._over_at_start is None and inventory.measured:
            limit = self._limit_bytes()
            self._over_at_start = limit is not None and inventory.total_bytes > limit


def size_text(size_bytes: int, decimals: int = 1) -> str:
    """In English, for sentences: `4.9 GB`, `812 MB`; the window formats the raw number itself."""
    if size_bytes >= _GB:
        return f"{size_bytes / _GB:.{decimals}f}\u00a0GB"
    return f"{size_bytes / _MB:.{decimals - 1}f}\u00a0MB"


def _figures(needed: int, left: int) -> dict[str, str | int]:
    # With too few decimals a sentence could say that 5.0 GB do not fit into 5.0 GB.
    decimals = next(
        (count for count in range(1, 6) if size_text(needed, count) != size_text(left, count)),
        6,
    )
    return {
        "needed": size_text(needed, decimals),
        "left": size_text(left, decimals),
        "needed_bytes": needed,
        "left_bytes": left,
    }
