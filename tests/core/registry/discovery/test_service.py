"""Finds as the window sees them: offered while nothing lists them, put away and wanted back, looked for once."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.core.registry.finds_home import FindsHome, open_finds_home
from tests.core.registry.shelf import Shelf
from tests.fakes.gguf_files import write_sharded_llama
from tests.fakes.model_folders import cache_repository, store_model, tiny_gguf
from tests.fakes.safetensors_files import repository
from venom_desktop.core.import_errors import UnknownFind
from venom_desktop.core.registry.discovery.found import FoundSnapshot, Origin
from venom_desktop.core.registry.discovery.places import Place
from venom_desktop.core.registry.model import ModelMetadata, ModelProvider
from venom_desktop.core.runtimes.profiles import RuntimeProfile


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "mine"
    path.mkdir()
    return path


@pytest.fixture
async def home(tmp_path: Path, folder: Path) -> AsyncIterator[FindsHome]:
    async with open_finds_home(tmp_path / "home", Place(origin=Origin.FOLDER, folder=folder)) as home:
        yield home


async def test_finds_are_told_with_their_size_each_file_once(home: FindsHome, folder: Path) -> None:
    (folder / "a.gguf").write_bytes(tiny_gguf("A"))
    (folder / "b.gguf").write_bytes(tiny_gguf("B", more=9))
    heard: list[FoundSnapshot] = []
    home.discovery.changed.subscribe(heard.append)

    snapshot = await home.discovery.look()

    assert heard[0].looking
    assert heard[-1] == snapshot
    assert not snapshot.looking
    assert snapshot.looked_at is not None
    assert [model.title for model in snapshot.models] == ["A", "B"]
    assert snapshot.size_bytes == sum(path.stat().st_size for path in folder.iterdir())
    with pytest.raises(UnknownFind):
        home.discovery.get("nothing")


async def test_what_a_row_holds_by_whatever_path_is_not_offered_until_the_row_goes(
    home: FindsHome, folder: Path
) -> None:
    path = home.models_dir / "x" / "model.gguf"
    path.parent.mkdir()
    path.write_bytes(tiny_gguf("Linked"))
    os.link(path, folder / "linked.gguf")
    away = folder.with_name("away")
    away.mkdir()
    parts = write_sharded_llama(away, "parts", shards=2)
    for part in parts:
        os.link(part, folder / part.name)
    fields = {"provider": ModelProvider.LOCAL, "runtime": "llama_cpp"}
    linked = ModelMetadata(name="linked", display_name="l", local_path=path, files=("x/model.gguf",), **fields)  # type: ignore[arg-type]
    in_place = ModelMetadata(name="parts", display_name="p", local_path=parts[0], used_in_place=True, **fields)  # type: ignore[arg-type]
    for row in (linked, in_place):
        await home.manifest.put(row)
    home.places.append(Place(origin=Origin.MODELS_FOLDER, folder=home.models_dir))

    await home.discovery.look()
    assert home.offered == []

    await home.manifest.remove(linked.key)
    await home.manifest.remove(in_place.key)
    assert home.offered == ["Linked", "parts"]


async def test_what_lies_in_the_models_folder_and_in_no_list_is_offered(home: FindsHome) -> None:
    home.places = [Place(origin=Origin.MODELS_FOLDER, folder=home.models_dir)]
    (home.models_dir / "put here by hand.gguf").write_bytes(tiny_gguf("By hand"))
    assert (await home.found()).origin is Origin.MODELS_FOLDER


async def test_one_that_was_put_away_stays_away_and_can_be_wanted_back(
    home: FindsHome, folder: Path, tmp_path: Path
) -> None:
    (folder / os.fsdecode(b"odd\xff.gguf")).write_bytes(tiny_gguf("Odd"))
    model = await home.found()
    await home.discovery.dismiss(model.found_id)
    assert home.offered == []
    await home.discovery.close()
    await home.manifest.close()

    async with open_finds_home(tmp_path / "home", *home.places) as again:
        assert (await again.discovery.look()).models == ()
        assert [one.title for one in again.discovery.snapshot.dismissed] == ["Odd"]
        assert again.discovery.get(model.found_id) == model
        await again.discovery.restore()
        assert again.offered == ["Odd"]


async def test_only_what_the_profile_runs_is_offered(home: FindsHome, folder: Path) -> None:
    (folder / "a.gguf").write_bytes(tiny_gguf("A"))
    contents = {name: content for name, content in repository().items() if isinstance(content, bytes)}
    cache_repository(folder, "tiny-lab/Tiny-Qwen", contents)
    await home.discovery.look()
    assert home.offered == ["A", "Tiny-Qwen"]
    for profile, offered in ((RuntimeProfile.LIGHT, ["A"]), (RuntimeProfile.LLM_OFF, [])):
        home.profile = profile
        home.discovery.judge()
        assert home.offered == offered


async def test_a_model_that_ollama_lists_is_not_offered_from_its_store(tmp_path: Path, folder: Path) -> None:
    store_model(folder, "gemma3:4b", tiny_gguf("Gemma"))
    shelf = Shelf()
    async with open_finds_home(tmp_path / "home", Place(origin=Origin.OLLAMA, folder=folder), store=shelf) as home:
        await home.discovery.look()
        assert home.offered == ["Gemma3 4B"]
        shelf.put("gemma3:4b")
        await shelf.refresh()
        assert home.offered == []


async def test_a_second_look_reads_nothing_again_and_sees_what_came_and_went(home: FindsHome, folder: Path) -> None:
    path = folder / "a.gguf"
    path.write_bytes(tiny_gguf("First"))
    (folder / "b.gguf").write_bytes(tiny_gguf("B", more=1))
    await home.discovery.look()
    status = path.stat()
    content = bytearray(path.read_bytes())
    content[content.index(b"First") : content.index(b"First") + 5] = b"Other"
    path.write_bytes(content)
    os.utime(path, ns=(status.st_mtime_ns, status.st_mtime_ns))
    (folder / "b.gguf").unlink()
    (folder / "c.gguf").write_bytes(tiny_gguf("C", more=2))

    await home.discovery.look()
    assert home.offered == ["C", "First"]

    os.utime(path)
    await home.discovery.look()
    assert home.offered == ["C", "Other"]


async def test_who_asks_while_a_look_is_under_way_waits_for_that_one(home: FindsHome, folder: Path) -> None:
    (folder / "a.gguf").write_bytes(tiny_gguf("A"))
    heard: list[bool] = []
    home.discovery.changed.subscribe(lambda snapshot: heard.append(snapshot.looking))
    first, second = await asyncio.gather(home.discovery.look(), home.discovery.look())
    assert first is second
    assert heard.count(False) <= 2
    assert heard[0]


async def test_closing_ends_a_look_and_begins_none(home: FindsHome, folder: Path) -> None:
    for number in range(50):
        (folder / str(number)).mkdir()
    home.discovery.begin()
    await home.discovery.close()
    home.discovery.begin()
    assert not home.discovery.snapshot.looking


async def test_damaged_notes_are_forgotten_and_a_find_is_offered_again(tmp_path: Path, folder: Path) -> None:
    (folder / "a.gguf").write_bytes(tiny_gguf("A"))
    place = Place(origin=Origin.FOLDER, folder=folder)
    for damage in (b"{", b'{"dismissed": 1}', b'{"dismissed": [], "imports": [{"way": "fly"}]}', b"\xff"):
        (tmp_path / "home").mkdir(exist_ok=True)
        (tmp_path / "home" / "finds.json").write_bytes(damage)
        async with open_finds_home(tmp_path / "home", place) as home:
            await home.discovery.look()
            assert home.offered == ["A"]


async def test_a_title_tells_the_order_and_not_the_folder(home: FindsHome, folder: Path) -> None:
    for name, title in (("z", "alpha"), ("a", "Beta")):
        (folder / f"{name}.gguf").write_bytes(tiny_gguf(title, more=len(title)))
    model = (await home.discovery.look()).models[0]
    assert home.offered == ["alpha", "Beta"]
    assert replace(model, header=None) == model
