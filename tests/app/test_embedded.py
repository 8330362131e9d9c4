"""The registry as a script uses it: SPEC section 2, over a real hub stand-in, worker and engine."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.gguf_files import write_tiny_llama
from tests.fakes.hub import HubServer
from venom_desktop import ModelProvider, ModelRegistry, OperationStatus
from venom_desktop.core.errors import FolderLocked, InvalidInput, QuotaExceeded

REPO = "tiny-lab/Tiny-Llama-GGUF"
NAME = f"{REPO}:Q8_0"


@pytest.fixture
def models_dir(tmp_path: Path, hub: HubServer, tiny_llama: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    hub.add_repo(REPO, {"Tiny-Llama-Q8_0.gguf": tiny_llama})
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    return tmp_path / "models"


async def test_a_script_lists_installs_activates_and_removes(models_dir: Path) -> None:
    registry = ModelRegistry(models_dir=models_dir)
    models = await registry.list_available_models(provider=ModelProvider.HUGGINGFACE, limit=20)
    assert [model.model_name for model in models] == [REPO]
    operation_id = await registry.install_model(model_name=NAME, provider="huggingface", runtime="llama_cpp")
    done = await registry.wait(operation_id)
    assert done.status is OperationStatus.COMPLETED, done.error
    assert registry.get_operation_status(operation_id).progress == 100.0
    assert registry.manifest[NAME].license == "apache-2.0"
    assert registry.get_model_capabilities(NAME).supports_system_role is True
    assert await registry.activate_model(NAME, "llama_cpp")
    await registry.deactivate()
    removed = await registry.wait(await registry.remove_model(NAME))
    assert removed.status is OperationStatus.COMPLETED, removed.error
    assert json.loads((models_dir / "manifest.json").read_bytes())["models"] == []
    await registry.close()


async def test_the_quota_is_asked_in_gigabytes(models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_STORAGE_GB", "5")
    async with ModelRegistry(models_dir=models_dir) as registry:
        assert registry.check_storage_quota(additional_size_gb=4.9)
        with pytest.raises(QuotaExceeded):
            registry.check_storage_quota(additional_size_gb=5.1)


async def test_a_script_takes_over_what_is_here_and_gives_it_back(models_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "user-home" / ".lmstudio" / "models" / "org" / "Tiny-GGUF"
    folder.mkdir(parents=True)
    path = write_tiny_llama(folder / "tiny-Q8_0.gguf")
    registry = ModelRegistry(models_dir=models_dir)
    [found] = await registry.find_on_disk()
    assert found.path == path
    with pytest.raises(InvalidInput, match="in_place, link, move, copy"):
        await registry.import_found(found.found_id, "steal")
    done = await registry.wait(await registry.import_found(found.found_id, "link"))
    assert done.status is OperationStatus.COMPLETED, done.error
    assert registry.manifest["org/Tiny-GGUF:Q8_0"].local_path == models_dir / registry.manifest[found.name].files[0]
    undone = await registry.wait(await registry.undo_import(found.name))
    assert undone.status is OperationStatus.COMPLETED, undone.error
    assert [model.found_id for model in await registry.find_on_disk(refresh=True)] == [found.found_id]
    await registry.close()


async def test_a_second_registry_on_the_folder_reads_and_says_who_holds_it(models_dir: Path) -> None:
    holder = (
        "import asyncio, sys\n"
        "from venom_desktop import ModelRegistry\n"
        "async def hold():\n"
        "    async with ModelRegistry(models_dir=sys.argv[1]):\n"
        "        print('held', flush=True)\n"
        "        await asyncio.to_thread(sys.stdin.read)\n"
        "asyncio.run(hold())\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", holder, str(models_dir), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"held\n"
    async with ModelRegistry(models_dir=models_dir) as second:
        with pytest.raises(FolderLocked, match=str(process.pid)):
            await second.install_model(NAME)
    await process.communicate(b"")


async def test_a_registry_that_only_read_gives_the_folder_back_when_it_is_closed(models_dir: Path) -> None:
    reader = ModelRegistry(models_dir=models_dir)
    assert len(reader.manifest) == 0
    await reader.close()
    async with ModelRegistry(models_dir=models_dir) as writer:
        assert (await writer.wait(await writer.install_model(NAME))).status is OperationStatus.COMPLETED


async def test_verifying_starts_the_registry_like_every_other_verb(models_dir: Path) -> None:
    async with ModelRegistry(models_dir=models_dir) as first:
        await first.wait(await first.install_model(NAME))
    second = ModelRegistry(models_dir=models_dir)
    done = await second.wait(await second.verify_model(NAME))
    assert done.status is OperationStatus.COMPLETED, done.error
    await second.close()


def test_the_public_door_imports_no_qt_and_nothing_heavy() -> None:
    code = (
        "import sys, venom_desktop\n"
        "heavy = {'PySide6', 'httpx', 'pydantic', 'huggingface_hub', 'keyring', 'fastapi', 'qasync'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "from venom_desktop import ModelRegistry, ModelProvider\n"
        "assert not {'PySide6', 'qasync', 'fastapi'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
