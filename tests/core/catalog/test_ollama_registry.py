"""The registries Ollama pulls from: what a name is there, exactly, and what they answer instead."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import gguf_files, gguf_profiles
from tests.fakes.hub_faults import Answers, Effect, NoRanges, failing, html, other_shape
from tests.fakes.hub_store import Sized
from tests.fakes.hub_wire import as_json, data
from tests.fakes.oci_registry import LAYER, OciRegistryServer
from venom_desktop.core.catalog.cache import DiskCache
from venom_desktop.core.catalog.ollama_manifest import projector_bytes_of, weights_of
from venom_desktop.core.catalog.ollama_names import OllamaName, parse_ollama_name
from venom_desktop.core.catalog.ollama_registry import OllamaRegistries
from venom_desktop.core.errors import (
    InvalidName,
    ModelNotPublic,
    SourceBusy,
    SourceChanged,
    SourceUnreachable,
    UnknownLibraryModel,
    UnreadableModelFile,
    UpstreamFailed,
    VenomError,
)
from venom_desktop.core.http import make_client
from venom_desktop.core.registry.names import is_this_machine

HEADER = gguf_files.header_of(gguf_profiles.GEMMA_3_4B, vocabulary_size=262_144)
WEIGHTS = Sized(total_bytes=3_338_792_448, head=HEADER)
DIGEST = "sha256:" + "a" * 64

Make = Callable[..., OllamaRegistries]


@pytest.fixture
def registry() -> Iterator[OciRegistryServer]:
    with OciRegistryServer() as server:
        yield server


@pytest.fixture
async def make(tmp_path: Path, registry: OciRegistryServer) -> AsyncIterator[Make]:
    async with make_client() as http:

        def made(**changes: Any) -> OllamaRegistries:
            return OllamaRegistries(
                http,
                registry=changes.get("registry", lambda: registry.url),
                hugging_face=changes.get("hugging_face", lambda: registry.url),
                cache=DiskCache(tmp_path / "cache"),
                clock=changes.get("clock", lambda: datetime.now(UTC)),
            )

        yield made


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("gemma3", "library/gemma3:latest"),
        ("gemma3:4b", "library/gemma3:4b"),
        ("mannix/jan-nano:4b-q8_0", "mannix/jan-nano:4b-q8_0"),
        ("registry.ollama.ai/library/gemma3:4b", "library/gemma3:4b"),
        ("hf.co/unsloth/gemma-3-4b-it-GGUF:Q4_K_M", "unsloth/gemma-3-4b-it-GGUF:Q4_K_M"),
        ("huggingface.co/unsloth/gemma-3-4b-it-GGUF", "unsloth/gemma-3-4b-it-GGUF:latest"),
    ],
)
async def test_every_kind_of_name_is_found_with_its_exact_layers(
    make: Make, registry: OciRegistryServer, name: str, published: str
) -> None:
    told = registry.publish(published, WEIGHTS, others={"template": b"{{ .Prompt }}", "license": b"MIT"})
    model = await make().measure(name)
    assert (model.name, model.digest) == (name, told.digest)
    assert [layer.media_type.removeprefix(LAYER) for layer in model.layers[:3]] == ["model", "template", "license"]
    assert len(model.layers) == 4
    assert model.total_bytes == 3_338_792_448 + 13 + 3 + len(b'{"model_format":"gguf"}')


async def test_a_registry_named_by_its_host_on_this_machine_is_asked_in_plain_http(
    make: Make, registry: OciRegistryServer
) -> None:
    registry.publish("team/tiny:v1", b"GGUF")
    model = await make(registry=lambda: "http://127.0.0.1:9").measure(f"{registry.host}/team/tiny:v1")
    assert weights_of(model)[0].size_bytes == 4


async def test_the_digest_is_the_one_a_server_lists_whatever_the_registry_wrote(
    make: Make, registry: OciRegistryServer
) -> None:
    """Ollama 0.16.3 pulled the very same two manifests and listed one digest for both."""
    own = registry.publish("library/tiny:own", b"GGUF", others={"template": b"{{ .Prompt }} <a>&b"})
    other = registry.publish(
        "library/tiny:other", b"GGUF", others={"template": b"{{ .Prompt }} <a>&b"}, sorted_keys=True
    )
    assert own.digest != other.digest
    registries = make()
    assert (await registries.measure("tiny:own")).digest == own.digest
    assert (await registries.measure("tiny:other")).digest == own.digest


async def test_a_blob_that_stands_in_two_layers_counts_once(make: Make, registry: OciRegistryServer) -> None:
    registry.publish("library/tiny:latest", b"GGUF", others={"license": b"same", "license2": b"same"})
    model = await make().measure("tiny")
    assert model.total_bytes == 4 + 4 + len(b'{"model_format":"gguf"}')


async def test_projector_and_adapter_are_told_apart_from_the_rest(make: Make, registry: OciRegistryServer) -> None:
    registry.publish(
        "library/tiny:latest", b"GGUF", others={"projector": b"p" * 10, "adapter": b"a" * 7, "params": b"{}"}
    )
    model = await make().measure("tiny")
    assert sum(layer.size_bytes for layer in weights_of(model)) == 4 + 7
    assert projector_bytes_of(model) == 10


@pytest.mark.parametrize(
    ("effect", "kind"),
    [
        (failing(404), UnknownLibraryModel),
        (failing(429, retry_after_s=40), SourceBusy),
        (failing(500), UpstreamFailed),
        (failing(403), ModelNotPublic),
        (failing(410), UpstreamFailed),
        (html(), SourceChanged),
        (other_shape([]), SourceChanged),
        (other_shape({"layers": []}), SourceChanged),
        (other_shape({"errors": [{"code": "MANIFEST_UNKNOWN"}]}), SourceChanged),
        (Answers(reply=data(b'{"layers": [{"digest": "sha', "application/json")), SourceChanged),
        (Answers(reply=data(b"[" * 100_000, "application/json")), SourceChanged),
    ],
)
async def test_what_a_registry_answers_instead_is_told_as_it_is(
    make: Make, registry: OciRegistryServer, effect: Effect, kind: type[VenomError]
) -> None:
    registry.publish("library/gemma3:latest", b"GGUF")
    registry.fault(effect, times=None)
    with pytest.raises(kind) as caught:
        await make().measure("gemma3")
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    "layer",
    [
        {"digest": "sha256:../../etc/passwd", "size": 5},
        {"digest": "md5:" + "a" * 64, "size": 5},
        {"digest": DIGEST, "size": -5},
        {"digest": DIGEST, "size": "5"},
        {"digest": DIGEST, "size": 10**400},
        {"digest": DIGEST, "size": True},
        {"digest": DIGEST, "size": 5, "mediaType": 7},
        {"digest": 5, "size": 5},
        {"size": 5},
        "layer",
    ],
)
async def test_a_layer_that_is_none_is_no_answer_of_a_registry(
    make: Make, registry: OciRegistryServer, layer: object
) -> None:
    registry.publish_manifest("library/evil:latest", {"schemaVersion": 2, "layers": [layer]})
    with pytest.raises(SourceChanged):
        await make().measure("evil")


async def test_a_registry_that_is_down_is_unreachable(make: Make, registry: OciRegistryServer) -> None:
    registry.go_down()
    with pytest.raises(SourceUnreachable):
        await make().measure("gemma3")


async def test_a_registry_that_asks_who_is_there_is_not_public(make: Make) -> None:
    with OciRegistryServer(private=True) as closed:
        closed.publish("team/secret:latest", b"GGUF")
        with pytest.raises(ModelNotPublic):
            await make().measure(f"{closed.host}/team/secret")


async def test_a_quantization_that_the_hub_lacks_is_unknown(make: Make, registry: OciRegistryServer) -> None:
    registry.fault(Answers(reply=as_json({"error": "The specified tag is not available"}, status=400)))
    with pytest.raises(UnknownLibraryModel):
        await make().measure("hf.co/org/repo:Q9_K")


async def test_a_registry_that_asks_to_wait_is_left_alone_so_long_and_the_others_are_not(
    make: Make, registry: OciRegistryServer
) -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    registries = make(clock=lambda: now, hugging_face=lambda: registry.url.replace("127.0.0.1", "localhost"))
    registry.publish("library/gemma3:latest", b"GGUF")
    registry.publish("org/repo:Q4_0", b"GGUF")
    registry.fault(failing(429, retry_after_s=40))
    for seconds in (40, 30):
        with pytest.raises(SourceBusy) as caught:
            await registries.measure("gemma3")
        assert caught.value.parameters["retry_after_s"] == seconds
        now += timedelta(seconds=10)
    assert len(registry.requests) == 1
    await registries.measure("hf.co/org/repo:Q4_0")
    now += timedelta(seconds=30)
    await registries.measure("gemma3")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a:b:c/d",
        "../x",
        "a/../b",
        "host/ns/deep/model",
        "-x",
        "a b",
        "http://host/ns/m",
        "host:port/ns/m",
        "h:1:2/ns/m",
        "x:" + "t" * 90,
        "a/b:-",
    ],
)
async def test_a_name_that_is_none_asks_nobody(make: Make, registry: OciRegistryServer, name: str) -> None:
    with pytest.raises(InvalidName):
        await make().measure(name)
    assert registry.requests == []


def test_a_name_is_taken_apart_as_the_server_does() -> None:
    assert parse_ollama_name("localhost:5000/ns/model") == OllamaName(
        host="localhost:5000", namespace="ns", model="model", tag="latest"
    )
    assert parse_ollama_name("ollama.com/library/llama3:8b").host is None
    assert parse_ollama_name("HF.co/Org/Repo:Q4_K_M").is_on_the_hub
    hosts = (
        "localhost:5000",
        "127.0.0.1:1",
        "127.9.9.9:1",
        "::1:5",
        "registry.example:5000",
        "localhost.evil:1",
        "hf.co",
    )
    assert [is_this_machine(host) for host in hosts] == [True, True, True, True, False, False, False]


async def test_the_header_is_read_by_range_once_for_a_digest_also_from_another_host(make: Make, tmp_path: Path) -> None:
    with OciRegistryServer(cdn=True) as registry:
        for name in ("library/gemma3:latest", "library/gemma3:4b"):
            registry.publish(name, WEIGHTS)
        registries = make(registry=lambda: registry.url)
        header = await registries.header(await registries.measure("gemma3"))
        assert (header.architecture, header.context_length) == ("gemma3", 131_072)
        asked = registry.requests_for("*", side="cdn")
        assert 1 <= len(asked) <= 2
        assert all(request.range for request in asked)
        assert sum(request.sent_bytes for request in asked) <= 512 << 10
        again = make(registry=lambda: registry.url)
        await again.header(await again.measure("gemma3:4b"))
        assert len(registry.requests_for("*", side="cdn")) == len(asked)


@pytest.mark.parametrize(
    ("effect", "kind"),
    [
        (failing(404), UnknownLibraryModel),
        (failing(429, retry_after_s=3), SourceBusy),
        (failing(500), UpstreamFailed),
        (html(), UnreadableModelFile),
    ],
)
async def test_a_header_that_cannot_be_read_says_why(
    make: Make, registry: OciRegistryServer, effect: Effect, kind: type[VenomError]
) -> None:
    registry.publish("library/gemma3:latest", WEIGHTS)
    registries = make()
    model = await registries.measure("gemma3")
    registry.fault(effect, "*/blobs/*", times=None)
    with pytest.raises(kind):
        await registries.header(model)


async def test_a_registry_without_ranges_costs_no_more_than_the_header(make: Make, registry: OciRegistryServer) -> None:
    registry.publish("library/gemma3:latest", Sized(total_bytes=64 << 20, head=HEADER))
    registries = make()
    model = await registries.measure("gemma3")
    registry.fault(NoRanges(), times=None)
    assert (await registries.header(model)).architecture == "gemma3"


async def test_a_model_of_single_tensors_has_no_header(make: Make, registry: OciRegistryServer) -> None:
    layers = [
        {"mediaType": f"{LAYER}tensor; name=a; dtype=BF16", "digest": f"sha256:{number:064x}", "size": 100}
        for number in range(3)
    ]
    registry.publish_manifest("library/mlx:latest", {"schemaVersion": 2, "layers": layers})
    registries = make()
    model = await registries.measure("mlx")
    assert (model.total_bytes, len(weights_of(model))) == (300, 3)
    with pytest.raises(UnreadableModelFile):
        await registries.header(model)
