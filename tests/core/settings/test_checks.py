"""Values that only the disk can judge."""

from pathlib import Path

import pytest

from venom_desktop.core.errors import StorageFailed
from venom_desktop.core.settings.checks import require_writable_folder


async def test_a_folder_that_can_be_written_passes_and_stays_empty(tmp_path: Path) -> None:
    await require_writable_folder(tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_a_folder_that_cannot_be_written_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match="missing"):
        await require_writable_folder(tmp_path / "missing")
