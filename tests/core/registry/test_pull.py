"""Installing by a server's own pull: what is shown while it runs, what it survives, and what is noted at its end."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.core.registry.shelf import (
    DONE,
    MANIFEST,
    VERIFYING,
    WRITING,
    Line,
    Shelf,
    Shop,
    digest,
    layer,
    open_shop,
    remote,
)
from venom_desktop.core.errors import (
    AlreadyInstalled,
    ChecksumMismatch,
    DiskFull,
    DownloadInterrupted,
    InvalidInput,
    InvalidName,
    OperationRunning,
    ProfileForbidsRuntime,
    ProgramMissing,
    RequestRefused,
    RuntimeTooOld,
    RuntimeUnavailable,
    SourceUnreachable,
    UnknownLibraryModel,
    UnknownRuntime,
    VenomError,
)
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus
from venom_desktop.core.registry.inventory import InventorySnapshot
from venom_desktop.core.registry.model import ModelKey, ModelProvider
from venom_desktop.core.registry.patience import Patience
from venom_desktop.core.runtimes.profiles import RuntimeProfile

OLLAMA, HUGGING_FACE = ModelProvider.OLLAMA, ModelProvider.HUGGINGFACE
LLAMA = ModelKey(name="llama3:latest", runtime="ollama")


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(tmp_path) as shop:
        await shop.shelf.refresh()
        shop.registries.models["llama3:latest"] = remote("llama3:latest", 100, 20)
        yield shop


async def _install(shop: Shop, name: str = "llama3", provider: ModelProvider = OLLAMA) -> ModelOperation:
    return await shop.operations.wait(await shop.stored.pulling.install(name, provider, "ollama"))


def _watched(shop: Shop) -> list[ModelOperation]:
    seen: list[ModelOperation] = []
    shop.operations.changed.subscribe(seen.append)
    return seen


async def test_an_install_tells_each_layer_and_ends_with_a_row(shop: Shop) -> None:
    shop.shelf.scripts.append(
        [MANIFEST, layer(1, 50, 100), layer(1, 100, 100), layer(2, 20, 20), VERIFYING, WRITING, DONE]
    )
    seen = _watched(shop)
    done = await _install(shop)
    assert (done.status, done.error, done.progress) == (OperationStatus.COMPLETED, None, 100.0)
    assert (done.message, done.done_bytes, done.total_bytes) == ("Verified and ready", 120, 120)
    words = list(dict.fromkeys(operation.message for operation in seen))
    expected = ["Downloading layer 1 of 2", "Downloading layer 2 of 2", "Verifying", "Recording", "Verified and ready"]
    assert [word for word in words if word in expected] == expected
    row = shop.manifest[LLAMA]
    assert (row.revision, row.provider, row.source_revision) == (digest(1000), OLLAMA, None)
    assert row.installed_at is not None
    assert shop.inventory.find("llama3").capabilities.max_context_length == 4096


async def test_the_total_is_known_before_the_server_says_a_word(shop: Shop) -> None:
    totals: list[int | None] = []

    async def look() -> None:
        totals.append(shop.operations.operations[0].total_bytes)

    shop.shelf.scripts.append([look, MANIFEST, DONE])
    await _install(shop)
    assert totals == [120]


async def test_progress_never_runs_backwards_though_layers_come_in_any_order_and_totals_late(shop: Shop) -> None:
    shop.registries.failure = SourceUnreachable(source="The registry")
    steps: list[Line] = [
        MANIFEST,
        layer(2, 5, None),
        layer(1, 0, None),
        layer(1, 40, 100),
        layer(2, 20, 20),
        layer(1, 30, 100),
    ]
    shop.shelf.scripts.append([*steps, layer(1, 100, 100), layer(1, 2, 100), VERIFYING, WRITING, DONE])
    seen = _watched(shop)
    done = await _install(shop)
    assert done.status is OperationStatus.COMPLETED, done.error
    bytes_done = [operation.done_bytes for operation in seen if operation.done_bytes is not None]
    assert bytes_done == sorted(bytes_done)
    shares = [operation.progress for operation in seen if operation.progress is not None]
    assert shares == sorted(shares)
    assert [o.progress for o in seen if o.message.startswith("Downloading")] == [None] * 7


async def test_what_an_install_changes_is_published_once(shop: Shop) -> None:
    heard: list[InventorySnapshot] = []
    shop.inventory.changed.subscribe(lambda snapshot: heard.append(snapshot) if snapshot.models else None)
    await _install(shop)
    assert len(heard) == 1
    assert [row.key for row in heard[0].models] == [LLAMA]
    assert heard[0].models[0].installed_at is not None


async def test_a_stream_without_an_end_is_asked_for_again_and_then_given_up(shop: Shop) -> None:
    broken = DownloadInterrupted(source="Ollama")
    shop.shelf.scripts += [[MANIFEST, broken] for _ in range(20)]
    failed = await _install(shop)
    assert (failed.status, failed.reason_code) == (OperationStatus.FAILED, "DOWNLOAD_INTERRUPTED")
    assert len(shop.shelf.pulled) == 3
    assert LLAMA not in shop.manifest


async def test_a_stream_that_breaks_off_again_and_again_goes_on_while_bytes_come(shop: Shop) -> None:
    broken = DownloadInterrupted(source="Ollama")
    shop.shelf.scripts += [[MANIFEST, layer(1, 10 * n, 100), layer(1, 10 * n + 5, 100), broken] for n in range(10)]
    done = await _install(shop)
    assert done.status is OperationStatus.COMPLETED, done.error
    assert len(shop.shelf.pulled) == 11


@pytest.mark.parametrize(
    "error",
    [
        ChecksumMismatch(file_name="sha256:1"),
        DiskFull(),
        UnknownLibraryModel(source="The library", model_name="llama3:latest"),
        RuntimeTooOld(runtime="Ollama", version="0.1", model_name="llama3"),
        RequestRefused(source="Ollama", problem="no"),
        SourceUnreachable(source="The registry"),
    ],
    ids=lambda error: error.reason_code,
)
async def test_an_error_inside_the_stream_ends_the_install_by_its_name(shop: Shop, error: VenomError) -> None:
    shop.shelf.scripts.append([MANIFEST, error])
    failed = await _install(shop)
    assert (failed.status, failed.reason_code) == (OperationStatus.FAILED, error.reason_code)
    assert len(shop.shelf.pulled) == 1
    assert LLAMA not in shop.manifest
    assert shop.stored.stores.promised.total() == 0


async def test_a_registry_that_goes_away_after_the_first_bytes_is_waited_for(shop: Shop) -> None:
    gone = SourceUnreachable(source="registry.example")
    shop.shelf.scripts.append([MANIFEST, layer(1, 10, 100), layer(1, 20, 100), gone])
    seen = _watched(shop)
    assert (await _install(shop)).status is OperationStatus.COMPLETED
    assert any(operation.message == "Waiting for registry.example" for operation in seen)


async def test_a_server_killed_in_the_middle_and_back_goes_on_pulling(shop: Shop) -> None:
    async def die() -> None:
        shop.shelf.down = True

    shop.shelf.scripts.append(
        [MANIFEST, layer(1, 0, 100), layer(1, 60, 100), die, DownloadInterrupted(source="Ollama")]
    )
    waits = 0

    def look(operation: ModelOperation) -> None:
        nonlocal waits
        waits += operation.message == "Waiting for Ollama"
        if waits == 8:
            shop.shelf.down = False

    shop.operations.changed.subscribe(look)
    shop.shelf.scripts.append([MANIFEST, layer(1, 5, 100), layer(1, 100, 100), VERIFYING, DONE])
    seen = _watched(shop)
    done = await _install(shop)
    assert (done.status, done.done_bytes) == (OperationStatus.COMPLETED, 120)
    bytes_done = [operation.done_bytes for operation in seen if operation.done_bytes is not None]
    assert bytes_done == sorted(bytes_done)
    assert waits >= 8


async def test_a_server_that_does_not_come_back_is_given_up_by_name(tmp_path: Path) -> None:
    async with open_shop(tmp_path, patience=Patience(away_s=0.0)) as shop:
        shop.shelf.scripts += [[MANIFEST, layer(1, 1, 100), RuntimeUnavailable(runtime="Ollama")]]
        assert (await _install(shop)).reason_code == "RUNTIME_UNAVAILABLE"


@pytest.mark.parametrize("error", [RuntimeUnavailable(runtime="Ollama"), ProgramMissing(runtime="Ollama")])
async def test_a_server_that_never_answered_is_not_waited_for(shop: Shop, error: VenomError) -> None:
    shop.shelf.scripts.append([error])
    failed = await _install(shop)
    assert failed.reason_code == error.reason_code
    assert len(shop.shelf.pulled) == 1


async def test_a_pause_closes_the_stream_and_going_on_pulls_again(shop: Shop) -> None:
    reached, never = asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        reached.set()
        await never.wait()

    shop.shelf.scripts.append([MANIFEST, layer(1, 0, 100), layer(1, 70, 100), hang])
    operation_id = await shop.stored.pulling.install("llama3", OLLAMA, "ollama")
    await reached.wait()
    shop.operations.pause(operation_id)
    paused = await shop.operations.wait(operation_id)
    assert (paused.status, paused.done_bytes) == (OperationStatus.PAUSED, 70)
    assert shop.shelf.closed_early == 1
    assert shop.stored.stores.promised.total() == 0
    seen = _watched(shop)
    shop.shelf.scripts.append([MANIFEST, layer(1, 60, 100), layer(1, 80, 100), VERIFYING, DONE])
    shop.operations.resume(operation_id)
    assert (await shop.operations.wait(operation_id)).status is OperationStatus.COMPLETED
    assert min(operation.done_bytes or 0 for operation in seen) >= 70
    assert shop.shelf.pulled == ["llama3:latest"] * 2


async def test_a_cancelled_install_leaves_no_row(shop: Shop) -> None:
    reached, never = asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        reached.set()
        await never.wait()

    shop.shelf.scripts.append([MANIFEST, layer(1, 70, 100), hang])
    operation_id = await shop.stored.pulling.install("llama3", OLLAMA, "ollama")
    await reached.wait()
    shop.operations.cancel(operation_id)
    assert (await shop.operations.wait(operation_id)).status is OperationStatus.CANCELLED
    assert shop.shelf.closed_early == 1
    assert LLAMA not in shop.manifest


async def test_two_installs_of_one_model_are_one_too_many(shop: Shop) -> None:
    never = asyncio.Event()
    shop.shelf.scripts.append([MANIFEST, never.wait])
    await shop.stored.pulling.install("llama3", OLLAMA, "ollama")
    for name in ("llama3", "llama3:latest"):
        with pytest.raises(OperationRunning):
            await shop.stored.pulling.install(name, OLLAMA, "ollama")


async def test_a_choice_that_another_install_has_made_already_ends(shop: Shop) -> None:
    shop.hub.add("org/Repo-GGUF", ("Q4_K_M", 1))
    never = asyncio.Event()
    shop.shelf.scripts.append([MANIFEST, never.wait])
    await shop.stored.pulling.install("org/Repo-GGUF:Q4_K_M", HUGGING_FACE, "ollama")
    assert (await _install(shop, "org/Repo-GGUF", HUGGING_FACE)).reason_code == "OPERATION_RUNNING"


async def test_what_another_program_has_installed_is_not_installed_again(shop: Shop) -> None:
    shop.shelf.put("llama3:latest")
    await shop.shelf.refresh()
    with pytest.raises(AlreadyInstalled):
        await _install(shop)


async def test_what_cannot_be_is_refused_before_anything_begins(shop: Shop) -> None:
    with pytest.raises(InvalidName):
        await _install(shop, "../up")
    with pytest.raises(InvalidName):
        await _install(shop, "noslash", HUGGING_FACE)
    with pytest.raises(UnknownRuntime):
        await shop.stored.pulling.install("llama3", OLLAMA, "vllm")
    with pytest.raises(InvalidInput):
        await _install(shop, "llama3", ModelProvider.OPENAI)
    shop.profile = RuntimeProfile.LLM_OFF
    with pytest.raises(ProfileForbidsRuntime):
        await _install(shop)
    assert shop.operations.operations == ()


@pytest.mark.parametrize(
    ("name", "provider", "pulled"),
    [
        ("gemma3:4b", OLLAMA, "gemma3:4b"),
        ("user/model", OLLAMA, "user/model:latest"),
        ("org/Repo-GGUF:Q4_K_M", HUGGING_FACE, "hf.co/org/Repo-GGUF:Q4_K_M"),
        ("hf.co/org/Repo-GGUF:Q4_K_M", HUGGING_FACE, "hf.co/org/Repo-GGUF:Q4_K_M"),
        ("hf.co/org/Repo-GGUF:Q8_0", OLLAMA, "hf.co/org/Repo-GGUF:Q8_0"),
        ("localhost:5000/library/tiny:q8", OLLAMA, "localhost:5000/library/tiny:q8"),
    ],
)
async def test_names_reach_the_server_as_it_calls_them(
    shop: Shop, name: str, provider: ModelProvider, pulled: str
) -> None:
    done = await _install(shop, name, provider)
    assert done.status is OperationStatus.COMPLETED, done.error
    assert shop.shelf.pulled == [pulled]
    assert shop.registries.asked == [pulled]
    row = shop.manifest[ModelKey(name=pulled, runtime="ollama")]
    assert row.provider is (HUGGING_FACE if pulled.startswith("hf.co/") else OLLAMA)


@pytest.mark.parametrize("name", ["org/Repo-GGUF", "hf.co/org/Repo-GGUF"])
async def test_without_a_quantization_one_in_a_single_file_is_chosen_and_said(shop: Shop, name: str) -> None:
    shop.hub.add("org/Repo-GGUF", ("Q8_0", 3), ("Q4_K_M", 1), license="apache-2.0")
    done = await _install(shop, name, HUGGING_FACE)
    assert done.model_name == "hf.co/org/Repo-GGUF:Q4_K_M"
    assert shop.inventory.find(done.model_name).license == "apache-2.0"


async def test_a_repository_of_split_models_alone_says_so(shop: Shop) -> None:
    shop.hub.add("org/Big-GGUF", ("Q8_0", 3))
    failed = await _install(shop, "org/Big-GGUF", HUGGING_FACE)
    assert "one file" in str(failed.error)


async def test_a_name_that_the_store_writes_otherwise_is_found_and_noted_as_there(shop: Shop) -> None:
    async def add() -> None:
        shop.shelf.put("hf.co/Org/Repo:Q4_0", number=7)

    shop.shelf.scripts.append([MANIFEST, add, DONE])
    await _install(shop, "hf.co/org/repo:q4_0")
    row = shop.inventory.find("hf.co/org/repo:q4_0")
    assert row.name == "hf.co/Org/Repo:Q4_0"
    assert row.installed_at is not None


async def test_an_unknown_size_is_taken_for_four_gigabytes(shop: Shop) -> None:
    shop.registries.models.clear()
    shop.limit_bytes = 4_000_000_000
    failed = await _install(shop)
    assert failed.reason_code == "QUOTA_EXCEEDED"
    assert failed.error_parameters["needed_bytes"] == 4_000_000_000
    assert shop.shelf.pulled == []
    shop.limit_bytes = 4_100_000_000
    assert (await _install(shop, "llama3:8b")).status is OperationStatus.COMPLETED


async def test_the_real_size_is_checked_before_the_pull(shop: Shop) -> None:
    shop.registries.models["llama3:latest"] = remote("llama3:latest", 10**8)
    shop.limit_bytes = 10**7
    assert (await _install(shop)).reason_code == "QUOTA_EXCEEDED"
    shop.limit_bytes = None
    shop.registries.models["llama3:8b"] = remote("llama3:8b", 10**18)
    failed = await _install(shop, "llama3:8b")
    assert failed.reason_code == "NOT_ENOUGH_SPACE"
    assert shop.shelf.pulled == []


async def test_a_server_of_another_machine_fills_no_disk_of_ours(shop: Shop) -> None:
    shop.shelf.snapshot = replace(shop.shelf.snapshot, is_here=False)
    shop.registries.models["llama3:latest"] = remote("llama3:latest", 10**18)
    assert (await _install(shop)).status is OperationStatus.COMPLETED


async def test_a_second_name_of_what_is_here_needs_no_space(shop: Shop) -> None:
    shop.shelf.put("llama3:8b", number=1000)
    await shop.shelf.refresh()
    shop.registries.models["llama3:latest"] = remote("llama3:latest", 10**18, number=1000)
    assert (await _install(shop)).status is OperationStatus.COMPLETED


async def test_a_content_the_registry_calls_otherwise_is_noted_with_both_names(shop: Shop) -> None:
    shop.registries.models["llama3:latest"] = remote("llama3:latest", 100, number=5)
    await _install(shop)
    row = shop.inventory.find("llama3")
    assert (row.revision, row.source_revision) == (digest(1000), digest(5))


async def test_a_server_that_dies_right_after_the_pull_still_leaves_a_row(shop: Shop) -> None:
    async def die() -> None:
        shop.shelf.down = True

    shop.shelf.scripts.append([MANIFEST, layer(1, 100, 100), VERIFYING, WRITING, DONE, die])
    done = await _install(shop)
    assert done.status is OperationStatus.COMPLETED, done.error
    assert shop.manifest[LLAMA].size_bytes == 120


async def test_an_install_that_a_restart_cut_off_goes_on(tmp_path: Path) -> None:
    reached, never = asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        reached.set()
        await never.wait()

    async with open_shop(tmp_path, Shelf(scripts=[[MANIFEST, layer(1, 40, 100), hang]])) as shop:
        operation_id = await shop.stored.pulling.install("llama3", OLLAMA, "ollama")
        await reached.wait()
    async with open_shop(tmp_path) as shop:
        assert shop.operations.get(operation_id).status is OperationStatus.PAUSED
        shop.operations.resume(operation_id)
        assert (await shop.operations.wait(operation_id)).status is OperationStatus.COMPLETED
        assert LLAMA in shop.manifest
