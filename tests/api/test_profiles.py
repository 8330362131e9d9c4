"""Each runtime profile at the API's door: what it shows, what it takes, and what a change of it asks."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.caller import NAME, REPO, Caller, Served, offer
from tests.api.conftest import serving
from tests.fakes.hub import HubServer
from venom_desktop.app.compose import build
from venom_desktop.app.paths import Paths
from venom_desktop.core.errors import InvalidSetting
from venom_desktop.core.runtimes.base import RuntimeState
from venom_desktop.core.secrets.masking import Redactor

FORBIDDEN = (403, "PROFILE_FORBIDS_RUNTIME")
OFFERED = {"light": ["ollama", "llama_cpp"], "llm_off": [], "full": ["ollama", "llama_cpp", "vllm"]}
ALL = OFFERED["full"]


@pytest.fixture(params=list(OFFERED))
async def in_profile(
    request: pytest.FixtureRequest, private_home: Path, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[str, Served]]:
    monkeypatch.setenv("VENOM_RUNTIME_PROFILE", request.param)
    async with serving(hub, monkeypatch) as served:
        yield request.param, served


async def test_a_profile_shows_its_runtimes_and_refuses_the_others(in_profile: tuple[str, Served]) -> None:
    profile, served = in_profile
    call = served.caller
    offered = OFFERED[profile]
    servers = (await call.good("GET", "system/llm-servers"))["servers"]
    assert sorted(server["name"] for server in servers) == sorted(offered)
    told = await call.good("GET", "system/profile")
    assert (told["profile"], told["runtimes"], told["source"]) == (profile, offered, "environment")
    await served.put_model()
    for name in ALL:
        for verb in ("start", "stop", "restart"):
            answer = await call("POST", f"system/llm-servers/{name}/{verb}")
            refused = (answer.status_code, answer.json().get("reason_code")) == FORBIDDEN
            assert refused is (name not in offered), (name, verb, answer.text)
        if name not in offered:
            active = {"server_name": name, "model_name": NAME}
            assert await call.refused("POST", "system/llm-servers/active", active) == FORBIDDEN


async def test_a_forbidden_runtime_takes_no_model_and_catalogs_stay_readable(
    in_profile: tuple[str, Served], hub: HubServer, tiny_llama: Path
) -> None:
    profile, served = in_profile
    offer(hub, tiny_llama)
    call = served.caller
    body = {"name": f"{REPO}:Q8_0", "provider": "huggingface", "runtime": "llama_cpp"}
    listed = (await call.good("GET", "models/providers?provider=huggingface"))["models"]
    assert [row["model_name"] for row in listed] == [REPO]
    await served.put_model("tiny-lab/Other-GGUF:Q8_0")
    if profile != "full":
        vllm = {**body, "runtime": "vllm"}
        assert await call.refused("POST", "models/registry/install", vllm) == FORBIDDEN
    if profile == "llm_off":
        assert await call.refused("POST", "models/registry/install", body) == FORBIDDEN
        activation = {"name": "tiny-lab/Other-GGUF:Q8_0", "runtime": "llama_cpp"}
        assert await call.refused("POST", "models/activate", activation) == FORBIDDEN
    else:
        operation = (await call.good("POST", "models/registry/install", body))["operation_id"]
        assert (await served.services.registry.wait(operation)).error is None


async def test_a_change_asks_before_it_stops_what_answers(served: Served, call: Caller) -> None:
    await served.activate()
    place = "system/profile"
    answer = await call("POST", place, {"profile": "llm_off"})
    assert answer.status_code == 409
    told = answer.json()
    assert (told["needs_confirmation"], told["reason_code"]) == (True, "PROFILE_ENDS_RUNTIMES")
    assert served.services.runtimes["llama_cpp"].snapshot.state is RuntimeState.RUNNING
    assert (await call.good("GET", place))["profile"] == "light"
    changed = await call.good("POST", place, {"profile": "llm_off", "confirm": True})
    assert (changed["profile"], changed["runtimes"], changed["source"]) == ("llm_off", [], "settings")
    assert served.services.runtimes["llama_cpp"].snapshot.pid is None
    assert (await call.good("GET", "system/llm-runtime/active"))["model"] is None
    assert (await call.good("GET", "system/llm-servers"))["servers"] == []
    assert await call.refused("POST", "models/activate", {"name": NAME, "runtime": "llama_cpp"}) == FORBIDDEN
    assert (await call.good("POST", place, {"profile": "full"}))["runtimes"] == ALL
    assert await call.refused("POST", place, {"profile": "turbo"}) == (400, "INVALID_SETTING")


async def test_what_the_environment_decides_is_not_changed(in_profile: tuple[str, Served]) -> None:
    _, served = in_profile
    assert await served.caller.refused("POST", "system/profile", {"profile": "full"}) == (409, "SETTING_LOCKED")


def test_an_unknown_value_of_the_variable_names_the_three(tmp_path: Path) -> None:
    environ = {"VENOM_HOME": str(tmp_path), "VENOM_RUNTIME_PROFILE": "turbo"}
    with pytest.raises(InvalidSetting, match=r"VENOM_RUNTIME_PROFILE cannot be turbo\. Use light, llm_off or full\."):
        build(Paths.from_environment(environ), environ, redactor=Redactor())
