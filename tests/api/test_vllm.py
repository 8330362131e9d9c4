"""Safetensors over HTTP: installed and found in the full profile, and nowhere to be seen in the light one."""

from pathlib import Path

import pytest

from tests.api.caller import Caller, Served
from tests.fakes.hub import HubServer
from tests.fakes.safetensors_files import config, repository
from tests.fakes.vllm import install_vllm
from venom_desktop.core.catalog.fit import LONGEST_CONTEXT
from venom_desktop.core.catalog.kv_cache import KvType
from venom_desktop.core.catalog.vllm_memory import Spread
from venom_desktop.core.operations.operation import OperationStatus
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.runtimes.base import LoadSettings as Chosen
from venom_desktop.core.runtimes.control.ports import free_port
from venom_desktop.core.runtimes.vllm_settings import VllmSettings

REPO = "tiny-lab/Tiny-Qwen"
ORDER = {"name": REPO, "provider": "huggingface", "runtime": "vllm"}


@pytest.fixture(autouse=True)
def offered(hub: HubServer) -> None:
    hub.add_repo(REPO, repository(), license="mit")


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENOM_RUNTIME_PROFILE", "full")


@pytest.fixture
def half(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_GPU_MEMORY_UTILIZATION", "0.5")
    monkeypatch.setenv("VLLM_MAX_MODEL_LEN", "2048")


async def test_rows_are_judged_by_the_share_and_the_length_that_are_set(full: None, half: None, served: Served) -> None:
    settings = served.services.load_settings("vllm")
    assert (settings.runtime, settings.gpu_share, settings.context) == ("vllm", 0.5, 2048)


async def test_a_model_is_judged_by_what_was_chosen_for_it_alone(full: None, half: None, served: Served) -> None:
    services, key = served.services, ModelKey(name=REPO, runtime="vllm")
    own = VllmSettings(gpu_memory_utilization=0.9, max_model_len=1024, max_num_seqs=4, tensor_parallel=2)
    await services.model_settings.save_vllm(key, own)
    settings = services.settings_of_model(key)
    assert (settings.gpu_share, settings.context, settings.answers) == (0.9, 1024, 4)
    assert settings.spread == Spread(tensor_parallel=2)
    assert services.model_settings.context_of(key) == 1024
    await services.model_settings.save_context(key, 2048)
    assert services.model_settings.get_vllm(key).max_model_len == 2048
    await services.model_settings.save_vllm(key, VllmSettings(ray=True))
    await services.model_settings.save_context(key, 512)
    assert services.model_settings.get(key).context == 512
    assert services.settings_of_model(key).spread.on_cluster


async def test_without_a_length_the_whole_context_of_a_model_is_judged(full: None, served: Served) -> None:
    assert served.services.load_settings("vllm").context == LONGEST_CONTEXT
    other = ModelKey(name="tiny", runtime="llama_cpp")
    await served.services.model_settings.save(other, Chosen(kv_type="q8_0", parallel=3))
    settings = served.services.settings_of_model(other)
    assert (settings.kv_type, settings.parallel, settings.runtime) == (KvType.Q8_0, 3, "llama_cpp")


async def test_an_install_for_vllm_ends_with_its_folder_in_the_list(full: None, served: Served, call: Caller) -> None:
    begun = await call.good("POST", "models/registry/install", ORDER)
    operation = await served.services.registry.wait(begun["operation_id"])
    assert (operation.status, operation.model_name) == (OperationStatus.COMPLETED, REPO)
    (model,) = (await call.good("GET", "models"))["models"]
    assert (model["name"], model["runtime"]) == (REPO, "vllm")
    assert (model["architecture"], model["needs_own_code"]) == ("Qwen2ForCausalLM", False)
    assert model["local_path"].endswith(f"vllm/{REPO}")
    removed = await call.good("DELETE", f"models/registry/{REPO}?confirm=true")
    assert (await served.services.registry.wait(removed["operation_id"])).status is OperationStatus.COMPLETED


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_PORT", str(free_port()))
    monkeypatch.setenv("PATH", f"{install_vllm(tmp_path / 'bin').parent}:/usr/bin:/bin")


async def test_what_was_installed_is_served_and_answers(
    full: None, program: None, hub: HubServer, served: Served, call: Caller
) -> None:
    hub.add_repo(REPO, repository(config__json=config(stand_in={"speech": "Hello from the folder"})))
    begun = await call.good("POST", "models/registry/install", ORDER)
    assert (await served.services.registry.wait(begun["operation_id"])).status is OperationStatus.COMPLETED
    await call.good("POST", "models/activate", {"name": REPO, "runtime": "vllm"})
    question = {"model": REPO, "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
    answer = await call("POST", "/v1/chat/completions", question)
    assert (answer.status_code, "Hello" in answer.text) == (200, True), answer.text
    assert await call.refused("DELETE", f"models/registry/{REPO}?confirm=true") == (409, "MODEL_ACTIVE")


async def test_a_search_for_vllm_finds_safetensors(full: None, call: Caller) -> None:
    found = await call.good("GET", "models/search?query=tiny&provider=huggingface&runtime=vllm")
    (model,) = found["models"]
    assert (model["model_name"], model["runtimes"]) == (REPO, ["vllm"])
    assert model["architecture"] == "Qwen2ForCausalLM"


async def test_the_light_profile_refuses_it_and_finds_none(call: Caller) -> None:
    assert await call.refused("POST", "models/registry/install", ORDER) == (403, "PROFILE_FORBIDS_RUNTIME")
    found = await call.good("GET", "models/search?query=tiny&provider=huggingface&runtime=vllm")
    assert found["models"] == []


async def test_a_quantization_for_vllm_is_refused(full: None, call: Caller) -> None:
    assert await call.refused("POST", "models/registry/install", {**ORDER, "name": f"{REPO}:Q4_K_M"}) == (
        400,
        "INVALID_INPUT",
    )
