"""The quota and the disk: both are asked, in bytes, and refusals carry the numbers that decided."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.core.registry.rows import with_file
from venom_desktop.core.errors import Cure, NotEnoughSpace, QuotaExceeded
from venom_desktop.core.files import free_bytes
from venom_desktop.core.registry.inventory import Inventory
from venom_desktop.core.registry.manifest import Manifest
from venom_desktop.core.registry.quota import StorageQuota

_GB = 10**9


@pytest.fixture
async def inventory(tmp_path: Path) -> AsyncIterator[Inventory]:
    manifest = Manifest(tmp_path)
    manifest.open()
    yield Inventory(manifest)
    await manifest.close()


def _quota(inventory: Inventory, folder: Path, limit: int | None, *, promised_bytes: int = 0) -> StorageQuota:
    return StorageQuota(lambda: limit, folder, inventory=inventory, promised_bytes=lambda: promised_bytes)


async def test_what_fits_exactly_passes_and_one_byte_more_does_not(inventory: Inventory, tmp_path: Path) -> None:
    with_file(tmp_path, size_bytes=1_000)
    used = (await inventory.refresh()).total_bytes
    quota = _quota(inventory, tmp_path, used + 500)
    await quota.check(500)
    with pytest.raises(QuotaExceeded) as refused:
        await quota.check(501)
    assert refused.value.parameters["needed_bytes"] == 501
    assert refused.value.parameters["left_bytes"] == 500
    assert refused.value.parameters["raise_to_gb"] == 1
    assert Cure.RAISE_LIMIT in refused.value.cures
    assert Cure.FREE_SPACE in refused.value.cures


async def test_a_refusal_speaks_in_gigabytes(inventory: Inventory, tmp_path: Path) -> None:
    quota = _quota(inventory, tmp_path, 12 * _GB)
    with pytest.raises(QuotaExceeded) as refused:
        await quota.check(15_200_000_000)
    assert "needs 15.2\u00a0GB and 12.0\u00a0GB of the quota are left" in str(refused.value)
    assert refused.value.parameters["raise_to_gb"] == 16


async def test_numbers_that_look_alike_get_more_decimals(inventory: Inventory, tmp_path: Path) -> None:
    with pytest.raises(QuotaExceeded, match=r"needs 5\.01\sGB and 5\.00\sGB"):
        await _quota(inventory, tmp_path, 5 * _GB).check(5 * _GB + 10_000_000)


async def test_a_model_of_unknown_size_is_taken_for_four_gigabytes(inventory: Inventory, tmp_path: Path) -> None:
    await _quota(inventory, tmp_path, 4 * _GB).check(None)
    with pytest.raises(QuotaExceeded) as refused:
        await _quota(inventory, tmp_path, 4 * _GB - 1).check(None)
    assert refused.value.parameters["needed_bytes"] == 4 * _GB


async def test_a_full_disk_is_named_before_the_quota(inventory: Inventory, tmp_path: Path) -> None:
    needed = free_bytes(tmp_path) * 2
    with pytest.raises(NotEnoughSpace) as refused:
        await _quota(inventory, tmp_path, 0).check(needed)
    assert not isinstance(refused.value, QuotaExceeded)
    assert "free on this disk" in str(refused.value)
    assert Cure.RAISE_LIMIT not in refused.value.cures


async def test_without_a_limit_only_the_disk_counts(inventory: Inventory, tmp_path: Path) -> None:
    await _quota(inventory, tmp_path, None).check(1_000)
    with pytest.raises(NotEnoughSpace):
        await _quota(inventory, tmp_path, None).check(free_bytes(tmp_path) * 2)


async def test_what_running_installs_will_still_write_is_taken(inventory: Inventory, tmp_path: Path) -> None:
    with pytest.raises(QuotaExceeded) as refused:
        await _quota(inventory, tmp_path, 10 * _GB, promised_bytes=6 * _GB).check(5 * _GB)
    assert refused.value.parameters["left_bytes"] == 4 * _GB


async def test_a_first_look_that_finds_more_than_the_quota_says_so(inventory: Inventory, tmp_path: Path) -> None:
    quota = _quota(inventory, tmp_path, 500)
    assert not quota.snapshot().over_at_start
    with_file(tmp_path, size_bytes=1_000)
    await inventory.refresh()
    snapshot = quota.snapshot()
    assert snapshot.over
    assert snapshot.over_at_start
    assert snapshot.raise_to_gb == 1
    assert snapshot.left_bytes == 0


async def test_growing_over_the_quota_later_is_not_over_at_start(inventory: Inventory, tmp_path: Path) -> None:
    await inventory.refresh()
    quota = _quota(inventory, tmp_path, 500)
    assert quota.snapshot().over is False
    with_file(tmp_path, size_bytes=1_000)
    await inventory.refresh()
    assert quota.snapshot().over
    assert not quota.snapshot().over_at_start


async def test_a_snapshot_tells_both_dimensions(inventory: Inventory, tmp_path: Path) -> None:
    with_file(tmp_path, size_bytes=1_000)
    used = (await inventory.refresh()).total_bytes
    snapshot = _quota(inventory, tmp_path, 50 * _GB).snapshot()
    assert snapshot.used_bytes == used
    assert snapshot.left_bytes == 50 * _GB - used
    assert snapshot.free_bytes > 0
    assert _quota(inventory, tmp_path, None).snapshot().left_bytes is None
