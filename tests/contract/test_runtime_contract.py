"""What every local runtime must hold, run over the real engine: the built-in one and a `llama-server` by path."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.fakes.gguf_files import write_header_only, write_sharded_llama, write_tiny_llama
from tests.fakes.gguf_llama import SPEECH
from tests.fakes.llama_server import install_llama_server
from venom_desktop.core.errors import (
    ContextExceeded,
    FileMissing,
    LoadCancelled,
    RequestRefused,
    RuntimeFailed,
    RuntimeUnavailable,
)
from venom_desktop.core.http import Client, make_local_client
from venom_desktop.core.registry.model import ModelCapabilities, ModelMetadata, ModelProvider
from venom_desktop.core.runtimes.base import (
    ChatChunk,
    ChatMessage,
    ChatRequest,
    LoadSettings,
    RuntimeSnapshot,
    RuntimeState,
)
from venom_desktop.core.runtimes.control.orphans import wait_for_end
from venom_desktop.core.runtimes.control.process_identity import started_mark
from venom_desktop.core.runtimes.llama_cpp import LlamaCpp

T = TypeVar("T")
SETTINGS = LoadSettings(context=512)
HELLO = ChatRequest(messages=(ChatMessage(role="user", content="Hello"),), temperature=0)

PARENT = """
import asyncio, sys
from pathlib import Path
from venom_desktop.core.http import make_local_client
from venom_desktop.core.registry.model import ModelMetadata, ModelProvider
from venom_desktop.core.runtimes.base import LoadSettings
from venom_desktop.core.runtimes.llama_cpp import LlamaCpp

async def main():
    folder, file, program = (Path(word) for word in sys.argv[1:])
    runtime = LlamaCpp(
        http=make_local_client(),
        runtime_folder=folder / "run",
        log_folder=folder / "log",
        server_path=lambda: program if program.name else None,
    )
    model = ModelMetadata(
        name="tiny", provider=ModelProvider.LOCAL, display_name="tiny", runtime="llama_cpp", local_path=file
    )
    await runtime.load(model, LoadSettings(context=512))
    print(runtime.snapshot.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


class Bench:
    """A runtime with all that it said, and models to load."""

    def __init__(self, folder: Path, http: Client, program: Path | None) -> None:
        self.folder = folder
        self.http = http
        self.program = program
        self.runtime = self.another()
        self.states: list[RuntimeState] = []
        self.news: asyncio.Queue[RuntimeSnapshot] = asyncio.Queue()
        self.runtime.changed.subscribe(self._hear)

    def another(self, *, stalled_after_s: float = 120.0) -> LlamaCpp:
        return LlamaCpp(
            http=self.http,
            runtime_folder=self.folder / "run",
            log_folder=self.folder / "log",
            server_path=lambda: self.program,
            stalled_after_s=stalled_after_s,
        )

    def model(self, name: str = "tiny", **options: Any) -> ModelMetadata:
        return model_of(write_tiny_llama(self.folder / f"{name}.gguf", **options))

    async def state(self, wanted: RuntimeState) -> RuntimeSnapshot:
        while True:
            snapshot = await asyncio.wait_for(self.news.get(), 10)
            if snapshot.state is wanted:
                return snapshot

    def _hear(self, snapshot: RuntimeSnapshot) -> None:
        if not self.states or self.states[-1] is not snapshot.state:
            self.states.append(snapshot.state)
        self.news.put_nowait(snapshot)


def model_of(file: Path) -> ModelMetadata:
    return ModelMetadata(
        name=file.stem, provider=ModelProvider.LOCAL, display_name=file.stem, runtime="llama_cpp", local_path=file
    )


@pytest.fixture(params=["built-in", "llama-server"])
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    program = install_llama_server(tmp_path) if request.param == "llama-server" else None
    async with make_local_client() as http:
        made = Bench(tmp_path, http, program)
        yield made
        await made.runtime.close()


async def everything(runtime: LlamaCpp, request: ChatRequest) -> list[ChatChunk]:
    async with aclosing(runtime.chat(request)) as chunks:
        return [chunk async for chunk in chunks]


async def gone(pid: int | None) -> bool:
    assert pid is not None
    mark = started_mark(pid)
    return mark is None or await wait_for_end(pid, mark, within_s=10)


async def until(fact: Callable[[], Any]) -> None:
    """Ask an outside server until it says so."""
    async with asyncio.timeout(60):
        while not await fact():  # noqa: ASYNC110 - another process has no event for us
            await asyncio.sleep(0.01)


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


async def test_an_answer_streams_and_ends_with_its_figures(bench: Bench) -> None:
    await bench.runtime.load(bench.model(), SETTINGS)
    *pieces, last = await everything(bench.runtime, HELLO)
    assert len(pieces) > 5
    assert "".join(chunk.text for chunk in pieces).strip() == SPEECH
    assert last.finish_reason == "stop"
    assert last.prompt_tokens
    assert last.completion_tokens is not None
    assert last.completion_tokens >= len(pieces)
    assert last.tokens_per_s is not None
    assert last.tokens_per_s > 0
    assert bench.runtime.snapshot.answering == 0


async def test_questions_in_quick_succession_are_all_answered(bench: Bench) -> None:
    """A connection that the server closes between two questions must not cost the second one."""
    await bench.runtime.load(bench.model(), SETTINGS)
    for _ in range(150):
        assert (await everything(bench.runtime, replace(HELLO, max_tokens=2)))[-1].completion_tokens == 2


async def test_the_token_limit_ends_an_answer(bench: Bench) -> None:
    await bench.runtime.load(bench.model(endless=True), SETTINGS)
    last = (await everything(bench.runtime, replace(HELLO, max_tokens=4)))[-1]
    assert (last.finish_reason, last.completion_tokens) == ("length", 4)


async def test_closing_an_answer_stops_it_upstream(bench: Bench) -> None:
    await bench.runtime.load(bench.model(endless=True, context=200_000), LoadSettings(context=200_000))
    upstream = bench.runtime.upstream()

    async def slot_is_busy() -> bool:
        told = await bench.http.get(f"{upstream.base_url}/slots", headers=dict(upstream.headers))
        return bool(told.json()[0]["is_processing"])

    async def slot_is_free() -> bool:
        return not await slot_is_busy()

    async with aclosing(bench.runtime.chat(replace(HELLO, max_tokens=190_000))) as chunks:
        async for _ in chunks:
            break
        assert bench.runtime.snapshot.answering == 1
        assert await slot_is_busy()
    await until(slot_is_free)
    assert bench.runtime.snapshot.answering == 0


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
        await everything(bench.runtime, HELLO)


async def test_another_model_takes_the_place_of_the_first(bench: Bench) -> None:
    await bench.runtime.load(bench.model(), SETTINGS)
    first = bench.runtime.snapshot.pid
    await bench.runtime.load(bench.model("other", speech="Another voice."), SETTINGS)
    assert await gone(first)
    assert [loaded.name for loaded in bench.runtime.snapshot.loaded] == ["other"]
    assert "".join(chunk.text for chunk in await everything(bench.runtime, HELLO)).strip() == "Another voice."


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


async def test_a_shard_is_enough_to_load_all_of_them(bench: Bench) -> None:
    first = write_sharded_llama(bench.folder, "split")[0]
    await bench.runtime.load(model_of(first), SETTINGS)
    assert "".join(chunk.text for chunk in await everything(bench.runtime, HELLO)).strip() == SPEECH


async def test_a_missing_shard_is_explained(bench: Bench) -> None:
    first, second, _ = write_sharded_llama(bench.folder, "split")
    second.unlink()
    with pytest.raises(RuntimeFailed, match=r"file is (missing|damaged)"):
        await bench.runtime.load(model_of(first), SETTINGS)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: path.write_text("these are no weights"), "The file is not a GGUF model."),
        (lambda path: path.write_bytes(b""), "The file is not a GGUF model."),
        (lambda path: path.write_bytes(write_tiny_llama(path).read_bytes()[:200_000]), "is damaged or incomplete."),
        (
            lambda path: write_header_only(path, {"general.architecture": "unheard"}),
            "does not know the architecture 'unheard'.",
        ),
    ],
    ids=["text", "empty", "cut", "architecture"],
)
async def test_a_bad_file_is_explained_in_one_sentence(
    bench: Bench, make: Callable[[Path], Any], sentence: str
) -> None:
    file = bench.folder / "bad.gguf"
    make(file)
    with pytest.raises(RuntimeFailed) as raised:
        await bench.runtime.load(model_of(file), SETTINGS)
    assert sentence in str(raised.value)
    assert bench.states == [RuntimeState.STARTING, RuntimeState.EXITED]
    assert str(bench.runtime.snapshot.error) == str(raised.value)
    assert not list((bench.folder / "run").iterdir())


async def test_a_good_model_loads_after_a_bad_one(bench: Bench) -> None:
    (bench.folder / "bad.gguf").write_text("no")
    with pytest.raises(RuntimeFailed):
        await bench.runtime.load(model_of(bench.folder / "bad.gguf"), SETTINGS)
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
        await bench.runtime.load(model_of(bench.folder / "nowhere.gguf"), SETTINGS)
    assert await bench.runtime.health()


async def test_a_killed_server_is_noticed_and_explained(bench: Bench) -> None:
    await bench.runtime.load(bench.model(), SETTINGS)
    pid = bench.runtime.snapshot.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(60):
        snapshot = await bench.state(RuntimeState.EXITED)
    assert isinstance(snapshot.error, RuntimeFailed)
    assert str(snapshot.error) == "llama.cpp stopped. Another program ended it (signal\u00a09). Start it again."
    assert (snapshot.exit_code, snapshot.pid, snapshot.loaded) == (-9, None, ())
    with pytest.raises(RuntimeFailed, match="Another program ended it"):
        await everything(bench.runtime, HELLO)
    await bench.runtime.load(bench.model(), SETTINGS)
    assert await bench.runtime.health()


async def test_an_answer_cut_by_the_servers_death_says_why(bench: Bench) -> None:
    await bench.runtime.load(bench.model(endless=True), LoadSettings(context=2048))
    pid = bench.runtime.snapshot.pid
    assert pid is not None

    async def listen() -> None:
        async with aclosing(bench.runtime.chat(replace(HELLO, max_tokens=2000))) as chunks:
            async for number, _ in enumerated(chunks):
                if number == 2:
                    os.kill(pid, signal.SIGKILL)

    with pytest.raises(RuntimeFailed, match="Another program ended it"):
        await listen()
    assert bench.runtime.snapshot.answering == 0


async def enumerated(items: AsyncIterator[T]) -> AsyncIterator[tuple[int, T]]:
    number = 0
    async for item in items:
        yield number, item
        number += 1


async def test_kill_9_of_the_parent_leaves_no_server(bench: Bench) -> None:
    file = write_tiny_llama(bench.folder / "tiny.gguf")
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(bench.folder), str(file), str(bench.program or "")],
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
    await everything(bench.runtime, HELLO)
    upstream = bench.runtime.upstream()
    key = upstream.headers["Authorization"].removeprefix("Bearer ")
    assert len(key) >= 32
    for entry in Path("/proc").glob("[0-9]*"):
        for part in ("cmdline", "environ"):
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


async def test_a_model_without_the_system_role_gets_its_text_as_a_prefix(bench: Bench) -> None:
    """The prompt is as long as if the user had written the text; what the user set wins over what was detected."""
    model = replace(
        bench.model(system_role=False),
        capabilities=ModelCapabilities(supports_system_role=True),
        overrides=ModelCapabilities(supports_system_role=False),
    )
    await bench.runtime.load(model, SETTINGS)
    request = replace(HELLO, messages=(ChatMessage(role="system", content="Be brief."), *HELLO.messages))
    written = replace(HELLO, messages=(ChatMessage(role="user", content="Be brief.\n\nHello"),))
    as_prefix, as_written = [await everything(bench.runtime, asked) for asked in (request, written)]
    assert as_prefix[-1].prompt_tokens == as_written[-1].prompt_tokens
    assert "".join(chunk.text for chunk in as_prefix).strip() == SPEECH


async def test_a_conversation_longer_than_the_context_says_both_figures(bench: Bench) -> None:
    await bench.runtime.load(bench.model(), LoadSettings(context=256))
    request = ChatRequest(messages=(ChatMessage(role="user", content="z" * 2000),))
    with pytest.raises(ContextExceeded, match=r"has \d{4} tokens and the model holds 256"):
        await everything(bench.runtime, request)


async def test_a_request_that_the_server_does_not_take_is_told_in_its_words(bench: Bench) -> None:
    await bench.runtime.load(bench.model(), SETTINGS)
    with pytest.raises(RequestRefused, match="did not accept the request"):
        await everything(bench.runtime, replace(HELLO, extra={"response_format": {"type": "verse"}}))


async def test_devices_are_told(bench: Bench) -> None:
    found = await bench.runtime.devices()
    assert found
    assert all(device.memory_total_bytes and device.memory_free_bytes is not None for device in found)


async def test_a_server_that_stands_still_while_loading_is_given_up(tmp_path: Path) -> None:
    program = tmp_path / "llama-server"
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o755)
    async with make_local_client() as http:
        bench = Bench(tmp_path, http, program)
        runtime = bench.another(stalled_after_s=0.5)
        with pytest.raises(RuntimeFailed, match="made no progress"):
            await asyncio.wait_for(runtime.load(bench.model(), SETTINGS), 10)
        assert runtime.snapshot.state is RuntimeState.EXITED
        await runtime.close()


async def test_a_llama_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    async with make_local_client() as http:
        bench = Bench(tmp_path, http, tmp_path / "not-here")
        with pytest.raises(RuntimeFailed, match="could not be started: No such file"):
            await bench.runtime.load(bench.model(), SETTINGS)
        await bench.runtime.close()


async def test_the_key_file_of_a_llama_server_is_private_while_it_exists(tmp_path: Path) -> None:
    program = tmp_path / "llama-server"
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o755)
    async with make_local_client() as http:
        bench = Bench(tmp_path, http, program)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(bench.runtime.load(bench.model(), SETTINGS))
            while not (found := list((tmp_path / "run").glob("*.key"))):  # noqa: ASYNC110 - a file has no event
                await asyncio.sleep(0.005)
            assert stat.S_IMODE(found[0].stat().st_mode) == 0o600
            task.cancel()
        assert not list((tmp_path / "run").glob("*.key"))
        await bench.runtime.close()


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


async def test_a_server_that_does_not_name_our_model_is_not_taken_for_ours(tmp_path: Path) -> None:
    program = tmp_path / "llama-server"
    program.write_text(STRANGER.format(python=sys.executable))
    program.chmod(0o755)
    async with make_local_client() as http:
        bench = Bench(tmp_path, http, program)
        runtime = bench.another(stalled_after_s=1.0)
        with pytest.raises(RuntimeFailed, match="made no progress"):
            await runtime.load(bench.model(), SETTINGS)
        await runtime.close()
