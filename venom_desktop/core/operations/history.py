"""Operations on disk: every state is there before it is shown, and the list is bounded."""

import dataclasses
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from venom_desktop.core.database import Database
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus, OperationType

KEPT = 500
"""Finished operations beyond this many are forgotten, oldest first."""

_TIMES = ("started_at", "completed_at")


class OperationHistory:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, operation: ModelOperation) -> None:
        await self._database.execute(
            "INSERT INTO operations (operation_id, status, started_at, body) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (operation_id) DO UPDATE SET status = excluded.status, body = excluded.body",
            (operation.operation_id, operation.status.value, operation.started_at.isoformat(), _to_json(operation)),
        )

    async def load(self) -> list[ModelOperation]:
        """Newest first, bounded to `KEPT`; what is not finished is always kept. Rows nobody can read are skipped."""
        await self._database.execute(
            "DELETE FROM operations WHERE status IN ('completed', 'failed', 'cancelled') AND operation_id NOT IN "
            "(SELECT operation_id FROM operations ORDER BY started_at DESC LIMIT ?)",
            (KEPT,),
        )
        rows = await self._database.rows("SELECT body FROM operations ORDER BY started_at DESC")
        return list(_readable(row["body"] for row in rows))

    async def forget(self, operation_ids: Iterable[str]) -> None:
        doomed = [(one,) for one in operation_ids]
        await self._database.run(
            lambda connection: connection.executemany("DELETE FROM operations WHERE operation_id = ?", doomed)
        )


def to_wire(operation: ModelOperation) -> dict[str, Any]:
    """JSON values of SPEC section 1, enum words and ISO 8601 times."""
    values: dict[str, Any] = {field.name: getattr(operation, field.name) for field in dataclasses.fields(operation)}
    values["operation_type"] = operation.operation_type.value
    values["status"] = operation.status.value
    values["payload"] = dict(operation.payload)
    values["error_parameters"] = dict(operation.error_parameters)
    for name in _TIMES:
        values[name] = values[name].isoformat() if values[name] else None
    return values


def _to_json(operation: ModelOperation) -> str:
    return json.dumps(to_wire(operation), default=str)


def _readable(bodies: Iterable[str]) -> Iterable[ModelOperation]:
    known = {field.name for field in dataclasses.fields(ModelOperation)}
    for body in bodies:
        try:
            values = {name: value for name, value in json.loads(body).items() if name in known}
            values["operation_type"] = OperationType(values["operation_type"])
            values["status"] = OperationStatus(values["status"])
            for name in _TIMES:
                values[name] = datetime.fromisoformat(values[name]) if values.get(name) else None
            yield ModelOperation(**values)
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
