"""Pulls of an Ollama server that break, stand still, tell errors under HTTP 200, or never end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from tests.fakes.ollama_faults import (
    Answers,
    Effect,
    Ends,
    Hangs,
    LongLine,
    Sends,
    TellsError,
    failing,
    half_line,
    html_line,
)
from tests.fakes.ollama_faults import html as page
from tests.fakes.ollama_server import OllamaStandIn
from venom_desktop.core.errors import (
    ChecksumMismatch,
    DiskFull,
    DownloadInterrupted,
    PullBrokenOff,
    RequestRefused,
    RuntimeTooOld,
    RuntimeUnavailable,
    SourceBusy,
    SourceChanged,
    SourceUnreachable,
    StorageFailed,
    UnknownLibraryModel,
    UpstreamFailed,
    UpstreamSlow,
    VenomError,
)
from venom_desktop.core.http import make_local_client
from venom_desktop.core.runtimes.model_store import PullPhase, PullStep
from venom_desktop.core.runtimes.ollama_client import OllamaClient, Patience
from venom_desktop.core.runtimes.ollama_failures import pull_failure
from venom_desktop.core.runtimes.ollama_lines import LONGEST_LINE_BYTES, LineBuffer

SIZE = 8_000_000
TOO_OLD = (
    "pull model manifest: 412: The model you are attempting to pull requires a newer version of Ollama that may be "
    "in pre-release. Please see https://github.com/ollama/ollama/releases for more details."
)


@pytest.fixture
async def client(ollama: OllamaStandIn) -> AsyncIterator[OllamaClient]:
    ollama.downloads.line_every_s = 0.005
    ollama.publish("big:1b", layers=(SIZE,))
    async with make_local_client() as http:
        yield OllamaClient(http, lambda: ollama.url, patience=Patience(asking_s=2, pulling_s=2))


async def pull(client: OllamaClient, name: str = "big:1b") -> list[PullStep]:
    async with aclosing(client.pull(name)) as steps:
        return [step async for step in steps]


async def test_bytes_are_told_layer_by_layer_and_the_end_once(ollama: OllamaStandIn, client: OllamaClient) -> None:
    model = ollama.publish("two:1b", layers=(SIZE, 3_000_000))
    steps = await pull(client, "two:1b")
    told = [step.layer for step in steps if step.layer is not None]
    assert list(dict.fromkeys(told)) == [layer["digest"] for layer in model.layers]
    assert [step.phase for step in steps].count(PullPhase.DONE) == 1
    assert all(step.done_bytes is not None for step in steps if step.total_bytes)


@pytest.mark.parametrize(
    ("effect", "error"),
    [
        (Ends(after_lines=2), DownloadInterrupted),
        (Ends(after_lines=0), DownloadInterrupted),
        (half_line(after_lines=2), PullBrokenOff),
        (half_line(after_lines=2, cut=False), DownloadInterrupted),
        (html_line(after_lines=2), SourceChanged),
        (Sends(body=b'["pulling manifest"]\n'), SourceChanged),
        (Sends(body=b"[" * 200_000 + b"\n"), SourceChanged),
        (Hangs(), UpstreamSlow),
        (Hangs(after_lines=2), UpstreamSlow),
        (page(), SourceChanged),
        (page(502), UpstreamFailed),
        (failing(429, "slow down", retry_after_s=9), SourceBusy),
        (failing(500), UpstreamFailed),
        (Answers(status=404, body=b"404 page not found", kind="text/plain"), SourceChanged),
        (failing(400, "invalid model name"), RequestRefused),
        (failing(500, "open /m/manifests/x: permission denied"), StorageFailed),
        (TellsError(words="", after_lines=2), UpstreamFailed),
    ],
)
async def test_a_pull_that_fails_says_how(
    effect: Effect, error: type[VenomError], ollama: OllamaStandIn, client: OllamaClient
) -> None:
    ollama.bytes_per_second = SIZE
    ollama.fault(effect, "/api/pull")
    with pytest.raises(error) as caught:
        await pull(client)
    assert type(caught.value) is error


async def test_a_line_of_a_hundred_megabytes_is_never_held(ollama: OllamaStandIn, client: OllamaClient) -> None:
    fault = ollama.fault(LongLine(), "/api/pull")
    with pytest.raises(SourceChanged):
        await pull(client)
    await asyncio.to_thread(fault.left.wait, 10)
    # What lies in the buffers of two sockets comes on top.
    assert fault.sent_bytes < 16 << 20


def test_a_line_is_refused_as_soon_as_it_is_too_long() -> None:
    buffer = LineBuffer()
    block = b"x" * (LONGEST_LINE_BYTES // 4)
    for _ in range(4):
        assert buffer.feed(block) == []
    with pytest.raises(SourceChanged):
        buffer.feed(b"x")
    assert buffer.rest == b""
    with pytest.raises(SourceChanged):
        LineBuffer().feed(b"x" * (LONGEST_LINE_BYTES + 1) + b"\n")


async def test_a_server_that_is_gone_before_a_pull_is_told(ollama: OllamaStandIn, client: OllamaClient) -> None:
    ollama.go_down()
    with pytest.raises(RuntimeUnavailable, match="Ollama is not running"):
        await pull(client)


async def test_a_server_killed_in_a_pull_is_told_and_a_second_pull_ends(
    ollama: OllamaStandIn, client: OllamaClient
) -> None:
    hold = ollama.hold_downloads(SIZE // 2)

    async def kill() -> None:
        await asyncio.to_thread(hold.reached.wait, 10)
        await asyncio.to_thread(ollama.go_down)

    with pytest.raises(PullBrokenOff, match=r"Ollama ended while it was fetching big:1b\. Start it and resume"):
        await asyncio.gather(pull(client), kill())
    ollama.come_back()
    hold.release()
    assert (await pull(client))[-1].phase is PullPhase.DONE


async def test_a_pull_that_is_closed_ends_at_the_server_and_goes_on_from_there(
    ollama: OllamaStandIn, client: OllamaClient
) -> None:
    hold = ollama.hold_downloads(SIZE // 2)
    async with aclosing(client.pull("big:1b")) as steps:
        async for step in steps:
            if step.done_bytes and step.done_bytes >= SIZE // 2:
                break
    await ollama.wait_left("/api/pull")
    hold.release()
    await pull(client)
    assert [start >= SIZE // 2 for _, start in ollama.downloads.started[:2]] == [False, True]


async def test_a_pull_that_stands_still_reports_nothing_and_does_not_end(
    ollama: OllamaStandIn, client: OllamaClient
) -> None:
    hold = ollama.hold_downloads(SIZE // 2)
    steps: list[PullStep] = []

    async def look() -> None:
        await asyncio.to_thread(hold.reached.wait, 10)
        (request,) = ollama.requests_for("/api/pull")
        before = request.sent_bytes
        # A hundred lines and more that all say the same.
        async with asyncio.timeout(60):
            while request.sent_bytes < before + 15_000:  # noqa: ASYNC110 - a count in another thread has no event
                await asyncio.sleep(0.01)
        still = [step for step in steps if step.done_bytes == steps[-1].done_bytes]
        assert len(still) == 1
        hold.release()

    async def take() -> None:
        async with aclosing(client.pull("big:1b")) as told:
            async for step in told:
                steps.append(step)

    await asyncio.gather(take(), look())
    assert steps[-1].phase is PullPhase.DONE


async def test_a_server_may_check_what_came_for_longer_than_it_may_say_nothing(
    ollama: OllamaStandIn, client: OllamaClient
) -> None:
    await pull(client)
    silence_s = 0.1
    async with make_local_client() as http:
        hasty = OllamaClient(http, lambda: ollama.url, patience=Patience(pulling_s=silence_s))
        # The manifest, three layers that are here, and the check.
        checking = ollama.fault(Hangs(after_lines=5), "/api/pull")
        asyncio.get_running_loop().call_later(5 * silence_s, checking.release)
        steps = await pull(hasty)
        assert checking.reached.is_set()
    assert steps[-1].phase is PullPhase.DONE


async def test_a_server_that_hangs_between_two_layers_is_given_up(ollama: OllamaStandIn, client: OllamaClient) -> None:
    await pull(client)
    ollama.fault(Hangs(after_lines=3), "/api/pull")
    with pytest.raises(UpstreamSlow):
        await pull(client)


async def test_weights_that_are_other_bytes_are_told(ollama: OllamaStandIn, client: OllamaClient) -> None:
    ollama.publish("wrong:1b", wrong_digest=True)
    with pytest.raises(ChecksumMismatch, match="wrong:1b does not match"):
        await pull(client, "wrong:1b")


async def test_a_full_disk_is_told_and_what_came_is_kept(ollama: OllamaStandIn, client: OllamaClient) -> None:
    ollama.free_bytes = SIZE // 2
    with pytest.raises(DiskFull):
        await pull(client)
    ollama.free_bytes = None
    await pull(client)
    assert ollama.downloads.started[1][1] > 0


async def test_a_server_that_is_too_old_is_told_with_its_version(ollama: OllamaStandIn, client: OllamaClient) -> None:
    ollama.fault(TellsError(words=TOO_OLD), "/api/pull")
    with pytest.raises(RuntimeTooOld, match=r"This Ollama \(0\.16\.3\) is too old for big:1b"):
        await pull(client)
    ollama.fault(TellsError(words=TOO_OLD), "/api/pull")
    ollama.fault(failing(500), "/api/version")
    with pytest.raises(RuntimeTooOld, match="version unknown"):
        await pull(client)


@pytest.mark.parametrize(
    ("words", "error", "told"),
    [
        ("pull model manifest: file does not exist", UnknownLibraryModel, "hf.co has no model"),
        ("file does not exist", UnknownLibraryModel, "hf.co has no model"),
        (
            'pull model manifest: 404: {"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}',
            UnknownLibraryModel,
            "hf.co has no model",
        ),
        (
            'pull model manifest: 400: {"error":"The specified tag is not available in the repository."}',
            UnknownLibraryModel,
            "hf.co has no model",
        ),
        (
            "digest mismatch, file must be downloaded again: want sha256:a, got sha256:b",
            ChecksumMismatch,
            "does not match",
        ),
        ("write /m/blobs/sha256-1-partial: no space left on device", DiskFull, "The disk is full"),
        ("write C:\\m\\sha256-1: There is not enough space on the disk.", DiskFull, "The disk is full"),
        ("write /m/blobs/sha256-1-partial: disk quota exceeded", DiskFull, "The disk is full"),
        ("open /m/blobs/sha256-1-partial: permission denied", StorageFailed, "/m/blobs/sha256-1-partial could not"),
        ("mkdir /m/manifests/hf.co: read-only file system", StorageFailed, "/m/manifests/hf.co could not"),
        (
            'pull model manifest: Get "https://hf.co/v2/o/r/manifests/Q4": dial tcp: lookup hf.co: no such host',
            SourceUnreachable,
            "hf.co does not answer",
        ),
        (
            'pull model manifest: Get "https://hf.co/v2/": net/http: TLS handshake timeout',
            SourceUnreachable,
            "hf.co does not answer",
        ),
        ("max retries exceeded: unexpected EOF", DownloadInterrupted, "The connection to hf.co broke"),
        (
            'max retries exceeded: Get "https://cdn/x": read tcp: connection reset by peer',
            DownloadInterrupted,
            "The connection to hf.co broke",
        ),
        ("pull model manifest: 429: Too Many Requests", SourceBusy, "hf.co asks to wait"),
        ("max retries exceeded: 429: slow down", SourceBusy, "hf.co asks to wait"),
        ("pull model manifest: 401: nobody", RequestRefused, "private, gated or not there"),
        ("unauthorized: access denied", RequestRefused, "private, gated or not there"),
        (
            'pull model manifest: realm host "" does not match original host "hf.co"',
            RequestRefused,
            "private, gated or not there",
        ),
        (
            'pull model manifest: 400: {"error":"Repository is not GGUF or is not compatible with llama.cpp"}',
            UpstreamFailed,
            "hf.co answered with an error (Repository is not GGUF or is not compatible with llama.cpp)",
        ),
        ("pull model manifest: 503: upstream", UpstreamFailed, "hf.co answered with an error (upstream)"),
        ("pull model manifest: 500: ", UpstreamFailed, "hf.co answered with an error (500)"),
        (
            'pull model manifest: Get "https://hf.co/v2/": http: server gave HTTP response to HTTPS client',
            UpstreamFailed,
            "server gave HTTP response to HTTPS client",
        ),
        ("insecure protocol http", RequestRefused, "Ollama did not accept the request: insecure protocol http."),
        ("something new", UpstreamFailed, "Ollama answered with an error (something new)"),
    ],
)
def test_the_words_of_the_server_become_an_error_with_a_cure(words: str, error: type[VenomError], told: str) -> None:
    found = pull_failure(words, name="hf.co/org/repo:Q4_K_M")
    assert type(found) is error
    assert told in str(found)


def test_a_model_without_a_host_comes_from_the_official_registry() -> None:
    assert "registry.ollama.ai has no model user/tiny:1b" in str(
        pull_failure("file does not exist", name="user/tiny:1b")
    )
