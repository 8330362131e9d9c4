"""Safetensors installs that are cut off, paused, killed or short of space: as with GGUF nothing half is ever listed."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from tests.core.registry.home import Home, open_home
from tests.fakes.hub import HubServer
from tests.fakes.hub_faults import Fault, StallAfter
from tests.fakes.safetensors_files import config, repository, safetensors, sharded
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus
from venom_desktop.core.registry import install
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.runtimes.profiles import RuntimeProfile

REPO = "tiny-lab/Tiny-Qwen"
BIG_BYTES = 3_000_000
WITHIN_S = 30


@pytest.fixture
async def home(tmp_path: Path, hub: HubServer) -> AsyncIterator[Home]:
    hub.add_repo(REPO, repository(sharded(3, BIG_BYTES)))
    async with open_home(tmp_path / "home", hub) as home:
        home.profile = RuntimeProfile.FULL
        yield home


async def _stalled(home: Home, hub: HubServer) -> tuple[str, Fault]:
    """An install that stands still in the middle of the second shard, until it is let go."""
    stall = hub.fault(StallAfter(body_bytes=1_500_000), "*00002-of*", method="GET")
    operation_id = await home.installing.install(REPO, ModelProvider.HUGGINGFACE, "vllm")
    assert await asyncio.to_thread(stall.reached.wait, WITHIN_S)
    written = asyncio.Event()

    def look(_: ModelOperation) -> None:
        if any(path.stat().st_size for path in home.models_dir.rglob("*.part")):
            written.set()

    end = home.operations.changed.subscribe(look)
    await asyncio.wait_for(written.wait(), WITHIN_S)
    end()
    return operation_id, stall


def _let_go(hub: HubServer, stall: Fault) -> None:
    stall.release()
    hub.clear_faults()


async def _finish(home: Home, operation_id: str) -> None:
    done = await home.operations.wait(operation_id)
    assert done.status is OperationStatus.COMPLETED, done.error
    model = home.inventory.find(REPO, "vllm")
    assert model.local_path is not None
    for name, content in sharded(3, BIG_BYTES).items():
        assert (model.local_path / name).read_bytes() == content


async def test_pause_keeps_the_bytes_and_resume_finishes_the_same_commit(home: Home, hub: HubServer) -> None:
    operation_id, stall = await _stalled(home, hub)
    home.operations.pause(operation_id)
    assert (await home.operations.wait(operation_id)).status is OperationStatus.PAUSED
    _let_go(hub, stall)
    assert any(name.endswith(".part") for name in home.files)
    hub.replace_file(REPO, "model-00002-of-00003.safetensors", safetensors(1000))
    hub.replace_file(REPO, "model-00003-of-00003.safetensors", safetensors(1000))
    hub.replace_file(REPO, "config.json", config("AnotherForCausalLM"))
    hub.forget_requests()
    home.operations.resume(operation_id)
    await _finish(home, operation_id)
    assert home.inventory.find(REPO).model_class == "Qwen2ForCausalLM"
    assert any(request.range for request in hub.requests_for("*00002-of*", method="GET"))
    assert not hub.requests_for("*00001-of*")


async def test_after_a_restart_a_paused_install_goes_on(tmp_path: Path, hub: HubServer) -> None:
    hub.add_repo(REPO, repository(sharded(3, BIG_BYTES)))
    async with open_home(tmp_path / "home", hub) as home:
        home.profile = RuntimeProfile.FULL
        operation_id, stall = await _stalled(home, hub)
    _let_go(hub, stall)
    async with open_home(tmp_path / "home", hub) as home:
        home.profile = RuntimeProfile.FULL
        operation = home.operations.get(operation_id)
        assert (operation.status, operation.paused_by_restart) == (OperationStatus.PAUSED, True)
        assert REPO not in home.manifest
        home.operations.resume(operation_id)
        await _finish(home, operation_id)


@pytest.mark.expects_warnings
async def test_a_worker_that_is_killed_fails_the_install_and_a_retry_goes_on(home: Home, hub: HubServer) -> None:
    operation_id, stall = await _stalled(home, hub)
    workers = [child for child in psutil.Process().children(recursive=True) if "downloads.worker" in _line(child)]
    assert workers
    for worker in workers:
        worker.kill()
    failed = await home.operations.wait(operation_id)
    assert failed.status is OperationStatus.FAILED
    assert REPO not in home.manifest
    _let_go(hub, stall)
    hub.forget_requests()
    home.operations.retry(operation_id)
    await _finish(home, operation_id)
    assert any(request.range for request in hub.requests_for("*00002-of*", method="GET"))


async def test_a_cancelled_install_leaves_no_row_and_no_bytes(home: Home, hub: HubServer) -> None:
    operation_id, stall = await _stalled(home, hub)
    home.operations.cancel(operation_id)
    assert (await home.operations.wait(operation_id)).status is OperationStatus.CANCELLED
    _let_go(hub, stall)
    await home.operations.close()
    assert REPO not in home.manifest
    assert home.files == set()
    assert not (home.models_dir / "vllm").exists()


async def test_a_full_disk_ends_it_with_the_reason_and_a_retry_goes_on(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "FREE_SPACE_KEPT_BYTES", 1 << 60)
    operation_id = await home.installing.install(REPO, ModelProvider.HUGGINGFACE, "vllm")
    failed = await home.operations.wait(operation_id)
    assert failed.reason_code == "DISK_FULL"
    assert REPO not in home.manifest
    monkeypatch.undo()
    home.operations.retry(operation_id)
    await _finish(home, operation_id)


async def test_a_file_that_vanished_at_its_commit_fails_the_install(home: Home, hub: HubServer) -> None:
    operation_id, stall = await _stalled(home, hub)
    home.operations.pause(operation_id)
    await home.operations.wait(operation_id)
    _let_go(hub, stall)
    hub.remove_repo(REPO)
    home.operations.resume(operation_id)
    failed = await home.operations.wait(operation_id)
    assert failed.reason_code == "UNKNOWN_REPOSITORY"
    assert REPO not in home.manifest


def _line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
