"""Values of JSON that others wrote."""

from datetime import UTC, datetime

import pytest

from venom_desktop.core.json_values import count_in, mapping_in, moment_in, text_in


@pytest.mark.parametrize("value", [-1, 1.0, True, None, "1", 1 << 63, 10**400, [1]])
def test_what_no_count_can_be_is_unknown(value: object) -> None:
    assert count_in(value) is None


@pytest.mark.parametrize("value", [0, 7, (1 << 63) - 1])
def test_a_count_is_a_whole_number(value: int) -> None:
    assert count_in(value) == value


@pytest.mark.parametrize(
    "value", ["", "today", "2026-11-22T10:00:00", "0001-01-01T00:00:00Z", "9999-12-31T23:00:00-05:00", 5]
)
def test_what_no_moment_can_be_is_unknown(value: object) -> None:
    assert moment_in(value) is None


def test_a_moment_has_a_zone() -> None:
    assert moment_in("2026-11-22T10:00:00", zone=UTC) == datetime(2026, 11, 22, 10, tzinfo=UTC)
    told = moment_in("2026-11-22T10:00:00+01:00")
    assert told is not None
    assert told.isoformat() == "2026-11-22T10:00:00+01:00"


@pytest.mark.parametrize("value", ["", 5, None, []])
def test_what_is_no_text_and_no_object_is_nothing(value: object) -> None:
    assert (text_in(value), mapping_in(value)) == (None, {})
    assert (text_in("a"), mapping_in({"a": 1})) == ("a", {"a": 1})
