"""Memory by hand against memory by the header's keys, and the verdicts that follow from it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import gguf_files, gguf_profiles
from tests.fakes.gguf_format import Value
from venom_desktop.core.catalog.base import FitGrade, FitPlace
from venom_desktop.core.catalog.fit import (
    DeviceMemory,
    LoadSettings,
    estimated_verdict,
    exact_verdict,
    predicted_bytes,
)
from venom_desktop.core.catalog.gguf_header import GgufHeader, parse_gguf_header
from venom_desktop.core.catalog.kv_cache import KvType, kv_cache
from venom_desktop.core.catalog.lessons import Lesson
from venom_desktop.core.catalog.weight_bits import bits_per_weight
from venom_desktop.core.host.sample import HostSample

GB = 10**9


def header_of(keys: dict[str, Value]) -> GgufHeader:
    return parse_gguf_header(gguf_files.header_of(keys), complete=True)


def host(*, free_bytes: int, total_bytes: int = 16 * GB) -> HostSample:
    return HostSample(
        taken_at=datetime(2026, 11, 1, tzinfo=UTC),
        cpu_percent=5.0,
        cpu_count=8,
        memory_total_bytes=total_bytes,
        memory_available_bytes=free_bytes,
    )


@pytest.mark.parametrize(
    ("profile", "expected_bytes"),
    [
        # 16 layers x 8192 x 8 heads x (64 + 64) x 2
        ("llama", 268_435_456),
        # 24 layers x 8192 x 2 heads x (64 + 64) x 2
        ("qwen2", 100_663_296),
        # 5 layers x 8192 and 29 layers x (1024 + 512), each x 4 heads x (256 + 256) x 2
        ("gemma3", 350_224_384),
        # 27 layers x 8192 x one row of 576 x 2, no values
        ("deepseek2", 254_803_968),
        # 48 layers x 8192 x 4 heads x (128 + 128) x 2, experts make no difference
        ("qwen3moe", 805_306_368),
        # 64 layers x (3 x 5120 + 16 x 5120) x 4, whatever the context
        ("mamba", 24_903_680),
        # 4 layers x 8192 x 8 heads x (128 + 128) x 2 and 28 layers x (3 x 8192 + 16 x 8192) x 4
        ("jamba", 151_650_304),
    ],
)
def test_context_memory_is_what_one_counts_by_hand(profile: str, expected_bytes: int) -> None:
    cache = kv_cache(header_of(gguf_profiles.ALL[profile]), context=8192, kv_type=KvType.F16)
    assert cache is not None
    assert cache.total_bytes == expected_bytes


def test_hybrids_with_an_interval_keep_a_cache_in_every_fourth_layer_only() -> None:
    keys: dict[str, Value] = {
        "general.architecture": "qwen3next",
        "qwen3next.block_count": 48,
        "qwen3next.embedding_length": 2048,
        "qwen3next.attention.head_count": 16,
        "qwen3next.attention.head_count_kv": 2,
        "qwen3next.attention.key_length": 256,
        "qwen3next.attention.value_length": 256,
        "qwen3next.full_attention_interval": 4,
        "qwen3next.ssm.inner_size": 4096,
        "qwen3next.ssm.state_size": 128,
        "qwen3next.ssm.group_count": 16,
        "qwen3next.ssm.conv_kernel": 4,
    }
    cache = kv_cache(header_of(keys), context=8192, kv_type=KvType.F16)
    by_hand = 12 * 8192 * 2 * 512 * 2 + 36 * (3 * (4096 + 2 * 16 * 128) + 128 * 4096) * 4
    assert cache is not None
    assert cache.total_bytes == by_hand


def test_layers_that_share_a_cache_are_not_counted_and_windows_may_stand_in_the_file() -> None:
    keys: dict[str, Value] = {
        "general.architecture": "gemma4",
        "gemma4.block_count": 6,
        "gemma4.embedding_length": 1536,
        "gemma4.attention.head_count": 8,
        "gemma4.attention.head_count_kv": 1,
        "gemma4.attention.key_length": 512,
        "gemma4.attention.value_length": 512,
        "gemma4.attention.key_length_swa": 256,
        "gemma4.attention.value_length_swa": 256,
        "gemma4.attention.sliding_window": 512,
        "gemma4.attention.sliding_window_pattern": [True, True, False, True, True, False],
        "gemma4.attention.shared_kv_layers": 3,
    }
    cache = kv_cache(header_of(keys), context=8192, kv_type=KvType.F16)
    assert cache is not None
    assert cache.total_bytes == (2 * 1024 * 512 + 8192 * 1024) * 2


@pytest.mark.parametrize(
    ("kv_type", "expected_bytes"),
    [(KvType.F16, 268_435_456), (KvType.Q8_0, 142_606_336), (KvType.Q4_0, 75_497_472)],
)
def test_a_smaller_kv_type_takes_its_share(kv_type: KvType, expected_bytes: int) -> None:
    cache = kv_cache(header_of(gguf_profiles.LLAMA_3_2_1B), context=8192, kv_type=kv_type)
    assert cache is not None
    assert cache.total_bytes == expected_bytes


def test_parallel_answers_each_have_their_context() -> None:
    header = header_of(gguf_profiles.GEMMA_3_4B)
    one = kv_cache(header, context=8192, kv_type=KvType.F16)
    three = kv_cache(header, context=8192, kv_type=KvType.F16, parallel=3)
    assert one is not None
    assert three is not None
    assert three.total_bytes == 3 * one.total_bytes


def test_a_window_of_an_unknown_architecture_is_counted_full_and_doubted() -> None:
    keys = {key.replace("llama", "novel"): value for key, value in gguf_profiles.LLAMA_3_2_1B.items()}
    keys |= {"general.architecture": "novel", "novel.attention.sliding_window": 512}
    cache = kv_cache(header_of(keys), context=8192, kv_type=KvType.F16)
    assert cache is not None
    assert cache.total_bytes == 268_435_456
    assert cache.doubt >= 0.5
    assert "sliding window" in " ".join(cache.assumptions)


@pytest.mark.parametrize(
    ("free_gb", "gpu_free_gb", "place", "fits_when_empty"),
    [
        (8, None, FitPlace.RAM, True),
        (2, None, FitPlace.TOO_BIG, True),
        (2, 12, FitPlace.GPU, True),
        (8, 2, FitPlace.GPU_AND_RAM, True),
        (8, 0, FitPlace.RAM, True),
        (1, 1, FitPlace.TOO_BIG, True),
    ],
)
def test_the_place_follows_free_memory(
    free_gb: int, gpu_free_gb: int | None, place: FitPlace, *, fits_when_empty: bool
) -> None:
    gpu = None if gpu_free_gb is None else DeviceMemory(free_bytes=gpu_free_gb * GB, total_bytes=12 * GB)
    verdict = exact_verdict(
        header_of(gguf_profiles.GEMMA_3_4B),
        weights_bytes=2_490_000_000,
        settings=LoadSettings(),
        host=host(free_bytes=free_gb * GB),
        gpu=gpu,
    )
    assert (verdict.place, verdict.fits_when_empty, verdict.grade) == (place, fits_when_empty, FitGrade.EXACT)
    assert verdict.needed_bytes == verdict.weights_bytes + verdict.kv_cache_bytes + verdict.overhead_bytes


def test_a_model_larger_than_the_whole_machine_never_fits() -> None:
    verdict = exact_verdict(
        header_of(gguf_profiles.MIXTRAL_8X7B),
        weights_bytes=26 * GB,
        settings=LoadSettings(),
        host=host(free_bytes=14 * GB),
    )
    assert (verdict.place, verdict.fits_when_empty) == (FitPlace.TOO_BIG, False)
    assert "all 8 experts are in memory, 2 work on a token" in verdict.assumptions


def test_the_context_is_no_longer_than_the_model_was_made_for_and_the_assumptions_say_so() -> None:
    verdict = exact_verdict(
        header_of(gguf_profiles.QWEN_2_5_0_5B),
        weights_bytes=400_000_000,
        projector_bytes=50_000_000,
        settings=LoadSettings(context=1 << 20, kv_type=KvType.Q8_0, parallel=2),
        host=host(free_bytes=8 * GB),
    )
    assert verdict.context == 32_768
    assert verdict.weights_bytes == 450_000_000
    assert verdict.assumptions[:5] == (
        "context 32768",
        "KV q8_0",
        "the model's own limit of context",
        "2 answers at once",
        "the vision projector is loaded too",
    )


def test_a_header_without_the_keys_gives_an_estimate_and_no_crash() -> None:
    verdict = exact_verdict(
        header_of({"general.architecture": "llama"}),
        weights_bytes=GB,
        settings=LoadSettings(),
        host=host(free_bytes=8 * GB),
    )
    assert verdict.grade is FitGrade.ESTIMATED


def test_an_estimate_takes_parameters_times_bits_when_no_size_is_known() -> None:
    verdict = estimated_verdict(
        weights_bytes=None,
        parameters=8_030_000_000,
        label="Q4_K_M",
        settings=LoadSettings(),
        host=host(free_bytes=8 * GB),
    )
    assert verdict is not None
    assert abs(verdict.weights_bytes - 4.92 * GB) < 0.1 * GB
    assert verdict.grade is FitGrade.ESTIMATED
    assert "weights from Q4_K_M and the number of parameters" in verdict.assumptions


def test_without_size_or_parameters_there_is_no_verdict() -> None:
    settings, machine = LoadSettings(), host(free_bytes=8 * GB)
    assert estimated_verdict(weights_bytes=None, label="Q4_K_M", settings=settings, host=machine) is None
    assert estimated_verdict(weights_bytes=None, parameters=5, label="ODD", settings=settings, host=machine) is None


def test_the_estimate_holds_the_exact_figure_within_its_error_bar() -> None:
    machine, settings = host(free_bytes=8 * GB), LoadSettings()
    exact = exact_verdict(
        header_of(gguf_profiles.LLAMA_3_2_1B), weights_bytes=808_000_000, settings=settings, host=machine
    )
    rough = estimated_verdict(
        weights_bytes=None, parameters=1_235_814_400, label="Q4_K_M", settings=settings, host=machine
    )
    assert rough is not None
    assert abs(rough.needed_bytes - exact.needed_bytes) <= rough.error_bytes + exact.error_bytes


@pytest.mark.parametrize(
    ("label", "bits"),
    [
        *(("q4_k_m", 4.89), ("UD-Q4_K_XL", 4.89), ("UD-IQ4_NL_XL", 4.68), ("MXFP4_MOE", 4.25)),
        *(("Q6_K_L", 6.56), ("BF16", 16.0), ("ODD", None)),
    ],
)
def test_bits_of_a_label(label: str, bits: float | None) -> None:
    assert bits_per_weight(label) == bits


@settings(deadline=None)
@given(
    value=st.one_of(
        st.integers(-5, 2**40), st.text(max_size=5), st.booleans(), st.lists(st.integers(-3, 9), max_size=70).map(tuple)
    ),
    key=st.sampled_from(
        [
            "block_count",
            "attention.head_count",
            "attention.head_count_kv",
            "attention.key_length",
            "attention.sliding_window",
            "attention.sliding_window_pattern",
            "attention.shared_kv_layers",
            "embedding_length",
            "full_attention_interval",
            "nextn_predict_layers",
            "ssm.conv_kernel",
        ]
    ),
)
def test_no_value_of_a_key_breaks_the_calculation(value: int | str | bool | tuple[int, ...], key: str) -> None:
    keys = dict(header_of(gguf_profiles.GEMMA_3_4B).keys) | {f"gemma3.{key}": value}
    header = GgufHeader(version=3, tensor_count=0, keys=keys, whole=True, architecture="gemma3")
    cache = kv_cache(header, context=8192, kv_type=KvType.F16)
    assert cache is None or cache.total_bytes >= 0


def test_loads_of_its_kind_put_an_exact_verdict_right_and_leave_others_alone() -> None:
    header = header_of(gguf_profiles.ALL["gemma3"])
    taught = LoadSettings(lessons={"gemma3": Lesson(ratios=(1.1, 1.1, 1.1))})
    other = LoadSettings(lessons={"llama": Lesson(ratios=(1.1, 1.1, 1.1))})
    plain, right, untouched = (
        exact_verdict(header, weights_bytes=3 * GB, settings=settings, host=host(free_bytes=8 * GB))
        for settings in (LoadSettings(), taught, other)
    )

    assert (plain.loads, right.loads, untouched.loads) == (0, 3, 0)
    assert right.needed_bytes == pytest.approx(1.1 * plain.needed_bytes, rel=0.02)
    assert right.error_bytes < plain.error_bytes
    assert untouched == plain
    assert predicted_bytes(header, weights_bytes=3 * GB, settings=taught) == plain.needed_bytes


def test_what_loads_taught_decides_where_a_model_goes() -> None:
    header = header_of(gguf_profiles.ALL["llama"])
    plain = exact_verdict(header, weights_bytes=GB, settings=LoadSettings(), host=host(free_bytes=8 * GB))
    tight = host(free_bytes=int(plain.needed_bytes * 1.1))
    taught = LoadSettings(lessons={"llama": Lesson(ratios=(1.3,) * 5)})

    assert exact_verdict(header, weights_bytes=GB, settings=LoadSettings(), host=tight).place is FitPlace.RAM
    assert exact_verdict(header, weights_bytes=GB, settings=taught, host=tight).place is FitPlace.TOO_BIG


def test_an_estimate_learns_nothing_its_weights_are_a_guess() -> None:
    settings = LoadSettings(lessons={"": Lesson(ratios=(2.0,)), "llama": Lesson(ratios=(2.0,))})
    unknown = header_of({"general.architecture": "llama", "llama.context_length": 4096})
    verdict = exact_verdict(unknown, weights_bytes=GB, settings=settings, host=host(free_bytes=8 * GB))

    assert verdict.grade is FitGrade.ESTIMATED
    assert verdict.loads == 0
    assert predicted_bytes(unknown, weights_bytes=GB, settings=settings) is None
