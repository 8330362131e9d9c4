"""Numbers as the library's pages write them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venom_desktop.core.catalog.ollama_numbers import (
    parse_age,
    parse_bytes,
    parse_context,
    parse_count,
    parse_moment,
    parse_parameters,
    tag_level,
    tag_parameters,
)

NOW = datetime(2026, 8, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("118.7M", 118_700_000),
        ("1.2M", 1_200_000),
        ("850K", 850_000),
        ("93", 93),
        ("1,234", 1_234),
        ("12,345,678", 12_345_678),
        (" 2B ", 2_000_000_000),
        ("1,2M", 1_200_000),
        ("", None),
        ("many", None),
        ("8b-it", None),
        ("9" * 5000, None),
        ("-3", None),
        ("nan", None),
        ("1e9", None),
    ],
)
def test_counts(text: str, count: int | None) -> None:
    assert parse_count(text) == count


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4.9GB", 4_900_000_000),
        ("808MB", 808_000_000),
        ("46 MB", 46_000_000),
        ("1.1TB", 1_100_000_000_000),
        ("-", None),
        ("High Usage", None),
        ("4.9", None),
        ("GB", None),
        ("9" * 40 + "GB", None),
    ],
)
def test_sizes(text: str, size: int | None) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("128K", 131_072),
        ("128K context window", 131_072),
        ("1M", 1_048_576),
        ("512", 512),
        ("8k tokens", 8192),
        ("128", 128),
        ("4.9GB", None),
        ("Text", None),
    ],
)
def test_contexts(text: str, tokens: int | None) -> None:
    assert parse_context(text) == tokens


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("8b", 8_000_000_000),
        ("0.6b", 600_000_000),
        ("270m", 270_000_000),
        ("8x7b", 56_000_000_000),
        ("405B", 405_000_000_000),
        ("e4b", 4_000_000_000),
        ("1t", 10**12),
        ("tools", None),
        ("vision", None),
        ("b", None),
        ("", None),
        ("4.9GB", None),
        ("latest", None),
    ],
)
def test_sizes_are_told_apart_from_abilities(text: str, parameters: int | None) -> None:
    assert parse_parameters(text) == parameters


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("2 weeks ago", 14),
        ("1 year ago", 365),
        ("a day ago", 1),
        ("Updated 3 days ago", 3),
        ("yesterday", 1),
        ("just now", 0),
        ("about 2 months ago", 60),
        ("Updated  5 weeks ago", 35),
    ],
)
def test_ages(text: str, days: int) -> None:
    assert parse_age(text, NOW) == NOW - timedelta(days=days)


@pytest.mark.parametrize("text", ["", "ago", "Updated", "in 2 weeks", "2 weeks", "9" * 30 + " years ago"])
def test_what_is_no_age(text: str) -> None:
    assert parse_age(text, NOW) is None


def test_an_age_before_all_dates_is_unknown() -> None:
    assert parse_age("9999 years ago", NOW) is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Dec 1, 2024 5:23 PM UTC", datetime(2024, 12, 1, 17, 23, tzinfo=UTC)),
        ("Jan 31, 2026 12:05 AM UTC", datetime(2026, 1, 31, 0, 5, tzinfo=UTC)),
        ("March 3, 2025", datetime(2025, 3, 3, tzinfo=UTC)),
        ("Feb 30, 2025", None),
        ("Foo 3, 2025", None),
        ("gemma3", None),
    ],
)
def test_dates_in_titles(text: str, moment: datetime | None) -> None:
    assert parse_moment(text) == moment


@pytest.mark.parametrize(
    ("tag", "level", "parameters"),
    [
        ("8b-instruct-q4_K_M", "Q4_K_M", 8_000_000_000),
        ("27b-it-fp16", "F16", 27_000_000_000),
        ("20b-mxfp4", "MXFP4", 20_000_000_000),
        ("q8_0", "Q8_0", None),
        ("latest", None, None),
        ("instruct", None, None),
    ],
)
def test_what_a_tag_tells(tag: str, level: str | None, parameters: int | None) -> None:
    assert (tag_level(tag), tag_parameters(tag)) == (level, parameters)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_no_text_breaks_them(text: str) -> None:
    parsed = (parse_count(text), parse_bytes(text), parse_context(text), parse_parameters(text), parse_age(text, NOW))
    for number in (*parsed[:4],):
        assert number is None or number >= 0
    assert parse_moment(text) is None or parse_moment(text) is not None
