"""Servers elsewhere over HTTP: added, listed, tried, used through the gateway, and forgotten."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.caller import NAME, Caller, Served
from tests.fakes.hub_faults import failing
from tests.fakes.ollama_server import OllamaStandIn
from tests.fakes.openai_server import SPEECH, OpenAiStandIn
from tests.fakes.tls import Authority, TlsFront
from venom_desktop.core.governance.base import Terms

KEY = "sk-planted-0123456789abcdef"
LAB = "remote-lab-box"
CHAT = "/v1/chat/completions"


@pytest.fixture
def server() -> Iterator[OpenAiStandIn]:
    with OpenAiStandIn("tiny", "org/large", key=KEY) as made:
        yield made


def body(url: str, **more: object) -> dict[str, object]:
    return {"title": "Lab box", "url": url, "kind": "openai", **more}


async def test_a_server_is_added_listed_and_shown_among_the_runtimes(call: Caller, server: OpenAiStandIn) -> None:
    added = await call.good("POST", "system/remotes", body(server.url, key=KEY, output_usd_per_million=1.5))
    assert added["remote"]["name"] == LAB
    [listed] = (await call.good("GET", "system/remotes"))["remotes"]
    assert (listed["title"], listed["kind"], listed["url"]) == ("Lab box", "openai", server.url)
    assert (listed["key"], listed["input_usd_per_million"], listed["output_usd_per_million"]) == ("memory", None, 1.5)
    shown = {one["name"]: one for one in (await call.good("GET", "system/llm-servers"))["servers"]}
    assert (shown[LAB]["control"], shown[LAB]["endpoint"], shown[LAB]["pid"]) == ("external", server.url, None)
    for verb in ("start", "stop", "restart"):
        assert await call.refused("POST", f"system/llm-servers/{LAB}/{verb}") == (409, "REMOTE_CONTROL")


async def test_a_try_tells_what_it_found_or_why_not(call: Caller, server: OpenAiStandIn) -> None:
    found = await call.good("POST", "system/remotes/test", {"url": server.url, "key": KEY})
    assert (found["version"], found["models_count"]) == ("vLLM", 2)
    wrong = {"url": server.url, "key": "sk-wrong-0123456789"}
    assert await call.refused("POST", "system/remotes/test", wrong) == (502, "REMOTE_KEY_REFUSED")
    await call.good("POST", "system/remotes", body(server.url, key=KEY))
    assert (await call.good("POST", "system/remotes/test", {"name": LAB}))["models_count"] == 2
    assert await call.refused("POST", "system/remotes/test", {}) == (400, "INVALID_INPUT")
    assert await call.refused("POST", "system/remotes/test", {"name": "remote-x"}) == (404, "UNKNOWN_REMOTE")
    server.go_down()
    assert await call.refused("POST", "system/remotes/test", {"name": LAB}) == (503, "REMOTE_UNREACHABLE")


async def test_its_model_is_activated_and_answers_the_gateway_with_its_key_and_price(
    served: Served, call: Caller, server: OpenAiStandIn
) -> None:
    terms = {"input_usd_per_million": 2.0, "output_usd_per_million": 10.0, "requests_per_minute": 60}
    await call.good("POST", "system/remotes", body(server.url, key=KEY, **terms))
    active = await call.good("POST", "models/activate", {"name": "tiny"})
    assert active["runtime"]["name"] == LAB
    rows = {row["name"]: row for row in (await call.good("GET", "models"))["models"]}
    assert (rows["tiny"]["active"], rows["tiny"]["size_bytes"], rows["tiny"]["provider"]) == (True, None, "openai")
    asked = {"model": "tiny", "messages": [{"role": "user", "content": "Hello"}]}
    answer = await call.good("POST", "/v1/chat/completions", asked)
    assert answer["choices"][0]["message"]["content"] == "".join(SPEECH)
    streamed = await call("POST", "/v1/chat/completions", {**asked, "stream": True})
    assert streamed.text.rstrip().endswith("data: [DONE]")
    embedded = await call.good("POST", "/v1/embeddings", {"model": "tiny", "input": "Hello"})
    assert embedded["data"][0]["embedding"] == [0.25, 0.5]
    whole = served.services.gate.recent[-3]
    assert whole.terms == Terms(input_usd=2.0, output_usd=10.0, requests_per_minute=60)
    assert whole.cost_usd == pytest.approx((5 * 2.0 + 3 * 10.0) / 1e6)
    assert server.tokens() == {KEY}


async def test_what_its_refusal_to_talk_teaches_about_a_model_is_kept(call: Caller, server: OpenAiStandIn) -> None:
    server.fault(failing(400, message="The model does not support Chat Completions API"), CHAT, times=None)
    await call.good("POST", "system/remotes", body(server.url, key=KEY))
    for _ in range(2):
        await call.good("POST", "models/activate", {"name": "tiny"})
        assert (await call.good("GET", "models/tiny/capabilities"))["capabilities"]["supports_embedding"] is True
    assert len(server.requests_for(CHAT)) == 1
    assert server.bodies("/v1/embeddings") == [{"model": "tiny", "input": "Hi"}] * 2


async def test_the_gateway_believes_the_servers_own_authority(
    call: Caller, server: OpenAiStandIn, tmp_path: Path
) -> None:
    authority = Authority.made(tmp_path / "ca")
    with TlsFront(authority.certificate_for("IP:127.0.0.1"), server.port) as front:
        told = body(front.url, key=KEY, ca_file=str(authority.file))
        await call.good("POST", "system/remotes", told)
        await call.good("POST", "models/activate", {"name": "tiny", "runtime": LAB})
        asked = {"model": "tiny", "messages": [{"role": "user", "content": "Hello"}]}
        answer = await call.good("POST", "/v1/chat/completions", asked)
    assert answer["choices"][0]["message"]["content"] == "".join(SPEECH)


async def test_a_key_in_the_open_is_asked_about(call: Caller) -> None:
    told = body("http://models.example:8000", key=KEY)
    response = await call("POST", "system/remotes", told)
    assert (response.status_code, response.json()["needs_confirmation"]) == (409, True)
    assert (await call.good("GET", "system/remotes"))["count"] == 0
    await call.good("POST", "system/remotes", {**told, "confirm": True})


async def test_forgetting_asks_and_takes_models_key_and_the_active_mark_along(
    served: Served, call: Caller, server: OpenAiStandIn
) -> None:
    await served.put_model()
    await call.good("POST", "system/remotes", body(server.url, key=KEY))
    await call.good("POST", "models/activate", {"name": "tiny"})
    refused = await call("DELETE", f"system/remotes/{LAB}")
    assert (refused.status_code, refused.json()["needs_confirmation"]) == (409, True)
    await call.good("DELETE", f"system/remotes/{LAB}?confirm=true")
    assert [row["name"] for row in (await call.good("GET", "models"))["models"]] == [NAME]
    assert (await call.good("GET", "system/llm-runtime/active"))["model"] is None
    assert LAB not in {one["name"] for one in (await call.good("GET", "system/llm-servers"))["servers"]}
    assert await call.refused("DELETE", f"system/remotes/{LAB}?confirm=true") == (404, "UNKNOWN_REMOTE")
    server.go_down()
    await call.good("POST", "system/remotes", body(server.url))
    assert [row["name"] for row in (await call.good("GET", "models"))["models"]] == [NAME]


async def test_its_key_is_removed_alone_after_a_question(call: Caller, server: OpenAiStandIn) -> None:
    await call.good("POST", "system/remotes", body(server.url, key=KEY))
    refused = await call("DELETE", f"system/remotes/{LAB}/key")
    assert (refused.status_code, refused.json()["needs_confirmation"]) == (409, True)
    left = await call.good("DELETE", f"system/remotes/{LAB}/key?confirm=true")
    assert (left["remote"]["key"], left["message"]) == ("none", "The key of Lab box is removed")
    assert await call.refused("POST", "system/remotes/test", {"name": LAB}) == (502, "REMOTE_KEY_MISSING")


async def test_a_server_is_changed_and_a_body_of_another_shape_is_refused(call: Caller, server: OpenAiStandIn) -> None:
    await call.good("POST", "system/remotes", body(server.url, key=KEY))
    changed = await call.good("PUT", f"system/remotes/{LAB}", {**body(server.url), "title": "Rack"})
    assert (changed["remote"]["name"], changed["remote"]["title"], changed["remote"]["key"]) == (LAB, "Rack", "memory")
    for told in ({}, body("nonsense://x"), {**body(server.url), "kind": "quantum"}, body(server.url, key=7)):
        assert await call.refused("POST", "system/remotes", told) == (400, "INVALID_INPUT")


async def test_the_planted_key_is_in_no_answer_and_no_file(
    served: Served, call: Caller, server: OpenAiStandIn, private_home: Path
) -> None:
    answers = [await call.good("POST", "system/remotes", body(server.url, key=KEY))]
    await call.good("POST", "models/activate", {"name": "tiny"})
    for path in ("system/remotes", "system/llm-servers", "system/llm-runtime/active", "models"):
        answers.append(await call.good("GET", path))
    assert KEY not in json.dumps(answers)
    files = [file for file in private_home.rglob("*") if file.is_file()]
    assert any(file.name == "remotes.json" for file in files)
    assert [file for file in files if KEY.encode() in file.read_bytes()] == []


async def test_models_elsewhere_are_not_removed_and_do_not_count_against_the_quota(
    call: Caller, ollama: OllamaStandIn
) -> None:
    ollama.add_model("llama3:8b", layers=(4_000_000,))
    ollama.add_model("idle:1b", layers=(2_000_000,))
    before = (await call.good("GET", "models/usage"))["usage"]["disk_usage_gb"]
    await call.good("POST", "system/remotes", {"title": "Attic", "url": ollama.url, "kind": "ollama"})
    await call.good("POST", "models/activate", {"name": "llama3:8b", "runtime": "remote-attic"})
    assert (await call.good("GET", "models/usage"))["usage"]["disk_usage_gb"] == before
    row = "models/registry/{}?runtime=remote-attic&confirm=true"
    assert await call.refused("DELETE", row.format("llama3:8b")) == (409, "MODEL_ACTIVE")
    assert await call.refused("DELETE", row.format("idle:1b")) == (409, "MODELS_ELSEWHERE")
    copied = {"name": "llama3:8b", "new_name": "other", "runtime": "remote-attic"}
    assert await call.refused("POST", "models/registry/copy", copied) == (400, "INVALID_INPUT")
    await call.good("DELETE", "system/remotes/remote-attic?confirm=true")
    assert {"llama3:8b", "idle:1b"} <= {stored.name.short for stored in ollama.store.all()}
