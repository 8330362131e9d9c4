"""Removing and verifying what was installed."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.core.registry.home import Home, open_home
from tests.fakes.hub import HubServer
from venom_desktop.core.errors import InvalidInput, InvalidName, ModelActive, UnknownModel
from venom_desktop.core.operations.operation import OperationStatus
from venom_desktop.core.registry.deletion import delete_files
from venom_desktop.core.registry.model import ModelKey, ModelMetadata, ModelProvider, ModelStatus

REPO = "tiny-lab/Tiny-Llama-GGUF"
NAME = f"{REPO}:Q4_K_M"
KEY = ModelKey(name=NAME, runtime="llama_cpp")


@pytest.fixture
async def home(tmp_path: Path, hub: HubServer, tiny_llama: Path) -> AsyncIterator[Home]:
    hub.add_repo(REPO, {"Tiny-Llama-Q4_K_M.gguf": tiny_llama, "Tiny-Llama-Q8_0.gguf": tiny_llama})
    async with open_home(tmp_path / "home", hub) as home:
        operation_id = await home.installing.install(NAME, ModelProvider.HUGGINGFACE, "llama_cpp")
        assert (await home.operations.wait(operation_id)).status is OperationStatus.COMPLETED
        yield home


async def test_a_removed_model_is_gone_from_memory_disk_and_manifest(home: Home) -> None:
    done = await home.operations.wait(await home.removing.remove(NAME))
    assert done.status is OperationStatus.COMPLETED, done.error
    assert home.unloaded == [KEY]
    assert home.files == set()
    assert not (home.models_dir / "huggingface").exists()
    assert NAME not in home.manifest


async def test_the_active_model_cannot_be_removed(home: Home) -> None:
    home.active = KEY
    with pytest.raises(ModelActive):
        await home.removing.remove(NAME)
    assert NAME in home.manifest


async def test_a_neighbour_quantization_stays(home: Home) -> None:
    other = await home.installing.install(f"{REPO}:Q8_0", ModelProvider.HUGGINGFACE, "llama_cpp")
    await home.operations.wait(other)
    await home.operations.wait(await home.removing.remove(NAME))
    path = home.inventory.find(f"{REPO}:Q8_0").local_path
    assert path is not None
    assert path.exists()


async def test_an_unknown_model_is_not_removed(home: Home) -> None:
    with pytest.raises(UnknownModel):
        await home.removing.remove("nobody/here")


@pytest.mark.parametrize("delete_own_file", [False, True])
async def test_a_file_used_in_place_is_only_forgotten_unless_the_user_says_otherwise(
    home: Home, tmp_path: Path, delete_own_file: bool
) -> None:
    own = tmp_path / "mine.gguf"
    own.write_bytes(b"GGUF")
    await home.manifest.put(
        ModelMetadata(
            name="mine",
            provider=ModelProvider.LOCAL,
            display_name="Mine",
            runtime="llama_cpp",
            local_path=own,
            used_in_place=True,
        )
    )
    operation_id = await home.removing.remove("mine", delete_own_file=delete_own_file)
    assert (await home.operations.wait(operation_id)).status is OperationStatus.COMPLETED
    assert own.exists() is not delete_own_file
    assert "mine" not in home.manifest


async def test_deleting_the_users_own_split_model_deletes_every_part(home: Home, tmp_path: Path) -> None:
    parts = [tmp_path / f"mine-0000{number}-of-00002.gguf" for number in (1, 2)]
    neighbour = tmp_path / "mine-00001-of-00003.gguf"
    for path in (*parts, neighbour):
        path.write_bytes(b"GGUF")
    await home.manifest.put(
        ModelMetadata(
            name="mine",
            provider=ModelProvider.LOCAL,
            display_name="Mine",
            runtime="llama_cpp",
            local_path=parts[0],
            used_in_place=True,
        )
    )
    await home.operations.wait(await home.removing.remove("mine", delete_own_file=True))
    assert not any(part.exists() for part in parts)
    assert neighbour.exists()


async def test_a_removal_that_fails_says_why_and_leaves_a_model_that_can_be_removed_again(home: Home) -> None:
    path = home.inventory.find(NAME).local_path
    assert path is not None
    content = path.read_bytes()
    path.unlink()
    path.mkdir()
    failed = await home.operations.wait(await home.removing.remove(NAME))
    assert failed.reason_code == "STORAGE_FAILED"
    path.rmdir()
    path.write_bytes(content)
    assert (await home.inventory.refresh()).models[0].status is ModelStatus.INSTALLED
    assert (await home.operations.wait(await home.removing.remove(NAME))).status is OperationStatus.COMPLETED


async def test_a_removal_that_was_cut_off_in_an_earlier_version_leaves_a_row_that_is_looked_at(home: Home) -> None:
    await home.manifest.put(replace(home.inventory.find(NAME), status=ModelStatus.REMOVING))
    assert home.inventory.find(NAME).status is ModelStatus.INSTALLED


async def test_a_model_moved_to_another_disk_behind_a_link_is_removed_and_its_file_stays(
    home: Home, tmp_path: Path
) -> None:
    path = home.inventory.find(NAME).local_path
    assert path is not None
    moved = path.rename(tmp_path / "moved.gguf")
    path.symlink_to(moved)
    done = await home.operations.wait(await home.removing.remove(NAME))
    assert done.status is OperationStatus.COMPLETED, done.error
    assert moved.exists()
    assert home.files == set()


async def test_files_outside_the_models_folder_are_never_deleted(home: Home, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious.gguf").write_bytes(b"GGUF")
    (home.models_dir / "way").symlink_to(outside)
    for name in ("way/precious.gguf", "../../outside/precious.gguf", str(outside / "precious.gguf"), "..", ""):
        with pytest.raises(InvalidName):
            delete_files(home.models_dir, [name])
    assert (outside / "precious.gguf").exists()


async def test_a_matching_checksum_is_noted_with_its_time(home: Home) -> None:
    before = home.inventory.find(NAME).verified_at
    done = await home.operations.wait(await home.verifying.verify(NAME))
    assert done.status is OperationStatus.COMPLETED, done.error
    after = home.inventory.find(NAME)
    assert before is not None
    assert after.verified_at is not None
    assert after.verified_at > before


async def test_a_changed_byte_is_found_told_and_kept(home: Home) -> None:
    path = home.inventory.find(NAME).local_path
    assert path is not None
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    failed = await home.operations.wait(await home.verifying.verify(NAME))
    assert failed.status is OperationStatus.FAILED
    assert home.inventory.find(NAME).checksum_differs
    assert path.exists()


async def test_a_changed_file_can_be_downloaded_again(home: Home) -> None:
    path = home.inventory.find(NAME).local_path
    assert path is not None
    good = path.read_bytes()
    path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    await home.operations.wait(await home.verifying.verify(NAME))
    again = await home.installing.install(NAME, ModelProvider.HUGGINGFACE, "llama_cpp")
    assert (await home.operations.wait(again)).status is OperationStatus.COMPLETED
    assert path.read_bytes() == good
    assert not home.inventory.find(NAME).checksum_differs


async def test_a_model_without_checksums_says_that_nothing_can_be_compared(home: Home) -> None:
    await home.manifest.put(replace(home.inventory.find(NAME), checksums={}))
    with pytest.raises(InvalidInput, match="no checksum"):
        await home.verifying.verify(NAME)
