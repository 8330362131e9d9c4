"""Removing, copying, renaming and creating in a runtime's own store, and what is set by hand on its rows."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.core.registry.rows import model
from tests.core.registry.shelf import DONE, WRITING, Shelf, Shop, digest, open_shop
from tests.fakes.gguf_files import write_mmproj, write_sharded_llama
from venom_desktop.core.errors import (
    ActiveModelRenamed,
    AlreadyInstalled,
    FileMissing,
    InvalidInput,
    InvalidName,
    ModelActive,
    OperationRunning,
    RuntimeUnavailable,
    UnknownModel,
    UnreadableModelFile,
    VenomError,
)
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus
from venom_desktop.core.registry.inventory import InventorySnapshot
from venom_desktop.core.registry.model import ModelCapabilities, ModelKey, ModelProvider
from venom_desktop.core.registry.verify import VerifyModels
from venom_desktop.core.runtimes.model_store import PullPhase, PullStep

LLAMA = ModelKey(name="llama3:latest", runtime="ollama")
MINE = ModelKey(name="mine:latest", runtime="ollama")
VISION = ModelCapabilities(supports_vision=True)


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(tmp_path) as shop:
        shop.shelf.put("llama3:latest")
        await shop.shelf.refresh()
        yield shop


async def _remove(shop: Shop, name: str = "llama3") -> ModelOperation:
    return await shop.operations.wait(await shop.removing.remove(name))


async def test_a_model_that_stands_only_in_the_store_is_removed_there(shop: Shop) -> None:
    heard: list[InventorySnapshot] = []
    shop.inventory.changed.subscribe(heard.append)
    done = await _remove(shop)
    assert (done.status, done.error) == (OperationStatus.COMPLETED, None)
    assert shop.unloaded == [LLAMA]
    assert shop.shelf.rows == {}
    assert [snapshot.models for snapshot in heard] == [()]


async def test_a_removal_takes_the_row_out_of_our_list_too(shop: Shop) -> None:
    await shop.manifest.put(model("llama3:latest", "ollama", overrides=VISION))
    await _remove(shop)
    assert LLAMA not in shop.manifest


async def test_the_active_model_is_not_removed(shop: Shop) -> None:
    shop.active = LLAMA
    with pytest.raises(ModelActive):
        await shop.removing.remove("llama3")


async def test_what_another_program_has_removed_already_is_removed(shop: Shop) -> None:
    await shop.manifest.put(model("llama3:latest", "ollama"))
    shop.shelf.rows.clear()
    assert (await _remove(shop)).status is OperationStatus.COMPLETED
    assert LLAMA not in shop.manifest
    assert shop.inventory.snapshot.models == ()


async def test_a_removal_with_the_server_down_loses_nothing(shop: Shop) -> None:
    await shop.manifest.put(model("llama3:latest", "ollama", overrides=VISION))
    shop.shelf.down = True
    failed = await _remove(shop)
    assert failed.reason_code == "RUNTIME_UNAVAILABLE"
    assert shop.manifest[LLAMA].overrides == VISION
    assert shop.inventory.find("llama3").key == LLAMA


async def test_a_copy_is_there_at_once_with_what_was_set_by_hand(shop: Shop) -> None:
    await shop.manifest.put(model("llama3:latest", "ollama", overrides=VISION, revision=digest(1000)))
    heard: list[InventorySnapshot] = []
    shop.inventory.changed.subscribe(heard.append)
    assert await shop.stored.copying.copy("llama3", "mine") == MINE
    copy = shop.inventory.find("mine")
    assert (copy.overrides, copy.revision, copy.display_name) == (VISION, digest(1000), "Mine")
    assert copy.installed_at is not None
    assert shop.inventory.find("llama3").key == LLAMA
    assert len(heard) == 1


async def test_a_new_name_takes_everything_along_and_the_old_one_goes(shop: Shop) -> None:
    await shop.manifest.put(model("llama3:latest", "ollama", overrides=VISION, license="mit"))
    assert await shop.stored.copying.rename("llama3", "mine:latest") == MINE
    row = shop.inventory.find("mine")
    assert (row.overrides, row.license) == (VISION, "mit")
    assert list(shop.shelf.rows) == ["mine:latest"]
    assert LLAMA not in shop.manifest
    assert shop.followed == [(LLAMA, MINE)]
    assert shop.unloaded == [LLAMA]


class SlowShelf(Shelf):
    """A store whose copies take a moment, as those of a server do."""

    async def copy(self, name: str, new_name: str) -> None:
        await asyncio.sleep(0)
        await super().copy(name, new_name)


async def test_of_two_models_that_get_one_name_at_once_none_is_lost(tmp_path: Path) -> None:
    async with open_shop(tmp_path, SlowShelf()) as shop:
        shop.shelf.put("one:latest", number=1)
        shop.shelf.put("two:latest", number=2)
        await shop.shelf.refresh()
        rename = shop.stored.copying.rename
        given, refused = await asyncio.gather(rename("one", "mine"), rename("two", "mine"), return_exceptions=True)
        assert given == MINE
        assert isinstance(refused, AlreadyInstalled)
        assert {name: row.revision for name, row in shop.shelf.rows.items()} == {
            "mine:latest": digest(1),
            "two:latest": digest(2),
        }


async def test_the_active_model_keeps_its_name(shop: Shop) -> None:
    shop.active = LLAMA
    with pytest.raises(ActiveModelRenamed):
        await shop.stored.copying.rename("llama3", "mine")
    assert list(shop.shelf.rows) == ["llama3:latest"]


@pytest.mark.parametrize(
    ("name", "new_name", "error"),
    [
        ("llama3", "../up", InvalidName),
        ("llama3", "llama3:latest", AlreadyInstalled),
        ("nobody", "mine", UnknownModel),
        ("ours", "mine", InvalidInput),
    ],
)
async def test_names_that_cannot_be_are_refused(shop: Shop, name: str, new_name: str, error: type[VenomError]) -> None:
    await shop.manifest.put(model("ours"))
    for verb in (shop.stored.copying.copy, shop.stored.copying.rename):
        with pytest.raises(error):
            await verb(name, new_name)
    assert list(shop.shelf.rows) == ["llama3:latest"]


async def test_a_name_under_which_something_is_being_installed_is_not_given_away(shop: Shop) -> None:
    never = asyncio.Event()
    shop.shelf.scripts.append([never.wait])
    await shop.stored.pulling.install("mine", ModelProvider.OLLAMA, "ollama")
    with pytest.raises(OperationRunning):
        await shop.stored.copying.copy("llama3", "mine")


async def test_a_name_that_another_program_has_just_taken_is_not_written_over(shop: Shop, tiny_llama: Path) -> None:
    shop.shelf.put("mine:latest", number=9)
    for verb in (shop.stored.copying.copy, shop.stored.copying.rename):
        with pytest.raises(AlreadyInstalled):
            await verb("llama3", "mine")
    with pytest.raises(AlreadyInstalled):
        await shop.stored.creating.create(tiny_llama, "mine", "ollama")
    assert shop.shelf.rows["mine:latest"].revision == digest(9)


async def test_what_another_program_has_just_brought_is_found_by_every_verb(shop: Shop) -> None:
    for name in ("new:1", "new:2", "new:3"):
        shop.shelf.put(name, number=9)
        match name:
            case "new:1":
                assert (await _remove(shop, name)).status is OperationStatus.COMPLETED
            case "new:2":
                assert (await shop.stored.copying.copy(name, "copy")).name == "copy:latest"
            case _:
                await shop.operations.wait(await shop.stored.pulling.update(name))
    assert set(shop.shelf.rows) == {"llama3:latest", "new:2", "copy:latest", "new:3"}


async def test_a_model_that_another_program_has_just_removed_can_be_installed(shop: Shop) -> None:
    shop.shelf.rows.clear()
    operation_id = await shop.stored.pulling.install("llama3", ModelProvider.OLLAMA, "ollama")
    assert (await shop.operations.wait(operation_id)).status is OperationStatus.COMPLETED


async def test_a_server_that_is_down_copies_nothing(shop: Shop) -> None:
    shop.shelf.down = True
    with pytest.raises(RuntimeUnavailable):
        await shop.stored.copying.copy("llama3", "mine")
    assert MINE not in shop.manifest


async def test_a_file_of_the_users_own_becomes_a_model(shop: Shop, tiny_llama: Path) -> None:
    size = tiny_llama.stat().st_size
    blob = f"sha256:{digest(1)}"
    shop.shelf.scripts.append(
        [
            PullStep(phase=PullPhase.VERIFYING, done_bytes=size, total_bytes=size),
            PullStep(phase=PullPhase.DOWNLOADING, layer=blob, done_bytes=size, total_bytes=size),
            WRITING,
            DONE,
        ]
    )
    seen: list[ModelOperation] = []
    shop.operations.changed.subscribe(seen.append)
    done = await shop.operations.wait(await shop.stored.creating.create(tiny_llama, "mine", "ollama"))
    assert (done.status, done.error, done.model_name) == (OperationStatus.COMPLETED, None, "mine:latest")
    assert shop.shelf.created == [("mine:latest", tiny_llama)]
    assert {operation.total_bytes for operation in seen} == {2 * size}
    assert shop.inventory.find("mine").provider is ModelProvider.LOCAL
    assert tiny_llama.exists()


async def test_a_creation_goes_on_after_a_pause_from_the_start(shop: Shop, tiny_llama: Path) -> None:
    reached, never = asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        reached.set()
        await never.wait()

    shop.shelf.scripts += [[hang], [WRITING, DONE]]
    operation_id = await shop.stored.creating.create(tiny_llama, "mine", "ollama")
    await reached.wait()
    shop.operations.pause(operation_id)
    await shop.operations.wait(operation_id)
    shop.operations.resume(operation_id)
    assert (await shop.operations.wait(operation_id)).status is OperationStatus.COMPLETED
    assert len(shop.shelf.created) == 2


async def test_what_is_no_model_of_one_file_is_refused_before_anything_begins(
    shop: Shop, tmp_path: Path, tiny_llama: Path
) -> None:
    text = tmp_path / "text.gguf"
    text.write_text("no model")
    create = shop.stored.creating.create
    with pytest.raises(UnreadableModelFile):
        await create(text, "mine", "ollama")
    with pytest.raises(FileMissing):
        await create(tmp_path / "nowhere.gguf", "mine", "ollama")
    with pytest.raises(InvalidInput, match="vision part"):
        await create(write_mmproj(tmp_path / "mmproj.gguf"), "mine", "ollama")
    with pytest.raises(InvalidInput, match="one file"):
        await create(write_sharded_llama(tmp_path, "Big")[0], "mine", "ollama")
    with pytest.raises(InvalidName):
        await create(tiny_llama, "../mine", "ollama")
    with pytest.raises(AlreadyInstalled):
        await create(tiny_llama, "llama3", "ollama")
    with pytest.raises(InvalidInput):
        await create(tiny_llama, "mine", "llama_cpp")
    assert shop.operations.operations == ()


async def test_a_check_of_files_that_a_runtime_keeps_says_who_checks_them(shop: Shop) -> None:
    verifying = VerifyModels(
        operations=shop.operations,
        manifest=shop.manifest,
        inventory=shop.inventory,
        models_dir=shop.manifest.models_dir,
    )
    with pytest.raises(InvalidInput, match="Check for updates"):
        await verifying.verify("llama3")
