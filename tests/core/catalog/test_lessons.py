"""What measured loads do to a figure and to its error bar."""

import pytest

from venom_desktop.core.catalog.lessons import Lesson

NEEDED, ERROR = 11_000_000_000, 1_650_000_000


def test_without_a_load_the_formula_stands() -> None:
    assert Lesson(ratios=()).taught(NEEDED, ERROR) == (NEEDED, ERROR)


def test_every_load_that_agrees_narrows_the_bar() -> None:
    bars = [Lesson(ratios=(1.04,) * loads).taught(NEEDED, ERROR)[1] for loads in range(4)]

    assert bars == sorted(bars, reverse=True)
    assert len(set(bars)) == 4
    assert bars[3] < ERROR / 3


def test_the_figure_moves_to_what_was_measured() -> None:
    needed, error = Lesson(ratios=(1.10, 1.11, 1.09)).taught(NEEDED, ERROR)

    assert needed == pytest.approx(1.10 * NEEDED, rel=0.005)
    assert needed - error > NEEDED


def test_loads_that_differ_keep_the_bar_wide() -> None:
    calm = Lesson(ratios=(1.0, 1.01, 0.99)).taught(NEEDED, ERROR)[1]
    wild = Lesson(ratios=(0.8, 1.2, 1.0)).taught(NEEDED, ERROR)[1]

    assert wild > 5 * calm
    assert wild > ERROR


def test_a_formula_that_claims_to_know_exactly_still_learns() -> None:
    needed, error = Lesson(ratios=(1.2, 1.2)).taught(NEEDED, 0)

    assert needed > 1.05 * NEEDED
    assert error > 0
