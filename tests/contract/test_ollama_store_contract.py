"""What the registry does with Ollama's models, over a registry of its kind and, where there is one, the real server."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.contract.ollama_bench import BINARY, RealServer, Server, StandIn
from tests.core.registry.shelf import Shop, open_shop
from tests.fakes import docker_registry
from tests.fakes.docker_registry import DockerRegistry
from tests.fakes.gguf_files import write_tiny_llama
from venom_desktop.core.catalog.cache import DiskCache
from venom_desktop.core.catalog.ollama_registry import OllamaRegistries
from venom_desktop.core.http import make_client, make_local_client
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus
from venom_desktop.core.registry.model import ModelKey, ModelProvider
from venom_desktop.core.registry.patience import Patience
from venom_desktop.core.registry.updates import UpdateStatus
from venom_desktop.core.runtimes.ollama_client import OllamaClient
from venom_desktop.core.runtimes.ollama_models import OllamaModels

KINDS = ["stand-in", "real"]
BIG_BYTES = 6_000_000
PATIENT = Patience(first_wait_s=0.02, longest_wait_s=0.1, away_s=60.0)


@pytest.fixture(scope="module", params=KINDS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if request.param == "real" and BINARY is None:
        pytest.skip("no ollama on PATH, and VENOM_TEST_OLLAMA names none")
    if not docker_registry.is_installed():
        pytest.skip("docker-registry is not installed")
    folder = tmp_path_factory.mktemp("ollama")
    with DockerRegistry(folder) as registry:
        if request.param == "real":
            real = RealServer(folder, registry)
            real.start()
            yield real
            real.kill()
            return
        stand_in = StandIn(folder, registry)
        with stand_in.ollama:
            yield stand_in


@pytest.fixture
async def shop(server: Server, tmp_path: Path) -> AsyncIterator[Shop]:
    async with make_local_client() as local, make_client() as http:
        models = OllamaModels(OllamaClient(local, lambda: server.url))
        registries = OllamaRegistries(
            http,
            registry=lambda: "http://127.0.0.1:9",
            hugging_face=lambda: "http://127.0.0.1:9",
            cache=DiskCache(tmp_path / "cache"),
        )
        async with open_shop(tmp_path / "home", models, remote=registries, patience=PATIENT) as shop:
            await models.refresh()
            yield shop
            server.slow_down(None)
            for row in (await models.refresh()).models or ():
                await models.delete(row.name)


def _weights(folder: Path, *, seed: int = 0, pad_to_bytes: int | None = None) -> bytes:
    return write_tiny_llama(folder / f"tiny-{seed}.gguf", seed=seed, pad_to_bytes=pad_to_bytes).read_bytes()


async def _install(shop: Shop, name: str) -> ModelOperation:
    return await shop.operations.wait(await shop.stored.pulling.install(name, ModelProvider.OLLAMA, "ollama"))


async def _until_bytes_come(shop: Shop, operation_id: str, at_bytes: int) -> None:
    came = asyncio.Event()
    end = shop.operations.changed.subscribe(
        lambda one: came.set() if one.operation_id == operation_id and (one.done_bytes or 0) >= at_bytes else None
    )
    async with asyncio.timeout(60):
        await came.wait()
    end()


async def test_an_install_is_measured_to_the_byte_and_found_current(shop: Shop, server: Server, tmp_path: Path) -> None:
    name, digest, _ = server.publish("plain", _weights(tmp_path))
    done = await _install(shop, name)
    assert (done.status, done.error, done.message) == (OperationStatus.COMPLETED, None, "Verified and ready")
    assert done.done_bytes == done.total_bytes
    row = shop.inventory.find(name)
    assert (row.revision, row.source_revision) == (digest, None)
    assert row.capabilities.quantization == "F32"
    assert (await shop.stored.updates.check())[row.key].status is UpdateStatus.CURRENT


async def test_a_newer_version_is_found_and_pulled(shop: Shop, server: Server, tmp_path: Path) -> None:
    name, _, _ = server.publish("moving", _weights(tmp_path))
    await _install(shop, name)
    _, newer, _ = server.publish("moving", _weights(tmp_path, seed=5))
    key = ModelKey(name=name, runtime="ollama")
    assert (await shop.stored.updates.check())[key].status is UpdateStatus.AVAILABLE
    done = await shop.operations.wait(await shop.stored.pulling.update(name))
    assert (done.status, done.error) == (OperationStatus.COMPLETED, None)
    assert shop.inventory.find(name).revision == newer
    assert (await shop.stored.updates.check())[key].status is UpdateStatus.CURRENT


async def test_a_paused_install_goes_on_where_it_was(shop: Shop, server: Server, tmp_path: Path) -> None:
    name, _, layer = server.publish("paused", _weights(tmp_path, seed=1, pad_to_bytes=BIG_BYTES))
    server.slow_down(3_000_000)
    shown: list[int] = []
    shop.operations.changed.subscribe(lambda one: shown.append(one.done_bytes or 0))
    ended = server.pulls_ended()
    operation_id = await shop.stored.pulling.install(name, ModelProvider.OLLAMA, "ollama")
    await _until_bytes_come(shop, operation_id, BIG_BYTES // 3)
    shop.operations.pause(operation_id)
    assert (await shop.operations.wait(operation_id)).status is OperationStatus.PAUSED
    async with asyncio.timeout(60):
        while server.pulls_ended() == ended:  # noqa: ASYNC110 - another program's log has no event
            await asyncio.sleep(0.02)
    server.slow_down(None)
    shop.operations.resume(operation_id)
    done = await shop.operations.wait(operation_id)
    assert (done.status, done.error) == (OperationStatus.COMPLETED, None)
    assert shown == sorted(shown)
    assert any(start > 0 for start in server.fetches(layer))


async def test_a_server_killed_in_the_middle_and_started_again_brings_the_model(
    shop: Shop, server: Server, tmp_path: Path
) -> None:
    name, _, _ = server.publish("killed", _weights(tmp_path, seed=2, pad_to_bytes=BIG_BYTES))
    server.slow_down(3_000_000)
    waiting = asyncio.Event()
    shop.operations.changed.subscribe(lambda one: waiting.set() if one.message == "Waiting for Ollama" else None)
    operation_id = await shop.stored.pulling.install(name, ModelProvider.OLLAMA, "ollama")
    await _until_bytes_come(shop, operation_id, BIG_BYTES // 3)
    await asyncio.to_thread(server.kill)
    async with asyncio.timeout(60):
        await waiting.wait()
    server.slow_down(None)
    await asyncio.to_thread(server.start)
    done = await shop.operations.wait(operation_id)
    assert (done.status, done.error) == (OperationStatus.COMPLETED, None)
    assert shop.inventory.find(name).installed_at is not None


async def test_other_bytes_than_were_promised_are_no_install(shop: Shop, server: Server, tmp_path: Path) -> None:
    name, _, layer = server.publish("spoiled", _weights(tmp_path, seed=3))
    server.spoil(layer)
    failed = await _install(shop, name)
    assert (failed.status, failed.reason_code) == (OperationStatus.FAILED, "CHECKSUM_MISMATCH")
    assert shop.inventory.snapshot.models == ()


async def test_a_name_the_registry_does_not_know_is_told(shop: Shop, server: Server, tmp_path: Path) -> None:
    name, _, _ = server.publish("known", _weights(tmp_path))
    assert (await _install(shop, name.replace("known", "unknown"))).reason_code == "UNKNOWN_LIBRARY_MODEL"


async def test_a_model_is_made_of_a_file_copied_renamed_and_removed(shop: Shop, tmp_path: Path) -> None:
    file = write_tiny_llama(tmp_path / "own.gguf", seed=4)
    done = await shop.operations.wait(await shop.stored.creating.create(file, "mine", "ollama"))
    assert (done.status, done.error) == (OperationStatus.COMPLETED, None)
    assert shop.inventory.find("mine").provider is ModelProvider.LOCAL
    await shop.stored.copying.copy("mine", "team/second:v1")
    await shop.stored.copying.rename("mine", "third")
    assert {row.name for row in shop.inventory.snapshot.models} == {"team/second:v1", "third:latest"}
    removed = await shop.operations.wait(await shop.removing.remove("third"))
    assert (removed.status, removed.error) == (OperationStatus.COMPLETED, None)
    assert [row.name for row in shop.inventory.snapshot.models] == ["team/second:v1"]
