"""What an Ollama server does, held by the stand-in and, where there is one, by the real program."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.contract.ollama_bench import BINARY, Bench, RealServer, Server, StandIn
from tests.fakes import docker_registry
from tests.fakes.docker_registry import DockerRegistry
from tests.fakes.gguf_files import write_tiny_llama
from tests.fakes.gguf_llama import SPEECH
from venom_desktop.core.errors import (
    ChecksumMismatch,
    PullBrokenOff,
    RequestRefused,
    RuntimeUnavailable,
    SourceUnreachable,
    UnknownLibraryModel,
    UnknownModel,
)
from venom_desktop.core.http import make_local_client
from venom_desktop.core.runtimes.base import ChatChunk, ChatMessage, ChatRequest
from venom_desktop.core.runtimes.model_store import PullPhase
from venom_desktop.core.runtimes.ollama_lines import OllamaWire

HELLO = ChatRequest(messages=(ChatMessage(role="user", content="Hello"),), temperature=0)
WITH_SYSTEM = "{{ if .System }}{{ .System }}\n{{ end }}{{ .Prompt }}"
SMALL = {"num_ctx": 512}
KINDS = ["stand-in", "stand-in with a registry", "real"]
BIG_BYTES = 6_000_000
TOOL = {"type": "function", "function": {"name": "boil", "parameters": {"type": "object", "properties": {}}}}
SCHEMA = {"type": "object", "properties": {"degrees": {"type": "integer"}}, "required": ["degrees"]}


@pytest.fixture(scope="module", params=KINDS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    kind = request.param
    if kind == "real" and BINARY is None:
        pytest.skip("no ollama on PATH, and VENOM_TEST_OLLAMA names none")
    if kind != "stand-in" and not docker_registry.is_installed():
        pytest.skip("docker-registry is not installed")
    folder = tmp_path_factory.mktemp("ollama")
    if kind == "stand-in":
        stand_in = StandIn(folder, None)
        with stand_in.ollama:
            yield stand_in
        return
    with DockerRegistry(folder) as registry:
        if kind == "real":
            real = RealServer(folder, registry)
            real.start()
            yield real
            real.kill()
            return
        stand_in = StandIn(folder, registry)
        with stand_in.ollama:
            yield stand_in


@pytest.fixture
async def bench(server: Server) -> AsyncIterator[Bench]:
    async with make_local_client() as http:
        made = Bench(server, http)
        yield made
        await made.empty()


def weights(folder: Path, *, seed: int = 0, pad_to_bytes: int | None = None, endless: bool = False) -> bytes:
    file = folder / f"tiny-{seed}-{endless}.gguf"
    return write_tiny_llama(file, seed=seed, pad_to_bytes=pad_to_bytes, endless=endless).read_bytes()


async def answer(bench: Bench, name: str, request: ChatRequest = HELLO) -> list[ChatChunk]:
    async with aclosing(bench.client.chat(name, request, options=SMALL, keep_alive="5m")) as chunks:
        return [chunk async for chunk in chunks]


async def test_it_tells_its_version_and_an_empty_list(bench: Bench) -> None:
    assert (await bench.client.version()).startswith("0.")
    assert await bench.client.models() == ()
    assert await bench.client.loaded() == ()


async def test_a_pull_tells_its_phases_and_bytes_and_ends_in_the_list(bench: Bench, tmp_path: Path) -> None:
    content = weights(tmp_path)
    name, digest, layer = bench.server.publish("pulled", content, template=WITH_SYSTEM)
    steps = await bench.pull(name)
    phases = [step.phase for step in steps]
    assert phases[0] is PullPhase.MANIFEST
    assert list(dict.fromkeys(phases)) == [
        PullPhase.MANIFEST,
        PullPhase.DOWNLOADING,
        PullPhase.VERIFYING,
        PullPhase.WRITING,
        PullPhase.DONE,
    ]
    of_weights = [step for step in steps if step.layer == layer]
    assert {step.total_bytes for step in of_weights} == {len(content)}
    assert of_weights[-1].done_bytes == len(content)
    (model,) = await bench.client.models()
    assert (model.name, model.digest, model.quantization) == (name, digest, "F32")
    assert model.size_bytes is not None
    assert model.size_bytes > len(content)


async def test_what_is_here_already_is_pulled_at_once(bench: Bench, tmp_path: Path) -> None:
    name = await bench.install("again", weights(tmp_path))
    steps = await bench.pull(name)
    assert all(step.done_bytes == step.total_bytes for step in steps)
    assert steps[-1].phase is PullPhase.DONE


async def test_a_model_is_described_by_its_weights_and_its_template(bench: Bench, tmp_path: Path) -> None:
    name = await bench.install("shown", weights(tmp_path), template=WITH_SYSTEM)
    details = await bench.client.show(name)
    can = details.capabilities
    assert (can.supports_system_role, can.supports_function_calling, can.supports_vision) == (True, False, False)
    assert (can.max_context_length, can.quantization, can.prompt_template) == (2048, "F32", WITH_SYSTEM)
    assert details.architecture == "llama"


async def test_a_model_without_a_template_of_its_own_has_no_system_role(bench: Bench, tmp_path: Path) -> None:
    details = await bench.client.show(await bench.install("plain", weights(tmp_path)))
    assert details.capabilities.supports_system_role is False


async def test_a_model_is_loaded_kept_and_unloaded(bench: Bench, tmp_path: Path) -> None:
    name = await bench.install("loaded", weights(tmp_path))
    await bench.client.load(name, options=SMALL, keep_alive="30m")
    (loaded,) = await bench.client.loaded()
    assert (loaded.name, loaded.context, loaded.vram_bytes) == (name, 512, 0)
    assert loaded.memory_bytes
    assert loaded.expires_at is not None
    await bench.client.load(name, options=SMALL, keep_alive=-1)
    assert [one.expires_at for one in await bench.client.loaded()] == [None]
    await bench.client.unload(name)
    await bench.gone_from_memory()


@pytest.mark.parametrize("kept", [600, "600"])
async def test_a_bare_number_is_seconds_also_when_it_comes_as_text(
    bench: Bench, tmp_path: Path, kept: str | int
) -> None:
    name = await bench.install("kept", weights(tmp_path))
    await bench.client.load(name, options=SMALL, keep_alive=kept)
    (loaded,) = await bench.client.loaded()
    assert loaded.expires_at is not None


async def test_a_model_deleted_while_it_is_loaded_stays_in_memory(bench: Bench, tmp_path: Path) -> None:
    name = await bench.install("deleted", weights(tmp_path))
    await bench.client.load(name, options=SMALL, keep_alive=1)
    await bench.client.delete(name)
    assert await bench.client.models() == ()
    assert [one.name for one in await bench.client.loaded()] == [name]
    with pytest.raises(UnknownModel):
        await bench.client.unload(name)
    with pytest.raises(UnknownModel):
        await answer(bench, name)
    await bench.gone_from_memory()


async def test_it_answers_and_counts(bench: Bench, tmp_path: Path) -> None:
    name = await bench.install("answers", weights(tmp_path))
    chunks = await answer(bench, name)
    assert "".join(chunk.text for chunk in chunks).strip() == SPEECH
    assert len(chunks) > 5
    last = chunks[-1]
    assert last.finish_reason == "stop"
    assert last.prompt_tokens
    assert last.completion_tokens == 13
    assert last.tokens_per_s
    short = await answer(bench, name, replace(HELLO, max_tokens=3))
    assert (short[-1].finish_reason, short[-1].completion_tokens) == ("length", 3)


async def test_an_answer_follows_a_schema(bench: Bench, tmp_path: Path) -> None:
    name = await bench.install("schema", weights(tmp_path))
    chunks = await answer(bench, name, replace(HELLO, schema=SCHEMA, max_tokens=40))
    assert "".join(chunk.text for chunk in chunks).lstrip().startswith("{")


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        (replace(HELLO, think=True), "does not support thinking"),
        (replace(HELLO, tools=(TOOL,)), "does not support tools"),
    ],
    ids=["think", "tools"],
)
async def test_what_a_model_cannot_do_is_refused_in_words(
    bench: Bench, tmp_path: Path, request_: ChatRequest, problem: str
) -> None:
    name = await bench.install("unable", weights(tmp_path))
    with pytest.raises(RequestRefused, match=problem):
        await answer(bench, name, request_)


async def test_an_answer_that_is_closed_leaves_the_server_free(bench: Bench, tmp_path: Path) -> None:
    name = await bench.install("endless", weights(tmp_path, endless=True))
    async with aclosing(bench.client.chat(name, HELLO, options=SMALL, keep_alive="5m")) as chunks:
        assert (await anext(chunks)).text
    short = await asyncio.wait_for(answer(bench, name, replace(HELLO, max_tokens=2)), 20)
    assert short[-1].finish_reason == "length"


async def test_texts_are_embedded(bench: Bench, tmp_path: Path) -> None:
    name = await bench.install("embeds", weights(tmp_path))
    wire = OllamaWire(bench.http, lambda: bench.server.url)
    told = await wire.ask("POST", "/api/embed", {"model": name, "input": ["water", "air"]}, within_s=20)
    first, second = told.content["embeddings"]
    assert sum(value * value for value in first) == pytest.approx(1, abs=1e-3)
    assert len(first) == len(second)


async def test_a_copy_is_the_same_model_and_outlives_the_first(bench: Bench, tmp_path: Path) -> None:
    name = await bench.install("first", weights(tmp_path))
    await bench.client.copy(name, "someone/second:v1")
    first, second = await bench.client.models()
    assert first.digest == second.digest
    await bench.client.delete(name)
    assert await bench.names() == {"someone/second:v1"}
    assert (await answer(bench, "someone/second:v1"))[-1].finish_reason == "stop"


async def test_a_model_is_made_of_a_file_of_ones_own(bench: Bench, tmp_path: Path) -> None:
    file = write_tiny_llama(tmp_path / "own.gguf", seed=7)
    digest = f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
    assert not await bench.client.has_blob(digest)
    assert [sent async for sent in bench.client.push_blob(digest, file)][-1] == file.stat().st_size
    assert await bench.client.has_blob(digest)
    # Sent again, it is answered before it was read.
    async with aclosing(bench.client.push_blob(digest, file)) as again:
        assert all([sent <= file.stat().st_size async for sent in again])
    steps = [step async for step in bench.client.create("own", {file.name: digest})]
    assert [step.phase for step in steps] == [PullPhase.VERIFYING, PullPhase.WRITING, PullPhase.DONE]
    assert await bench.names() == {"own:latest"}
    assert (await answer(bench, "own"))[-1].finish_reason == "stop"


async def test_a_file_that_changed_on_its_way_is_told(bench: Bench, tmp_path: Path) -> None:
    file = write_tiny_llama(tmp_path / "changed.gguf", seed=8)
    with pytest.raises(ChecksumMismatch, match=r"changed\.gguf"):
        [sent async for sent in bench.client.push_blob(f"sha256:{'0' * 64}", file)]


async def test_a_file_that_is_no_gguf_makes_no_model(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "text.gguf"
    file.write_bytes(b"Water boils. " * 200)
    digest = f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
    assert [sent async for sent in bench.client.push_blob(digest, file)]
    with pytest.raises(RequestRefused, match="not in GGUF format"):
        [step async for step in bench.client.create("text", {file.name: digest})]
    assert await bench.names() == set()


async def test_a_pull_that_was_cut_goes_on_where_it_was(bench: Bench, tmp_path: Path) -> None:
    name, _, layer = bench.server.publish("cut", weights(tmp_path, seed=1, pad_to_bytes=BIG_BYTES))
    bench.server.slow_down(BIG_BYTES)
    await bench.leave(name, at_bytes=BIG_BYTES // 4)
    bench.server.slow_down(None)
    steps_again = await bench.pull(name)
    assert steps_again[-1].phase is PullPhase.DONE
    first, second = bench.server.fetches(layer)
    assert first == 0
    assert second >= BIG_BYTES // 4


async def test_two_who_pull_one_model_share_its_download(bench: Bench, tmp_path: Path) -> None:
    name, _, layer = bench.server.publish("shared", weights(tmp_path, seed=2, pad_to_bytes=BIG_BYTES))
    bench.server.slow_down(BIG_BYTES)
    both = await asyncio.gather(bench.pull(name), bench.pull(name))
    assert [steps[-1].phase for steps in both] == [PullPhase.DONE, PullPhase.DONE]
    assert bench.server.fetches(layer) == [0]


async def test_a_server_killed_in_a_pull_is_told_and_the_pull_can_be_made_again(bench: Bench, tmp_path: Path) -> None:
    name, _, _ = bench.server.publish("killed", weights(tmp_path, seed=3, pad_to_bytes=BIG_BYTES))
    bench.server.slow_down(BIG_BYTES)
    with pytest.raises(PullBrokenOff):
        await bench.kill_in_pull(name)
    with pytest.raises(RuntimeUnavailable):
        await bench.client.version()
    await asyncio.to_thread(bench.server.start)
    bench.server.slow_down(None)
    assert (await bench.pull(name))[-1].phase is PullPhase.DONE


async def test_a_newer_model_under_the_same_name_takes_the_place_of_the_old(bench: Bench, tmp_path: Path) -> None:
    name, old, _ = bench.server.publish("updated", weights(tmp_path, seed=4))
    await bench.pull(name)
    _, new, _ = bench.server.publish("updated", weights(tmp_path, seed=5))
    assert old != new
    await bench.pull(name)
    assert [model.digest for model in await bench.client.models()] == [new]


async def test_weights_that_are_other_bytes_are_refused(bench: Bench, tmp_path: Path) -> None:
    name, _, layer = bench.server.publish("spoiled", weights(tmp_path, seed=6))
    bench.server.spoil(layer)
    with pytest.raises(ChecksumMismatch):
        await bench.pull(name)
    assert await bench.names() == set()
    assert not await bench.client.has_blob(layer)


async def test_a_model_that_is_not_there_is_told(bench: Bench, tmp_path: Path) -> None:
    name, _, _ = bench.server.publish("there", weights(tmp_path))
    with pytest.raises(UnknownLibraryModel):
        await bench.pull(name.replace("there", "elsewhere"))


async def test_a_registry_that_does_not_answer_is_named(bench: Bench) -> None:
    with pytest.raises(SourceUnreachable, match=r"^127\.0\.0\.1:1 does not answer"):
        await bench.pull("127.0.0.1:1/library/tiny:latest")


async def test_a_name_that_is_none_is_refused(bench: Bench) -> None:
    with pytest.raises(RequestRefused, match="invalid model name"):
        await bench.pull("a:b:c")


async def test_names_that_are_not_installed_are_told(bench: Bench) -> None:
    for asked in (
        bench.client.show("nobody"),
        bench.client.delete("nobody"),
        bench.client.copy("nobody", "somebody"),
        bench.client.load("nobody", options={}, keep_alive=None),
        bench.client.unload("nobody"),
    ):
        with pytest.raises(UnknownModel, match="nobody"):
            await asked
    with pytest.raises(UnknownModel, match="nobody"):
        await answer(bench, "nobody")
