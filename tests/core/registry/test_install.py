"""Installing over a real socket by the real worker: what ends in the manifest, and what must not."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.core.registry.home import Home, open_home
from tests.fakes.gguf_files import write_mmproj, write_sharded_llama, write_tiny_llama
from tests.fakes.hub import HubServer
from tests.fakes.hub_faults import StallAfter, WrongByte
from venom_desktop.core.errors import AlreadyInstalled, InvalidInput, InvalidName, ProfileForbidsRuntime, UnknownRuntime
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus
from venom_desktop.core.registry.model import ModelProvider, ModelStatus
from venom_desktop.core.runtimes.profiles import RuntimeProfile

REPO = "tiny-lab/Tiny-Llama-GGUF"
NAME = f"{REPO}:Q4_K_M"
HUGGING_FACE = ModelProvider.HUGGINGFACE


@pytest.fixture
async def home(tmp_path: Path, hub: HubServer, tiny_llama: Path) -> AsyncIterator[Home]:
    hub.add_repo(REPO, {"Tiny-Llama-Q4_K_M.gguf": tiny_llama, "Tiny-Llama-Q8_0.gguf": tiny_llama}, license="mit")
    async with open_home(tmp_path / "home", hub) as home:
        yield home


async def _install(home: Home, name: str = NAME) -> ModelOperation:
    return await home.operations.wait(await home.installing.install(name, HUGGING_FACE, "llama_cpp"))


async def _until_bytes_are_on_disk(home: Home) -> None:
    written = asyncio.Event()

    def look(_: ModelOperation) -> None:
        if any(path.stat().st_size for path in home.models_dir.rglob("*.part")):
            written.set()

    end = home.operations.changed.subscribe(look)
    await asyncio.wait_for(written.wait(), 20)
    end()


async def test_an_install_ends_with_a_verified_row_in_the_manifest(home: Home, tiny_llama: Path) -> None:
    done = await _install(home)
    assert (done.status, done.error) == (OperationStatus.COMPLETED, None)
    model = home.inventory.find(NAME)
    assert model.status is ModelStatus.INSTALLED
    assert model.local_path is not None
    assert model.local_path.read_bytes() == tiny_llama.read_bytes()
    assert model.sha256 is not None
    assert model.license == "mit"
    assert model.revision not in (None, "main")
    assert model.capabilities.supports_system_role is True
    assert model.capabilities.max_context_length == 2048
    assert model.size_bytes == tiny_llama.stat().st_size


async def test_without_a_tag_the_best_fitting_one_is_chosen_and_said(home: Home) -> None:
    done = await _install(home, REPO)
    assert done.model_name == NAME
    assert home.inventory.find(NAME).status is ModelStatus.INSTALLED


async def test_a_quantization_nobody_offers_names_what_there_is(home: Home) -> None:
    failed = await _install(home, f"{REPO}:IQ1_S")
    assert failed.reason_code == "UNKNOWN_QUANTIZATION"
    assert "Q4_K_M" in str(failed.error)


async def test_an_installed_model_is_not_installed_again(home: Home) -> None:
    await _install(home)
    with pytest.raises(AlreadyInstalled):
        await home.installing.install(NAME, HUGGING_FACE, "llama_cpp")
    assert (await _install(home, REPO)).reason_code == "ALREADY_INSTALLED"


@pytest.mark.parametrize(
    "name",
    [
        "../etc",
        "org/repo\n",
        "org/re\0po",
        "/org/repo",
        "o" * 201,
        "\N{CYRILLIC SMALL LETTER O}rg/repo",
        "org/../x",
        "justaname",
        "a/b/c",
    ],
)
async def test_an_unusable_name_is_refused_before_anything_begins(home: Home, name: str) -> None:
    with pytest.raises(InvalidName):
        await home.installing.install(name, HUGGING_FACE, "llama_cpp")
    assert home.operations.operations == ()


async def test_pairs_that_do_not_belong_together_are_refused(home: Home) -> None:
    with pytest.raises(UnknownRuntime):
        await home.installing.install(NAME, HUGGING_FACE, "warp")
    with pytest.raises(InvalidInput):
        await home.installing.install(NAME, ModelProvider.OPENAI, "llama_cpp")
    home.profile = RuntimeProfile.LLM_OFF
    with pytest.raises(ProfileForbidsRuntime):
        await home.installing.install(NAME, HUGGING_FACE, "llama_cpp")


async def test_a_repository_with_only_pickle_weights_is_refused_with_the_reason(home: Home, hub: HubServer) -> None:
    hub.add_repo("old/pickles", {"pytorch_model.bin": b"\x80\x04pickle", "config.json": b"{}"})
    failed = await _install(home, "old/pickles")
    assert failed.reason_code == "PICKLE_ONLY"
    assert "can run code" in str(failed.error)
    assert home.files == set()


async def test_a_repository_without_weights_we_know_says_so(home: Home, hub: HubServer) -> None:
    hub.add_repo("some/text", {"notes.txt": b"words"})
    assert (await _install(home, "some/text")).reason_code == "NO_USABLE_FILE"


async def test_all_shards_and_the_projector_belong_to_the_model(home: Home, hub: HubServer, tmp_path: Path) -> None:
    shards = write_sharded_llama(tmp_path, "Big-Q8_0")
    projector = write_mmproj(tmp_path / "mmproj-F16.gguf")
    hub.add_repo("tiny-lab/Big-GGUF", {path.name: path for path in (*shards, projector)})
    done = await _install(home, "tiny-lab/Big-GGUF:Q8_0")
    assert done.status is OperationStatus.COMPLETED, done.error
    model = home.inventory.find("tiny-lab/Big-GGUF:Q8_0")
    assert len(model.files) == 4
    assert len(model.checksums) == 4
    assert model.local_path is not None
    assert model.local_path.name.endswith("-00001-of-00003.gguf")
    assert model.projector_path is not None
    assert model.capabilities.supports_vision is True


async def test_a_wrong_byte_never_becomes_an_installed_model(home: Home, hub: HubServer) -> None:
    hub.fault(WrongByte(at=1000), "*/resolve/*", times=10, method="GET")
    failed = await _install(home)
    assert failed.reason_code == "CHECKSUM_MISMATCH"
    assert NAME not in home.manifest
    assert home.files == set()
    hub.clear_faults()
    home.operations.retry(failed.operation_id)
    assert (await home.operations.wait(failed.operation_id)).status is OperationStatus.COMPLETED


async def test_a_file_that_is_no_model_is_neither_recorded_nor_left_behind(home: Home, hub: HubServer) -> None:
    hub.add_repo("fake/model", {"Model-Q4_K_M.gguf": b"this is not a model" * 1000})
    failed = await _install(home, "fake/model:Q4_K_M")
    assert (failed.status, failed.reason_code) == (OperationStatus.FAILED, "UNREADABLE_MODEL_FILE")
    assert "fake/model:Q4_K_M" not in home.manifest
    assert home.files == set()


async def test_too_little_quota_is_said_before_the_first_byte(home: Home, hub: HubServer) -> None:
    home.limit_bytes = 1000
    failed = await _install(home)
    assert failed.reason_code == "QUOTA_EXCEEDED"
    assert not hub.requests_for("*/resolve/*", method="GET")
    home.limit_bytes = None
    home.operations.retry(failed.operation_id)
    assert (await home.operations.wait(failed.operation_id)).status is OperationStatus.COMPLETED


async def test_a_public_model_is_installed_without_asking_for_the_token(home: Home, hub: HubServer) -> None:
    home.token = "hf_planted_token"
    assert (await _install(home)).status is OperationStatus.COMPLETED
    assert home.token_asked == 0
    assert {request.token for request in hub.requests} == {None}


async def test_a_gated_repository_asks_for_the_licence_and_goes_on_with_a_token(
    home: Home, hub: HubServer, tiny_llama: Path
) -> None:
    hub.add_repo("meta/gated-GGUF", {"Gated-Q4_K_M.gguf": tiny_llama}, gated="manual")
    hub.add_account("hf_planted_token", name="owner", accepted=("meta/gated-GGUF",))
    failed = await _install(home, "meta/gated-GGUF:Q4_K_M")
    assert failed.reason_code == "GATED_REPOSITORY"
    assert "licence" in str(failed.error)
    home.token = "hf_planted_token"
    home.operations.retry(failed.operation_id)
    done = await home.operations.wait(failed.operation_id)
    assert done.status is OperationStatus.COMPLETED, done.error
    assert "hf_planted" not in repr(home.operations.operations)


async def test_pause_keeps_the_bytes_and_resume_finishes_the_same_commit(
    home: Home, hub: HubServer, tmp_path: Path
) -> None:
    big = write_tiny_llama(tmp_path / "big.gguf", pad_to_bytes=3_000_000)
    hub.add_repo("tiny-lab/Paused-GGUF", {"Paused-Q8_0.gguf": big})
    stall = hub.fault(StallAfter(body_bytes=1_500_000), "*/resolve/*", method="GET")
    operation_id = await home.installing.install("tiny-lab/Paused-GGUF:Q8_0", HUGGING_FACE, "llama_cpp")
    await _until_bytes_are_on_disk(home)
    home.operations.pause(operation_id)
    assert (await home.operations.wait(operation_id)).status is OperationStatus.PAUSED
    stall.release()
    hub.clear_faults()
    assert any(name.endswith(".part") for name in home.files)
    hub.replace_file("tiny-lab/Paused-GGUF", "Paused-Q8_0.gguf", b"another version" * 100)
    hub.forget_requests()
    home.operations.resume(operation_id)
    done = await home.operations.wait(operation_id)
    assert done.status is OperationStatus.COMPLETED, done.error
    path = home.inventory.find("tiny-lab/Paused-GGUF:Q8_0").local_path
    assert path is not None
    assert path.read_bytes() == big.read_bytes()
    assert any(request.range for request in hub.requests_for("*/resolve/*", method="GET"))


async def test_a_cancelled_install_leaves_no_manifest_entry_and_no_bytes(
    home: Home, hub: HubServer, tmp_path: Path
) -> None:
    shards = write_sharded_llama(tmp_path, "Big-Q8_0")
    hub.add_repo("tiny-lab/Big-GGUF", {path.name: path for path in shards})
    stall = hub.fault(StallAfter(body_bytes=1000), "*00002-of*", method="GET")
    operation_id = await home.installing.install("tiny-lab/Big-GGUF:Q8_0", HUGGING_FACE, "llama_cpp")
    await asyncio.to_thread(stall.reached.wait, 10)
    home.operations.cancel(operation_id)
    assert (await home.operations.wait(operation_id)).status is OperationStatus.CANCELLED
    stall.release()
    await home.operations.close()
    assert "tiny-lab/Big-GGUF:Q8_0" not in home.manifest
    assert home.files == set()


async def test_after_a_restart_a_paused_install_goes_on(tmp_path: Path, hub: HubServer) -> None:
    big = write_tiny_llama(tmp_path / "big.gguf", pad_to_bytes=3_000_000)
    hub.add_repo(REPO, {"Tiny-Llama-Q8_0.gguf": big})
    stall = hub.fault(StallAfter(body_bytes=1_500_000), "*/resolve/*", method="GET")
    async with open_home(tmp_path / "home", hub) as home:
        operation_id = await home.installing.install(f"{REPO}:Q8_0", HUGGING_FACE, "llama_cpp")
        await asyncio.to_thread(stall.reached.wait, 10)
    stall.release()
    hub.clear_faults()
    async with open_home(tmp_path / "home", hub) as home:
        operation = home.operations.get(operation_id)
        assert (operation.status, operation.paused_by_restart) == (OperationStatus.PAUSED, True)
        assert f"{REPO}:Q8_0" not in home.manifest
        home.operations.resume(operation_id)
        done = await home.operations.wait(operation_id)
        assert done.status is OperationStatus.COMPLETED, done.error
