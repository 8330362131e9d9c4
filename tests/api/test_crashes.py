"""Real servers killed for real: noticed, explained, and brought back where the user chose so."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.caller import NAME, Caller, Served
from tests.api.conftest import serving
from tests.core.runtimes.ollama_bench import free_port
from tests.fakes.hub import HubServer
from tests.fakes.ollama_process import install_ollama
from venom_desktop.core.errors import RuntimeDied, ServerGone, VenomError
from venom_desktop.core.runtimes.base import Runtime, RuntimeSnapshot, RuntimeState

WITHIN_S = 20


class Ears:
    """What was told and how a runtime stood, as it came."""

    def __init__(self, served: Served, name: str) -> None:
        self.runtime: Runtime = served.services.runtimes[name]
        self.told: asyncio.Queue[VenomError] = asyncio.Queue()
        self.news: asyncio.Queue[RuntimeSnapshot] = asyncio.Queue()
        served.services.crash_watch.told.subscribe(self.told.put_nowait)
        self.runtime.changed.subscribe(self.news.put_nowait)

    @property
    def pid(self) -> int:
        pid = self.runtime.snapshot.pid
        assert pid is not None
        return pid

    async def hear(self) -> VenomError:
        async with asyncio.timeout(WITHIN_S):
            return await self.told.get()

    async def loaded(self) -> RuntimeSnapshot:
        async with asyncio.timeout(WITHIN_S):
            while True:
                news = await self.news.get()
                if news.state is RuntimeState.RUNNING and news.loaded:
                    return news


@pytest.fixture
async def with_ollama(
    private_home: Path, tmp_path: Path, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Served]:
    programs = tmp_path / "programs"
    programs.mkdir()
    install_ollama(programs)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("OLLAMA_HOST", f"127.0.0.1:{free_port()}")
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path / "ollama"))
    async with serving(hub, monkeypatch) as served:
        yield served


async def started(served: Served, name: str = "tiny:latest") -> None:
    """An Ollama of ours that holds the active model."""
    url = served.services.settings.snapshot.ollama_endpoint
    await served.caller.good("POST", "system/llm-servers/ollama/start")
    body = {"method": "add_model", "arguments": {"name": name}}
    (await served.caller.client.post(f"{url}/stand-in/call", json=body)).raise_for_status()
    await served.services.registry.refresh_stores()
    await served.services.registry.activate_model(name, "ollama")


async def test_a_killed_engine_is_noticed_without_being_asked_and_explained(served: Served, call: Caller) -> None:
    await served.activate()
    ears = Ears(served, "llama_cpp")
    os.kill(ears.pid, signal.SIGKILL)
    death = await ears.hear()
    assert isinstance(death, RuntimeDied)
    assert str(death) == "llama.cpp stopped. Another program ended it (signal\u00a09). Start it again."
    assert death.parameters["name"] == "llama_cpp"
    server = (await call.good("GET", "system/llm-servers"))["servers"][-1]
    assert (server["status"], server["exit_code"]) == ("exited", -9)
    assert (server["restarts_in_s"], server["gave_up_restarting"]) == (None, False)


async def test_a_killed_engine_comes_back_with_its_model_where_that_was_chosen(served: Served, call: Caller) -> None:
    await served.services.settings.set("restart_after_crash", True)
    await served.activate()
    ears = Ears(served, "llama_cpp")
    before = ears.pid
    os.kill(before, signal.SIGKILL)
    await ears.hear()
    server = (await call.good("GET", "system/llm-servers"))["servers"][-1]
    assert 0 < server["restarts_in_s"] <= 1
    back = await ears.loaded()
    assert back.pid not in (None, before)
    assert [loaded.name for loaded in back.loaded] == [NAME]
    assert served.services.crash_watch.returns_in_s("llama_cpp") is None


async def test_a_stop_ends_what_was_planned(served: Served, call: Caller) -> None:
    await served.services.settings.set("restart_after_crash", True)
    await served.activate()
    ears = Ears(served, "llama_cpp")
    os.kill(ears.pid, signal.SIGKILL)
    await ears.hear()
    server = (await call.good("POST", "system/llm-servers/llama_cpp/stop"))["server"]
    assert (server["status"], server["restarts_in_s"]) == ("stopped", None)


async def test_a_killed_server_of_ours_comes_back_with_the_active_model(with_ollama: Served) -> None:
    served = with_ollama
    await served.services.settings.set("restart_after_crash", True)
    await started(served)
    ears = Ears(served, "ollama")
    before = ears.pid
    os.kill(before, signal.SIGKILL)
    assert isinstance(await ears.hear(), RuntimeDied)
    back = await ears.loaded()
    assert back.pid not in (None, before)
    assert [loaded.name for loaded in back.loaded] == ["tiny:latest"]


async def test_a_server_of_another_program_that_is_gone_is_told_and_not_started(
    with_ollama: Served, tmp_path: Path
) -> None:
    served = with_ollama
    await served.services.settings.set("restart_after_crash", True)
    other = await asyncio.create_subprocess_exec(
        str(tmp_path / "programs" / "ollama"), "serve", stderr=asyncio.subprocess.PIPE
    )
    assert other.stderr is not None
    async with asyncio.timeout(WITHIN_S):
        while b"Listening" not in await other.stderr.readline():
            pass
    ears = Ears(served, "ollama")
    await served.caller.good("POST", "system/llm-servers/ollama/start")
    assert ears.pid == other.pid
    other.kill()
    await other.wait()
    assert isinstance(await ears.hear(), ServerGone)
    assert ears.runtime.snapshot.state is RuntimeState.STOPPED
    assert served.services.crash_watch.returns_in_s("ollama") is None
