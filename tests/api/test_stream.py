"""The WebSocket of operations: every change, ten a second, and no more memory than there are operations."""

import asyncio
import json
import time
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests.api.caller import NAME, Caller, Served, listening, offer
from tests.fakes.hub import HubServer
from tests.fakes.hub_faults import StallAfter
from venom_desktop.api.stream import Changes
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus, OperationType


def operation(key: str, done: int = 0, message: str = "") -> ModelOperation:
    return ModelOperation(
        operation_id=key,
        model_name="a/b",
        operation_type=OperationType.INSTALL,
        status=OperationStatus.IN_PROGRESS,
        done_bytes=done,
        message=message,
        started_at=datetime.now(UTC),
    )


async def test_an_install_is_followed_to_its_end(
    served: Served, call: Caller, hub: HubServer, tiny_llama: Path
) -> None:
    offer(hub, tiny_llama)
    async with listening(served) as one, listening(served) as other:
        operation_id = (await call.good("POST", "models/registry/install", {"name": NAME}))["operation_id"]
        for socket in (one, other):
            seen: list[dict[str, object]] = []
            while not seen or seen[-1]["status"] not in ("completed", "failed"):
                async with asyncio.timeout(60):
                    seen.append(json.loads(await socket.recv()))
            assert {told["operation_id"] for told in seen} == {operation_id}
            assert seen[-1]["status"] == "completed"
            assert seen[-1] == (await call.good("GET", f"models/operations/{operation_id}"))["operation"]


async def test_who_comes_later_hears_what_is_not_finished(
    served: Served, call: Caller, hub: HubServer, tiny_llama: Path
) -> None:
    offer(hub, tiny_llama)
    hub.fault(StallAfter(body_bytes=1000), "*/resolve/*", method="GET")
    operation_id = (await call.good("POST", "models/registry/install", {"name": NAME}))["operation_id"]
    await call.good("POST", f"models/operations/{operation_id}/pause")
    async with listening(served) as socket:
        told = json.loads(await socket.recv())
    assert (told["operation_id"], told["status"]) == (operation_id, "paused")


async def test_two_hundred_changes_a_second_become_ten_and_the_last_one_comes(served: Served) -> None:
    changed = served.services.registry.operations.changed
    async with listening(served) as socket:
        began = time.monotonic()
        for number in range(200):
            changed.publish(operation("busy", done=number))
            changed.publish(operation("other", done=number))
            await asyncio.sleep(0.005)
        seen: dict[str, list[int]] = {"busy": [], "other": []}
        async with asyncio.timeout(60):
            while any(not numbers or numbers[-1] != 199 for numbers in seen.values()):
                told = json.loads(await socket.recv())
                seen[told["operation_id"]].append(told["done_bytes"])
        took_s = time.monotonic() - began
    for numbers in seen.values():
        assert numbers == sorted(set(numbers))
        assert len(numbers) <= took_s * 10 + 2


async def test_an_end_is_never_swallowed_by_the_pace() -> None:
    now = 0.0
    changes = Changes(lambda: now)
    changes.put(operation("a", 1))
    assert [one.done_bytes for one in await changes.take()] == [1]
    changes.put(operation("a", 2))
    changes.put(operation("a", 3))
    changes.put(operation("b", 1))
    assert [one.operation_id for one in await changes.take()] == ["b"]
    now = 0.11
    assert [one.done_bytes for one in await changes.take()] == [3]


async def test_a_listener_that_does_not_read_costs_a_bounded_amount_of_memory(served: Served) -> None:
    changed = served.services.registry.operations.changed
    async with listening(served) as socket:
        socket.transport.pause_reading()
        tracemalloc.start()
        try:
            for number in range(3000):
                changed.publish(operation(f"operation {number % 4}", done=number, message="x" * 10_000 + str(number)))
                if number % 10 == 0:
                    await asyncio.sleep(0)
            grown, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            socket.transport.abort()
    assert grown < 3_000_000


async def test_a_listener_that_leaves_is_forgotten(served: Served) -> None:
    changed = served.services.registry.operations.changed
    before = changed.listeners
    async with listening(served):
        assert changed.listeners == before + 1
    async with asyncio.timeout(60):
        while changed.listeners > before:  # noqa: ASYNC110 - the end of a connection tells nobody else
            await asyncio.sleep(0.01)


async def test_the_server_stops_while_somebody_listens(served: Served) -> None:
    async with listening(served) as socket:
        async with asyncio.timeout(60):
            await served.server.stop()
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code in (1001, 1012)
