"""The inventory over a runtime's own store: whoever pulls or removes there, what is shown is what is there."""

import json
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.core.registry.rows import SEED_MANIFEST, model, with_file
from tests.core.registry.shelf import Shelf, Shop, digest, open_shop
from venom_desktop.core.errors import ActiveModelGone, AmbiguousName, UnknownModel
from venom_desktop.core.registry.inventory import Inventory, InventorySnapshot
from venom_desktop.core.registry.model import ModelCapabilities, ModelKey, ModelProvider
from venom_desktop.core.registry.store_memory import StoreMemory

LLAMA = ModelKey(name="llama3:latest", runtime="ollama")


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(tmp_path) as shop:
        yield shop


def _names(shop: Shop) -> list[str]:
    return [row.name for row in shop.inventory.snapshot.models]


async def test_models_of_other_programs_appear_and_vanish_by_themselves(shop: Shop) -> None:
    heard: list[InventorySnapshot] = []
    shop.inventory.changed.subscribe(heard.append)
    shop.shelf.put("llama3:latest")
    await shop.shelf.refresh()
    assert [row.name for row in heard[-1].models] == ["llama3:latest"]
    assert shop.inventory.find("llama3").key == LLAMA
    shop.shelf.rows.clear()
    await shop.shelf.refresh()
    assert heard[-1].models == ()
    with pytest.raises(UnknownModel):
        shop.inventory.find("llama3")


async def test_a_look_that_finds_the_same_is_not_published(shop: Shop) -> None:
    shop.shelf.put("llama3:latest")
    await shop.shelf.refresh()
    heard: list[InventorySnapshot] = []
    shop.inventory.changed.subscribe(heard.append)
    await shop.shelf.refresh()
    shop.shelf.down = True
    await shop.shelf.refresh()
    await shop.shelf.refresh()
    assert len(heard) == 1


async def test_what_our_list_knows_is_laid_over_what_the_store_tells(shop: Shop) -> None:
    used = datetime(2026, 1, 2, tzinfo=UTC)
    overrides = ModelCapabilities(supports_vision=True)
    await shop.manifest.put(
        model(
            "llama3:latest",
            "ollama",
            provider=ModelProvider.OLLAMA,
            display_name="My llama",
            last_used_at=used,
            installed_at=used,
            license="mit",
            overrides=overrides,
            capabilities=ModelCapabilities(supports_system_role=True),
        )
    )
    shop.shelf.put("llama3:latest", size_bytes=77)
    await shop.shelf.refresh()
    row = shop.inventory.find("llama3:latest")
    assert (row.display_name, row.license, row.overrides) == ("My llama", "mit", overrides)
    assert (row.last_used_at, row.installed_at) == (used, used)
    assert (row.size_bytes, row.revision) == (77, digest(1000))
    assert row.capabilities.supports_system_role is True
    assert row.capabilities.max_context_length == 4096


async def test_what_was_noted_about_another_content_of_that_name_no_longer_holds(shop: Shop) -> None:
    before = datetime(2026, 1, 2, tzinfo=UTC)
    overrides = ModelCapabilities(supports_vision=True)
    await shop.manifest.put(
        model(
            "llama3:latest",
            "ollama",
            revision=digest(1),
            installed_at=before,
            overrides=overrides,
            capabilities=ModelCapabilities(supports_thinking=True),
        )
    )
    shop.shelf.put("llama3:latest", number=2)
    await shop.shelf.refresh()
    row = shop.inventory.find("llama3:latest")
    assert row.installed_at is None
    assert row.capabilities.supports_thinking is None
    assert row.overrides == overrides


async def test_rows_the_store_does_not_have_are_hidden_and_kept(shop: Shop) -> None:
    await shop.manifest.put(model("elsewhere:latest", "ollama"))
    await shop.manifest.put(model("ours"))
    assert _names(shop) == ["elsewhere:latest", "ours"]
    await shop.shelf.refresh()
    assert _names(shop) == ["ours"]
    assert "elsewhere:latest" in shop.manifest


async def test_a_list_of_the_old_system_is_shown_until_the_store_was_heard(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "manifest.json").write_text(json.dumps(SEED_MANIFEST))
    async with open_shop(tmp_path, Shelf(down=True)) as shop:
        await shop.shelf.refresh()
        assert _names(shop) == ["llama3:latest"]
        view = shop.inventory.snapshot.stores["ollama"]
        assert (view.reachable, view.listed) == (False, False)


async def test_a_server_that_went_away_leaves_its_last_list_marked_unreachable(shop: Shop) -> None:
    shop.shelf.put("llama3:latest")
    await shop.shelf.refresh()
    shop.shelf.down = True
    await shop.shelf.refresh()
    view = shop.inventory.snapshot.stores["ollama"]
    assert _names(shop) == ["llama3:latest"]
    assert (view.reachable, view.listed) == (False, True)
    assert view.read_at is not None
    assert view.error is not None
    assert view.error.reason_code == "RUNTIME_UNAVAILABLE"


async def test_the_last_list_survives_a_restart_with_the_server_down(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        shop.shelf.put("llama3:latest", size_bytes=77)
        shop.shelf.put("hf.co/a/B-GGUF:Q4_0", number=2)
        await shop.shelf.refresh()
        before = shop.inventory.snapshot
    async with open_shop(tmp_path, Shelf(down=True)) as shop:
        await shop.shelf.refresh()
        assert shop.inventory.snapshot.models == before.models
        view = shop.inventory.snapshot.stores["ollama"]
        assert (view.reachable, view.listed) == (False, True)
        assert view.read_at == before.stores["ollama"].read_at


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"ollama": 3}',
        '{"ollama": {"models": [{"name": 3}]}}',
        '{"ollama": {"read_at": 5, "models": []}}',
    ],
)
async def test_a_damaged_memory_is_forgotten(tmp_path: Path, text: str) -> None:
    (tmp_path / "stores.json").write_text(text)
    async with open_shop(tmp_path, Shelf(down=True)) as shop:
        await shop.shelf.refresh()
        assert _names(shop) == []
        shop.shelf.down = False
        shop.shelf.put("llama3:latest")
        await shop.shelf.refresh()
    memory = StoreMemory(tmp_path / "stores.json")
    memory.read()
    listing = memory.last("ollama")
    assert listing is not None
    assert [row.name for row in listing.models] == ["llama3:latest"]


async def test_nothing_of_our_list_is_lost_while_the_server_is_down(tmp_path: Path) -> None:
    overrides = ModelCapabilities(supports_vision=True)
    async with open_shop(tmp_path) as shop:
        await shop.manifest.put(model("llama3:latest", "ollama", overrides=overrides, license="mit"))
    async with open_shop(tmp_path, Shelf(down=True)) as shop:
        await shop.shelf.refresh()
        await shop.inventory.refresh()
        await shop.manifest.put(model("other"))
    async with open_shop(tmp_path) as shop:
        assert shop.manifest[LLAMA].overrides == overrides
        assert shop.manifest[LLAMA].license == "mit"


async def test_settings_made_by_hand_survive_a_removal_by_others_and_a_new_pull(shop: Shop) -> None:
    overrides = ModelCapabilities(supports_vision=True)
    shop.shelf.put("llama3:latest")
    await shop.shelf.refresh()
    row = shop.inventory.find("llama3")
    await shop.manifest.upsert(row, lambda current: replace(current, overrides=overrides))
    shop.shelf.rows.clear()
    await shop.shelf.refresh()
    operation_id = await shop.stored.pulling.install("llama3", ModelProvider.OLLAMA, "ollama")
    await shop.operations.wait(operation_id)
    assert shop.inventory.find("llama3").overrides == overrides


async def test_a_name_is_looked_up_among_what_is_shown(shop: Shop) -> None:
    await shop.manifest.put(model("llama3:latest", "llama_cpp"))
    shop.shelf.put("llama3:latest", number=5)
    shop.shelf.put("hf.co/Org/Repo-GGUF:Q4_K_M")
    await shop.shelf.refresh()
    with pytest.raises(AmbiguousName):
        shop.inventory.find("llama3:latest")
    assert shop.inventory.find("llama3", "ollama").revision == digest(5)
    assert shop.inventory.find("hf.co/org/repo-gguf:q4_k_m").name == "hf.co/Org/Repo-GGUF:Q4_K_M"


async def test_an_active_model_that_another_program_removed_is_reported_and_remembered(shop: Shop) -> None:
    shop.shelf.put("llama3:latest")
    await shop.shelf.refresh()
    shop.inventory.set_active(LLAMA)
    assert shop.inventory.snapshot.active_gone is None
    heard: list[InventorySnapshot] = []
    shop.inventory.changed.subscribe(heard.append)
    shop.shelf.rows.clear()
    await shop.shelf.refresh()
    gone = heard[-1].active_gone
    assert isinstance(gone, ActiveModelGone)
    assert "llama3:latest" in str(gone)
    assert gone.cures
    assert heard[-1].active == LLAMA
    shop.shelf.put("llama3:latest")
    await shop.shelf.refresh()
    assert heard[-1].active_gone is None


async def test_an_active_model_is_not_called_gone_while_its_server_is_down(shop: Shop) -> None:
    shop.inventory.set_active(LLAMA)
    shop.shelf.down = True
    await shop.shelf.refresh()
    assert shop.inventory.snapshot.active_gone is None


async def test_the_folder_of_a_store_counts_once_also_inside_ours(shop: Shop, tmp_path: Path) -> None:
    outside, inside = tmp_path / "ollama", shop.manifest.models_dir / "ollama"
    for folder in (outside, inside):
        folder.mkdir()
        (folder / "blob").write_bytes(b"x" * 500)
    empty = (await shop.inventory.refresh()).total_bytes
    shop.shelf.snapshot = replace(shop.shelf.snapshot, folder=inside, disk_bytes=500)
    assert (await shop.inventory.refresh()).total_bytes == empty
    shop.shelf.snapshot = replace(shop.shelf.snapshot, folder=outside, disk_bytes=500)
    assert (await shop.inventory.refresh()).total_bytes == empty + 500


async def test_a_store_whose_folder_is_unknown_counts_by_what_it_says(shop: Shop) -> None:
    before = (await shop.inventory.refresh()).total_bytes
    shop.shelf.snapshot = replace(shop.shelf.snapshot, disk_bytes=700)
    await shop.shelf.refresh()
    assert (await shop.inventory.refresh()).total_bytes == before + 700


async def test_a_store_that_says_nothing_counts_by_its_rows_each_content_once(shop: Shop) -> None:
    before = (await shop.inventory.refresh()).total_bytes
    shop.shelf.put("llama3:latest", number=1, size_bytes=300)
    shop.shelf.put("llama3:8b", number=1, size_bytes=300)
    shop.shelf.put("other:latest", number=2, size_bytes=50)
    await shop.shelf.refresh()
    assert (await shop.inventory.refresh()).total_bytes == before + 350
    shop.shelf.snapshot = replace(shop.shelf.snapshot, is_here=False)
    await shop.shelf.refresh()
    assert (await shop.inventory.refresh()).total_bytes == before


async def test_what_others_pull_counts_without_another_scan(shop: Shop, tmp_path: Path) -> None:
    folder = tmp_path / "ollama"
    folder.mkdir()
    shop.shelf.snapshot = replace(shop.shelf.snapshot, folder=folder, disk_bytes=0)
    before = (await shop.inventory.refresh()).total_bytes
    shop.shelf.put("llama3:latest", size_bytes=900)
    shop.shelf.snapshot = replace(shop.shelf.snapshot, disk_bytes=900)
    await shop.shelf.refresh()
    assert shop.inventory.snapshot.total_bytes == before + 900


@pytest.mark.skipif(not hasattr(os.stat_result, "st_blocks"), reason="no sparse files to be told from others")
async def test_an_unfinished_blob_counts_by_what_is_written_of_it(shop: Shop, tmp_path: Path) -> None:
    folder = tmp_path / "ollama"
    folder.mkdir()
    with (folder / f"sha256-{digest(1)}-partial").open("wb") as blob:
        blob.truncate(10**9)
    shop.shelf.snapshot = replace(shop.shelf.snapshot, folder=folder)
    assert (await shop.inventory.refresh()).total_bytes < 10**6


async def test_rows_with_files_are_judged_as_before_beside_a_store(shop: Shop) -> None:
    await shop.manifest.put(with_file(shop.manifest.models_dir))
    shop.shelf.put("llama3:latest")
    await shop.shelf.refresh()
    groups = shop.inventory.snapshot.by_runtime
    assert {runtime: len(rows) for runtime, rows in groups.items()} == {"llama_cpp": 1, "ollama": 1}


async def test_several_changes_at_once_are_one(shop: Shop) -> None:
    heard: list[InventorySnapshot] = []
    shop.inventory.changed.subscribe(heard.append)
    with shop.inventory.at_once():
        shop.shelf.put("llama3:latest")
        await shop.shelf.refresh()
        await shop.manifest.put(model("other"))
        assert shop.inventory.find("other").name == "other"
    assert len(heard) == 1
    assert _names(shop) == ["llama3:latest", "other"]


async def test_a_list_opened_anew_is_seen_without_a_word(shop: Shop) -> None:
    inventory = Inventory(shop.manifest)
    assert inventory.snapshot.models == ()
    await shop.manifest.put(model("later"))
    inventory.close()
    shop.manifest.open()
    assert inventory.find("later").name == "later"
