"""Every measured load on disk, and what those of one runtime and architecture teach together."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from venom_desktop.core.catalog.lessons import Lesson
from venom_desktop.core.database import Database
from venom_desktop.core.signals import Signal

KEPT: Final = 20
"""Loads of one runtime and architecture that count; older ones were by another version of the engine."""
LEAST_RATIO, MOST_RATIO = 0.25, 4.0
"""Beyond these something else was measured than a load of this model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredLoad:
    """One load; bytes. `predicted_bytes` is the formula's word, `measured_bytes` the most that was seen."""

    load_id: str
    model_name: str
    runtime: str
    architecture: str
    loaded_at: datetime
    predicted_bytes: int
    measured_bytes: int

    @property
    def is_believable(self) -> bool:
        return self.predicted_bytes > 0 and LEAST_RATIO <= self.measured_bytes / self.predicted_bytes <= MOST_RATIO


class MeasuredLoads:
    """`changed` tells that `lessons` answers otherwise now. Nothing is taught before `open`."""

    def __init__(self, database: Database) -> None:
        self.changed: Signal[None] = Signal()
        self._database = database
        self._lessons: dict[str, dict[str, Lesson]] = {}

    async def open(self) -> None:
        """Read what earlier runs measured. Raises `StorageFailed`."""
        await self._learn()

    def lessons(self, runtime: str) -> Mapping[str, Lesson]:
        """By architecture."""
        return self._lessons.get(runtime, {})

    async def keep(self, load: MeasuredLoad) -> None:
        """Write it down, or what is better known of it now. One that cannot be believed is left out."""
        if not load.is_believable:
            return
        await self._database.execute(
            "INSERT INTO model_loads VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (load_id) DO UPDATE SET measured_bytes = excluded.measured_bytes",
            (
                load.load_id,
                load.model_name,
                load.runtime,
                load.architecture,
                load.loaded_at.isoformat(),
                load.predicted_bytes,
                load.measured_bytes,
            ),
        )
        await self._database.execute(
            "DELETE FROM model_loads WHERE runtime = ? AND architecture = ? AND load_id NOT IN (SELECT load_id "
            "FROM model_loads WHERE runtime = ? AND architecture = ? ORDER BY rowid DESC LIMIT ?)",
            (load.runtime, load.architecture, load.runtime, load.architecture, KEPT),
        )
        await self._learn()

    async def _learn(self) -> None:
        rows = await self._database.rows(
            "SELECT runtime, architecture, predicted_bytes, measured_bytes FROM model_loads ORDER BY rowid"
        )
        ratios: dict[tuple[str, str], list[float]] = defaultdict(list)
        for row in rows:
            ratios[row["runtime"], row["architecture"]].append(row["measured_bytes"] / row["predicted_bytes"])
        lessons: dict[str, dict[str, Lesson]] = {}
        for (runtime, architecture), found in ratios.items():
            lessons.setdefault(runtime, {})[architecture] = Lesson(ratios=tuple(found))
        if lessons != self._lessons:
            self._lessons = lessons
            self.changed.publish(None)
