"""`venom-desktop serve` as a real process: one line, no Qt, a clean end, one per home, nothing in `ps`."""

import asyncio
import json
import os
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from tests.app.commands import Ended, command, ended, serving, start
from tests.fakes.gguf_files import write_tiny_llama
from tests.fakes.hub import HubServer
from tests.fakes.hub_faults import Slow
from venom_desktop.core.http import Client, make_local_client

REPO = "tiny-lab/Tiny-Llama-GGUF"
NAME = f"{REPO}:Q8_0"


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with make_local_client() as made:
        yield made


@pytest.fixture
def offered(hub: HubServer, tiny_llama: Path, monkeypatch: pytest.MonkeyPatch) -> HubServer:
    hub.add_repo(REPO, {"Tiny-Llama-Q8_0.gguf": tiny_llama})
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    return hub


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_says_one_line_answers_without_qt_and_ends_cleanly(
    private_home: Path, client: Client, number: signal.Signals
) -> None:
    async with serving() as one:
        assert one.url.startswith("http://127.0.0.1:")
        assert (private_home / "config" / "api-token").read_text().strip() == one.token
        assert (await client.get(f"{one.url}/health")).json()["status"] == "ok"
        assert (await one.call(client, "GET", "models"))["models"] == []
        told = await one.end(number)
    assert told == Ended(code=0, out="", err="")
    assert not (private_home / "run" / "app.sock").exists()
    assert one.token not in (private_home / "log" / "venom-desktop.log").read_text()


async def test_a_second_one_on_the_home_says_which_process_holds_it(client: Client) -> None:
    async with serving() as one:
        second = await command("serve", "--port", "0")
        assert (second.code, second.out) == (1, "")
        assert str(one.process.pid) in second.err
        assert (await client.get(f"{one.url}/health")).status_code == 200


async def test_a_taken_port_is_told_with_who_has_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = await command("serve", "--port", str(port))
    assert (refused.code, refused.out) == (1, "")
    assert str(port) in refused.err
    assert f"process\u00a0{os.getpid()}" in refused.err


async def test_a_home_or_a_variable_that_makes_no_sense_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENOM_RUNTIME_PROFILE", "heavy")
    refused = await command("serve", "--port", "0")
    assert refused.code == 1
    assert refused.err.count("\n") == 1
    assert "light, llm_off or full" in refused.err


async def test_a_download_pauses_with_it_and_goes_on_with_the_next(
    offered: HubServer, client: Client, tmp_path: Path
) -> None:
    weights = write_tiny_llama(tmp_path / "Slow-Q8_0.gguf", pad_to_bytes=6_000_000)
    offered.add_repo("tiny-lab/Slow-GGUF", {weights.name: weights})
    offered.fault(Slow(bytes_per_second=500_000), "*/resolve/*", method="GET", times=10_000)
    models = tmp_path / "elsewhere"
    async with serving("--models-dir", str(models)) as one:
        body = {"name": "tiny-lab/Slow-GGUF:Q8_0"}
        operation_id = (await one.call(client, "POST", "models/registry/install", body))["operation_id"]
        await asyncio.to_thread(offered.wait_for, "*/resolve/*", method="GET")
        family = psutil.Process(one.process.pid).children(recursive=True)
        assert (await one.end()).code == 0
    _, alive = await asyncio.to_thread(psutil.wait_procs, family, timeout=60)
    assert not alive
    offered.clear_faults()
    async with serving("--models-dir", str(models)) as next_one:
        path = f"models/operations/{operation_id}"
        assert (await next_one.call(client, "GET", path))["operation"]["status"] == "paused"
        await next_one.call(client, "POST", f"{path}/resume")
        told = await next_one.until(client, path, lambda answer: answer["operation"]["status"] != "in_progress")
        told = told["operation"]
    assert told["status"] == "completed", told["error"]
    assert [path.name for path in models.rglob("*.gguf")] == ["Slow-Q8_0.gguf"]


async def test_the_active_model_answers_again_and_no_secret_is_in_the_process_list(
    offered: HubServer, client: Client, private_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "hf_" + "s3cret" * 5
    monkeypatch.setenv("HF_TOKEN", secret)
    offered.add_account(secret)
    assert (await command("install", NAME)).code == 0
    assert (await command("activate", NAME)).code == 0
    async with serving() as one:
        await one.until(client, "system/llm-runtime/active", lambda answer: answer["status"] == "running")
        headers = {"Authorization": f"Bearer {one.token}"}
        body = {"model": "active", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 2}
        answer = await client.post(f"{one.url}/v1/chat/completions", json=body, headers=headers)
        assert answer.json()["choices"][0]["message"]["content"]
        me = psutil.Process(one.process.pid)
        family = [me, *me.children(recursive=True)]
        assert len(family) >= 2
        for process in family:
            line = " ".join(process.cmdline())
            assert one.token not in line
            assert secret not in line
            assert "api_key" not in line
        assert one.token not in str(await one.call(client, "GET", "models/operations"))
        assert (await one.end()).code == 0
    _, alive = await asyncio.to_thread(psutil.wait_procs, family, timeout=60)
    assert not alive
    for file in private_home.rglob("*"):
        if file.is_file() and file.name != "api-token":
            content = file.read_bytes()
            assert one.token.encode() not in content, file
            assert secret.encode() not in content, file


async def test_what_is_to_stay_goes_from_one_program_to_the_next_until_the_profile_forbids_it(
    offered: HubServer, client: Client, private_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (private_home / "config").mkdir(parents=True)
    (private_home / "config" / "settings.json").write_text('{"keep_running_after_quit": true}')
    assert (await command("install", NAME)).code == 0
    assert (await command("activate", NAME)).code == 0
    [record] = (private_home / "run").glob("*.pid.json")
    engine = psutil.Process(json.loads(record.read_text())["pid"])
    guard = engine.parent()
    async with serving() as one:
        told = await one.until(client, "system/llm-runtime/active", lambda answer: answer["status"] == "running")
        assert told["model"] == NAME
        servers = (await one.call(client, "GET", "system/llm-servers"))["servers"]
        assert engine.pid in [server["pid"] for server in servers]
        one.process.kill()
    assert engine.is_running()
    monkeypatch.setenv("VENOM_RUNTIME_PROFILE", "llm_off")
    async with serving():
        _, alive = await asyncio.to_thread(psutil.wait_procs, [engine, *([guard] if guard else [])], timeout=60)
    assert not alive
    assert not list((private_home / "run").glob("llama_cpp*"))


async def test_a_window_that_is_asked_for_is_told_why_not(private_home: Path) -> None:
    from venom_desktop.app.instance_door import ask

    async with serving() as one:
        told = await asyncio.to_thread(ask, private_home / "run", {"request": "show"})
        assert told is not None
        assert (told["ok"], told["reason_code"]) == (False, "CONFLICT")
        assert str(one.process.pid) in told["error"]
        door = await asyncio.to_thread(ask, private_home / "run", {"request": "api"})
        assert door == {"ok": True, "url": one.url, "token": one.token}


async def test_small_commands_go_through_the_one_that_runs(offered: HubServer, client: Client) -> None:
    async with serving() as one:
        installed = await command("install", NAME, "--json")
        assert installed.code == 0, installed.err
        assert json.loads(installed.out)["operation"]["status"] == "completed"
        assert [model["name"] for model in (await one.call(client, "GET", "models"))["models"]] == [NAME]
        refused = await command("remove", NAME)
        assert refused.code == 1
        assert "(--yes)" in refused.err
        asked = await command("remove", NAME, "--json")
        assert json.loads(asked.out)["needs_confirmation"] is True
        assert (await command("activate", NAME)).out == f"{NAME} is active\n"
        active = await command("remove", NAME, "--yes", "--json")
        assert (active.code, json.loads(active.out)["reason_code"]) == (1, "MODEL_ACTIVE")
        unknown = await command("activate", "no/such", "--json")
        assert json.loads(unknown.out)["reason_code"] == "UNKNOWN_MODEL"
        assert NAME in (await command("list")).out
        looked_at = json.loads((await command("trending", "--provider", "huggingface", "--json")).out)
        assert [model["model_name"] for model in looked_at["models"]] == [NAME.partition(":")[0]]


async def test_ctrl_c_pauses_an_install_and_the_same_command_goes_on(offered: HubServer, tmp_path: Path) -> None:
    weights = write_tiny_llama(tmp_path / "Slow-Q8_0.gguf", pad_to_bytes=6_000_000)
    offered.add_repo("tiny-lab/Slow-GGUF", {weights.name: weights})
    offered.fault(Slow(bytes_per_second=500_000), "*/resolve/*", method="GET", times=10_000)
    process = await start("install", "tiny-lab/Slow-GGUF")
    await asyncio.to_thread(offered.wait_for, "*/resolve/*", method="GET")
    process.send_signal(signal.SIGINT)
    paused = await ended(process)
    assert (paused.code, paused.out) == (130, "Paused. The same command goes on where it stopped.\n")
    offered.clear_faults()
    done = await command("install", "tiny-lab/Slow-GGUF")
    assert (done.code, done.out) == (0, "tiny-lab/Slow-GGUF:Q8_0 is installed\n"), done.err
