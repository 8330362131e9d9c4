"""The inventory: what is really here, counted once, published once."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.core.registry.rows import model, with_file
from venom_desktop.core.errors import AmbiguousName, UnknownModel
from venom_desktop.core.registry.inventory import Inventory, InventorySnapshot
from venom_desktop.core.registry.manifest import Manifest
from venom_desktop.core.registry.model import ModelKey, ModelStatus


@pytest.fixture
async def manifest(tmp_path: Path) -> AsyncIterator[Manifest]:
    opened = Manifest(tmp_path / "models")
    opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def inventory(manifest: Manifest) -> Inventory:
    return Inventory(manifest)


def _own_files(manifest: Manifest) -> int:
    """The lists and locks beside the models, which lie on the disk too."""
    return sum(entry.stat().st_size for entry in manifest.models_dir.iterdir() if entry.is_file())


async def test_models_are_sorted_by_the_name_people_see(manifest: Manifest, inventory: Inventory) -> None:
    for name in ("zeta", "Alpha", "beta"):
        await manifest.put(model(name))
    assert [row.display_name for row in inventory.snapshot.models] == ["Alpha", "beta", "zeta"]


async def test_models_are_grouped_by_runtime(manifest: Manifest, inventory: Inventory) -> None:
    await manifest.put(model("a:latest", "ollama"))
    await manifest.put(model("b", "llama_cpp"))
    await manifest.put(model("c:latest", "ollama"))
    groups = inventory.snapshot.by_runtime
    assert [(runtime, [row.name for row in rows]) for runtime, rows in groups.items()] == [
        ("llama_cpp", ["b"]),
        ("ollama", ["a:latest", "c:latest"]),
    ]


async def test_a_model_whose_file_is_gone_is_shown_as_failed_until_it_is_back(
    manifest: Manifest, inventory: Inventory
) -> None:
    row = with_file(manifest.models_dir)
    await manifest.put(row)
    assert (await inventory.refresh()).models[0].status is ModelStatus.INSTALLED
    assert row.local_path is not None
    away = row.local_path.rename(row.local_path.with_name("away"))
    assert (await inventory.refresh()).models[0].status is ModelStatus.FAILED
    assert inventory.find(row.name).status is ModelStatus.FAILED
    assert manifest[row.key].status is ModelStatus.INSTALLED
    away.rename(row.local_path)
    assert (await inventory.refresh()).models[0].status is ModelStatus.INSTALLED


async def test_one_missing_shard_is_enough_to_fail(manifest: Manifest, inventory: Inventory) -> None:
    row = with_file(manifest.models_dir)
    await manifest.put(model(row.name, local_path=row.local_path, files=(*row.files, "huggingface/gone.gguf")))
    assert (await inventory.refresh()).models[0].status is ModelStatus.FAILED


async def test_a_row_written_again_is_not_judged_by_the_scan_before(manifest: Manifest, inventory: Inventory) -> None:
    row = with_file(manifest.models_dir)
    assert row.local_path is not None
    row.local_path.unlink()
    await manifest.put(row)
    await inventory.refresh()
    await manifest.put(with_file(manifest.models_dir, license="mit"))
    assert inventory.find(row.name).status is ModelStatus.INSTALLED


async def test_disk_use_counts_links_once_and_unfinished_downloads_too(
    manifest: Manifest, inventory: Inventory
) -> None:
    row = with_file(manifest.models_dir, size_bytes=1_000)
    await manifest.put(row)
    assert row.local_path is not None
    os.link(row.local_path, row.local_path.with_name("same.gguf"))
    row.local_path.with_name("abc.part").write_bytes(b"x" * 300)
    snapshot = await inventory.refresh()
    assert snapshot.total_bytes == 1_300 + _own_files(manifest)
    assert snapshot.partial_bytes == 300
    assert snapshot.measured


async def test_another_programs_store_counts_once(manifest: Manifest, tmp_path: Path) -> None:
    store = tmp_path / "ollama"
    store.mkdir()
    (store / "blob").write_bytes(b"x" * 500)
    os.link(store / "blob", manifest.models_dir / "linked.gguf")
    inventory = Inventory(manifest, other_folders=lambda: (store,))
    snapshot = await inventory.refresh()
    assert snapshot.total_bytes == _own_files(manifest)
    assert snapshot.total_bytes >= 500


async def test_what_differs_is_published_and_what_does_not_is_not(manifest: Manifest, inventory: Inventory) -> None:
    heard: list[InventorySnapshot] = []
    await inventory.refresh()
    inventory.changed.subscribe(heard.append)
    await inventory.refresh()
    assert heard == []
    await manifest.put(model("a"))
    assert [row.name for row in heard[-1].models] == ["a"]
    key = ModelKey(name="a", runtime="llama_cpp")
    count = len(heard)
    inventory.set_active(key)
    inventory.set_active(key)
    inventory.set_loaded([key])
    inventory.set_loaded([key])
    assert len(heard) == count + 2
    assert heard[-1].active == key
    assert heard[-1].loaded == {key}


async def test_lookups_by_name_say_what_is_missing(manifest: Manifest, inventory: Inventory) -> None:
    await manifest.put(model("a", "llama_cpp"))
    await manifest.put(model("a", "vllm"))
    with pytest.raises(AmbiguousName):
        inventory.find("a")
    assert inventory.find("a", "vllm").runtime == "vllm"
    with pytest.raises(UnknownModel):
        inventory.find("b")


async def test_after_its_end_the_inventory_hears_nothing(manifest: Manifest, inventory: Inventory) -> None:
    heard: list[InventorySnapshot] = []
    inventory.changed.subscribe(heard.append)
    inventory.close()
    await manifest.put(model("a"))
    assert heard == []
