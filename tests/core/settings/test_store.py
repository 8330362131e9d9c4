"""Settings are resolved in one order, survive damage, and are never half written."""

import asyncio
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from venom_desktop.core.errors import (
    InvalidInput,
    InvalidSetting,
    SettingLocked,
    SettingsReset,
    SettingsRestored,
    StorageFailed,
)
from venom_desktop.core.settings.schema import Settings, Theme
from venom_desktop.core.settings.store import SettingsStore, Source


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "settings.json"


def written(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_a_first_start_has_defaults_and_writes_nothing(path: Path) -> None:
    store = SettingsStore(path, {})
    assert store.snapshot == Settings()
    assert store.source("max_storage_gb") is Source.DEFAULT
    assert not path.parent.exists()


async def test_a_change_is_published_once_and_is_there_at_the_next_start(path: Path) -> None:
    store = SettingsStore(path, {})
    heard: list[Settings] = []
    store.changed.subscribe(heard.append)
    await store.set("theme", "dark")
    await store.set("theme", Theme.DARK)
    assert [settings.theme for settings in heard] == [Theme.DARK]
    assert SettingsStore(path, {}).snapshot.theme is Theme.DARK
    assert store.source("theme") is Source.SETTINGS


async def test_the_environment_wins_over_the_file_which_wins_over_the_default(path: Path) -> None:
    await SettingsStore(path, {}).set("max_storage_gb", 80)
    assert SettingsStore(path, {}).snapshot.max_storage_gb == 80
    store = SettingsStore(path, {"MAX_STORAGE_GB": "7"})
    assert store.snapshot.max_storage_gb == 7
    assert store.source("max_storage_gb") is Source.ENVIRONMENT


async def test_a_setting_of_the_environment_cannot_be_changed(path: Path) -> None:
    store = SettingsStore(path, {"MAX_STORAGE_GB": "7"})
    with pytest.raises(SettingLocked, match="MAX_STORAGE_GB"):
        await store.set("max_storage_gb", 80)
    with pytest.raises(SettingLocked):
        await store.reset("max_storage_gb")
    assert store.snapshot.max_storage_gb == 7
    assert not path.exists()


async def test_a_wrong_value_changes_nothing(path: Path) -> None:
    store = SettingsStore(path, {})
    with pytest.raises(InvalidSetting):
        await store.set("max_storage_gb", -1)
    with pytest.raises(InvalidInput):
        await store.set("colour", "red")
    assert store.snapshot == Settings()
    assert not path.exists()


def test_a_wrong_value_in_the_environment_stops_the_start(path: Path) -> None:
    with pytest.raises(InvalidSetting, match="VENOM_RUNTIME_PROFILE cannot be heavy"):
        SettingsStore(path, {"VENOM_RUNTIME_PROFILE": "heavy"})


async def test_reset_returns_to_the_default(path: Path) -> None:
    store = SettingsStore(path, {})
    await store.set("api_port", 9000)
    await store.reset("api_port")
    assert store.snapshot == Settings()
    assert written(path) == {}


async def test_keys_of_a_newer_version_survive_a_save(path: Path) -> None:
    path.parent.mkdir()
    path.write_text('{"theme": "light", "from_the_future": {"a": [1, null]}}')
    store = SettingsStore(path, {})
    await store.set("api_port", 9000)
    assert written(path) == {"theme": "light", "from_the_future": {"a": [1, None]}, "api_port": 9000}


async def test_a_change_by_another_process_is_not_written_over(path: Path) -> None:
    window, service = SettingsStore(path, {}), SettingsStore(path, {})
    await service.set("api_port", 9000)
    await window.set("theme", "dark")
    assert written(path) == {"api_port": 9000, "theme": "dark"}


async def test_changes_at_the_same_time_are_all_kept(path: Path) -> None:
    store = SettingsStore(path, {})
    await asyncio.gather(store.set("theme", "dark"), store.set("max_storage_gb", 80), store.set("api_port", 9000))
    assert written(path) == {"theme": "dark", "max_storage_gb": 80, "api_port": 9000}
    assert store.snapshot == SettingsStore(path, {}).snapshot


def test_one_bad_value_costs_only_itself_and_is_told(path: Path) -> None:
    path.parent.mkdir()
    path.write_text('{"theme": "dark", "max_storage_gb": "much", "runtime_profile": "heavy"}')
    store = SettingsStore(path, {})
    assert store.snapshot == Settings(theme=Theme.DARK)
    assert {type(notice) for notice in store.notices} == {InvalidSetting}
    assert len(store.notices) == 2
    assert store.source("max_storage_gb") is Source.DEFAULT


@pytest.mark.parametrize(
    "damage",
    [b"", b'{"theme": "dark"', b"[1, 2]", b"\xff\xfe\x00", b"[" * 100_000, b"null"],
    ids=["empty", "cut", "list", "no text", "deep", "null"],
)
async def test_a_damaged_file_gives_way_to_the_version_before_it(path: Path, damage: bytes) -> None:
    store = SettingsStore(path, {})
    await store.set("theme", "dark")
    await store.set("api_port", 9000)
    path.write_bytes(damage)
    again = SettingsStore(path, {})
    assert again.snapshot == Settings(theme=Theme.DARK)
    assert [type(notice) for notice in again.notices] == [SettingsRestored]
    kept = [found for found in path.parent.iterdir() if ".damaged-" in found.name]
    assert [found.read_bytes() for found in kept] == [damage]
    assert kept[0].name in str(again.notices[0])
    assert SettingsStore(path, {}).notices == ()


async def test_a_damaged_file_with_a_damaged_predecessor_gives_defaults(path: Path) -> None:
    store = SettingsStore(path, {})
    await store.set("theme", "dark")
    await store.set("theme", "light")
    path.write_text("x")
    path.with_name("settings.json.previous").write_text("y")
    again = SettingsStore(path, {})
    assert again.snapshot == Settings()
    assert [type(notice) for notice in again.notices] == [SettingsReset]
    await again.set("theme", "dark")
    assert written(path) == {"theme": "dark"}


def test_a_file_that_cannot_be_read_is_not_replaced(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(StorageFailed):
        SettingsStore(path, {})
    assert path.is_dir()


async def test_a_write_that_fails_changes_nothing(path: Path) -> None:
    store = SettingsStore(path, {})
    path.parent.write_text("a file where the folder should be")
    with pytest.raises(StorageFailed):
        await store.set("theme", "dark")
    assert store.snapshot == Settings()
    assert store.source("theme") is Source.DEFAULT


async def test_the_file_is_for_its_owner_only(path: Path) -> None:
    await SettingsStore(path, {}).set("theme", "dark")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
