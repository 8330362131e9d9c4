"""The models of an Ollama server as rows, over the stand-in that speaks its wire."""

import asyncio
import hashlib
import json
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from tests.fakes.gguf_files import write_tiny_llama
from tests.fakes.ollama_faults import Answers, Hangs, TellsError, failing, html
from tests.fakes.ollama_models import Facts
from tests.fakes.ollama_server import OllamaStandIn
from tests.support.counts import count
from venom_desktop.core.errors import (
    DownloadInterrupted,
    FileMissing,
    RuntimeUnavailable,
    SourceChanged,
    UnknownModel,
    UnreadableModelFile,
    UpstreamFailed,
    UpstreamSlow,
)
from venom_desktop.core.http import Client, make_local_client
from venom_desktop.core.registry.model import ModelMetadata, ModelProvider
from venom_desktop.core.runtimes.model_store import PullPhase, PullStep, StoreSnapshot
from venom_desktop.core.runtimes.ollama_client import OllamaClient, Patience
from venom_desktop.core.runtimes.ollama_models import OllamaModels, is_on_this_machine

QUICK = Patience(listing_s=1.0, asking_s=1.0)


@pytest.fixture
async def http() -> AsyncIterator[Client]:
    async with make_local_client() as made:
        yield made


@pytest.fixture
async def ollama(tmp_path: Path) -> AsyncIterator[OllamaStandIn]:
    async with OllamaStandIn(tmp_path / "models") as started:
        yield started


@pytest.fixture
def models(ollama: OllamaStandIn, http: Client) -> OllamaModels:
    return OllamaModels(OllamaClient(http, lambda: ollama.url, patience=QUICK))


def names(snapshot: StoreSnapshot) -> set[str]:
    return {model.name for model in snapshot.models or ()}


def row(models: OllamaModels, name: str) -> ModelMetadata:
    return next(model for model in models.snapshot.models or () if model.name == name)


async def test_a_model_is_a_row_with_what_the_server_tells_of_it(ollama: OllamaStandIn, models: OllamaModels) -> None:
    facts = Facts(
        capabilities=("completion", "tools"), context=32768, quantization="Q4_K_M", license="MIT License\nFree"
    )
    made = ollama.add_model("qwen2.5-coder:7b", layers=(4_000_000,), facts=facts)
    found = await models.refresh()
    assert (found.reachable, found.error) == (True, None)
    assert found.read_at is not None
    [model] = found.models or ()
    assert (model.name, model.runtime, model.display_name) == ("qwen2.5-coder:7b", "ollama", "Qwen2.5 Coder 7B")
    assert (model.provider, model.revision, model.local_path) == (ModelProvider.OLLAMA, made.digest, None)
    assert model.size_bytes is not None
    assert model.size_bytes > 4_000_000
    assert model.size_gb == model.size_bytes / 1e9
    assert model.license == "MIT License"
    assert model.installed_at is not None
    can = model.capabilities
    assert (can.supports_function_calling, can.supports_vision, can.max_context_length) == (True, False, 32768)
    assert can.quantization == "Q4_K_M"


async def test_a_model_of_the_hub_says_so(ollama: OllamaStandIn, models: OllamaModels) -> None:
    ollama.add_model("hf.co/bartowski/Qwen2.5-0.5B-Instruct-GGUF:Q4_K_M")
    [model] = (await models.refresh()).models or ()
    assert (model.provider, model.display_name) == (ModelProvider.HUGGINGFACE, "Qwen2.5 0.5B Instruct")


async def test_details_are_asked_once_for_each_digest_and_at_most_four_at_a_time(
    ollama: OllamaStandIn, models: OllamaModels
) -> None:
    for number in range(12):
        ollama.add_model(f"model{number}:latest", seed=str(number))
    held = ollama.fault(Hangs(), "/api/show", times=None)
    asking = asyncio.ensure_future(models.refresh())
    await ollama.wait_for("/api/show", count=4)
    assert names(models.snapshot) == {f"model{number}:latest" for number in range(12)}, "the list waits for no detail"
    assert len(ollama.requests_for("/api/show")) == 4
    held.release()
    ollama.clear_faults()
    await asking
    assert len(ollama.requests_for("/api/show")) == 12
    await models.refresh()
    await models.copy("model1", "twin")
    await models.refresh()
    assert len(ollama.requests_for("/api/show")) == 12
    assert row(models, "twin:latest").capabilities.max_context_length is not None


async def test_a_model_that_cannot_be_described_is_listed_and_not_asked_about_at_every_look(
    ollama: OllamaStandIn, http: Client
) -> None:
    time = 0.0
    models = OllamaModels(OllamaClient(http, lambda: ollama.url), clock=lambda: time)
    ollama.add_model("broken:latest")
    ollama.fault(failing(500, "unable to load blob"), "/api/show")
    for _ in range(3):
        await models.refresh()
    assert len(ollama.requests_for("/api/show")) == 1
    assert row(models, "broken:latest").capabilities.max_context_length is None
    time = 61.0
    await models.refresh()
    assert row(models, "broken:latest").capabilities.max_context_length is not None


async def test_what_other_programs_do_shows_at_the_next_look(ollama: OllamaStandIn, models: OllamaModels) -> None:
    heard: list[set[str]] = []
    models.changed.subscribe(lambda snapshot: heard.append(names(snapshot)))
    ollama.add_model("one:latest")
    await models.refresh()
    ollama.add_model("two:latest")
    await models.refresh()
    ollama.remove_model("one:latest")
    await models.refresh()
    assert names(models.snapshot) == {"two:latest"}
    told = len(heard)
    await models.refresh()
    assert len(heard) == told, "a look that found nothing new was told"


async def test_listing_with_nobody_there_is_told_without_waiting(models: OllamaModels, ollama: OllamaStandIn) -> None:
    ollama.add_model("kept:latest")
    await models.refresh()
    ollama.go_down()
    ollama.forget_requests()
    found = await models.refresh()
    assert (found.reachable, names(found)) == (False, {"kept:latest"})
    assert isinstance(found.error, RuntimeUnavailable)
    ollama.come_back()
    found = await models.refresh()
    assert (found.reachable, found.error) == (True, None)


async def test_a_refused_port_is_asked_once_and_waited_for_never(http: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """By fact: not a single timer runs out while the list is asked."""
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))
        models = OllamaModels(OllamaClient(http, lambda: f"http://127.0.0.1:{port.getsockname()[1]}"))
        slept: list[float] = []
        sleep = asyncio.sleep

        async def noted(delay: float) -> None:
            slept.append(delay)
            await sleep(delay)

        monkeypatch.setattr(asyncio, "sleep", noted)
        found = await models.refresh()
    assert (found.models, found.reachable) == (None, False)
    assert isinstance(found.error, RuntimeUnavailable)
    assert not any(slept)


async def test_a_server_that_hangs_is_told_and_the_last_list_kept(ollama: OllamaStandIn, models: OllamaModels) -> None:
    ollama.add_model("kept:latest")
    await models.refresh()
    ollama.fault(Hangs(), "/api/tags", times=None)
    found = await models.refresh()
    assert (found.reachable, names(found)) == (False, {"kept:latest"})
    assert isinstance(found.error, UpstreamSlow)


async def test_a_page_instead_of_a_list_is_told_and_the_last_list_kept(
    ollama: OllamaStandIn, models: OllamaModels
) -> None:
    ollama.add_model("kept:latest")
    await models.refresh()
    ollama.fault(html(), "/api/tags")
    found = await models.refresh()
    assert (found.reachable, names(found)) == (False, {"kept:latest"})
    assert isinstance(found.error, SourceChanged)


async def test_a_later_look_wins_over_one_that_hung(ollama: OllamaStandIn, models: OllamaModels) -> None:
    ollama.add_model("one:latest")
    ollama.fault(Hangs(), "/api/tags")
    late = asyncio.ensure_future(models.refresh())
    await ollama.wait_for("/api/tags")
    await models.refresh()
    assert models.snapshot.reachable
    await late
    assert models.snapshot.reachable, "an older failure overwrote a newer answer"


async def test_a_pulled_model_is_in_the_list_before_its_end_is_told(
    ollama: OllamaStandIn, models: OllamaModels
) -> None:
    ollama.publish("llama3:8b")
    seen: list[PullPhase] = []
    async with aclosing(models.pull("llama3:8b")) as steps:
        async for step in steps:
            seen.append(step.phase)
            if step.phase is PullPhase.DONE:
                assert names(models.snapshot) == {"llama3:8b"}
                assert row(models, "llama3:8b").capabilities.max_context_length == 8192
    assert seen[-1] is PullPhase.DONE


async def test_a_pull_that_fails_raises_and_lists_nothing(ollama: OllamaStandIn, models: OllamaModels) -> None:
    ollama.publish("llama3:8b")
    ollama.fault(TellsError(words="something odd", after_lines=2), "/api/pull")
    with pytest.raises(UpstreamFailed, match="something odd"):
        await everything(models, "llama3:8b")
    await models.refresh()
    assert names(models.snapshot) == set()


async def test_a_server_that_dies_in_the_middle_of_a_pull_is_told_and_a_later_pull_goes_on(
    ollama: OllamaStandIn, models: OllamaModels
) -> None:
    ollama.publish("llama3:8b", layers=(8_000_000,))
    hold = ollama.hold_downloads(1_000_000)

    async def pull_until_it_dies() -> None:
        async with aclosing(models.pull("llama3:8b")) as steps:
            async for step in steps:
                if step.done_bytes:
                    ollama.go_down()

    with pytest.raises(DownloadInterrupted):
        await pull_until_it_dies()
    hold.release()
    ollama.downloads.hold = None
    ollama.come_back()
    await everything(models, "llama3:8b")
    assert names(models.snapshot) == {"llama3:8b"}


async def test_a_registry_on_this_machine_needs_no_encryption() -> None:
    assert is_on_this_machine("127.0.0.1:5000/library/tiny:latest")
    assert is_on_this_machine("localhost:5000/library/tiny")
    assert not is_on_this_machine("example.org:5000/library/tiny")
    assert not is_on_this_machine("127.0.0.1.example.org:5000/library/tiny")
    assert not is_on_this_machine("hf.co/org/repo:Q4_K_M")
    assert not is_on_this_machine("llama3:8b")


async def test_deleting_takes_a_model_out_of_memory_and_out_of_the_list_at_once(
    ollama: OllamaStandIn, models: OllamaModels, http: Client
) -> None:
    ollama.add_model("gone:latest")
    client = OllamaClient(http, lambda: ollama.url)
    await client.load("gone:latest", options={}, keep_alive=None)
    await models.refresh()
    await models.delete("gone")
    assert names(models.snapshot) == set()
    assert await client.loaded() == ()


async def test_deleting_what_somebody_else_deleted_says_so_and_takes_the_row_away(
    ollama: OllamaStandIn, models: OllamaModels
) -> None:
    ollama.add_model("gone:latest")
    await models.refresh()
    ollama.remove_model("gone:latest")
    with pytest.raises(UnknownModel):
        await models.delete("gone:latest")
    assert names(models.snapshot) == set()


async def test_describing_gives_the_row_with_its_capabilities(ollama: OllamaStandIn, models: OllamaModels) -> None:
    ollama.add_model("llama3:latest", facts=Facts(capabilities=("completion", "vision")))
    assert (await models.describe("llama3")).capabilities.supports_vision is True
    with pytest.raises(UnknownModel):
        await models.describe("nobody")
    ollama.go_down()
    with pytest.raises(RuntimeUnavailable):
        await models.describe("llama3")


async def test_a_model_is_made_of_a_file(ollama: OllamaStandIn, models: OllamaModels, tmp_path: Path) -> None:
    file = write_tiny_llama(tmp_path / "own.gguf")
    steps = [step async for step in models.create("own", file)]
    digest = f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
    size = file.stat().st_size
    assert PullStep(phase=PullPhase.VERIFYING, done_bytes=size, total_bytes=size) in steps
    assert PullStep(phase=PullPhase.DOWNLOADING, layer=digest, done_bytes=size, total_bytes=size) in steps
    assert steps[-1].phase is PullPhase.DONE
    assert names(models.snapshot) == {"own:latest"}


async def test_a_file_that_the_server_has_is_not_sent_again(
    ollama: OllamaStandIn, models: OllamaModels, tmp_path: Path
) -> None:
    file = write_tiny_llama(tmp_path / "own.gguf")
    for name in ("one", "two"):
        async for _ in models.create(name, file):
            pass
    assert len(ollama.requests_for("/api/blobs/*", method="POST")) == 1
    assert names(models.snapshot) == {"one:latest", "two:latest"}


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("words.gguf", b"these are no weights", UnreadableModelFile),
        ("big-00001-of-00003.gguf", b"GGUF", UnreadableModelFile),
        ("nowhere.gguf", None, FileMissing),
    ],
)
async def test_a_file_that_no_model_can_be_made_of_is_told_before_it_is_sent(
    ollama: OllamaStandIn,
    models: OllamaModels,
    tmp_path: Path,
    name: str,
    content: bytes | None,
    error: type[Exception],
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(error):
        async for _ in models.create("own", tmp_path / name):
            pass
    assert ollama.requests_for("/api/blobs/*") == []


async def test_the_bytes_on_the_disk_are_measured_again_only_when_the_models_are_others(
    ollama: OllamaStandIn, http: Client
) -> None:
    measured: list[int] = []

    async def folder() -> tuple[Path | None, int | None]:
        measured.append(len(measured))
        return ollama.folder, 100 * len(measured)

    models = OllamaModels(OllamaClient(http, lambda: ollama.url), folder=folder)
    ollama.add_model("one:latest")
    for _ in range(count(3, 50)):
        await models.refresh()
    assert (models.snapshot.folder, models.snapshot.disk_bytes) == (ollama.folder, 100)
    ollama.add_model("two:latest")
    await models.refresh()
    assert models.snapshot.disk_bytes == 200


async def test_a_measure_that_was_cut_off_is_made_anew_and_whoever_asks_meanwhile_waits_for_it(
    ollama: OllamaStandIn, http: Client
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def folder() -> tuple[Path | None, int | None]:
        begun.set()
        await go_on.wait()
        return ollama.folder, 100

    models = OllamaModels(OllamaClient(http, lambda: ollama.url), folder=folder)
    ollama.add_model("one:latest")
    cut = asyncio.ensure_future(models.refresh())
    await begun.wait()
    cut.cancel()
    await asyncio.wait([cut])
    begun.clear()
    first = asyncio.ensure_future(models.refresh())
    async with asyncio.timeout(60):
        await begun.wait()
    second = asyncio.ensure_future(models.refresh())
    await ollama.wait_for("/api/tags", count=3)
    go_on.set()
    assert [(told.folder, told.disk_bytes) for told in await asyncio.gather(first, second)] == 2 * [
        (ollama.folder, 100)
    ]


async def test_a_size_beyond_all_sizes_is_unknown(ollama: OllamaStandIn, models: OllamaModels) -> None:
    body = json.dumps({"models": [{"name": "huge:latest", "size": 10**400}]}).encode()
    ollama.fault(Answers(status=200, body=body), "/api/tags")
    [model] = (await models.refresh()).models or ()
    assert (model.size_bytes, model.size_gb) == (None, None)


async def everything(models: OllamaModels, name: str) -> list[PullStep]:
    async with aclosing(models.pull(name)) as steps:
        return [step async for step in steps]


async def test_a_server_of_another_machine_is_told_as_one(ollama: OllamaStandIn, http: Client) -> None:
    models = OllamaModels(OllamaClient(http, lambda: ollama.url, patience=QUICK), is_here=lambda: False)
    assert (await models.refresh()).is_here is False
