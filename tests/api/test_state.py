"""After a start: what was active and is not what runs is told with what answers, and nothing is loaded for it."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from tests.api.caller import NAME
from tests.api.conftest import serving
from tests.fakes.hub import HubServer
from venom_desktop.app.paths import Paths
from venom_desktop.core.errors import ActiveNotLoaded
from venom_desktop.core.runtimes.base import RuntimeState

PLACE = "system/llm-runtime/active"


async def test_a_model_that_is_not_in_memory_is_told_until_it_is_activated_again(
    private_home: Path, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(hub, monkeypatch) as served:
        await served.activate()
        assert (await served.caller.good("GET", PLACE))["difference"] is None
    async with serving(hub, monkeypatch) as served:
        check = served.services.state_check
        found = asyncio.Event()
        check.changed.subscribe(lambda _: found.set())
        if check.standing is None:
            async with asyncio.timeout(20):
                await found.wait()
        assert [type(one) for one in (check.standing,)] == [ActiveNotLoaded]
        told = (await served.caller.good("GET", PLACE))["difference"]
        assert told == {"reason_code": "ACTIVE_NOT_LOADED", "message": f"{NAME} was active and is not in memory."}
        assert served.services.runtimes["llama_cpp"].snapshot.state is RuntimeState.STOPPED
        await served.services.registry.activate_model(NAME)
        assert check.standing is None
        assert (await served.caller.good("GET", PLACE))["difference"] is None


async def test_a_runtime_that_the_environment_forbids_now_is_told_and_nothing_answers_on_it(
    private_home: Path, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(hub, monkeypatch) as served:
        await served.activate()
    monkeypatch.setenv("VENOM_RUNTIME_PROFILE", "llm_off")
    async with serving(hub, monkeypatch) as served:
        told = (await served.caller.good("GET", PLACE))["difference"]
        assert told["reason_code"] == "ACTIVE_FORBIDDEN"
        question = {"model": "active", "messages": [{"role": "user", "content": "Hello"}]}
        answer = await served.caller("POST", "/v1/chat/completions", question)
        assert answer.status_code == 403
        assert "PROFILE_FORBIDS_RUNTIME" in answer.text


async def test_a_model_that_was_removed_meanwhile_is_told(
    private_home: Path, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = Paths.from_environment(os.environ)
    paths.make_private()
    paths.data.mkdir(parents=True)
    body = {
        "LLM_SERVICE_TYPE": "local",
        "LLM_MODEL_NAME": "org/gone",
        "ACTIVE_LLM_SERVER": "llama_cpp",
        "last_models": {},
    }
    (paths.data / "active.json").write_text(json.dumps(body))
    async with serving(hub, monkeypatch) as served:
        told = (await served.caller.good("GET", PLACE))["difference"]
        assert told["message"] == "org/gone was active and is not installed any more. Activate another model."
