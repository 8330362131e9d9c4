"""Finds come into the list by use in place, link, move and copy, and go back as they were."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.core.registry.finds_home import FindsHome, open_finds_home
from tests.fakes.gguf_files import write_mmproj, write_sharded_llama, write_tiny_llama
from tests.fakes.model_folders import cache_repository, store_model, tiny_gguf
from tests.fakes.safetensors_files import repository
from venom_desktop.core.errors import (
    InvalidInput,
    ModelActive,
    NotEnoughSpace,
    ProfileForbidsRuntime,
    QuotaExceeded,
    UnreadableModelFile,
)
from venom_desktop.core.files import same_volume
from venom_desktop.core.import_errors import (
    CannotUndo,
    ChangedMeanwhile,
    FindGone,
    LinkAcrossDisks,
    OnlyCopyLeft,
    OwnedByOllama,
    PlaceTaken,
)
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus
from venom_desktop.core.registry.discovery.found import Origin
from venom_desktop.core.registry.discovery.places import Place
from venom_desktop.core.registry.imports.record import Way
from venom_desktop.core.registry.imports.transfer import Piece, Transfer
from venom_desktop.core.registry.imports.ways import Preview
from venom_desktop.core.runtimes.profiles import RuntimeProfile

REPOSITORY = {name: content for name, content in repository().items() if isinstance(content, bytes)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "mine"
    path.mkdir()
    return path


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another file system."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or same_volume(memory, tmp_path):
        pytest.skip("there is no second file system here")
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


@pytest.fixture
async def home(tmp_path: Path, folder: Path) -> AsyncIterator[FindsHome]:
    async with open_finds_home(tmp_path / "home", Place(origin=Origin.FOLDER, folder=folder)) as home:
        yield home


async def preview(home: FindsHome, way: Way) -> Preview:
    found = await home.found()
    return next(one for one in await home.imports.previews(found.found_id) if one.way is way)


async def test_a_find_is_used_where_it_lies_with_its_vision_part_and_is_offered_again_when_it_is_removed(
    home: FindsHome, folder: Path
) -> None:
    path = write_tiny_llama(folder / "eyes.gguf")
    projector = write_mmproj(folder / "mmproj-eyes.gguf")
    found = await home.found()

    key = await home.imports.use_in_place(found.found_id)

    row = home.manifest[key]
    assert (row.local_path, row.projector_path, row.used_in_place) == (path, projector, True)
    assert row.capabilities.supports_vision is True
    assert row.capabilities.supports_system_role is True
    assert home.offered == []
    assert not home.imports.can_undo(key)
    await home.stores.operations.wait(await home.removing.remove(key.name))
    assert home.offered == ["eyes"]


async def test_a_folder_of_the_hubs_cache_is_used_in_place_for_vllm(home: FindsHome, folder: Path) -> None:
    snapshot = cache_repository(folder, "tiny-lab/Tiny-Qwen", REPOSITORY)
    key = await home.imports.use_in_place((await home.found()).found_id)
    row = home.manifest[key]
    assert (row.key.name, row.key.runtime, row.local_path) == ("tiny-lab/Tiny-Qwen", "vllm", snapshot)
    assert row.model_class == "Qwen2ForCausalLM"
    assert home.offered == []


async def test_a_second_model_of_a_name_gets_a_number(home: FindsHome, folder: Path) -> None:
    for number in range(2):
        (folder / str(number)).mkdir()
        write_tiny_llama(folder / str(number) / "tiny.gguf", seed=number)
    snapshot = await home.discovery.look()
    keys = [await home.imports.use_in_place(model.found_id) for model in snapshot.models]
    assert sorted(key.name for key in keys) == ["tiny", "tiny-2"]


async def test_a_link_takes_no_space_counts_once_and_leaves_the_original_when_it_is_undone(
    home: FindsHome, folder: Path
) -> None:
    parts = write_sharded_llama(folder, "big", shards=2)
    size = sum(part.stat().st_size for part in parts)
    link = await preview(home, Way.LINK)
    assert (link.frees_bytes, link.needs_bytes, link.counts_bytes, link.problem) == (0, 0, size, None)

    row = await home.take(await home.found(), Way.LINK)

    assert row.files == ("local/big/big-00001-of-00002.gguf", "local/big/big-00002-of-00002.gguf")
    assert all(home.models_dir.joinpath(file).samefile(part) for file, part in zip(row.files, parts, strict=True))
    assert (row.local_path, row.used_in_place) == (home.models_dir / row.files[0], False)
    assert home.stores.inventory.snapshot.total_bytes >= size
    assert home.offered == []
    assert home.imports.can_undo(row.key)

    await home.give_back(row)
    assert home.files == set()
    assert all(part.exists() for part in parts)
    assert row.key not in home.manifest
    assert home.unloaded == [row.key]
    assert home.offered == ["big"]


async def test_a_copy_is_told_with_its_progress_and_the_original_is_not_offered_beside_it(
    tmp_path: Path, folder: Path
) -> None:
    steps: list[ModelOperation] = []
    path = write_tiny_llama(folder / "tiny.gguf")
    place = Place(origin=Origin.FOLDER, folder=folder)
    async with open_finds_home(tmp_path / "home", place, on_step=steps.append) as home:
        size = path.stat().st_size
        assert (await preview(home, Way.COPY)).needs_bytes == size
        row = await home.take(await home.found(), Way.COPY)
        done = [step.done_bytes for step in steps if step.done_bytes is not None]
        assert done == sorted(done)
        assert (done[-1], steps[-1].total_bytes) == (size, size)
        assert home.models_dir.joinpath(row.files[0]).read_bytes() == path.read_bytes()
        assert home.offered == []
    async with open_finds_home(tmp_path / "home", place) as again:
        await again.discovery.look()
        assert again.offered == []
        await again.give_back(row)
        assert again.offered == ["tiny"]
        assert again.files == set()
        assert path.exists()


@pytest.mark.parametrize("across", [False, True])
async def test_a_move_out_of_the_hubs_cache_takes_blob_and_link_and_brings_both_back(
    home: FindsHome, folder: Path, request: pytest.FixtureRequest, across: bool
) -> None:
    top = request.getfixturevalue("elsewhere") if across else folder
    home.places = [Place(origin=Origin.HUGGING_FACE, folder=top)]
    content = tiny_gguf()
    snapshot = cache_repository(top, "tiny-lab/Tiny-GGUF", {"tiny-Q4_K_M.gguf": content, "README.md": b"x"})
    link = snapshot / "tiny-Q4_K_M.gguf"
    text, blob = link.readlink(), link.resolve()
    move = await preview(home, Way.MOVE)
    assert (move.frees_bytes, move.needs_bytes) == ((len(content), len(content)) if across else (0, 0))

    row = await home.take(await home.found(), Way.MOVE)

    assert row.name == "tiny-lab/Tiny-GGUF:Q4_K_M"
    assert home.files == {"local/tiny-lab-Tiny-GGUF-Q4_K_M/tiny-lab-Tiny-GGUF-Q4_K_M.gguf"}
    assert not os.path.lexists(link)
    assert not blob.exists()
    assert (snapshot / "README.md").exists()
    assert home.offered == []

    await home.give_back(row)
    assert link.readlink() == text
    assert link.read_bytes() == content
    assert home.files == set()
    assert home.offered == ["Tiny"]


async def test_a_folder_for_vllm_moves_with_what_belongs_to_it_and_nothing_else(home: FindsHome, folder: Path) -> None:
    files = {**REPOSITORY, "twin.txt": b"left", "special_tokens_map.json": REPOSITORY["vocab.json"]}
    snapshot = cache_repository(folder, "tiny-lab/Tiny-Qwen", files)
    row = await home.take(await home.found(), Way.MOVE)
    assert row.local_path == home.models_dir / "local" / "tiny-lab-Tiny-Qwen"
    assert {Path(file).name for file in row.files} == set(files) - {"twin.txt"}
    assert [path.name for path in snapshot.iterdir()] == ["twin.txt"]
    await home.give_back(row)
    assert {path.name: path.read_bytes() for path in snapshot.iterdir()} == files


async def test_across_disks_a_link_is_refused_before_it_is_tried_and_a_move_says_what_it_frees(
    home: FindsHome, elsewhere: Path
) -> None:
    home.places = [Place(origin=Origin.FOLDER, folder=elsewhere)]
    path = write_tiny_llama(elsewhere / "tiny.gguf")
    size = path.stat().st_size
    assert isinstance((await preview(home, Way.LINK)).problem, LinkAcrossDisks)
    assert ((await preview(home, Way.MOVE)).frees_bytes, (await preview(home, Way.COPY)).frees_bytes) == (size, 0)
    with pytest.raises(LinkAcrossDisks):
        await home.imports.start((await home.found()).found_id, Way.LINK)
    os.link(path, elsewhere / "second name.bin")
    assert (await preview(home, Way.MOVE)).frees_bytes == 0


async def test_ollamas_own_files_are_never_moved_and_count_once_as_a_link(home: FindsHome, folder: Path) -> None:
    home.places = [Place(origin=Origin.OLLAMA, folder=folder)]
    blob = store_model(folder, "gemma3:4b", write_tiny_llama(folder / "w").read_bytes())
    assert isinstance((await preview(home, Way.MOVE)).problem, OwnedByOllama)
    row = await home.take(await home.found(), Way.LINK)
    assert (home.models_dir / row.files[0]).samefile(blob)
    assert (row.name, row.display_name) == ("gemma3-4b", "Gemma3 4B")


async def test_what_lies_in_the_models_folder_can_only_be_used_there(home: FindsHome) -> None:
    home.places = [Place(origin=Origin.MODELS_FOLDER, folder=home.models_dir)]
    write_tiny_llama(home.models_dir / "by-hand.gguf")
    found = await home.found()
    assert [one.way for one in await home.imports.previews(found.found_id)] == [Way.IN_PLACE]
    with pytest.raises(InvalidInput, match="Use it in place"):
        await home.imports.start(found.found_id, Way.COPY)
    row = home.manifest[await home.imports.use_in_place(found.found_id)]
    assert row.used_in_place


async def test_a_full_quota_is_said_before_and_refuses_link_and_copy_alike(home: FindsHome, folder: Path) -> None:
    write_tiny_llama(folder / "tiny.gguf")
    home.limit_bytes = 1000
    found = await home.found()
    for way in (Way.LINK, Way.MOVE, Way.COPY):
        assert isinstance((await preview(home, way)).problem, QuotaExceeded)
        with pytest.raises(QuotaExceeded):
            await home.imports.start(found.found_id, way)
    assert (await preview(home, Way.IN_PLACE)).problem is None


async def test_space_that_is_gone_when_the_work_begins_fails_it_with_nothing_changed(
    home: FindsHome, folder: Path
) -> None:
    path = write_tiny_llama(folder / "tiny.gguf")
    started = await home.imports.start((await home.found()).found_id, Way.COPY)
    home.limit_bytes = 1000
    done = await home.ended(started)
    assert (done.status, done.reason_code) == (OperationStatus.FAILED, QuotaExceeded.reason_code)
    assert home.files == set()
    assert path.exists()
    home.limit_bytes = None
    home.stores.operations.retry(started)
    assert (await home.ended(started)).status is OperationStatus.COMPLETED


async def test_a_cancelled_import_leaves_nothing_and_the_source_whole(tmp_path: Path, folder: Path) -> None:
    parts = write_sharded_llama(folder, "big", shards=3)
    before = [part.read_bytes() for part in parts]

    place = Place(origin=Origin.FOLDER, folder=folder)
    async with open_finds_home(tmp_path / "home", place) as home:

        def cancel(operation: ModelOperation) -> None:
            if operation.status is OperationStatus.IN_PROGRESS and operation.done_bytes:
                home.stores.operations.cancel(operation.operation_id)

        home.stores.operations.changed.subscribe(cancel)
        done = await home.ended(await home.imports.start((await home.found()).found_id, Way.COPY))
        assert done.status is OperationStatus.CANCELLED
        assert home.offered == ["big"]
        assert home.files == set()
        assert [part.read_bytes() for part in parts] == before
    async with open_finds_home(tmp_path / "home", place) as again:
        assert again.memory.decisions.imports == ()


@pytest.mark.parametrize("way", [Way.COPY, Way.LINK])
async def test_what_has_changed_meanwhile_is_said_and_what_was_brought_goes_back(
    home: FindsHome, folder: Path, way: Way
) -> None:
    parts = write_sharded_llama(folder, "big", shards=2)
    started = await home.imports.start((await home.found()).found_id, way)
    with parts[1].open("ab") as file:
        file.write(b"more")
    done = await home.ended(started)
    assert done.reason_code == "CHANGED_MEANWHILE"
    assert home.files == set()
    assert home.offered == ["big"]


async def test_what_has_gone_is_said_and_offered_no_more(home: FindsHome, folder: Path) -> None:
    path = write_tiny_llama(folder / "tiny.gguf")
    found = await home.found()
    path.unlink()
    for work in (home.imports.previews(found.found_id), home.imports.use_in_place(found.found_id)):
        with pytest.raises(FindGone, match=r"tiny\.gguf"):
            await work
    await home.discovery.look()
    assert home.offered == []


def test_a_file_that_changes_while_it_is_copied_is_not_kept(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "to" / "target"
    source.write_bytes(bytes(2_500_000))
    status = source.stat()
    piece = Piece(source=source, target=target, size_bytes=status.st_size, written_ns=status.st_mtime_ns, way=Way.COPY)
    transfer = Transfer((piece,), slice_s=0)
    assert transfer.advance() == 1 << 20
    os.utime(source)
    transfer.advance()
    with pytest.raises(ChangedMeanwhile):
        transfer.advance()
    assert not target.exists()
    transfer.take_back()
    assert list(target.parent.iterdir()) == []
    assert transfer.advance() == status.st_size


async def test_a_file_that_turns_out_to_be_cut_off_is_refused_before_anything_moves(
    home: FindsHome, folder: Path
) -> None:
    whole = write_tiny_llama(folder / "cut.gguf").read_bytes()
    (folder / "cut.gguf").write_bytes(whole[: whole.index(b"tokenizer.ggml.tokens") + 40])
    found = await home.found()
    for work in (home.imports.use_in_place(found.found_id), home.imports.start(found.found_id, Way.MOVE)):
        with pytest.raises(UnreadableModelFile, match=r"cut\.gguf"):
            await work
    assert (folder / "cut.gguf").exists()


async def test_the_profile_of_now_decides(home: FindsHome, folder: Path) -> None:
    write_tiny_llama(folder / "tiny.gguf")
    found = await home.found()
    home.profile = RuntimeProfile.LLM_OFF
    with pytest.raises(ProfileForbidsRuntime):
        await home.imports.use_in_place(found.found_id)
    with pytest.raises(ProfileForbidsRuntime):
        await home.imports.start(found.found_id, Way.LINK)


async def test_the_only_copy_left_and_a_changed_one_are_never_given_back(home: FindsHome, folder: Path) -> None:
    path = write_tiny_llama(folder / "tiny.gguf")
    for way in (Way.LINK, Way.COPY):
        row = await home.take(await home.found(), way)
        kept = path.rename(folder / "elsewhere.bin")
        with pytest.raises(OnlyCopyLeft):
            await home.imports.undo(row.name)
        kept.rename(path)
        if way is Way.COPY:
            target = home.models_dir / row.files[0]
            os.utime(target)
            with pytest.raises(CannotUndo, match="no longer as it was"):
                await home.imports.undo(row.name)
            assert target.exists()
        else:
            await home.give_back(row)


async def test_the_active_model_is_not_given_back(home: FindsHome, folder: Path) -> None:
    write_tiny_llama(folder / "tiny.gguf")
    row = await home.take(await home.found(), Way.LINK)
    home.active = row.key
    with pytest.raises(ModelActive):
        await home.imports.undo(row.name)


async def test_nothing_goes_back_over_another_file_or_onto_a_full_disk(home: FindsHome, folder: Path) -> None:
    path = write_tiny_llama(folder / "tiny.gguf")
    row = await home.take(await home.found(), Way.MOVE)
    path.write_text("mine now")
    with pytest.raises(PlaceTaken, match=r"tiny\.gguf"):
        await home.imports.undo(row.name)
    assert path.read_text() == "mine now"
    assert home.models_dir.joinpath(row.files[0]).exists()


async def test_what_a_crash_cut_off_is_taken_back_at_the_next_start(tmp_path: Path, folder: Path) -> None:
    parts = write_sharded_llama(folder, "big", shards=2)
    before = [part.read_bytes() for part in parts]
    place = Place(origin=Origin.FOLDER, folder=folder)
    for way in (Way.MOVE, Way.COPY, Way.LINK):
        async with open_finds_home(tmp_path / "home", place) as home:
            row = await home.take(await home.found(), way)
            record = home.memory.import_of(row.key)
            assert record is not None
            # As it stood before the row was written: the first file brought, the second under way.
            await home.manifest.remove(row.key)
            await home.memory.put(replace(record, done=False))
            second = home.models_dir / row.files[1]
            if way is Way.MOVE:
                second.rename(parts[1])
            else:
                second.unlink()
            second.with_name(second.name + ".part").write_bytes(b"half")
        async with open_finds_home(tmp_path / "home", place) as again:
            assert again.files == set()
            assert [part.read_bytes() for part in parts] == before
            assert again.memory.decisions.imports == ()
            await again.discovery.look()
            assert again.offered == ["big"]


async def test_a_move_that_a_crash_cut_off_after_its_row_was_written_is_ended(tmp_path: Path, folder: Path) -> None:
    path = write_tiny_llama(folder / "tiny.gguf")
    place = Place(origin=Origin.FOLDER, folder=folder)
    async with open_finds_home(tmp_path / "home", place) as home:
        row = await home.take(await home.found(), Way.MOVE)
        record = home.memory.import_of(row.key)
        assert record is not None
        await home.memory.put(replace(record, done=False))
    async with open_finds_home(tmp_path / "home", place) as again:
        assert again.imports.can_undo(row.key)
        await again.give_back(row)
    assert path.exists()


async def test_a_move_back_onto_a_disk_without_room_is_refused(home: FindsHome, elsewhere: Path) -> None:
    home.places = [Place(origin=Origin.FOLDER, folder=elsewhere)]
    size = shutil.disk_usage(elsewhere).free
    path = elsewhere / "tiny.gguf"
    write_tiny_llama(path)
    row = await home.take(await home.found(), Way.MOVE)
    record = home.memory.import_of(row.key)
    assert record is not None
    # Larger than the disk it came from, without the bytes: a hole takes none.
    target = home.models_dir / row.files[0]
    os.truncate(target, size * 2)
    written = target.stat()
    files = (replace(record.files[0], size_bytes=written.st_size, target_written_ns=written.st_mtime_ns),)
    await home.memory.put(replace(record, files=files))
    with pytest.raises(NotEnoughSpace):
        await home.imports.undo(row.name)
    assert not path.exists()
