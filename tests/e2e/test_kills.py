"""kill -9 of the program and of its download worker at any point of an install: nothing lost, nothing false."""

import asyncio
import contextlib
import hashlib
import json
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from tests.fakes.gguf_files import write_tiny_llama
from tests.fakes.hub import HubServer
from tests.fakes.hub_faults import Slow
from tests.support.counts import count
from venom_desktop import ModelOperation, ModelRegistry, OperationStatus

REPO = "tiny-lab/Killed-GGUF"
NAME = f"{REPO}:Q8_0"
SIZE = 6_000_000
SEED = 20261122


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_llama(tmp_path_factory.mktemp("weights") / "Killed-Q8_0.gguf", pad_to_bytes=SIZE)


@pytest.fixture
def slow_hub(hub: HubServer, weights: Path, monkeypatch: pytest.MonkeyPatch) -> HubServer:
    hub.add_repo(REPO, {weights.name: weights})
    hub.fault(Slow(bytes_per_second=24_000_000), "*/resolve/*", method="GET", times=10_000)
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    return hub


@asynccontextmanager
async def _running_install(models_dir: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.e2e.installer", str(models_dir), NAME, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _read_until(process: asyncio.subprocess.Process, wanted_bytes: int) -> None:
    """Return when the install tells at least so many bytes, or has ended."""
    assert process.stdout is not None
    while line := await process.stdout.readline():
        done = line.split()[0]
        if done != b"-" and int(done) >= wanted_bytes:
            return
        if wanted_bytes == 0:
            return


def _family(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


async def _assert_all_gone(family: list[psutil.Process]) -> None:
    _, alive = await asyncio.to_thread(psutil.wait_procs, family, timeout=60)
    assert not alive, f"orphans: {alive}"


def _assert_installed(models_dir: Path, weights: Path) -> None:
    (row,) = json.loads((models_dir / "manifest.json").read_bytes())["models"]
    content = (models_dir / row["local_path"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert not list(models_dir.rglob("*.part"))


@pytest.mark.parametrize("batch", range(5))
async def test_kill_9_of_the_program_at_any_point_loses_nothing(
    tmp_path: Path, slow_hub: HubServer, weights: Path, batch: int
) -> None:
    chance = random.Random(SEED + batch)
    models_dir = tmp_path / "models"
    for _ in range(count(5, 20)):
        wanted = chance.choice((0, 0, SIZE, *[chance.randrange(1, SIZE)] * 7))
        async with _running_install(models_dir) as process:
            await _read_until(process, wanted)
            family = _family(process.pid)
            process.send_signal(signal.SIGKILL)
            await process.wait()
        await _assert_all_gone(family)
        async with ModelRegistry(models_dir=models_dir) as registry:
            (operation,) = registry.operations.operations
            if operation.status is not OperationStatus.COMPLETED:
                assert operation.status is OperationStatus.PAUSED
                assert operation.paused_by_restart
                registry.resume(operation.operation_id)
                done = await registry.wait(operation.operation_id)
                assert done.status is OperationStatus.COMPLETED, done.error
            _assert_installed(models_dir, weights)
            assert registry.manifest.notice is None
            await registry.wait(await registry.remove_model(NAME))
            await registry.operations.forget_finished()


async def _reached(registry: ModelRegistry, operation_id: str, wanted_bytes: int) -> None:
    reached = asyncio.Event()

    def look(operation: ModelOperation) -> None:
        if (operation.done_bytes or 0) >= wanted_bytes or operation.status.is_final:
            reached.set()

    end = registry.operations.changed.subscribe(look)
    look(registry.get_operation_status(operation_id))
    await reached.wait()
    end()


@pytest.mark.expects_warnings
async def test_kill_9_of_the_worker_at_any_point_is_told_and_retry_goes_on(
    tmp_path: Path, slow_hub: HubServer, weights: Path
) -> None:
    chance = random.Random(SEED + 100)
    models_dir = tmp_path / "models"
    async with ModelRegistry(models_dir=models_dir) as registry:
        for _ in range(count(10, 50)):
            wanted = chance.randrange(1, SIZE)
            operation_id = await registry.install_model(NAME)
            await _reached(registry, operation_id, wanted)
            for child in psutil.Process().children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    if any("downloads.worker" in part for part in child.cmdline()):
                        child.kill()
            done = await registry.wait(operation_id)
            if done.status is OperationStatus.FAILED:
                assert done.reason_code == "WORKER_DIED"
                assert NAME not in registry.manifest
                registry.retry(operation_id)
                done = await registry.wait(operation_id)
            assert done.status is OperationStatus.COMPLETED, done.error
            _assert_installed(models_dir, weights)
            await registry.wait(await registry.remove_model(NAME))
