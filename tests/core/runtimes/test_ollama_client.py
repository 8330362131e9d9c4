"""Questions to an Ollama server that is gone, hangs, or answers with what nobody asked for."""

import asyncio
import gzip
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.ollama_faults import Answers, Effect, Hangs, failing, html
from tests.fakes.ollama_models import Facts
from tests.fakes.ollama_server import OllamaStandIn
from venom_desktop.core.errors import (
    ChecksumMismatch,
    DiskFull,
    ModelNotLoaded,
    RequestRefused,
    RuntimeUnavailable,
    SourceBusy,
    SourceChanged,
    StorageUnreadable,
    UnknownModel,
    UpstreamFailed,
    UpstreamSlow,
    VenomError,
)
from venom_desktop.core.http import make_local_client
from venom_desktop.core.runtimes.ollama_client import OllamaClient, Patience

SOON = Patience(listing_s=0.2, asking_s=0.2, deleting_s=0.2, pulling_s=0.2, loading_s=0.2, answering_s=0.2)
PACKED = gzip.compress(b'{"version":"1","models":[]}')
DIGEST = f"sha256:{'a' * 64}"

Call = Callable[[OllamaClient], Awaitable[Any]]
LISTS: dict[str, Call] = {
    "version": lambda client: client.version(),
    "tags": lambda client: client.models(),
    "ps": lambda client: client.loaded(),
}
VERBS: dict[str, Call] = {
    "show": lambda client: client.show("tiny"),
    "delete": lambda client: client.delete("tiny"),
    "copy": lambda client: client.copy("tiny", "other"),
    "generate": lambda client: client.load("tiny", options={}, keep_alive=None),
}
ALL: dict[str, Call] = {**LISTS, **VERBS, "blobs/*": lambda client: client.has_blob(DIGEST)}


@pytest.fixture
async def client(ollama: OllamaStandIn) -> AsyncIterator[OllamaClient]:
    async with make_local_client() as http:
        yield OllamaClient(http, lambda: ollama.url)


@pytest.fixture
async def hasty(ollama: OllamaStandIn) -> AsyncIterator[OllamaClient]:
    async with make_local_client() as http:
        yield OllamaClient(http, lambda: ollama.url, patience=SOON)


@pytest.mark.parametrize("path", ALL)
async def test_a_server_that_is_gone_is_told_with_the_offer_to_start_it(
    path: str, ollama: OllamaStandIn, client: OllamaClient
) -> None:
    ollama.go_down()
    with pytest.raises(RuntimeUnavailable, match="Ollama is not running"):
        await ALL[path](client)


@pytest.mark.parametrize("path", ALL)
async def test_a_server_that_hangs_is_given_up(path: str, ollama: OllamaStandIn, hasty: OllamaClient) -> None:
    hanging = ollama.fault(Hangs(), f"/api/{path}")
    with pytest.raises(UpstreamSlow, match="Ollama did not answer within"):
        await ALL[path](hasty)
    await asyncio.to_thread(hanging.left.wait, 10)


def test_lists_wait_two_seconds_and_no_longer() -> None:
    assert Patience().listing_s == 2


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    ("effect", "error"),
    [
        (html(), SourceChanged),
        (html(500), UpstreamFailed),
        (failing(404), SourceChanged),
        (failing(429, retry_after_s=7), SourceBusy),
        (failing(500), UpstreamFailed),
        (failing(503), SourceBusy),
        (failing(400, "bad host"), RequestRefused),
        (Answers(status=302, body=b"", headers=(("Location", "/elsewhere"),)), SourceChanged),
        (Answers(status=200, body=b'{"models":['), SourceChanged),
        (Answers(status=200, body=b'{"models":{"name":"a"},"version":7}'), SourceChanged),
        (Answers(status=200, body=b"[1, 2]"), SourceChanged),
        (Answers(status=200, body=b"[" * 200_000), SourceChanged),
        (Answers(status=200, body=b'{"version":"1","models":[],"more":"%s"}' % (b"x" * (17 << 20))), SourceChanged),
        (Answers(status=200, body=PACKED, headers=(("Content-Encoding", "gzip"),)), SourceChanged),
    ],
    ids=[
        "html",
        "html-500",
        "404",
        "429",
        "500",
        "503",
        "400",
        "redirect",
        "half",
        "shape",
        "list",
        "deep",
        "far",
        "gz",
    ],
)
async def test_what_is_no_answer_of_an_ollama_server_is_told(
    path: str, effect: Effect, error: type[VenomError], ollama: OllamaStandIn, client: OllamaClient
) -> None:
    ollama.fault(effect, f"/api/{path}")
    with pytest.raises(error) as caught:
        await LISTS[path](client)
    assert type(caught.value) is error
    if error is SourceBusy:
        assert caught.value.parameters["retry_after_s"] in (5, 7)


async def test_rows_without_a_name_are_left_out_and_odd_values_are_unknown(
    ollama: OllamaStandIn, client: OllamaClient
) -> None:
    rows = b'[{"size":1},7,{"name":"odd","size":-1,"digest":"../x","modified_at":"soon","details":[]}]'
    ollama.fault(Answers(status=200, body=b'{"models":%s}' % rows), "/api/tags")
    (model,) = await client.models()
    assert (model.name, model.size_bytes, model.digest, model.modified_at, model.family) == ("odd", *[None] * 4)


@pytest.mark.parametrize("path", VERBS)
async def test_a_model_that_is_not_installed_is_told_by_its_name(path: str, client: OllamaClient) -> None:
    with pytest.raises(UnknownModel, match="tiny"):
        await VERBS[path](client)


async def test_why_a_model_was_not_loaded_is_told_in_the_words_of_the_server(
    ollama: OllamaStandIn, client: OllamaClient
) -> None:
    ollama.add_model("tiny")
    words = "model requires more system memory (5.2 GiB) than is available (3.1 GiB)"
    ollama.fault(failing(500, words), "/api/generate")
    with pytest.raises(ModelNotLoaded, match=r"could not load tiny: model requires .* than is available \(3.1 GiB\)\."):
        await client.load("tiny", options={}, keep_alive=None)


async def test_a_server_killed_while_it_loads_is_told(ollama: OllamaStandIn, client: OllamaClient) -> None:
    ollama.add_model("tiny")
    loading = ollama.fault(Hangs(), "/api/generate")

    async def kill() -> None:
        await asyncio.to_thread(loading.reached.wait, 10)
        await asyncio.to_thread(ollama.go_down)

    with pytest.raises(RuntimeUnavailable, match="Ollama is not running"):
        await asyncio.gather(client.load("tiny", options={}, keep_alive=None), kill())


async def test_a_model_that_only_embeds_is_loaded_too(ollama: OllamaStandIn, client: OllamaClient) -> None:
    ollama.add_model("nomic", facts=Facts(capabilities=("embedding",)))
    await client.load("nomic", options={"num_ctx": 256}, keep_alive="-1")
    (loaded,) = await client.loaded()
    assert (loaded.name, loaded.context, loaded.expires_at) == ("nomic:latest", 256, None)


async def test_a_load_with_the_same_options_takes_nothing_into_memory_again(
    ollama: OllamaStandIn, client: OllamaClient
) -> None:
    ollama.add_model("tiny")
    for context in (256, 256, 512):
        await client.load("tiny", options={"num_ctx": context}, keep_alive="5m")
    assert [options["num_ctx"] for _, options in ollama.loads] == [256, 512]


async def test_a_file_is_sent_with_its_progress(ollama: OllamaStandIn, client: OllamaClient, tmp_path: Path) -> None:
    file = tmp_path / "weights.gguf"
    file.write_bytes(b"w" * 2_500_000)
    digest = f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
    assert [sent async for sent in client.push_blob(digest, file)] == [1 << 20, 2 << 20, 2_500_000]
    assert ollama.store.blob(digest).read_bytes() == file.read_bytes()


async def test_an_upload_that_is_closed_leaves_nothing_running(
    ollama: OllamaStandIn, client: OllamaClient, tmp_path: Path
) -> None:
    file = tmp_path / "weights.gguf"
    file.write_bytes(b"w" * (64 << 20))
    sent = client.push_blob(DIGEST, file)
    assert await anext(sent) == 1 << 20
    await sent.aclose()
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("ollama-blob")]


@pytest.mark.parametrize(
    ("effect", "error"),
    [
        (failing(400, "digest mismatch, expected x"), ChecksumMismatch),
        (failing(500, "write /m/blobs/sha256-1: no space left on device"), DiskFull),
        (failing(500), UpstreamFailed),
        (html(404), SourceChanged),
    ],
    ids=["digest", "disk", "500", "html"],
)
async def test_an_upload_that_is_refused_says_why(
    effect: Effect, error: type[VenomError], ollama: OllamaStandIn, client: OllamaClient, tmp_path: Path
) -> None:
    file = tmp_path / "weights.gguf"
    file.write_bytes(b"w")
    ollama.fault(effect, "/api/blobs/*")
    with pytest.raises(error):
        [sent async for sent in client.push_blob(DIGEST, file)]


async def test_a_file_that_cannot_be_read_is_told(client: OllamaClient, tmp_path: Path) -> None:
    with pytest.raises(StorageUnreadable, match=r"missing\.gguf could not be read"):
        [sent async for sent in client.push_blob(DIGEST, tmp_path / "missing.gguf")]


async def test_an_upload_to_a_server_that_hangs_is_given_up(ollama: OllamaStandIn, tmp_path: Path) -> None:
    file = tmp_path / "weights.gguf"
    file.write_bytes(b"w")
    ollama.fault(Hangs(), "/api/blobs/*")
    async with make_local_client() as http:
        client = OllamaClient(http, lambda: ollama.url, patience=Patience(checking_s=0.2))
        with pytest.raises(UpstreamSlow):
            [sent async for sent in client.push_blob(DIGEST, file)]
