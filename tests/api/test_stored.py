"""Models of Ollama over HTTP: listed, pulled, activated, asked, copied, renamed, updated, removed."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.api.caller import Caller, Served
from tests.api.conftest import serving
from tests.fakes.gguf_llama import SPEECH
from tests.fakes.hub import HubServer
from tests.fakes.oci_registry import OciRegistryServer
from tests.fakes.ollama_library import GEMMA, OllamaLibraryServer
from tests.fakes.ollama_server import OllamaStandIn
from tests.ui.runtime.plain_server import EXTERNAL, PlainServer
from venom_desktop.api.routes.system import SystemRoutes
from venom_desktop.core.errors import ActiveModelGone, NotOurServer
from venom_desktop.core.governance.base import Purpose, Target
from venom_desktop.core.operations.operation import OperationStatus
from venom_desktop.core.runtimes.base import ChatMessage, ChatRequest, RuntimeState

GPT = "gpt:1b"


@pytest.fixture
async def served(
    private_home: Path, hub: HubServer, ollama: OllamaStandIn, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Served]:
    ollama.add_model(GPT)
    with OllamaLibraryServer(GEMMA) as library, OciRegistryServer() as registry:
        monkeypatch.setenv("OLLAMA_HOST", ollama.url)
        monkeypatch.setenv("VENOM_OLLAMA_LIBRARY_URL", library.url)
        monkeypatch.setenv("VENOM_OLLAMA_REGISTRY_URL", registry.url)
        async with serving(hub, monkeypatch) as served:
            await served.services.registry.refresh_stores()
            yield served


@pytest.fixture
def call(served: Served) -> Caller:
    return served.caller


async def done(served: Served, answer: dict[str, str]) -> OperationStatus:
    return (await served.services.registry.wait(answer["operation_id"])).status


async def test_the_server_and_its_models_are_listed_beside_ours(served: Served, call: Caller) -> None:
    listed = await call.good("GET", "models")
    assert listed["by_runtime"] == {"ollama": [GPT]}
    assert listed["stores"]["ollama"]["reachable"] is True
    [ollama, _] = (await call.good("GET", "system/llm-servers"))["servers"]
    assert (ollama["name"], ollama["status"], ollama["control"]) == ("ollama", "running", "external")
    rows = (await call.good("GET", "models/providers?provider=ollama"))["models"]
    assert [row["model_name"] for row in rows] == ["gemma3"]
    assert rows[0]["runtimes"] == ["ollama"]


async def test_a_model_is_pulled_activated_asked_and_removed(
    served: Served, call: Caller, ollama: OllamaStandIn
) -> None:
    ollama.publish("tiny:1b", layers=(2_000_000, 1_000))
    asked = {"name": "tiny:1b", "provider": "ollama"}
    assert await done(served, await call.good("POST", "models/registry/install", asked)) is OperationStatus.COMPLETED
    answer = await call.good("POST", "models/activate", {"name": "tiny:1b", "runtime": "ollama"})
    assert [loaded["name"] for loaded in answer["runtime"]["loaded"]] == ["tiny:1b"]
    body = {"model": "active", "messages": [{"role": "user", "content": "Hello"}]}
    reply = (await call("POST", "/v1/chat/completions", body)).json()
    assert reply["choices"][0]["message"]["content"].strip() == SPEECH
    assert (await call("GET", "/v1/models")).json()["data"][0]["id"] == "tiny:1b"
    assert await call.refused("DELETE", "models/registry/tiny:1b?confirm=true") == (409, "MODEL_ACTIVE")
    await call.good("POST", "models/activate", {"name": GPT, "runtime": "ollama"})
    removal = await call.good("DELETE", "models/registry/tiny:1b?confirm=true")
    assert await done(served, removal) is OperationStatus.COMPLETED
    assert (await call.good("GET", "models"))["by_runtime"] == {"ollama": [GPT]}


async def test_a_question_to_an_active_model_that_is_gone_says_so(
    served: Served, call: Caller, ollama: OllamaStandIn
) -> None:
    await call.good("POST", "models/activate", {"name": GPT, "runtime": "ollama"})
    ollama.remove_model(GPT)
    body = {"model": "active", "messages": [{"role": "user", "content": "Hello"}]}
    response = await call("POST", "/v1/chat/completions", body)
    assert (response.status_code, response.json()["error"]["code"]) == (404, "ACTIVE_MODEL_GONE")
    target = Target(runtime="ollama", model=GPT)
    question = ChatRequest(messages=(ChatMessage(role="user", content="Hello"),))
    with pytest.raises(ActiveModelGone):
        await served.services.ask.whole(target, question, Purpose.PROMPT)


async def test_a_model_gets_a_second_name_and_another_one(served: Served, call: Caller) -> None:
    copied = await call.good("POST", "models/registry/copy", {"name": GPT, "new_name": "mine"})
    assert copied["model"]["name"] == "mine:latest"
    renamed = await call.good("POST", "models/registry/rename", {"name": "mine", "new_name": "team/mine:v2"})
    assert renamed["model"]["name"] == "team/mine:v2"
    assert (await call.good("GET", "models"))["by_runtime"] == {"ollama": [GPT, "team/mine:v2"]}
    for body, expected in (
        ({"name": GPT, "new_name": "team/mine:v2"}, (409, "ALREADY_INSTALLED")),
        ({"name": "nobody", "new_name": "x"}, (404, "UNKNOWN_MODEL")),
        ({"name": GPT, "new_name": "../x"}, (400, "INVALID_NAME")),
        ({"name": GPT}, (400, "INVALID_INPUT")),
    ):
        assert await call.refused("POST", "models/registry/copy", body) == expected


async def test_a_model_is_made_of_a_file_and_updates_are_told(served: Served, call: Caller, tiny_llama: Path) -> None:
    body = {"name": "own:q8", "file": str(tiny_llama)}
    assert await done(served, await call.good("POST", "models/registry/create", body)) is OperationStatus.COMPLETED
    assert "own:q8" in (await call.good("GET", "models"))["by_runtime"]["ollama"]
    for file in ("own.gguf", "/nowhere\0", "/nowhere/x.gguf"):
        status, _ = await call.refused("POST", "models/registry/create", {"name": "x", "file": file})
        assert status == 400
    assert await call.good("GET", "models/registry/updates") == {"success": True, "updates": [], "count": 0}
    [told] = (await call.good("GET", "models/registry/updates?refresh=true"))["updates"]
    assert (told["name"], told["status"]) == (GPT, "unknown")
    assert told["error"]


async def test_a_server_of_others_is_ended_only_when_that_is_confirmed(served: Served, call: Caller) -> None:
    response = await call("POST", "system/llm-servers/ollama/stop")
    answer = response.json()
    assert (response.status_code, answer["reason_code"], answer["needs_confirmation"]) == (409, "NOT_OUR_SERVER", True)
    assert (await call.good("GET", "system/llm-servers"))["servers"][0]["status"] == "running"


async def test_a_server_of_others_is_restarted_once_that_is_confirmed(served: Served) -> None:
    theirs = PlainServer(EXTERNAL)
    routes = SystemRoutes(replace(served.services, runtimes={"ollama": theirs}))
    with pytest.raises(NotOurServer):
        await routes.restart("ollama")
    await routes.restart("ollama", confirm=True)
    assert theirs.asked == ["restart", "stop by force", "start"]
    await routes.restart("ollama", confirm=True)
    assert theirs.asked[3:] == ["restart"]


async def test_a_server_that_is_away_leaves_its_models_in_the_list(
    served: Served, call: Caller, ollama: OllamaStandIn
) -> None:
    ollama.go_down()
    await served.services.registry.refresh_stores()
    listed = await call.good("GET", "models")
    assert listed["by_runtime"] == {"ollama": [GPT]}
    assert listed["stores"]["ollama"]["reachable"] is False
    assert "Ollama is not running" in listed["stores"]["ollama"]["error"]


async def test_a_server_that_others_end_and_start_again_is_noticed_behind_the_gateway(
    served: Served, call: Caller, ollama: OllamaStandIn
) -> None:
    await call.good("POST", "models/activate", {"name": GPT, "runtime": "ollama"})
    runtime = served.services.runtimes["ollama"]
    states: asyncio.Queue[RuntimeState] = asyncio.Queue()
    runtime.changed.subscribe(lambda snapshot: states.put_nowait(snapshot.state))
    body = {"model": "active", "messages": [{"role": "user", "content": "Hello"}]}
    async with asyncio.timeout(60):
        ollama.go_down()
        while await states.get() is RuntimeState.RUNNING:
            pass
        assert (await call("POST", "/v1/chat/completions", body)).status_code == 503
        ollama.come_back()
        while await states.get() is not RuntimeState.RUNNING:
            pass
    assert (await call("POST", "/v1/chat/completions", body)).status_code == 200


async def test_a_model_that_another_program_has_just_brought_is_known(
    served: Served, call: Caller, ollama: OllamaStandIn
) -> None:
    ollama.add_model("theirs:1b")
    told = await call.good("GET", "models/theirs:1b/capabilities")
    assert told["capabilities"]["quantization"] == "Q4_K_M"
    ollama.add_model("more:1b")
    assert (await call.good("POST", "models/activate", {"name": "more:1b"}))["runtime"]["name"] == "ollama"
