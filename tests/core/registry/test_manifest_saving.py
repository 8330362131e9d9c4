"""Saving: in order, together, off the loop, and all or nothing."""

import asyncio
import json
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.core.registry.rows import model
from venom_desktop.core.errors import FolderLocked, InvalidName, StorageFailed, UnknownModel
from venom_desktop.core.files import FolderLock
from venom_desktop.core.registry.manifest import Manifest


class Clock:
    """The manifest asks for the time once a save, from the thread that saves: a place to count and to hold it."""

    def __init__(self) -> None:
        self.threads: list[int] = []
        self.go_on = threading.Event()
        self.go_on.set()
        self.entered = threading.Event()

    def __call__(self) -> datetime:
        self.threads.append(threading.get_ident())
        self.entered.set()
        assert self.go_on.wait(30)
        return datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def manifest(tmp_path: Path, clock: Clock) -> Manifest:
    opened = Manifest(tmp_path, now=clock)
    opened.open()
    return opened


def _on_disk(folder: Path) -> list[str]:
    return [row["name"] for row in json.loads((folder / "manifest.json").read_bytes())["models"]]


def _locked(folder: Path) -> bool:
    lock = FolderLock(folder)
    try:
        lock.acquire()
    except FolderLocked:
        return True
    lock.release()
    return False


async def _until_saving(clock: Clock) -> None:
    await asyncio.to_thread(clock.entered.wait, 30)


async def test_a_put_row_is_on_the_disk_when_put_returns(manifest: Manifest, tmp_path: Path) -> None:
    heard: list[list[str]] = []
    manifest.saved.subscribe(lambda _: heard.append([key.name for key in manifest]))
    await manifest.put(model("a"))
    assert _on_disk(tmp_path) == ["a"]
    assert heard == [["a"]]
    await manifest.close()


async def test_an_ollama_row_gets_ollamas_own_name(manifest: Manifest, tmp_path: Path) -> None:
    await manifest.put(model("llama3", "ollama"))
    assert _on_disk(tmp_path) == ["llama3:latest"]
    assert manifest["llama3"].name == "llama3:latest"
    await manifest.close()


async def test_the_loop_goes_on_while_a_save_waits_for_the_disk(manifest: Manifest, clock: Clock) -> None:
    clock.go_on.clear()
    saving = asyncio.gather(manifest.put(model("a")))
    await _until_saving(clock)
    assert "a" not in manifest
    clock.go_on.set()
    await saving
    assert "a" in manifest
    assert threading.get_ident() not in clock.threads
    await manifest.close()


async def test_changes_made_while_a_save_runs_are_saved_together_and_in_order(
    manifest: Manifest, clock: Clock, tmp_path: Path
) -> None:
    clock.go_on.clear()
    first = asyncio.gather(manifest.put(model("first")))
    await _until_saving(clock)
    others = asyncio.gather(*(manifest.put(model(f"m{number:03}")) for number in range(200)))
    last = asyncio.gather(manifest.remove(model("m007").key), manifest.put(model("m008", license="mit")))
    clock.go_on.set()
    await asyncio.gather(first, others, last)
    assert len(clock.threads) == 2
    assert _on_disk(tmp_path) == ["first", *(f"m{number:03}" for number in range(200) if number != 7)]
    assert manifest["m008"].license == "mit"
    await manifest.close()


async def test_updates_of_one_row_do_not_lose_each_other(manifest: Manifest) -> None:
    key = model("a").key
    await manifest.put(model("a", size_bytes=0))
    await asyncio.gather(
        *(manifest.update(key, lambda row: replace(row, size_bytes=(row.size_bytes or 0) + 1)) for _ in range(50))
    )
    assert manifest[key].size_bytes == 50
    await manifest.close()


async def test_a_cancelled_caller_cuts_off_nobodys_save(manifest: Manifest, clock: Clock, tmp_path: Path) -> None:
    clock.go_on.clear()
    first = asyncio.gather(manifest.put(model("first")))
    await _until_saving(clock)
    second = asyncio.gather(manifest.put(model("second")))
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    clock.go_on.set()
    await second
    assert _on_disk(tmp_path) == ["first", "second"]
    await manifest.close()


async def test_a_save_that_fails_changes_nothing_and_the_next_one_works(manifest: Manifest, tmp_path: Path) -> None:
    await manifest.put(model("a"))
    path = tmp_path / "manifest.json"
    content = path.read_bytes()
    path.unlink()
    path.mkdir()
    (path / "in the way").write_bytes(b"")
    results = await asyncio.gather(manifest.put(model("b")), manifest.remove(model("a").key), return_exceptions=True)
    assert [type(result) for result in results] == [StorageFailed, StorageFailed]
    assert [key.name for key in manifest] == ["a"]
    (path / "in the way").unlink()
    path.rmdir()
    path.write_bytes(content)
    await manifest.put(model("c"))
    assert _on_disk(tmp_path) == ["a", "c"]
    await manifest.close()


async def test_closing_finishes_the_save_that_runs(manifest: Manifest, clock: Clock, tmp_path: Path) -> None:
    clock.go_on.clear()
    saving = asyncio.gather(manifest.put(model("a")))
    await _until_saving(clock)
    closing = asyncio.gather(manifest.close())
    for _ in range(5):
        await asyncio.sleep(0)
    assert _locked(tmp_path)
    clock.go_on.set()
    await asyncio.gather(saving, closing)
    assert not _locked(tmp_path)
    assert _on_disk(tmp_path) == ["a"]
    with pytest.raises(StorageFailed):
        await manifest.put(model("b"))


async def test_a_row_that_is_not_there_can_be_neither_removed_nor_updated(manifest: Manifest) -> None:
    with pytest.raises(UnknownModel):
        await manifest.remove(model("a").key)
    with pytest.raises(UnknownModel):
        await manifest.update(model("a").key, lambda row: row)
    with pytest.raises(InvalidName):
        await manifest.put(model("../a"))
    await manifest.put(model("b"))
    assert len(manifest) == 1
    await manifest.close()


async def test_the_save_of_one_row_does_not_encode_the_others_again(manifest: Manifest, tmp_path: Path) -> None:
    """What keeps a save linear and short: it copies, and encodes only what changed."""
    await asyncio.gather(*(manifest.put(model(f"m{number}")) for number in range(20)))
    before = {row: row.encoded for row in manifest._content.rows.values()}
    await manifest.put(model("m3", license="mit"))
    after = [row for row in manifest._content.rows.values() if row not in before]
    assert [row.model.name for row in after] == ["m3"]
    assert all(row.encoded is text for row, text in before.items())
    await manifest.close()
