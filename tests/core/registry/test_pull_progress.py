"""The figures of a pull: whatever the stream says in whatever order, they never run backwards."""

import random

import pytest

from tests.core.registry.shelf import DONE, MANIFEST, VERIFYING, WRITING, digest, layer, remote
from tests.support.counts import count
from venom_desktop.core.registry import pull_progress
from venom_desktop.core.registry.pull_progress import CreationProgress, PullProgress
from venom_desktop.core.runtimes.model_store import PullPhase, PullStep


def _sizes(*sizes: int) -> dict[str, int]:
    return {one.digest: one.size_bytes for one in remote("m", *sizes).layers}


def test_the_total_is_there_before_the_first_byte_and_stays() -> None:
    progress = PullProgress(_sizes(100, 20))
    first = progress.add(MANIFEST)
    assert (first.done_bytes, first.total_bytes) == (0, 120)
    step = progress.add(layer(1, 40, 100))
    assert (step.message, step.done_bytes, step.total_bytes) == ("Downloading layer 1 of 2", 40, 120)


def test_layers_that_were_here_before_count_as_done() -> None:
    progress = PullProgress(_sizes(100, 20))
    step = progress.add(layer(1, 100, 100))
    assert (step.message, step.done_bytes) == ("Downloading layer 2 of 2", 100)
    assert progress.add(VERIFYING).done_bytes == 120


def test_layers_without_end_are_not_all_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull_progress, "MOST_LAYERS", 20)
    progress = PullProgress(None)
    for number in range(50):
        step = progress.add(layer(number, 1, 1))
    assert (step.message, step.done_bytes) == ("Downloading layer 20", 20)
    assert progress.add(layer(1, 1, 1)).done_bytes == 20
    assert progress.add(DONE).total_bytes == 20


def test_without_a_measure_the_total_is_unknown_until_every_layer_was_seen() -> None:
    progress = PullProgress(None)
    assert progress.add(MANIFEST).total_bytes is None
    step = progress.add(layer(1, 100, 100))
    assert (step.message, step.done_bytes, step.total_bytes) == ("Downloading layer 1", 100, None)
    assert progress.add(layer(2, 0, None)).total_bytes is None
    assert progress.add(layer(2, 5, 20)).done_bytes == 105
    last = progress.add(VERIFYING)
    assert (last.done_bytes, last.total_bytes) == (120, 120)


def test_a_layer_that_never_told_its_size_takes_nothing_back() -> None:
    progress = PullProgress(None)
    progress.add(layer(1, 30, None))
    assert progress.add(layer(2, 20, 20)).done_bytes == 50
    assert progress.add(VERIFYING).done_bytes == 50


def test_models_whose_layers_are_told_as_one_are_summed_as_one() -> None:
    whole = PullStep(phase=PullPhase.DOWNLOADING, layer="sha256:model", done_bytes=30, total_bytes=120)
    for progress in (PullProgress(_sizes(100, 20)), PullProgress(None)):
        step = progress.add(whole)
        assert (step.message, step.done_bytes, step.total_bytes) == ("Downloading", 30, 120)
        assert progress.add(VERIFYING).done_bytes == 120


def test_after_a_pause_the_bar_stands_where_it_stood_until_it_is_caught_up() -> None:
    progress = PullProgress(_sizes(100, 20), at_least=70)
    assert progress.add(layer(1, 10, 100)).done_bytes == 70
    assert progress.add(layer(1, 90, 100)).done_bytes == 90


def test_a_byte_that_came_before_the_request_is_no_movement() -> None:
    progress = PullProgress(_sizes(100))
    progress.begin()
    progress.add(layer(1, 40, 100))
    moved = [progress.has_moved]
    progress.add(layer(1, 41, 100))
    moved.append(progress.has_moved)
    progress.begin()
    assert [*moved, progress.has_moved] == [False, True, False]


@pytest.mark.parametrize("seed", range(count(60, 2_000)))
def test_progress_never_runs_backwards_and_never_exceeds_the_total(seed: int) -> None:
    """Layers in any order and interleaved, totals that come late, lines that repeat, restarts that lose bytes."""
    chance = random.Random(seed)
    sizes = [chance.randrange(1, 1000) for _ in range(chance.randrange(1, 7))]
    measured = _sizes(*sizes[: chance.randrange(1, len(sizes) + 1)]) if chance.random() < 0.7 else None
    progress = PullProgress(measured, at_least=chance.choice([0, 0, chance.randrange(sum(sizes))]))
    done_before = -1
    state = dict.fromkeys(range(len(sizes)), 0)
    for _ in range(80):
        place = chance.randrange(len(sizes))
        state[place] = 0 if chance.random() < 0.05 else min(sizes[place], state[place] + chance.randrange(300))
        if chance.random() < 0.05:
            progress.begin()
        told = progress.add(layer(place + 1, state[place], sizes[place] if chance.random() < 0.8 else None))
        done = told.done_bytes or 0
        assert done >= done_before
        assert told.total_bytes is None or done <= told.total_bytes
        done_before = done
    for step in (VERIFYING, WRITING, DONE):
        told = progress.add(step)
        assert told.total_bytes is not None
        assert told.done_bytes == told.total_bytes
        assert told.done_bytes >= done_before


def test_a_creation_reads_the_file_and_hands_it_over() -> None:
    progress = CreationProgress(100)
    digest_ = f"sha256:{digest(1)}"
    steps = [
        PullStep(phase=PullPhase.VERIFYING, done_bytes=60, total_bytes=100),
        PullStep(phase=PullPhase.VERIFYING, done_bytes=100, total_bytes=100),
        PullStep(phase=PullPhase.DOWNLOADING, layer=digest_, done_bytes=30, total_bytes=100),
        PullStep(phase=PullPhase.DOWNLOADING, layer=digest_, done_bytes=100, total_bytes=100),
        WRITING,
        DONE,
    ]
    told = [progress.add(step) for step in steps]
    assert [one.done_bytes for one in told] == [60, 100, 130, 200, 200, 200]
    assert {one.total_bytes for one in told} == {200}


def test_a_file_the_store_has_already_is_not_handed_over() -> None:
    progress = CreationProgress(100)
    progress.add(PullStep(phase=PullPhase.VERIFYING, done_bytes=100, total_bytes=100))
    assert progress.add(WRITING).done_bytes == 200
