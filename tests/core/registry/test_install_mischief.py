"""Installs under bad conditions: hostile repositories, a late hub, an end in the last moment, a folder of others."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.core.registry.home import Home, open_home
from tests.fakes.gguf_files import write_tiny_llama
from tests.fakes.hub import HubServer
from tests.fakes.hub_faults import StallAfter
from venom_desktop.core.catalog.base import CatalogEntry
from venom_desktop.core.errors import UpstreamSlow
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus
from venom_desktop.core.registry.manifest_file import ManifestFile
from venom_desktop.core.registry.model import ModelProvider

REPO = "tiny-lab/Tiny-Llama-GGUF"
NAME = f"{REPO}:Q4_K_M"


@pytest.fixture
async def home(tmp_path: Path, hub: HubServer, tiny_llama: Path) -> AsyncIterator[Home]:
    hub.add_repo(REPO, {"Tiny-Llama-Q4_K_M.gguf": tiny_llama})
    async with open_home(tmp_path / "home", hub) as home:
        yield home


async def _install(home: Home, name: str = NAME) -> ModelOperation:
    operation_id = await home.installing.install(name, ModelProvider.HUGGINGFACE, "llama_cpp")
    return await home.operations.wait(operation_id)


@pytest.mark.parametrize(
    "file_name", ["w" * 195 + ".gguf", "...gguf", "..gguf", "a\\b-Q4_K_M.gguf", "a\x07-Q4_K_M.gguf"]
)
async def test_a_file_that_makes_no_usable_name_is_refused_before_a_byte_is_fetched(
    home: Home, hub: HubServer, tiny_llama: Path, file_name: str
) -> None:
    hub.add_repo("odd/names", {file_name: tiny_llama})
    failed = await _install(home, "odd/names")
    assert (failed.status, failed.reason_code) == (OperationStatus.FAILED, "INVALID_NAME")
    assert not hub.requests_for("*/resolve/*", method="GET")
    assert home.files == set()


class _Gated(ManifestFile):
    """Writes when it is told."""

    def __init__(self, given: ManifestFile) -> None:
        self.__dict__.update(given.__dict__)
        self.begun = threading.Event()
        self.go_on = threading.Event()

    def write(self, content: Any) -> None:
        self.begun.set()
        self.go_on.wait(20)
        super().write(content)


async def test_a_cancel_while_the_list_is_written_leaves_the_model_whole(home: Home) -> None:
    file = _Gated(home.manifest._file)
    home.manifest._file = file
    operation_id = await home.installing.install(NAME, ModelProvider.HUGGINGFACE, "llama_cpp")
    assert await asyncio.to_thread(file.begun.wait, 20)
    home.operations.cancel(operation_id)
    await asyncio.sleep(0)
    file.go_on.set()
    done = await home.operations.wait(operation_id)
    await home.operations.close()
    assert done.status is OperationStatus.COMPLETED
    path = home.inventory.find(NAME).local_path
    assert path is not None
    assert path.exists()


async def test_an_install_waits_for_a_hub_that_is_slower_than_a_list_may_be(home: Home) -> None:
    describe = home.installing._describe
    source = describe._source

    class Late:
        asked = 0
        endpoint = source.endpoint
        resolve_url = staticmethod(source.resolve_url)
        small_file = staticmethod(source.small_file)

        async def details(self, model_name: str, *, refresh: bool = False) -> CatalogEntry:
            self.asked += 1
            if self.asked < 3:
                raise UpstreamSlow(source="Hugging Face", timeout_s=3)
            return await source.details(model_name, refresh=refresh)

    describe._source = Late()
    done = await _install(home)
    assert done.status is OperationStatus.COMPLETED, done.error


async def test_in_a_folder_of_another_process_nothing_is_fetched_and_nothing_deleted(
    tmp_path: Path, hub: HubServer
) -> None:
    big = write_tiny_llama(tmp_path / "big.gguf", pad_to_bytes=3_000_000)
    hub.add_repo(REPO, {"Tiny-Llama-Q4_K_M.gguf": big})
    stall = hub.fault(StallAfter(body_bytes=1_500_000), "*/resolve/*", method="GET")
    async with open_home(tmp_path / "home", hub) as home:
        operation_id = await home.installing.install(NAME, ModelProvider.HUGGINGFACE, "llama_cpp")
        await asyncio.to_thread(stall.reached.wait, 10)
        home.operations.pause(operation_id)
        await home.operations.wait(operation_id)
    stall.release()
    hub.clear_faults()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "models").symlink_to(tmp_path / "home" / "models")
    async with open_home(tmp_path / "other", hub), open_home(tmp_path / "home", hub) as home:
        kept = home.files
        assert any(name.endswith(".part") for name in kept)
        hub.forget_requests()
        home.operations.resume(operation_id)
        assert (await home.operations.wait(operation_id)).reason_code == "FOLDER_LOCKED"
        assert not hub.requests_for("*/resolve/*")
        home.operations.retry(operation_id)
        home.operations.cancel(operation_id)
        await home.operations.wait(operation_id)
        await home.operations.close()
        assert home.files == kept
