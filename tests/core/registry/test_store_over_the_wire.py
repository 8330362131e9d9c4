"""The verbs on Ollama's models over its wire: the stand-in's server, the real adapter, real sockets."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.core.registry.shelf import Shop, open_shop
from tests.fakes.ollama_faults import Ends, Sends, TellsError
from tests.fakes.ollama_models import Model, layers_of
from tests.fakes.ollama_server import OllamaStandIn
from venom_desktop.core.http import make_local_client
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus
from venom_desktop.core.registry.model import ModelKey, ModelProvider
from venom_desktop.core.registry.updates import UpdateStatus
from venom_desktop.core.runtimes.model_store import PullPhase, RemoteLayer, RemoteModel
from venom_desktop.core.runtimes.ollama_client import OllamaClient
from venom_desktop.core.runtimes.ollama_models import OllamaModels

SIZE = 40_000_000
TINY = ModelKey(name="tiny:latest", runtime="ollama")


@pytest.fixture
async def ollama(tmp_path: Path) -> AsyncIterator[OllamaStandIn]:
    async with OllamaStandIn(tmp_path / "ollama", environment={"OLLAMA_NOPRUNE": "1"}) as server:
        yield server


@pytest.fixture
async def shop(ollama: OllamaStandIn, tmp_path: Path) -> AsyncIterator[Shop]:
    async def folder() -> tuple[Path | None, int | None]:
        return ollama.folder, None

    async with make_local_client() as http:
        models = OllamaModels(OllamaClient(http, lambda: ollama.url), folder=folder)
        async with open_shop(tmp_path / "home", models) as shop:
            await models.refresh()
            _publish(shop, ollama)
            yield shop


def _publish(shop: Shop, ollama: OllamaStandIn, name: str = TINY.name, *, seed: str = "", size: int = SIZE) -> Model:
    model = ollama.publish(name, layers=(size,), seed=seed)
    layers = tuple(
        RemoteLayer(digest=one["digest"], size_bytes=one["size"], media_type=one["mediaType"])
        for one in layers_of(model.manifest)
    )
    shop.registries.models[name] = RemoteModel(name=name, digest=model.digest, layers=layers)
    return model


async def _install(shop: Shop) -> ModelOperation:
    return await shop.operations.wait(await shop.stored.pulling.install("tiny", ModelProvider.OLLAMA, "ollama"))


def _watched(shop: Shop) -> list[ModelOperation]:
    seen: list[ModelOperation] = []
    shop.operations.changed.subscribe(seen.append)
    return seen


async def _held(shop: Shop, ollama: OllamaStandIn, at_bytes: int = SIZE // 2) -> str:
    """An install whose download stands still, as is shown."""
    hold = ollama.hold_downloads(at_bytes)
    shown = asyncio.Event()
    end = shop.operations.changed.subscribe(lambda one: shown.set() if (one.done_bytes or 0) >= at_bytes else None)
    operation_id = await shop.stored.pulling.install("tiny", ModelProvider.OLLAMA, "ollama")
    async with asyncio.timeout(60):
        await asyncio.to_thread(hold.reached.wait, 20)
        await shown.wait()
    end()
    return operation_id


async def test_an_install_ends_with_a_row_that_the_server_lists(shop: Shop) -> None:
    seen = _watched(shop)
    done = await _install(shop)
    assert (done.status, done.error) == (OperationStatus.COMPLETED, None)
    total = shop.registries.models[TINY.name].total_bytes
    assert (done.done_bytes, done.total_bytes) == (total, total)
    shares = [operation.progress for operation in seen if operation.progress is not None]
    assert shares == sorted(shares)
    row = shop.inventory.find("tiny")
    assert row.revision == shop.registries.models[TINY.name].digest
    assert row.capabilities.max_context_length == 8192
    assert shop.inventory.snapshot.total_bytes >= SIZE


async def test_a_pause_closes_the_request_and_going_on_begins_where_it_was(shop: Shop, ollama: OllamaStandIn) -> None:
    operation_id = await _held(shop, ollama)
    shop.operations.pause(operation_id)
    assert (await shop.operations.wait(operation_id)).status is OperationStatus.PAUSED
    await ollama.wait_left("/api/pull")
    seen = _watched(shop)
    assert ollama.downloads.hold is not None
    ollama.downloads.hold.release()
    shop.operations.resume(operation_id)
    done = await shop.operations.wait(operation_id)
    assert (done.status, done.error) == (OperationStatus.COMPLETED, None)
    assert min(one.done_bytes or 0 for one in seen) >= SIZE // 2
    assert [start for _, start in ollama.downloads.started if start] != []


async def test_a_server_killed_in_the_middle_and_back_is_pulled_from_again(shop: Shop, ollama: OllamaStandIn) -> None:
    operation_id = await _held(shop, ollama)
    waiting = asyncio.Event()
    shop.operations.changed.subscribe(lambda one: waiting.set() if one.message == "Waiting for Ollama" else None)
    await asyncio.to_thread(ollama.go_down)
    async with asyncio.timeout(60):
        await waiting.wait()
    assert ollama.downloads.hold is not None
    ollama.downloads.hold.release()
    await asyncio.to_thread(ollama.come_back)
    done = await shop.operations.wait(operation_id)
    assert (done.status, done.error) == (OperationStatus.COMPLETED, None)
    assert TINY in shop.manifest


@pytest.mark.parametrize(
    ("effect", "code"),
    [
        (TellsError(words="write /x/blobs/sha256-1: no space left on device"), "DISK_FULL"),
        (TellsError(words="digest mismatch, file must be downloaded again: want a, got b"), "CHECKSUM_MISMATCH"),
        (TellsError(words="pull model manifest: file does not exist"), "UNKNOWN_LIBRARY_MODEL"),
        (TellsError(words="pull model manifest: 412: requires a newer version of Ollama"), "RUNTIME_TOO_OLD"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_an_error_inside_the_stream_is_named(
    shop: Shop, ollama: OllamaStandIn, effect: TellsError, code: str
) -> None:
    ollama.fault(effect, "/api/pull", times=None)
    failed = await _install(shop)
    assert (failed.status, failed.reason_code) == (OperationStatus.FAILED, code)
    assert len(ollama.requests_for("/api/pull")) == 1
    assert TINY not in shop.manifest


async def test_a_full_disk_of_the_servers_is_told(shop: Shop, ollama: OllamaStandIn) -> None:
    ollama.free_bytes = 1000
    assert (await _install(shop)).reason_code == "DISK_FULL"


@pytest.mark.parametrize("effect", [Ends(after_lines=1), Sends(body=b'{"status": "pul', after_lines=1, cut=True)])
async def test_a_stream_without_its_end_is_no_install(shop: Shop, ollama: OllamaStandIn, effect: Ends | Sends) -> None:
    ollama.fault(effect, "/api/pull", times=None)
    failed = await _install(shop)
    assert failed.status is OperationStatus.FAILED
    assert failed.reason_code in ("DOWNLOAD_INTERRUPTED", "PULL_BROKEN_OFF")
    assert len(ollama.requests_for("/api/pull")) == 3
    assert TINY not in shop.manifest


async def test_one_broken_stream_is_made_good_by_the_next(shop: Shop, ollama: OllamaStandIn) -> None:
    ollama.fault(Ends(after_lines=1), "/api/pull", times=1)
    assert (await _install(shop)).status is OperationStatus.COMPLETED


async def test_models_of_other_programs_appear_vanish_and_are_removed(shop: Shop, ollama: OllamaStandIn) -> None:
    ollama.add_model("theirs:latest")
    ollama.add_model("other:latest")
    await shop.store.refresh()
    assert {row.name for row in shop.inventory.snapshot.models} == {"theirs:latest", "other:latest"}
    done = await shop.operations.wait(await shop.removing.remove("theirs"))
    assert (done.status, done.error) == (OperationStatus.COMPLETED, None)
    ollama.remove_model("other:latest")
    await shop.store.refresh()
    assert shop.inventory.snapshot.models == ()


async def test_a_model_gets_another_name(shop: Shop, ollama: OllamaStandIn) -> None:
    ollama.add_model("theirs:latest")
    await shop.store.refresh()
    await shop.stored.copying.copy("theirs", "team/second")
    await shop.stored.copying.rename("theirs", "first:v2")
    assert {row.name for row in shop.inventory.snapshot.models} == {"team/second:latest", "first:v2"}


async def test_a_file_of_the_users_own_becomes_a_model(shop: Shop, tiny_llama: Path) -> None:
    seen = _watched(shop)
    done = await shop.operations.wait(await shop.stored.creating.create(tiny_llama, "mine", "ollama"))
    assert (done.status, done.error) == (OperationStatus.COMPLETED, None)
    assert done.done_bytes == 2 * tiny_llama.stat().st_size
    bytes_done = [operation.done_bytes for operation in seen if operation.done_bytes is not None]
    assert bytes_done == sorted(bytes_done)
    assert shop.inventory.find("mine").provider is ModelProvider.LOCAL


async def test_an_update_is_found_and_pulled(shop: Shop, ollama: OllamaStandIn) -> None:
    await _install(shop)
    assert (await shop.stored.updates.check())[TINY].status is UpdateStatus.CURRENT
    newer = _publish(shop, ollama, seed="newer", size=SIZE + 1)
    assert (await shop.stored.updates.check())[TINY].status is UpdateStatus.AVAILABLE
    done = await shop.operations.wait(await shop.stored.pulling.update("tiny"))
    assert (done.status, done.error) == (OperationStatus.COMPLETED, None)
    assert shop.inventory.find("tiny").revision == newer.digest
    assert (await shop.stored.updates.check())[TINY].status is UpdateStatus.CURRENT


async def test_a_cancelled_install_leaves_the_pull_of_another_program_alone(shop: Shop, ollama: OllamaStandIn) -> None:
    operation_id = await _held(shop, ollama)
    async with make_local_client() as http:
        client = OllamaClient(http, lambda: ollama.url)
        async with contextlib.aclosing(client.pull(TINY.name)) as theirs:
            async for step in theirs:
                if step.done_bytes:
                    break
            shop.operations.cancel(operation_id)
            assert (await shop.operations.wait(operation_id)).status is OperationStatus.CANCELLED
            await ollama.wait_left("/api/pull")
            assert ollama.downloads.hold is not None
            ollama.downloads.hold.release()
            phases = [step.phase async for step in theirs]
    assert phases[-1] is PullPhase.DONE
    assert len([start for _, start in ollama.downloads.started if start]) == 0
    await shop.store.refresh()
    assert shop.inventory.find("tiny").key == TINY
    assert TINY not in shop.manifest
