"""Answers on disk: fresh for half an hour, never an error, never more than there is room for."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from venom_desktop.core.catalog.cache import DiskCache, Kept

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


async def test_an_answer_comes_back_with_the_time_it_was_read(tmp_path: Path) -> None:
    await DiskCache(tmp_path / "new").write("a", {"rows": [1, "ü"]}, read_at=NOW)
    assert await DiskCache(tmp_path / "new").read("a") == Kept(value={"rows": [1, "ü"]}, read_at=NOW)
    assert await DiskCache(tmp_path / "new").read("b") is None


@pytest.mark.parametrize(("minutes", "fresh"), [(0, True), (29.9, True), (30, False), (-1, False)])
def test_half_an_hour_is_fresh_and_the_future_is_not(minutes: float, *, fresh: bool) -> None:
    assert Kept(value=0, read_at=NOW).is_fresh(NOW + timedelta(minutes=minutes)) is fresh


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"[]", b'{"key": "a"}', b'{"key": "a", "read_at": "soon", "value": 1}', b"\xff\xfe", b"null"],
)
async def test_a_damaged_file_is_a_miss_and_is_written_over(tmp_path: Path, damage: bytes) -> None:
    cache = DiskCache(tmp_path)
    await cache.write("a", 1, read_at=NOW)
    (path,) = tmp_path.iterdir()
    path.write_bytes(damage)
    assert await cache.read("a") is None
    await cache.write("a", 2, read_at=NOW)
    assert await cache.read("a") == Kept(value=2, read_at=NOW)


async def test_a_file_that_holds_another_key_is_a_miss(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path)
    await cache.write("a", 1, read_at=NOW)
    (path,) = tmp_path.iterdir()
    path.write_text(path.read_text().replace('"key": "a"', '"key": "b"'))
    assert await cache.read("a") is None


async def test_the_longest_unused_goes_first_when_there_are_too_many(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, most_entries=3)
    for key in "abc":
        await cache.write(key, key, read_at=NOW)
    await cache.read("a")
    await cache.write("d", "d", read_at=NOW)
    assert [key for key in "abcd" if await cache.read(key)] == ["a", "c", "d"]


async def test_the_folder_never_holds_more_bytes_than_allowed(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, most_bytes=5_000)
    for number in range(10):
        await cache.write(str(number), "x" * 1_000, read_at=NOW)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 5_000
    assert await cache.read("9") is not None


async def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = DiskCache(tmp_path / "file" / "below")
    await cache.write("a", 1, read_at=NOW)
    assert await cache.read("a") is None


async def test_nothing_half_written_stays_behind(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path)
    for number in range(5):
        await cache.write("a", number, read_at=NOW)
    assert [path.suffix for path in tmp_path.iterdir()] == [".json"]
