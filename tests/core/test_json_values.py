"""Values of JSON that others wrote."""

import pytest

from venom_desktop.core.json_values import count_in, mapping_in, moment_in, text_in


@pytest.mark.parametrize("value", [-1, 1.0, True, None, "1", 1 << 63, 10**400, [1]])
def test_what_no_count_can_be_is_unknown(value: object) -> None:
    assert count_in(value) is None


@pytest.mark.parametrize("value", [0, 7, (1 << 63) - 1])
def test_a_count_is_a_whole_number(value: int) -> None:
    assert count_in(value) == value


@pytest.mark.parametrize("value", ["", "today", "2026-11-22T10:00:00", 5, None, []])
def test_a_moment_names_its_zone(value: object) -> None:
    assert moment_in(value) is None
    told = moment_in("2026-11-22T10:00:00+01:00")
    assert told is not None
    assert told.isoformat() == "2026-11-22T10:00:00+01:00"


def test_texts_and_objects_are_what_they_are_or_nothing() -> None:
    assert [text_in(value) for value in ("a", "", 5, None)] == ["a", None, None, None]
    assert [mapping_in(value) for value in ({"a": 1}, [], "a", None)] == [{"a": 1}, {}, {}, {}]
