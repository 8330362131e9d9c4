"""Safetensors repositories in the catalog: what is found and said of them, and whether graphics memory holds them."""

import json
import runpy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.hub import HubServer
from tests.fakes.safetensors_files import config, repository, safetensors, sharded
from venom_desktop.core.catalog.base import CatalogQuery, FitGrade, FitPlace, RemoteFile
from venom_desktop.core.catalog.cache import DiskCache
from venom_desktop.core.catalog.entry_fit import estimated_fit
from venom_desktop.core.catalog.fit import LoadSettings
from venom_desktop.core.catalog.hugging_face import HuggingFaceCatalog
from venom_desktop.core.catalog.judge import Judge
from venom_desktop.core.catalog.kv_cache import KvType, kv_cache
from venom_desktop.core.catalog.model_config import context_in, header_from_config, quantization_in
from venom_desktop.core.catalog.run_on import memory_for, usual_settings
from venom_desktop.core.catalog.safetensors_files import MOST_FILES, safetensors_variant
from venom_desktop.core.catalog.vllm_architectures import known_architectures, read_architectures
from venom_desktop.core.catalog.vllm_memory import Spread
from venom_desktop.core.host.sample import GpuSample, HostSample
from venom_desktop.core.http import make_client

GB = 10**9
REPO = "tiny-lab/Tiny-Qwen"
VLLM = usual_settings("vllm")


@asynccontextmanager
async def catalog_of(hub: HubServer, folder: Path, *, full: bool = True) -> AsyncIterator[HuggingFaceCatalog]:
    async with make_client() as http:
        cache = DiskCache(folder / "cache")
        catalog = HuggingFaceCatalog(http, endpoint=hub.url, cache=cache, offers_vllm=lambda: full)
        yield catalog
        await catalog.close()


def host(*cards: tuple[int, int]) -> HostSample:
    """`cards` as bytes in all and in use; 64 GB of memory of its own, all of it free."""
    return HostSample(
        taken_at=datetime(2026, 11, 1, tzinfo=UTC),
        cpu_percent=5.0,
        cpu_count=8,
        memory_total_bytes=64 * GB,
        memory_available_bytes=64 * GB,
        gpus=tuple(
            GpuSample(
                index=number,
                name=f"Card {number}",
                load_percent=None,
                memory_total_bytes=total,
                memory_used_bytes=used,
            )
            for number, (total, used) in enumerate(cards)
        ),
    )


def names_chosen(*names: str) -> list[str]:
    variant = safetensors_variant(RemoteFile(name=name, size_bytes=10) for name in names)
    return [] if variant is None else [file.name for file in variant.files]


def test_config_comes_first_and_the_weights_last() -> None:
    chosen = names_chosen("model.safetensors", "tokenizer.json", "README.md", "config.json", "modeling.py")
    assert chosen == ["config.json", "tokenizer.json", "model.safetensors"]


def test_of_a_file_and_its_shards_the_index_says_which_is_meant() -> None:
    shards = [f"model-0000{number}-of-00002.safetensors" for number in (1, 2)]
    index = "model.safetensors.index.json"
    assert names_chosen("config.json", "model.safetensors", *shards) == ["config.json", "model.safetensors"]
    assert names_chosen("config.json", "model.safetensors", *shards, index) == ["config.json", index, *shards]


def test_neither_copies_nor_adapters_pass_for_the_weights() -> None:
    assert names_chosen("config.json", "consolidated.safetensors", "adapter_model.safetensors") == []
    assert names_chosen("config.json", "consolidated.00.safetensors", "a.safetensors") == [
        "config.json",
        "a.safetensors",
    ]


def test_half_a_set_of_shards_is_nothing() -> None:
    assert names_chosen("config.json", "model-00001-of-00002.safetensors") == []


def test_more_files_than_any_model_has_are_nothing() -> None:
    assert names_chosen("config.json", *(f"{number}.tiktoken" for number in range(MOST_FILES)), "a.safetensors") == []


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, 32768),
        ({"rope_scaling": {"type": "linear", "factor": 2.0}}, 65536),
        ({"rope_scaling": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}}, 131072),
        ({"rope_scaling": {"rope_type": "llama3", "factor": 8.0}}, 32768),
        ({"rope_scaling": {"rope_type": "yarn", "factor": 1e300}}, 32768),
        ({"max_position_embeddings": None, "n_positions": 1024}, 1024),
        ({"max_position_embeddings": -5}, None),
        ({"text_config": {"max_position_embeddings": 8192}}, 8192),
    ],
)
def test_the_context_is_what_the_positions_and_their_scaling_give(more: dict[str, Any], expected: int | None) -> None:
    assert context_in(json.loads(config(**more))) == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, "BF16"),
        ({"torch_dtype": None, "dtype": "float16"}, "F16"),
        ({"quantization_config": {"quant_method": "gptq", "bits": 8}}, "gptq 8-bit"),
        ({"quantization_config": {"quant_method": "fp8"}}, "fp8"),
        ({"torch_dtype": "strange"}, None),
    ],
)
def test_the_quantization_is_its_method_and_bits_or_the_type(more: dict[str, Any], expected: str | None) -> None:
    assert quantization_in(json.loads(config(**more))) == expected


@pytest.mark.parametrize(
    ("more", "expected_bytes"),
    [
        # 2 layers x 8192 x 2 heads x (16 + 16) x 2
        ({}, 2_097_152),
        ({"head_dim": 128}, 16_777_216),
        # 2 layers x 8192 x one row of 576 x 2, no values
        ({"kv_lora_rank": 512, "qk_rope_head_dim": 64}, 18_874_368),
        # One layer of 8192 and one of 1024 + 512 tokens
        (
            {"sliding_window": 1024, "layer_types": ["sliding_attention", "full_attention"]},
            1_245_184,
        ),
        ({"sliding_window": 1024, "use_sliding_window": False}, 2_097_152),
    ],
)
def test_the_context_takes_what_one_counts_by_hand(more: dict[str, Any], expected_bytes: int) -> None:
    header = header_from_config(json.loads(config(**more)))
    cache = kv_cache(header, context=8192, kv_type=KvType.F16)
    assert cache is not None
    assert cache.total_bytes == expected_bytes


def test_the_shipped_list_knows_the_usual_architectures_and_says_its_version_and_date() -> None:
    known = known_architectures()
    assert {"LlamaForCausalLM", "Qwen2ForCausalLM", "Gemma3ForConditionalGeneration"} <= known.names
    assert len(known.names) > 200
    assert known.version
    assert datetime.fromisoformat(known.read_on).year >= 2026
    assert known.note("LlamaForCausalLM", needs_own_code=False) is None
    note = known.note("BrandNewForCausalLM", needs_own_code=True)
    assert note is not None
    assert "BrandNewForCausalLM" in note
    assert "code of its own" in note


def test_the_list_is_made_of_what_can_be_served_alone() -> None:
    """From text: the registry of vLLM is never run."""
    source = (
        '_TEXT_GENERATION_MODELS = {"LlamaForCausalLM": ("llama", "LlamaForCausalLM")}\n'
        '_EMBEDDING_MODELS = {"BertModel": ("bert", "BertModel"), **{"never": run()}}\n'
        '_SPECULATIVE_DECODING_MODELS = {"EagleLlamaForCausalLM": ("llama_eagle", "Eagle")}\n'
        '_PREVIOUSLY_SUPPORTED_MODELS = {"GoneForCausalLM": "0.9.2"}\n'
        '_OTHER = {"x": ("y", "z")}\n'
    )
    script = runpy.run_path(str(Path(__file__).parents[3] / "packaging" / "make_architectures.py"))
    assert script["architectures_in"](source) == ["BertModel", "LlamaForCausalLM"]


def test_a_damaged_list_claims_nothing(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_text("{")
    assert read_architectures(path).note("BrandNewForCausalLM", needs_own_code=False) is None


async def test_details_name_vllm_with_the_exact_size_of_what_is_fetched(hub: HubServer, tmp_path: Path) -> None:
    files = repository(sharded(2))
    hub.add_repo(REPO, {**files, "pytorch_model.bin": b"x" * 9999})
    async with catalog_of(hub, tmp_path) as catalog:
        entry = await catalog.details(REPO)
    assert entry.runtimes == ("vllm",)
    assert entry.safetensors is not None
    assert entry.safetensors.size_bytes == sum(len(content) for content in files.values() if isinstance(content, bytes))
    assert (entry.model_class, entry.context_length, entry.safetensors.level) == ("Qwen2ForCausalLM", 32768, "BF16")
    assert entry.parameters == 2 * 2048


async def test_a_light_profile_sees_nothing_of_it(hub: HubServer, tmp_path: Path) -> None:
    hub.add_repo(REPO, repository())
    async with catalog_of(hub, tmp_path, full=False) as catalog:
        entry = await catalog.details(REPO)
    assert entry.runtimes == ()
    assert entry.size_range_bytes is None
    assert entry.quantizations == ()


async def test_the_usual_list_is_asked_for_as_ever(hub: HubServer, tmp_path: Path) -> None:
    hub.add_repo(REPO, repository())
    hub.add_repo("tiny-lab/GGUF", {"Tiny-Q4_K_M.gguf": b"GGUF"})
    async with catalog_of(hub, tmp_path) as catalog:
        page = await catalog.list_models(CatalogQuery())
        assert [entry.model_name for entry in page.entries] == ["tiny-lab/GGUF"]
        asked = hub.requests_for("/api/models")[-1].query
        assert asked["filter"] == ["gguf"]
        assert "apps" not in asked
        assert not {"safetensors", "config"} & set(asked["expand"])


async def test_what_vllm_runs_is_found_when_it_is_asked_for(hub: HubServer, tmp_path: Path) -> None:
    hub.add_repo(REPO, repository())
    hub.add_repo("tiny-lab/GGUF", {"Tiny-Q4_K_M.gguf": b"GGUF"})
    async with catalog_of(hub, tmp_path) as catalog:
        usual = await catalog.list_models(CatalogQuery(text="tiny"))
        page = await catalog.list_models(CatalogQuery(text="tiny", safetensors=True))
    assert [entry.model_name for entry in usual.entries] == ["tiny-lab/GGUF"]
    (found,) = page.entries
    assert (found.model_name, found.runtimes, found.model_class) == (REPO, ("vllm",), "Qwen2ForCausalLM")
    assert found.parameters == 2048


@pytest.mark.parametrize(
    ("card", "place"),
    [
        ((24 * GB, 0), FitPlace.GPU),
        ((24 * GB, 12 * GB), FitPlace.TOO_BIG),
        ((11 * GB, 0), FitPlace.TOO_BIG),
        ((12 * GB, 0), FitPlace.GPU),
    ],
)
async def test_it_fits_when_its_share_of_the_graphics_memory_holds_it(
    hub: HubServer, tmp_path: Path, card: tuple[int, int], place: FitPlace
) -> None:
    # 8 GB of weights and 2.1 GB of vLLM's own; of 11 GB it takes 9.35, of 12 GB 10.2, and nothing of the machine's own.
    hub.add_repo(REPO, repository())
    hub.lie_about(REPO, "model.safetensors", size_bytes=8 * GB)
    machine = host(card)
    async with catalog_of(hub, tmp_path) as catalog:
        entry = await catalog.details(REPO)
        assert entry.safetensors is not None
        gpu = memory_for(VLLM, machine)
        verdict = await catalog.exact_fit(entry, entry.safetensors, settings=VLLM, host=machine, gpu=gpu)
    assert verdict is not None
    assert (verdict.place, verdict.grade) == (place, FitGrade.EXACT)
    assert verdict.weights_bytes == 8 * GB
    assert verdict.kv_cache_bytes == 2_097_152
    assert verdict.gpu_total_bytes == int(card[0] * 0.85)


async def test_the_share_that_is_set_decides_how_much_of_a_card_counts(hub: HubServer, tmp_path: Path) -> None:
    hub.add_repo(REPO, repository())
    judge = Judge(lambda runtime: LoadSettings(runtime=runtime, gpu_share=0.5))
    judge.set_memory(host((24 * GB, 18 * GB)))
    async with catalog_of(hub, tmp_path) as catalog:
        judged = judge.judged(await catalog.details(REPO))
    assert judged.fit is not None
    assert (judged.fit.gpu_total_bytes, judged.fit.gpu_free_bytes) == (12 * GB, 6 * GB)


async def test_weights_of_32_bits_take_half_of_their_files(hub: HubServer, tmp_path: Path) -> None:
    hub.add_repo(REPO, repository(config__json=config(torch_dtype="float32")))
    hub.lie_about(REPO, "model.safetensors", size_bytes=8 * GB)
    machine = host((24 * GB, 0))
    async with catalog_of(hub, tmp_path) as catalog:
        entry = await catalog.details(REPO)
        assert entry.safetensors is not None
        gpu = memory_for(VLLM, machine)
        exact = await catalog.exact_fit(entry, entry.safetensors, settings=VLLM, host=machine, gpu=gpu)
        whole = replace(entry.safetensors, level="F32")
        rough = estimated_fit(entry, whole, settings=VLLM, host=machine, gpu=gpu)
    assert exact is not None
    assert rough is not None
    assert (exact.weights_bytes, rough.weights_bytes) == (4 * GB, 4 * GB)
    assert "vLLM keeps weights of 32 bits in 16" in exact.assumptions


async def test_a_model_that_ray_spreads_is_not_judged(hub: HubServer, tmp_path: Path) -> None:
    hub.add_repo(REPO, repository())
    settings, machine = replace(VLLM, spread=Spread(on_cluster=True)), host((24 * GB, 0))
    async with catalog_of(hub, tmp_path) as catalog:
        entry = await catalog.details(REPO)
        assert entry.safetensors is not None
        gpu = memory_for(settings, machine)
        assert await catalog.exact_fit(entry, entry.safetensors, settings=settings, host=machine, gpu=gpu) is None


async def test_without_a_graphics_card_it_says_so(hub: HubServer, tmp_path: Path) -> None:
    hub.add_repo(REPO, repository())
    async with catalog_of(hub, tmp_path) as catalog:
        entry = await catalog.details(REPO)
        assert entry.safetensors is not None
        verdict = await catalog.exact_fit(entry, entry.safetensors, settings=VLLM, host=host(), gpu=None)
    assert verdict is not None
    assert (verdict.place, verdict.lacks_gpu, verdict.fits_when_empty) == (FitPlace.TOO_BIG, True, False)
    assert "vLLM needs a graphics card, and none was found" in verdict.assumptions


async def test_a_config_is_read_once_for_its_commit_and_a_bad_one_gives_an_estimate(
    hub: HubServer, tmp_path: Path
) -> None:
    hub.add_repo(REPO, repository())
    hub.add_repo("bad/config", repository(config__json=b"{"))
    machine = host((24 * GB, 0))
    gpu = memory_for(VLLM, machine)
    async with catalog_of(hub, tmp_path) as catalog:
        entry = await catalog.details(REPO)
        assert entry.safetensors is not None
        for _ in range(3):
            await catalog.exact_fit(entry, entry.safetensors, settings=VLLM, host=machine, gpu=gpu)
        assert len(hub.requests_for("*/resolve/*")) == 1
        bad = await catalog.details("bad/config")
        assert bad.safetensors is not None
        verdict = await catalog.exact_fit(bad, bad.safetensors, settings=VLLM, host=machine, gpu=gpu)
    assert verdict is not None
    assert verdict.grade is FitGrade.ESTIMATED
    assert "config.json could not be read (UNUSABLE_CONFIG)" in verdict.assumptions


def test_a_tiny_file_is_a_real_one() -> None:
    content = safetensors(4096)
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    assert header["model.embed_tokens.weight"]["data_offsets"] == [0, 4096]
    assert len(content) == 8 + length + 4096
