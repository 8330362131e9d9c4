"""Installing safetensors for vLLM over a real socket by the real worker: what is fetched, checked, said and listed."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.core.registry.home import Home, open_home
from tests.fakes.hub import HubServer
from tests.fakes.hub_faults import WrongByte
from tests.fakes.hub_store import Content
from tests.fakes.safetensors_files import GEMMA_TEMPLATE, config, repository, safetensors, sharded, tokenizer_config
from venom_desktop.core.errors import AlreadyInstalled, InvalidInput, ProfileForbidsRuntime
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus
from venom_desktop.core.registry.model import ModelMetadata, ModelProvider, ModelStatus
from venom_desktop.core.runtimes.profiles import RuntimeProfile

REPO = "tiny-lab/Tiny-Qwen"
FOLDER = f"vllm/{REPO}"
HUGGING_FACE = ModelProvider.HUGGINGFACE


@pytest.fixture
async def home(tmp_path: Path, hub: HubServer) -> AsyncIterator[Home]:
    hub.add_repo(REPO, repository(), license="mit")
    async with open_home(tmp_path / "home", hub) as home:
        home.profile = RuntimeProfile.FULL
        yield home


async def _install(home: Home, name: str = REPO) -> ModelOperation:
    return await home.operations.wait(await home.installing.install(name, HUGGING_FACE, "vllm"))


async def _installed(home: Home, name: str = REPO) -> ModelMetadata:
    done = await _install(home, name)
    assert done.status is OperationStatus.COMPLETED, done.error
    return home.inventory.find(name, "vllm")


def _fetched(hub: HubServer) -> set[str]:
    return {request.path.partition("/resolve/")[2].partition("/")[2] for request in hub.requests_for("*/resolve/*")}


async def test_an_install_ends_with_a_verified_row_whose_path_is_the_folder(home: Home) -> None:
    model = await _installed(home)
    assert (model.name, model.runtime, model.provider) == (REPO, "vllm", HUGGING_FACE)
    assert model.status is ModelStatus.INSTALLED
    assert model.local_path == home.models_dir / FOLDER
    assert model.folder == model.local_path
    assert home.files == set(model.files)
    assert (model.local_path / "model.safetensors").read_bytes() == safetensors()
    assert model.size_bytes == sum((home.models_dir / name).stat().st_size for name in model.files)
    assert (model.license, model.model_class, model.needs_own_code) == ("mit", "Qwen2ForCausalLM", False)
    assert model.revision not in (None, "main")


async def test_every_file_has_its_checksum_also_the_small_ones_that_git_keeps(home: Home) -> None:
    model = await _installed(home)
    for name in model.files:
        assert model.checksums[name] == hashlib.sha256((home.models_dir / name).read_bytes()).hexdigest()
    intact = await home.operations.wait(await home.verifying.verify(REPO))
    assert intact.status is OperationStatus.COMPLETED, intact.error
    (home.models_dir / FOLDER / "tokenizer.json").write_bytes(b'{"version": "9.9"}')
    checked = await home.operations.wait(await home.verifying.verify(REPO))
    assert checked.reason_code == "FILE_DAMAGED"
    assert home.inventory.find(REPO).checksum_differs is True


async def test_the_row_survives_a_restart(home: Home, tmp_path: Path, hub: HubServer) -> None:
    model = await _installed(home)
    stored = json.loads((home.models_dir / "manifest.json").read_text())["models"][0]
    assert stored["local_path"] == FOLDER
    home.manifest.release()
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "models").symlink_to(home.models_dir)
    async with open_home(tmp_path / "again", hub) as again:
        read = again.inventory.find(REPO, "vllm")
        assert (read.model_class, read.checksums) == (model.model_class, dict(model.checksums))


async def test_capabilities_come_from_config_and_template(home: Home, hub: HubServer) -> None:
    first = (await _installed(home)).capabilities
    assert (first.supports_system_role, first.max_context_length, first.quantization) == (True, 32768, "BF16")
    assert (first.supports_vision, first.supports_embedding) == (False, False)
    quantized = config(
        "Gemma2ForCausalLM",
        quantization_config={"quant_method": "awq", "bits": 4},
        rope_scaling={"rope_type": "linear", "factor": 4.0},
        vision_config={"hidden_size": 8},
    )
    files = repository(config__json=quantized, tokenizer_config__json=tokenizer_config(GEMMA_TEMPLATE))
    hub.add_repo("tiny-lab/Tiny-Gemma", files)
    second = (await _installed(home, "tiny-lab/Tiny-Gemma")).capabilities
    assert (second.supports_system_role, second.max_context_length) == (False, 131072)
    assert (second.quantization, second.supports_vision) == ("awq 4-bit", True)


async def test_a_template_of_its_own_file_wins_over_the_tokenizers(home: Home, hub: HubServer) -> None:
    hub.add_repo("tiny-lab/Own-Template", repository(chat_template__jinja=GEMMA_TEMPLATE.encode()))
    model = await _installed(home, "tiny-lab/Own-Template")
    assert model.capabilities.supports_system_role is False


async def test_shards_and_their_index_belong_to_the_model(home: Home, hub: HubServer) -> None:
    hub.add_repo("tiny-lab/Sharded", repository(sharded(3)))
    model = await _installed(home, "tiny-lab/Sharded")
    names = {Path(name).name for name in model.files}
    assert {f"model-0000{number}-of-00003.safetensors" for number in (1, 2, 3)} <= names
    assert "model.safetensors.index.json" in names


async def test_neither_pickles_nor_python_nor_copies_of_the_weights_are_fetched(home: Home, hub: HubServer) -> None:
    unwanted: dict[str, Content] = {
        "pytorch_model.bin": b"\x80\x04pickle",
        "model.pt": b"\x80\x04",
        "weights.pth": b"\x80\x04",
        "scaler.pkl": b"\x80\x04",
        "modeling_tiny.py": b"import os",
        "consolidated.safetensors": safetensors(),
        "consolidated.00.safetensors": safetensors(),
        "original/model.safetensors": safetensors(),
        "adapter_model.safetensors": safetensors(),
        "onnx/model.onnx": b"onnx",
        "logo.png": b"png",
    }
    hub.add_repo("tiny-lab/Full", {**repository(), **unwanted})
    hub.forget_requests()
    model = await _installed(home, "tiny-lab/Full")
    assert {Path(name).name for name in model.files} == set(repository())
    assert _fetched(hub) == set(repository())


async def test_a_repository_with_only_pickle_weights_is_refused_with_the_reason(home: Home, hub: HubServer) -> None:
    for suffix in ("bin", "pt", "pth", "pkl"):
        name = f"old/pickles-{suffix}"
        hub.add_repo(name, {f"model.{suffix}": b"\x80\x04pickle", "config.json": config()})
        failed = await _install(home, name)
        assert (failed.reason_code, home.files) == ("PICKLE_ONLY", set())
    assert not hub.requests_for("*/resolve/*")


@pytest.mark.parametrize(
    "files",
    [
        {"Tiny-Q4_K_M.gguf": b"GGUF", "config.json": config()},
        {"model.safetensors": safetensors()},
        {"config.json": config(), "model-00001-of-00002.safetensors": safetensors()},
        {"config.json": config(), "unet/model.safetensors": safetensors()},
    ],
    ids=["only gguf", "no config", "a shard is missing", "a part of something else"],
)
async def test_without_whole_weights_and_a_config_it_says_what_is_missing(
    home: Home, hub: HubServer, files: dict[str, Content]
) -> None:
    hub.add_repo("some/thing", files)
    failed = await _install(home, "some/thing")
    assert failed.reason_code == "NO_SAFETENSORS"
    assert "config.json" in str(failed.error)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{not json", "no valid JSON"),
        (b"[1, 2]", "no JSON object"),
        (config(None), "names no architecture"),
        (config(architectures=[]), "names no architecture"),
        (config(architectures=["not a class name!"]), "names no architecture"),
        (b" " * (5 << 20) + config(), "larger than any real one"),
    ],
)
async def test_a_bad_config_ends_it_before_any_weights(home: Home, hub: HubServer, content: bytes, words: str) -> None:
    hub.add_repo("bad/config", repository(config__json=content))
    failed = await _install(home, "bad/config")
    assert failed.reason_code == "UNUSABLE_CONFIG"
    assert words in str(failed.error)
    assert not hub.requests_for("*.safetensors")
    assert home.files == set()


async def test_an_architecture_on_no_list_is_installed_and_said(home: Home, hub: HubServer) -> None:
    hub.add_repo("new/idea", repository(config__json=config("BrandNewForCausalLM")))
    done = await _install(home, "new/idea")
    assert done.status is OperationStatus.COMPLETED
    assert "vLLM may not know the architecture BrandNewForCausalLM" in done.message
    assert home.inventory.find("new/idea").model_class == "BrandNewForCausalLM"
    assert (await _install(home)).message == "Verified and ready"


async def test_code_of_the_publishers_is_said_and_not_fetched(home: Home, hub: HubServer) -> None:
    code = repository(config__json=config(auto_map={"AutoModelForCausalLM": "modeling_own.OwnForCausalLM"}))
    hub.add_repo("own/code", {**code, "modeling_own.py": b"import os"})
    done = await _install(home, "own/code")
    assert "code of its own" in done.message
    assert home.inventory.find("own/code").needs_own_code is True
    assert not hub.requests_for("*.py")


async def test_a_wrong_byte_in_a_small_file_of_git_is_noticed_too(home: Home, hub: HubServer) -> None:
    hub.fault(WrongByte(at=3), "*/tokenizer.json", times=10, method="GET")
    failed = await _install(home)
    assert failed.reason_code == "CHECKSUM_MISMATCH"
    assert "tokenizer.json" in str(failed.error)
    assert REPO not in home.manifest
    assert f"{FOLDER}/tokenizer.json" not in home.files
    hub.clear_faults()
    home.operations.retry(failed.operation_id)
    assert (await home.operations.wait(failed.operation_id)).status is OperationStatus.COMPLETED


async def test_a_wrong_byte_in_the_weights_never_becomes_an_installed_model(home: Home, hub: HubServer) -> None:
    hub.fault(WrongByte(at=1000), "*/model.safetensors", times=10, method="GET")
    failed = await _install(home)
    assert failed.reason_code == "CHECKSUM_MISMATCH"
    assert REPO not in home.manifest
    assert f"{FOLDER}/model.safetensors" not in home.files


@pytest.mark.parametrize(
    "weights",
    [
        {"model.safetensors": b"this is no model" * 100},
        {"model.safetensors": safetensors()[:-10]},
        {"model.safetensors": (1 << 62).to_bytes(8, "little") + b"{}"},
        {**sharded(2), "model.safetensors.index.json": b'{"weight_map": {"a": "model-00009-of-00009.safetensors"}}'},
    ],
    ids=["no weights", "cut off", "an endless header", "an index of other files"],
)
async def test_weights_that_are_none_are_neither_recorded_nor_left_behind(
    home: Home, hub: HubServer, weights: dict[str, bytes]
) -> None:
    hub.add_repo("fake/weights", repository(weights))
    failed = await _install(home, "fake/weights")
    assert failed.reason_code == "UNREADABLE_WEIGHTS"
    assert "fake/weights" not in home.manifest
    assert home.files == set()


async def test_hostile_names_among_the_files_are_never_fetched(home: Home, hub: HubServer, tmp_path: Path) -> None:
    hostile: dict[str, Content] = {
        "../../../evil.safetensors": safetensors(),
        "/etc/evil.safetensors": safetensors(),
        "a/../../config.json": b"{}",
        "..": b"x",
        "tokenizer.json/../../../x.json": b"x",
    }
    hub.add_repo("evil/repo", {**repository(), **hostile})
    model = await _installed(home, "evil/repo")
    assert {Path(name).name for name in model.files} == set(repository())
    assert not list(tmp_path.rglob("*evil*.safetensors"))


async def test_a_name_that_is_no_file_name_everywhere_is_refused_before_a_byte(home: Home, hub: HubServer) -> None:
    hub.add_repo("odd/name", {**repository({}), "a\\b.safetensors": safetensors()})
    failed = await _install(home, "odd/name")
    assert failed.reason_code == "INVALID_NAME"
    assert not hub.requests_for("*/resolve/*")


async def test_ten_thousand_files_beside_the_model_cost_nothing(home: Home, hub: HubServer) -> None:
    crowd: dict[str, Content] = {f"junk-{number:05}.json": b"{}" for number in range(10_000)}
    hub.add_repo("crowd/model", {**repository(), **crowd})
    assert len((await _installed(home, "crowd/model")).files) == len(repository())


async def test_ten_thousand_shards_are_no_model(home: Home, hub: HubServer) -> None:
    tiny = safetensors(2)
    crowd: dict[str, Content] = {f"part-{number:05}.safetensors": tiny for number in range(10_000)}
    hub.add_repo("crowd/shards", {**repository({}), **crowd})
    assert (await _install(home, "crowd/shards")).reason_code == "NO_SAFETENSORS"


async def test_too_little_quota_for_all_files_together_is_said_before_the_first_byte(
    home: Home, hub: HubServer
) -> None:
    hub.add_repo("tiny-lab/Sharded", repository(sharded(3)))
    home.limit_bytes = 3 * 4096
    failed = await _install(home, "tiny-lab/Sharded")
    assert failed.reason_code == "QUOTA_EXCEEDED"
    assert _fetched(hub) == {"config.json"}
    assert home.files == set()


async def test_a_gated_repository_goes_on_with_a_token(home: Home, hub: HubServer) -> None:
    hub.add_repo("meta/gated", repository(), gated="manual")
    hub.add_account("hf_planted_token", name="owner", accepted=("meta/gated",))
    failed = await _install(home, "meta/gated")
    assert failed.reason_code == "GATED_REPOSITORY"
    home.token = "hf_planted_token"
    home.operations.retry(failed.operation_id)
    done = await home.operations.wait(failed.operation_id)
    assert done.status is OperationStatus.COMPLETED, done.error
    assert "hf_planted" not in repr(home.operations.operations)


async def test_names_and_profile_are_looked_at_before_anything_begins(home: Home) -> None:
    with pytest.raises(InvalidInput, match="as a whole"):
        await home.installing.install(f"{REPO}:Q4_K_M", HUGGING_FACE, "vllm")
    home.profile = RuntimeProfile.LIGHT
    with pytest.raises(ProfileForbidsRuntime):
        await home.installing.install(REPO, HUGGING_FACE, "vllm")
    assert home.operations.operations == ()


async def test_an_installed_model_is_not_installed_again(home: Home) -> None:
    await _installed(home)
    with pytest.raises(AlreadyInstalled):
        await home.installing.install(REPO, HUGGING_FACE, "vllm")


async def test_gguf_and_safetensors_of_one_repository_stand_side_by_side(
    home: Home, hub: HubServer, tiny_llama: Path
) -> None:
    hub.add_repo("both/kinds", {**repository(), "Both-Q4_K_M.gguf": tiny_llama})
    await _installed(home, "both/kinds")
    other = await home.operations.wait(await home.installing.install("both/kinds", HUGGING_FACE, "llama_cpp"))
    assert other.status is OperationStatus.COMPLETED, other.error
    assert {model.runtime for model in home.inventory.snapshot.models} == {"vllm", "llama_cpp"}


async def test_removing_deletes_the_folder_and_leaves_what_was_added_by_hand(home: Home, hub: HubServer) -> None:
    hub.add_repo("tiny-lab/Other", repository())
    first, second = await _installed(home), await _installed(home, "tiny-lab/Other")
    assert first.local_path is not None
    assert second.local_path is not None
    (second.local_path / "notes.txt").write_text("mine")
    for name in (REPO, "tiny-lab/Other"):
        done = await home.operations.wait(await home.removing.remove(name, "vllm"))
        assert done.status is OperationStatus.COMPLETED, done.error
    assert not first.local_path.exists()
    assert home.files == {"vllm/tiny-lab/Other/notes.txt"}
    assert home.inventory.snapshot.models == ()


async def test_a_file_that_is_gone_makes_the_model_a_failed_one(home: Home) -> None:
    await _installed(home)
    await asyncio.to_thread((home.models_dir / FOLDER / "config.json").unlink)
    await home.inventory.refresh()
    assert home.inventory.find(REPO).status is not ModelStatus.INSTALLED
