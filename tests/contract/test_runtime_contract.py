"""What every local runtime must hold: llama.cpp's built-in engine, a `llama-server` by path, and vLLM.

What is promised of answers holds for an OpenAI-compatible server elsewhere too.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.contract.remote_benches import RemoteVllmBench
from tests.contract.runtime_benches import HELLO, SETTINGS, Bench, LlamaBench, VllmBench, gone, listen_and, until
from tests.fakes.llama_server import install_llama_server
from venom_desktop.core.errors import (
    ContextExceeded,
    FileMissing,
    LoadCancelled,
    RequestRefused,
    RuntimeFailed,
    RuntimeUnavailable,
)
from venom_desktop.core.http import make_local_client
from venom_desktop.core.registry.model import ModelCapabilities, ModelMetadata
from venom_desktop.core.runtimes.base import ChatMessage, ChatRequest, Control, LoadSettings, RuntimeState
from venom_desktop.core.runtimes.control.process_identity import started_mark

KINDS = ["built-in", "llama-server", "vllm"]
STRANGER = """#!{python}
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{{}}")

    def log_message(self, *_):
        pass

HTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), Answer).serve_forever()
"""


Answering = Bench | RemoteVllmBench


@asynccontextmanager
async def bench_of(kind: str, folder: Path) -> AsyncIterator[Bench]:
    async with make_local_client() as http:
        made: Bench
        match kind:
            case "built-in":
                made = LlamaBench(folder, http, None)
            case "llama-server":
                made = LlamaBench(folder, http, install_llama_server(folder))
            case _:
                made = VllmBench(folder, http)
        yield made
        await made.runtime.close()


@pytest.fixture(params=KINDS)
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench_of(request.param, tmp_path) as made:
        yield made


@pytest.fixture(params=[*KINDS, "remote"])
async def answering(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Answering]:
    async with bench_of(request.param, tmp_path) as made:
        if request.param != "remote":
            yield made
            return
        assert isinstance(made, VllmBench)
        remote = RemoteVllmBench(made)
        yield remote
        await remote.runtime.close()


async def test_a_loaded_model_answers_health_and_shows_itself(bench: Bench) -> None:
    await bench.runtime.load(bench.model(), SETTINGS)
    snapshot = bench.runtime.snapshot
    assert await bench.runtime.health()
    assert bench.states == [RuntimeState.STARTING, RuntimeState.RUNNING]
    [loaded] = snapshot.loaded
    assert (loaded.name, loaded.context) == ("tiny", 512)
    assert loaded.memory_bytes is not None
    assert loaded.memory_bytes > 10_000_000
    assert snapshot.endpoint == f"http://127.0.0.1:{snapshot.port}"
    assert snapshot.version
    assert snapshot.changed_at is not None


async def test_an_answer_streams_and_ends_with_its_figures(answering: Answering) -> None:
    await answering.runtime.load(answering.model(), SETTINGS)
    *pieces, last = await answering.everything()
    assert len(pieces) > 5
    assert "".join(chunk.text for chunk in pieces).strip() == answering.speech
    assert last.finish_reason == "stop"
    assert last.prompt_tokens
    assert last.completion_tokens is not None
    assert last.completion_tokens >= len(pieces)
    assert last.tokens_per_s is not None
    assert last.tokens_per_s > 0
    assert answering.runtime.snapshot.answering == 0


async def test_questions_in_quick_succession_are_all_answered(answering: Answering) -> None:
    """A connection that the server closes between two questions must not cost the second one."""
    await answering.runtime.load(answering.model(), SETTINGS)
    for _ in range(150):
        assert (await answering.everything(replace(HELLO, max_tokens=2)))[-1].completion_tokens == 2


async def test_the_token_limit_ends_an_answer(answering: Answering) -> None:
    await answering.runtime.load(answering.model(endless=True), SETTINGS)
    last = (await answering.everything(replace(HELLO, max_tokens=4)))[-1]
    assert (last.finish_reason, last.completion_tokens) == ("length", 4)


async def test_closing_an_answer_stops_it_upstream(answering: Answering) -> None:
    await answering.runtime.load(answering.model(endless=True, context=200_000), LoadSettings(context=200_000))

    async def is_done() -> bool:
        return not await answering.is_answering()

    async with aclosing(answering.runtime.chat(replace(HELLO, max_tokens=190_000))) as chunks:
        async for _ in chunks:
            break
        assert answering.runtime.snapshot.answering == 1
        assert await answering.is_answering()
    await until(is_done)
    assert answering.runtime.snapshot.answering == 0


async def test_unloading_ends_the_process(bench: Bench) -> None:
    await bench.runtime.load(bench.model(), SETTINGS)
    pid = bench.runtime.snapshot.pid
    await bench.runtime.unload()
    assert await gone(pid)
    snapshot = bench.runtime.snapshot
    assert (snapshot.state, snapshot.pid, snapshot.loaded, snapshot.endpoint) == (RuntimeState.STOPPED, None, (), None)
    assert not await bench.runtime.health()
    assert not list((bench.folder / "run").iterdir())
    with pytest.raises(RuntimeUnavailable):
        await bench.everything()


async def test_another_model_takes_the_place_of_the_first(bench: Bench) -> None:
    await bench.runtime.load(bench.model(), SETTINGS)
    first = bench.runtime.snapshot.pid
    await bench.runtime.load(bench.model("other", speech="Another voice."), SETTINGS)
    assert await gone(first)
    assert [loaded.name for loaded in bench.runtime.snapshot.loaded] == ["other"]
    assert "".join(chunk.text for chunk in await bench.everything()).strip() == "Another voice."


async def test_loading_the_same_again_keeps_the_server(bench: Bench) -> None:
    model = bench.model()
    await bench.runtime.load(model, SETTINGS)
    pid = bench.runtime.snapshot.pid
    await bench.runtime.load(model, SETTINGS)
    assert bench.runtime.snapshot.pid == pid
    await bench.runtime.load(model, replace(SETTINGS, context=256))
    assert bench.runtime.snapshot.loaded[0].context == 256


async def test_a_second_load_waits_for_the_first_and_wins(bench: Bench) -> None:
    one, two = bench.model("one"), bench.model("two")
    await asyncio.gather(bench.runtime.load(one, SETTINGS), bench.runtime.load(two, SETTINGS))
    assert bench.states.count(RuntimeState.STARTING) == 2
    assert [loaded.name for loaded in bench.runtime.snapshot.loaded] == ["two"]


async def test_stopping_ends_a_load_under_way_and_those_that_wait(bench: Bench) -> None:
    loads = asyncio.gather(
        bench.runtime.load(bench.model("one"), SETTINGS),
        bench.runtime.load(bench.model("two"), SETTINGS),
        return_exceptions=True,
    )
    await bench.state(RuntimeState.STARTING)
    await bench.runtime.stop()
    assert [type(result) for result in await loads] == [LoadCancelled, LoadCancelled]
    assert bench.runtime.snapshot.state is RuntimeState.STOPPED
    assert RuntimeState.EXITED not in bench.states


async def test_cancelling_a_load_ends_its_process(bench: Bench) -> None:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(bench.runtime.load(bench.model(), SETTINGS))
        await bench.state(RuntimeState.STARTING)
        while not list((bench.folder / "run").glob("*.pid.json")):  # noqa: ASYNC110 - written by another process
            await asyncio.sleep(0.005)
        task.cancel()
    assert task.cancelled()
    assert bench.runtime.snapshot.state is RuntimeState.STOPPED
    assert not list((bench.folder / "run").iterdir())


async def test_a_good_model_loads_after_a_bad_one(bench: Bench) -> None:
    (bench.folder / "bad.gguf").write_text("no")
    with pytest.raises(RuntimeFailed):
        await bench.runtime.load(bench.model_of(bench.folder / "bad.gguf"), SETTINGS)
    await bench.runtime.load(bench.model(), SETTINGS)
    assert bench.runtime.snapshot.error is None
    pid = bench.runtime.snapshot.pid
    assert pid is not None
    os.kill(pid, signal.SIGSEGV)
    exited = await bench.state(RuntimeState.EXITED)
    while exited.pid is not None or "crashed" not in str(exited.error):
        exited = await bench.state(RuntimeState.EXITED)
    assert "segmentation fault" in str(exited.error)


async def test_a_missing_file_is_told_before_anything_is_stopped(bench: Bench) -> None:
    await bench.runtime.load(bench.model(), SETTINGS)
    with pytest.raises(FileMissing):
        await bench.runtime.load(bench.model_of(bench.folder / "nowhere.gguf"), SETTINGS)
    assert await bench.runtime.health()


async def test_a_killed_server_is_noticed_and_explained(bench: Bench) -> None:
    await bench.runtime.load(bench.model(), SETTINGS)
    pid = bench.runtime.snapshot.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(60):
        snapshot = await bench.state(RuntimeState.EXITED)
    assert isinstance(snapshot.error, RuntimeFailed)
    assert str(snapshot.error) == f"{bench.title} stopped. Another program ended it (signal\u00a09). Start it again."
    assert (snapshot.exit_code, snapshot.pid, snapshot.loaded) == (-9, None, ())
    with pytest.raises(RuntimeFailed, match="Another program ended it"):
        await bench.everything()
    await bench.runtime.load(bench.model(), SETTINGS)
    assert await bench.runtime.health()


async def test_an_answer_cut_by_the_servers_death_says_why(bench: Bench) -> None:
    await bench.runtime.load(bench.model(endless=True), LoadSettings(context=2048))
    pid = bench.runtime.snapshot.pid
    assert pid is not None

    with pytest.raises(RuntimeFailed, match="Another program ended it"):
        await listen_and(bench, lambda: os.kill(pid, signal.SIGKILL), after=3)
    assert bench.runtime.snapshot.answering == 0


async def test_kill_9_of_the_parent_leaves_no_server(bench: Bench) -> None:
    path = bench.model().local_path
    parent = subprocess.Popen(
        [sys.executable, "-m", "tests.contract.runtime_parent", type(bench).__name__, str(bench.folder), str(path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    with parent.stdout:
        pid = int(await asyncio.to_thread(parent.stdout.readline))
    assert started_mark(pid) is not None
    parent.kill()
    parent.wait()
    assert await gone(pid)


async def test_nobody_is_served_without_the_key(bench: Bench) -> None:
    await bench.runtime.load(bench.model(), SETTINGS)
    upstream = bench.runtime.upstream()
    body = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 1}
    url = f"{upstream.base_url}/v1/chat/completions"
    assert (await bench.http.post(url, json=body)).status_code == 401
    assert (await bench.http.post(url, json=body, headers={"Authorization": "Bearer wrong"})).status_code == 401
    assert (await bench.http.post(url, json=body, headers=dict(upstream.headers))).status_code == 200


async def test_the_key_shows_in_no_process_table_log_or_file(bench: Bench) -> None:
    await bench.runtime.load(bench.model(), SETTINGS)
    await bench.everything()
    upstream = bench.runtime.upstream()
    key = upstream.headers["Authorization"].removeprefix("Bearer ")
    assert len(key) >= 32
    parts = ("cmdline",) if bench.key_is_in_environment else ("cmdline", "environ")
    for entry in Path("/proc").glob("[0-9]*"):
        for part in parts:
            try:
                seen = (entry / part).read_bytes()
            except OSError:
                continue
            assert key.encode() not in seen
    for file in (path for path in bench.folder.rglob("*") if path.is_file()):
        assert key.encode() not in file.read_bytes()
    assert key not in repr(upstream)
    assert key not in "\n".join(bench.runtime.log_lines())


async def test_it_listens_on_this_machine_only(bench: Bench) -> None:
    await bench.runtime.load(bench.model(), SETTINGS)
    port = bench.runtime.snapshot.port
    wanted = f"{port:04X}"
    listeners = [
        line.split()[1]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()[1:]
        if line.split()[3] == "0A" and line.split()[1].endswith(f":{wanted}")
    ]
    assert listeners == [f"0100007F:{wanted}"]


async def test_a_model_without_the_system_role_gets_its_text_as_a_prefix(answering: Answering) -> None:
    """What the user set wins over what was detected."""
    await answering.runtime.load(_without_system_role(answering), SETTINGS)
    await _require_prefix(answering)


def _without_system_role(bench: Answering) -> ModelMetadata:
    return replace(
        bench.model(system_role=False),
        capabilities=ModelCapabilities(supports_system_role=True),
        overrides=ModelCapabilities(supports_system_role=False),
    )


async def _require_prefix(answering: Answering) -> None:
    """The prompt is as long as if the user had written the text of the system."""
    request = replace(HELLO, messages=(ChatMessage(role="system", content="Be brief."), *HELLO.messages))
    written = replace(HELLO, messages=(ChatMessage(role="user", content="Be brief.\n\nHello"),))
    as_prefix, as_written = [await answering.everything(asked) for asked in (request, written)]
    assert as_prefix[-1].prompt_tokens == as_written[-1].prompt_tokens
    assert "".join(chunk.text for chunk in as_prefix).strip() == answering.speech


async def test_a_conversation_longer_than_the_context_says_both_figures(answering: Answering) -> None:
    await answering.runtime.load(answering.model(), LoadSettings(context=256))
    request = ChatRequest(messages=(ChatMessage(role="user", content="z" * 2000),))
    with pytest.raises(ContextExceeded, match=r"has \d{4} tokens and the model holds 256"):
        await answering.everything(request)


async def test_a_request_that_the_server_does_not_take_is_told_in_its_words(answering: Answering) -> None:
    await answering.runtime.load(answering.model(), SETTINGS)
    with pytest.raises(RequestRefused, match="did not accept the request"):
        await answering.everything(replace(HELLO, extra={"response_format": {"type": "verse"}}))


@pytest.mark.parametrize("kind", [LlamaBench, VllmBench])
async def test_a_server_that_stands_still_while_loading_is_given_up(
    tmp_path: Path, kind: type[LlamaBench] | type[VllmBench]
) -> None:
    program = tmp_path / "server"
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o755)
    async with make_local_client() as http:
        bench = kind(tmp_path, http, program)
        runtime = bench.another(stalled_after_s=0.5)
        with pytest.raises(RuntimeFailed, match="made no progress"):
            await asyncio.wait_for(runtime.load(bench.model(), SETTINGS), 10)
        assert runtime.snapshot.state is RuntimeState.EXITED
        await runtime.close()


@pytest.mark.parametrize("kind", [LlamaBench, VllmBench])
async def test_a_program_that_is_not_there_is_told(tmp_path: Path, kind: type[LlamaBench] | type[VllmBench]) -> None:
    async with make_local_client() as http:
        bench = kind(tmp_path, http, tmp_path / "not-here")
        with pytest.raises(RuntimeFailed, match="could not be started: No such file"):
            await bench.runtime.load(bench.model(), SETTINGS)
        await bench.runtime.close()


@pytest.mark.parametrize("kind", [LlamaBench, VllmBench])
async def test_a_server_that_does_not_name_our_model_is_not_taken_for_ours(
    tmp_path: Path, kind: type[LlamaBench] | type[VllmBench]
) -> None:
    program = tmp_path / "server"
    program.write_text(STRANGER.format(python=sys.executable))
    program.chmod(0o755)
    async with make_local_client() as http:
        bench = kind(tmp_path, http, program)
        runtime = bench.another(stalled_after_s=1.0)
        with pytest.raises(RuntimeFailed, match="made no progress"):
            await runtime.load(bench.model(), SETTINGS)
        await runtime.close()


async def test_a_server_that_stays_answers_the_next_program(bench: Bench) -> None:
    model = _without_system_role(bench)
    bench.known[model.key] = model
    runtime = await bench.leave(model)
    snapshot = runtime.snapshot
    assert (snapshot.state, snapshot.control) == (RuntimeState.RUNNING, Control.CHILD)
    assert [(loaded.name, loaded.context) for loaded in snapshot.loaded] == [("tiny", 512)]
    assert snapshot.version
    assert runtime.log_lines()
    await _require_prefix(bench)
    key = runtime.upstream().headers["Authorization"].removeprefix("Bearer ")
    assert not [file for file in bench.folder.rglob("*") if file.is_file() and key.encode() in file.read_bytes()]
    await runtime.load(model, SETTINGS)
    assert runtime.snapshot.pid == snapshot.pid
    await runtime.load(model, replace(SETTINGS, context=256))
    assert runtime.snapshot.pid != snapshot.pid
    assert await gone(snapshot.pid)


async def test_the_death_of_a_server_that_stayed_is_told_with_its_reason(bench: Bench) -> None:
    runtime = await bench.leave()
    pid = runtime.snapshot.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    snapshot = await bench.state(RuntimeState.EXITED)
    assert snapshot.exit_code == -signal.SIGKILL
    assert isinstance(snapshot.error, RuntimeFailed)


async def test_a_server_that_stayed_is_stopped_like_any_other(bench: Bench) -> None:
    runtime = await bench.leave()
    pid = runtime.snapshot.pid
    await runtime.stop()
    assert await gone(pid)
    assert not list((bench.folder / "run").iterdir())
