"""What a verdict for vLLM checks: weights and one answer within its share of the cards, and that share free now."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.core.catalog.test_fit import header_of
from tests.fakes import gguf_profiles
from venom_desktop.core.catalog.base import FitPlace, FitVerdict
from venom_desktop.core.catalog.fit import (
    DEFAULT_CONTEXT,
    LONGEST_CONTEXT,
    DeviceMemory,
    LoadSettings,
    estimated_verdict,
    exact_verdict,
)
from venom_desktop.core.catalog.run_on import memory_for
from venom_desktop.core.catalog.vllm_memory import OWN_BYTES, OWN_DOUBT_BYTES, Spread
from venom_desktop.core.host.sample import GpuSample, HostSample

GB = 10**9
USUAL = LoadSettings(runtime="vllm", gpu_share=0.5, context=8192)
# 24 layers x 8192 x 2 heads x (64 + 64) x 2
CACHE_BYTES = 100_663_296
HEADER = header_of(gguf_profiles.QWEN_2_5_0_5B)


def machine(*cards: tuple[int | None, int]) -> HostSample:
    """Each card with GB in all and in use."""
    return HostSample(
        taken_at=datetime(2026, 11, 1, tzinfo=UTC),
        cpu_percent=5.0,
        cpu_count=8,
        memory_total_bytes=64 * GB,
        memory_available_bytes=64 * GB,
        gpus=tuple(
            GpuSample(
                index=place,
                name="Card",
                load_percent=None,
                memory_total_bytes=None if total is None else total * GB,
                memory_used_bytes=used * GB,
            )
            for place, (total, used) in enumerate(cards)
        ),
    )


def spread(tensor: int = 1, pipeline: int = 1, *, on_cluster: bool = False) -> LoadSettings:
    how = Spread(tensor_parallel=tensor, pipeline_parallel=pipeline, on_cluster=on_cluster)
    return replace(USUAL, spread=how)


def verdict(weights_bytes: int, host: HostSample, settings: LoadSettings = USUAL) -> FitVerdict:
    gpu = memory_for(settings, host)
    return exact_verdict(HEADER, weights_bytes=weights_bytes, settings=settings, host=host, gpu=gpu)


@pytest.mark.parametrize(
    ("settings", "cards", "free", "total"),
    [
        # Half of the first card, whatever else is there; what others hold counts once it leaves less than that.
        (USUAL, [(24, 0), (8, 0)], 12, 12),
        (USUAL, [(24, 12)], 12, 12),
        (USUAL, [(24, 15)], 9, 12),
        (USUAL, [(24, 25)], 0, 12),
        # Of several cards the same of each: the smallest and the fullest decide.
        (spread(2), [(24, 0), (16, 0)], 16, 16),
        (spread(2), [(24, 0), (24, 15)], 18, 24),
        (spread(2, 2), [(24, 0)] * 4, 48, 48),
        # Fewer than it is to be spread over, and one whose driver keeps it to itself is none.
        (spread(2), [(24, 0)], 0, 0),
        (spread(2), [(24, 0), (None, 0)], 0, 0),
    ],
)
def test_it_takes_the_same_share_of_each_card_that_the_model_is_spread_over(
    settings: LoadSettings, cards: list[tuple[int | None, int]], free: int, total: int
) -> None:
    assert memory_for(settings, machine(*cards)) == DeviceMemory(free_bytes=free * GB, total_bytes=total * GB)


def test_without_a_card_there_is_no_share() -> None:
    assert memory_for(USUAL, machine()) is None
    assert memory_for(USUAL, machine((None, 0))) is None


def test_weights_and_one_answer_have_to_lie_within_the_share() -> None:
    room = 12 * GB - OWN_BYTES - CACHE_BYTES
    assert verdict(room, machine((24, 0))).place is FitPlace.GPU
    more = verdict(room + 1, machine((24, 0)))
    assert (more.place, more.fits_when_empty) == (FitPlace.TOO_BIG, False)
    assert more.needed_bytes == more.weights_bytes + CACHE_BYTES + OWN_BYTES


def test_a_share_that_is_not_free_starts_nothing_though_the_model_would_find_room() -> None:
    small = verdict(GB, machine((24, 13)))
    assert (small.place, small.fits_when_empty) == (FitPlace.TOO_BIG, True)
    assert small.needed_bytes < small.free_bytes < small.total_bytes
    assert verdict(GB, machine((24, 12))).place is FitPlace.GPU


def test_each_card_has_vllms_own_memory_and_its_doubt() -> None:
    one, two = verdict(10 * GB, machine((80, 0))), verdict(10 * GB, machine((80, 0), (80, 0)), spread(1, 2))
    assert (one.overhead_bytes, two.overhead_bytes) == (OWN_BYTES, 2 * OWN_BYTES)
    assert two.error_bytes - one.error_bytes == OWN_DOUBT_BYTES
    assert two.kv_cache_bytes == one.kv_cache_bytes
    assert "spread evenly over 2 cards" in two.assumptions


def test_cards_beyond_the_number_of_heads_keep_the_same_context_again() -> None:
    cards = machine(*[(80, 0)] * 4)
    assert verdict(GB, cards, spread(2)).kv_cache_bytes == CACHE_BYTES
    assert verdict(GB, cards, spread(4)).kv_cache_bytes == 2 * CACHE_BYTES


def test_what_it_checks_is_said_in_words() -> None:
    words = verdict(GB, machine((24, 0)), replace(USUAL, answers=8)).assumptions
    assert "vLLM takes 50% of each card at its start, whatever the model needs" in words
    assert "room for one answer of that length, and 8 at once share it" in words
    assert any(word.startswith("2.1 GB a card for vLLM itself are assumed, give or take 1.6") for word in words)


@pytest.mark.parametrize(("most", "context"), [(32_768, 32_768), (None, DEFAULT_CONTEXT)])
def test_without_a_length_it_takes_all_that_the_model_holds(most: int | None, context: int) -> None:
    settings = replace(USUAL, context=LONGEST_CONTEXT)
    told = estimated_verdict(weights_bytes=GB, context_length=most, settings=settings, host=machine((24, 0)))
    assert told is not None
    assert told.context == context


def test_cards_of_a_cluster_are_not_known_here() -> None:
    settings = spread(8, on_cluster=True)
    assert estimated_verdict(weights_bytes=GB, settings=settings, host=machine((24, 0))) is None
