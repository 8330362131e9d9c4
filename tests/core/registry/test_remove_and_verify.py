"""Removing and verifying what was installed."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.core.registry.home import Home, open_home
from tests.fakes.hub import HubServer
from venom_desktop.core.errors import InvalidInput, ModelActive, UnknownModel
from venom_desktop.core.operations.operation import OperationStatus
from venom_desktop.core.registry.model import ModelKey, ModelMetadata, ModelProvider

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
