"""Runtimes over HTTP, with the real engine: activate, state, start, stop, restart."""

import asyncio
import subprocess
from pathlib import Path

import pytest

from tests.api.caller import NAME, Caller, Served
from tests.api.conftest import serving
from tests.fakes.hub import HubServer
from tests.fakes.vllm import install_vllm, write_model
from venom_desktop.core.runtimes.base import FollowedRuntime, RuntimeState
from venom_desktop.core.runtimes.control.ports import free_port

SEED_NAMES = {"LLM_SERVICE_TYPE", "LLM_MODEL_NAME", "ACTIVE_LLM_SERVER"}
FULL_PAYLOAD = {"provider", "model", "endpoint", "service_type", "runtime_id", "status", "error"} | SEED_NAMES
OTHER = "tiny-lab/Other-GGUF:Q8_0"


async def test_a_model_is_activated_and_the_runtime_tells_of_it(served: Served, call: Caller) -> None:
    await served.put_model()
    answer = await call.good("POST", "models/activate", {"name": NAME, "runtime": "llama_cpp"})
    assert answer.keys() == {"success", "message", "runtime"}
    assert answer["runtime"]["status"] == "running"
    ollama, server = (await call.good("GET", "system/llm-servers"))["servers"]
    assert (ollama["name"], ollama["endpoint"], ollama["loaded"]) == ("ollama", None, [])
    assert (server["name"], server["status"], server["control"]) == ("llama_cpp", "running", "child")
    assert server["endpoint"] == f"http://127.0.0.1:{server['port']}"
    assert server["pid"] == served.services.runtimes["llama_cpp"].snapshot.pid
    assert [loaded["name"] for loaded in server["loaded"]] == [NAME]
    key = served.services.runtimes["llama_cpp"].upstream().headers["Authorization"].removeprefix("Bearer ")
    for path in ("system/llm-servers/active", "system/llm-runtime/active"):
        active = await call.good("GET", path)
        assert active.keys() >= FULL_PAYLOAD
        assert (active["active_server"], active["active_model"]) == ("llama_cpp", NAME)
        assert active["last_models"] == {"llama_cpp": NAME}
        assert (active["LLM_SERVICE_TYPE"], active["LLM_MODEL_NAME"]) == ("local", NAME)
        assert active["ACTIVE_LLM_SERVER"] == "llama_cpp"
        assert key not in str(active) + str(server)


async def test_nothing_active_is_null_and_nothing_to_start_is_told(call: Caller) -> None:
    active = await call.good("GET", "system/llm-runtime/active")
    assert (active["model"], active["status"], active["LLM_MODEL_NAME"]) == (None, None, "")
    assert await call.refused("POST", "system/llm-servers/llama_cpp/start") == (409, "NO_ACTIVE_MODEL")
    assert await call.refused("POST", "system/llm-servers/llama_cpp/restart") == (409, "NO_ACTIVE_MODEL")
    assert (await call.good("POST", "system/llm-servers/llama_cpp/stop"))["server"]["status"] == "stopped"


async def test_another_model_by_either_spelling_and_the_first_one_again(served: Served, call: Caller) -> None:
    await served.put_model()
    await served.put_model(OTHER)
    place = "system/llm-servers/active"
    assert (await call.good("POST", place, {"server_name": "llama_cpp", "model_name": NAME}))["model"] == NAME
    assert (await call.good("POST", place, {"server_name": "llama_cpp", "model": OTHER}))["model"] == OTHER
    assert (await call.good("POST", place, {"server_name": "llama_cpp"}))["model"] == OTHER
    assert await call.refused("POST", place, {"server_name": "llama_cpp", "model": "no/such"}) == (404, "UNKNOWN_MODEL")
    assert await call.refused("POST", place, {"server_name": "nothing"}) == (404, "UNKNOWN_RUNTIME")
    assert await call.refused("POST", place, {}) == (400, "INVALID_INPUT")
    assert (await call.good("GET", place))["model"] == OTHER


async def test_a_runtime_stops_starts_and_restarts_with_its_last_model(served: Served, call: Caller) -> None:
    await served.activate()
    runtime = served.services.runtimes["llama_cpp"]
    first = runtime.snapshot.pid
    restarted = (await call.good("POST", "system/llm-servers/llama_cpp/restart"))["server"]
    assert restarted["pid"] not in (None, first)
    stopped = (await call.good("POST", "system/llm-servers/llama_cpp/stop"))["server"]
    assert (stopped["status"], stopped["pid"], stopped["loaded"]) == ("stopped", None, [])
    started = (await call.good("POST", "system/llm-servers/llama_cpp/start"))["server"]
    assert [loaded["name"] for loaded in started["loaded"]] == [NAME]
    again = (await call.good("POST", "system/llm-servers/llama_cpp/start"))["server"]
    assert again["pid"] == started["pid"]


async def test_stopping_in_the_middle_of_an_answer_asks_first(served: Served, call: Caller) -> None:
    await served.activate(endless=True, context=200_000)
    runtime = served.services.runtimes["llama_cpp"]
    answering = asyncio.Event()
    runtime.changed.subscribe(lambda snapshot: answering.set() if snapshot.answering else None)
    with runtime.passing():
        response = await call("POST", "system/llm-servers/llama_cpp/stop")
        assert (response.status_code, response.json()["needs_confirmation"]) == (409, True)
        assert "1 answer" in response.json()["error"]
        assert runtime.snapshot.state is RuntimeState.RUNNING
        stopped = await call.good("POST", "system/llm-servers/llama_cpp/stop", {"confirm": True})
    assert answering.is_set()
    assert stopped["server"]["status"] == "stopped"


async def test_a_runtime_outside_the_profile_is_refused_and_not_shown(served: Served, call: Caller) -> None:
    await served.put_model()
    await served.services.settings.set("runtime_profile", "llm_off")
    assert (await call.good("GET", "system/llm-servers"))["servers"] == []
    for place, body in (
        ("system/llm-servers/llama_cpp/start", None),
        ("system/llm-servers/active", {"server_name": "llama_cpp", "model_name": NAME}),
        ("models/activate", {"name": NAME, "runtime": "llama_cpp"}),
        ("models/registry/install", {"name": "a/b", "provider": "huggingface", "runtime": "llama_cpp"}),
    ):
        assert await call.refused("POST", place, body) == (403, "PROFILE_FORBIDS_RUNTIME"), place


async def test_a_file_that_no_engine_takes_leaves_the_answering_model_as_it_was(served: Served, call: Caller) -> None:
    await served.activate()
    bad = await served.put_model(OTHER)
    assert bad.local_path is not None
    bad.local_path.write_bytes(b"no model")
    assert await call.refused("POST", "models/activate", {"name": OTHER}) == (503, "RUNTIME_FAILED")
    active = await call.good("GET", "system/llm-servers/active")
    assert (active["model"], active["status"]) == (NAME, "running")
    bad.local_path.unlink()
    assert await call.refused("POST", "models/activate", {"name": OTHER}) == (500, "FILE_MISSING")


async def test_a_switch_in_the_middle_of_an_answer_asks_and_with_consent_goes_ahead(
    served: Served, call: Caller
) -> None:
    await served.activate()
    await served.put_model(OTHER)
    served.activating.finish_within_s = lambda: 0.1
    runtime = served.services.runtimes["llama_cpp"]
    with runtime.passing():
        response = await call("POST", "models/activate", {"name": OTHER})
        answer = response.json()
        assert (response.status_code, answer["reason_code"]) == (409, "ANSWERS_RUNNING")
        assert answer["needs_confirmation"] is True
        assert (await call.good("GET", "system/llm-servers/active"))["model"] == NAME
        done = await call.good(
            "POST", "system/llm-servers/active", {"server_name": "llama_cpp", "model": OTHER, "confirm": True}
        )
    assert done["model"] == OTHER


async def test_the_question_of_a_windows_switch_is_answered_over_http_too(served: Served, call: Caller) -> None:
    await served.activate()
    await served.put_model(OTHER)
    served.activating.finish_within_s = lambda: 0.0
    registry = served.services.registry
    asked = asyncio.Event()
    registry.operations.changed.subscribe(lambda operation: asked.set() if operation.question else None)
    with served.services.runtimes["llama_cpp"].passing():
        operation_id = await registry.start_activation(OTHER)
        async with asyncio.timeout(30):
            await asked.wait()
        told = (await call.good("GET", f"models/operations/{operation_id}"))["operation"]
        assert (told["step"], told["question"], told["can_cancel"]) == ("drain", "stop_and_switch", True)
        await call.good("POST", f"models/operations/{operation_id}/confirm")
        await registry.wait(operation_id)
    assert (await call.good("GET", "system/llm-servers/active"))["model"] == OTHER
    assert await call.refused("POST", f"models/operations/{operation_id}/confirm") == (409, "WRONG_STATE")
    assert await call.refused("POST", f"models/operations/{operation_id}/cancel") == (409, "WRONG_STATE")


async def test_a_server_of_others_is_ended_over_http_only_when_confirmed(
    private_home: Path, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("VENOM_RUNTIME_PROFILE", "full")
    monkeypatch.setenv("VLLM_PORT", str(port))
    program, model = install_vllm(private_home / "bin"), write_model(private_home / "theirs")
    theirs = subprocess.Popen([program, "serve", model, "--port", str(port)], stdout=subprocess.PIPE, text=True)
    assert theirs.stdout is not None
    try:
        while "startup complete" not in await asyncio.to_thread(theirs.stdout.readline):
            pass
        async with serving(hub, monkeypatch) as served:
            vllm = served.services.runtimes["vllm"]
            assert isinstance(vllm, FollowedRuntime)
            await vllm.refresh()
            shown = next(
                one
                for one in (await served.caller.good("GET", "system/llm-servers"))["servers"]
                if one["name"] == "vllm"
            )
            assert (shown["status"], shown["control"], shown["progress"]) == ("running", "external", None)
            refused = await served.caller.refused("POST", "system/llm-servers/vllm/stop")
            assert refused == (409, "NOT_OUR_SERVER")
            assert theirs.poll() is None
            answer = await served.caller.good("POST", "system/llm-servers/vllm/stop", {"confirm": True})
            assert answer["server"]["status"] == "stopped"
        assert await asyncio.to_thread(theirs.wait, 60) is not None
    finally:
        theirs.kill()
        theirs.wait()
        theirs.stdout.close()
