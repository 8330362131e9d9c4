"""The table of figures: what a bench prints is read, judged and put between its markers."""

from datetime import UTC, datetime

import pytest

from bench.rows import BEGIN, END, Outcome, Row, read_rows, table, with_table


def test_rows_are_read_and_the_rest_is_left() -> None:
    printed = (
        "some words\nstart_first_turn_over_bare 1.84 ratio\nstart_first_turn_limit 2.0 ratio\ncatalog_x 3 ms (a)\n"
    )
    assert read_rows(printed) == (
        Row(name="start_first_turn_over_bare", value=1.84, unit="ratio"),
        Row(name="catalog_x", value=3.0, unit="ms"),
    )


@pytest.mark.parametrize(
    ("name", "value", "verdict"),
    [
        ("start_first_turn_over_bare", 2.0, "| met |"),
        ("start_first_turn_over_bare", 2.01, "| **missed** |"),
        ("download_install_over_hf_throughput", 0.99, "| **missed** |"),
        ("start_bare_resident", 59, "|  |  |"),
    ],
)
def test_a_figure_with_a_bar_is_judged(name: str, value: float, verdict: str) -> None:
    outcome = Outcome(module="start", rows=(Row(name=name, value=value, unit="ratio"),))
    assert verdict in table([outcome], when=datetime(2026, 1, 2, tzinfo=UTC), machine="2 cores")


def test_a_bench_that_failed_is_shown_and_the_table_stands_between_its_markers() -> None:
    renewed = table([Outcome(module="tabs", failed=True)], when=datetime(2026, 1, 2, tzinfo=UTC), machine="2 cores")
    assert "| `tabs` | – | – | **failed** |" in renewed
    text = with_table(f"before\n{BEGIN}\nold\n{END}\nafter\n", renewed)
    assert "old" not in text
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    with pytest.raises(ValueError, match="markers"):
        with_table("no markers", renewed)
