"""Importing the user's own GGUF files."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.gguf_files import write_mmproj, write_sharded_llama, write_tiny_llama
from venom_desktop.core.errors import (
    AlreadyInstalled,
    FileMissing,
    InvalidInput,
    ProfileForbidsRuntime,
    UnreadableModelFile,
)
from venom_desktop.core.registry.import_file import ImportFiles
from venom_desktop.core.registry.inventory import Inventory
from venom_desktop.core.registry.manifest import Manifest
from venom_desktop.core.registry.model import ModelMetadata, ModelProvider, ModelStatus
from venom_desktop.core.runtimes.profiles import RuntimeProfile


@pytest.fixture
async def manifest(tmp_path: Path) -> AsyncIterator[Manifest]:
    manifest = Manifest(tmp_path / "models")
    manifest.open()
    yield manifest
    await manifest.close()


@pytest.fixture
def inventory(manifest: Manifest) -> Inventory:
    return Inventory(manifest)


@pytest.fixture
def importing(manifest: Manifest, inventory: Inventory) -> ImportFiles:
    return ImportFiles(manifest=manifest, inventory=inventory, require_runtime=RuntimeProfile.LIGHT.require)


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    folder = tmp_path / "Downloads"
    folder.mkdir()
    return folder


async def test_an_imported_file_is_used_where_it_lies(
    importing: ImportFiles, inventory: Inventory, downloads: Path
) -> None:
    path = write_tiny_llama(downloads / "My Tiny Llama.gguf", context=512)

    key = await importing.import_file(path)

    model = inventory.find(key.name, key.runtime)
    assert (key.name, key.runtime) == ("My-Tiny-Llama", "llama_cpp")
    assert model.local_path == path
    assert model.used_in_place
    assert model.provider is ModelProvider.LOCAL
    assert model.status is ModelStatus.INSTALLED
    assert model.size_bytes == path.stat().st_size
    assert model.capabilities.max_context_length == 512
    assert model.capabilities.supports_system_role is True


async def test_it_is_still_there_after_a_restart(importing: ImportFiles, manifest: Manifest, downloads: Path) -> None:
    path = write_tiny_llama(downloads / "tiny.gguf")
    key = await importing.import_file(path)
    await manifest.close()

    again = Manifest(manifest.models_dir)
    again.open()

    found: ModelMetadata = again[key]
    await again.close()
    assert found.local_path == path


@pytest.mark.parametrize("chosen", [0, 2])
async def test_the_parts_of_a_split_model_are_one_model_whichever_was_chosen(
    importing: ImportFiles, inventory: Inventory, downloads: Path, chosen: int
) -> None:
    parts = write_sharded_llama(downloads, "big", shards=3)

    key = await importing.import_file(parts[chosen])

    model = inventory.find(key.name)
    assert key.name == "big"
    assert model.local_path == parts[0]
    assert model.size_bytes == sum(part.stat().st_size for part in parts)
    assert len(inventory.snapshot.models) == 1


async def test_a_missing_part_is_named(importing: ImportFiles, inventory: Inventory, downloads: Path) -> None:
    parts = write_sharded_llama(downloads, "big", shards=3)
    parts[1].unlink()
    with pytest.raises(InvalidInput, match="big-00002-of-00003"):
        await importing.import_file(parts[0])
    assert inventory.snapshot.models == ()


async def test_a_renamed_part_is_refused(importing: ImportFiles, downloads: Path) -> None:
    part = write_sharded_llama(downloads, "big", shards=3)[0].rename(downloads / "renamed.gguf")
    with pytest.raises(InvalidInput, match="one of 3 files"):
        await importing.import_file(part)


async def test_the_same_file_is_not_imported_twice(
    importing: ImportFiles, inventory: Inventory, downloads: Path
) -> None:
    path = write_tiny_llama(downloads / "tiny.gguf")
    await importing.import_file(path)
    hard = downloads / "other-name.gguf"
    os.link(path, hard)
    for same in (path, downloads / ".." / "Downloads" / "tiny.gguf", hard):
        with pytest.raises(AlreadyInstalled, match="tiny"):
            await importing.import_file(same)
    assert len(inventory.snapshot.models) == 1


async def test_an_installed_models_file_is_not_imported_again(
    importing: ImportFiles, manifest: Manifest, downloads: Path
) -> None:
    path = write_tiny_llama(manifest.models_dir / "model.gguf")
    installed = ModelMetadata(
        name="org/tiny:Q4_K_M",
        provider=ModelProvider.HUGGINGFACE,
        display_name="Tiny",
        runtime="llama_cpp",
        local_path=path,
        files=("model.gguf",),
    )
    await manifest.put(installed)
    with pytest.raises(AlreadyInstalled, match="org/tiny:Q4_K_M"):
        await importing.import_file(path)


async def test_two_files_of_one_name_get_two_names(importing: ImportFiles, downloads: Path) -> None:
    (downloads / "other").mkdir()
    first = await importing.import_file(write_tiny_llama(downloads / "tiny.gguf"))
    second = await importing.import_file(write_tiny_llama(downloads / "other" / "tiny.gguf"))
    assert (first.name, second.name) == ("tiny", "tiny-2")


async def test_what_is_no_model_is_refused_with_the_reason(
    importing: ImportFiles, inventory: Inventory, downloads: Path
) -> None:
    text = downloads / "notes.gguf"
    text.write_text("not a model at all")
    with pytest.raises(UnreadableModelFile, match=r"notes\.gguf"):
        await importing.import_file(text)
    with pytest.raises(FileMissing):
        await importing.import_file(downloads / "gone.gguf")
    with pytest.raises(FileMissing):
        await importing.import_file(downloads)
    assert inventory.snapshot.models == ()


async def test_the_vision_part_alone_is_refused(importing: ImportFiles, downloads: Path) -> None:
    with pytest.raises(InvalidInput, match="vision part"):
        await importing.import_file(write_mmproj(downloads / "mmproj-F16.gguf"))


async def test_a_profile_without_local_runtimes_imports_nothing(
    manifest: Manifest, inventory: Inventory, downloads: Path
) -> None:
    importing = ImportFiles(manifest=manifest, inventory=inventory, require_runtime=RuntimeProfile.LLM_OFF.require)
    with pytest.raises(ProfileForbidsRuntime):
        await importing.import_file(write_tiny_llama(downloads / "tiny.gguf"))
