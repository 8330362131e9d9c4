"""Long jobs: the newest ones, one of them, and pause, resume, cancel and retry."""

import asyncio
import contextlib
from typing import Annotated

from fastapi import APIRouter, Query, WebSocket
from starlette.responses import Response

from venom_desktop.api.payloads import operation_payload
from venom_desktop.api.replies import long_reply, reply
from venom_desktop.api.stream import OperationStream
from venom_desktop.core.operations.operation import ModelOperation
from venom_desktop.core.registry.registry import ModelRegistry

SETTLES_WITHIN_S = 5.0
"""How long an answer waits until a pause or a cancel has come through."""
Limit = Annotated[int, Query(ge=1, le=500)]


class OperationRoutes:
    def __init__(self, registry: ModelRegistry, stream: OperationStream) -> None:
        self._registry = registry
        self._stream = stream

    def add_to(self, router: APIRouter) -> None:
        router.add_api_route("/models/operations", self.newest, methods=["GET"])
        router.add_api_websocket_route("/models/operations/stream", self.stream)
        router.add_api_route("/models/operations/{operation_id}", self.one, methods=["GET"])
        for verb in (self.pause, self.resume, self.cancel, self.retry, self.confirm):
            router.add_api_route(f"/models/operations/{{operation_id}}/{verb.__name__}", verb, methods=["POST"])

    async def newest(self, limit: Limit = 10) -> Response:
        """The newest first."""
        found = self._registry.operations.operations[:limit]
        return await long_reply(
            lambda: {"success": True, "operations": [operation_payload(one) for one in found], "count": len(found)}
        )

    async def one(self, operation_id: str) -> Response:
        """One operation as it stands."""
        return _answer(self._registry.get_operation_status(operation_id))

    async def pause(self, operation_id: str) -> Response:
        """Stop a download and keep what has arrived."""
        return await self._settled(self._registry.pause(operation_id))

    async def resume(self, operation_id: str) -> Response:
        """Go on where it stopped."""
        return _answer(self._registry.resume(operation_id))

    async def cancel(self, operation_id: str) -> Response:
        """End it for good; what was half done is thrown away."""
        return await self._settled(self._registry.cancel(operation_id))

    async def retry(self, operation_id: str) -> Response:
        """Start a failed or cancelled one again under its own id."""
        return _answer(self._registry.retry(operation_id))

    async def confirm(self, operation_id: str) -> Response:
        """Go ahead with what its `question` asks: break off the answers that a switch waits for."""
        return _answer(self._registry.stop_and_switch(operation_id))

    async def stream(self, socket: WebSocket) -> None:
        await self._stream.serve(socket)

    async def _settled(self, operation: ModelOperation) -> Response:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLES_WITHIN_S):
                await self._registry.wait(operation.operation_id)
        return _answer(self._registry.get_operation_status(operation.operation_id))


def _answer(operation: ModelOperation) -> Response:
    return reply({"success": True, "operation": operation_payload(operation)})
