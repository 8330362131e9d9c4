"""Every change of an operation to whoever listens on the WebSocket: the newest state, at most ten times a second."""

import asyncio
import json
import time
from collections.abc import Callable

from starlette.websockets import WebSocket, WebSocketDisconnect

from venom_desktop.api.payloads import operation_payload
from venom_desktop.core.operations.operation import ModelOperation
from venom_desktop.core.operations.service import OperationService
from venom_desktop.core.tasks import TaskScope

EVERY_S = 0.1
GOING_AWAY = 1001


class OperationStream:
    """A slow listener costs one snapshot for each operation, however much happens: newer ones replace older ones."""

    def __init__(self, operations: OperationService, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._operations = operations
        self._clock = clock
        self._scope = TaskScope("operation stream")
        self._served = 0

    async def serve(self, socket: WebSocket) -> None:
        """Until the listener leaves; what is not finished is told at once."""
        await socket.accept()
        changes = Changes(self._clock)
        for operation in self._operations.operations:
            if not operation.status.is_final:
                changes.put(operation)
        end = self._operations.changed.subscribe(changes.put)
        self._served += 1
        listener = f"listener {self._served}"
        self._scope.start(listener, _send(socket, changes))
        try:
            while (await socket.receive())["type"] != "websocket.disconnect":
                pass
        finally:
            end()
            self._scope.cancel(listener)

    async def close(self) -> None:
        await self._scope.close()


class Changes:
    """What was not sent yet, by operation; `take` waits until something may be."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._waiting: dict[str, ModelOperation] = {}
        self._sent_at: dict[str, float] = {}
        self._news = asyncio.Event()

    def put(self, operation: ModelOperation) -> None:
        self._waiting[operation.operation_id] = operation
        self._news.set()

    async def take(self) -> list[ModelOperation]:
        while True:
            now = self._clock()
            self._sent_at = {key: at for key, at in self._sent_at.items() if now - at < EVERY_S}
            due = [key for key in self._waiting if key not in self._sent_at]
            if due:
                self._sent_at.update(dict.fromkeys(due, now))
                return [self._waiting.pop(key) for key in due]
            await self._wait(now)

    async def _wait(self, now: float) -> None:
        """Until the first of those that wait may go, or until there is news when none waits."""
        if self._waiting:
            await asyncio.sleep(max(0.001, min(self._sent_at[key] for key in self._waiting) + EVERY_S - now))
            return
        self._news.clear()
        await self._news.wait()


async def _send(socket: WebSocket, changes: Changes) -> None:
    try:
        while True:
            for operation in await changes.take():
                await socket.send_text(json.dumps(operation_payload(operation), ensure_ascii=False))
    except WebSocketDisconnect:
        # Closed between two sends; the receiving side ends the rest.
        return
