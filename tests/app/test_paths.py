"""Every folder has one place, and the private ones are private."""

import os
import stat
from pathlib import Path

import pytest

from venom_desktop.app.paths import Paths, make_private_folder
from venom_desktop.core.errors import InvalidSetting, StorageFailed


def test_venom_home_holds_every_folder(tmp_path: Path) -> None:
    paths = Paths.from_environment({"VENOM_HOME": str(tmp_path)})
    assert paths == Paths(
        data=tmp_path / "data",
        config=tmp_path / "config",
        cache=tmp_path / "cache",
        log=tmp_path / "log",
        models=tmp_path / "data" / "models",
        programs=tmp_path / "data" / "programs",
        runtime=tmp_path / "run",
    )


def test_a_relative_venom_home_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Paths.from_environment({"VENOM_HOME": "here"}).data == tmp_path / "here" / "data"


def test_an_unknown_user_in_venom_home_is_said() -> None:
    with pytest.raises(InvalidSetting, match="VENOM_HOME"):
        Paths.from_environment({"VENOM_HOME": "~nobody-has-this-name/x"})


def test_without_venom_home_the_platform_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    paths = Paths.from_environment({})
    assert paths.config == tmp_path / "XDG_CONFIG_HOME" / "venom-desktop"
    assert paths.models == tmp_path / "XDG_DATA_HOME" / "venom-desktop" / "models"
    assert paths.runtime == tmp_path / "XDG_DATA_HOME" / "venom-desktop" / "run"


def test_naming_the_folders_makes_none(tmp_path: Path) -> None:
    Paths.from_environment({"VENOM_HOME": str(tmp_path / "home")})
    assert list(tmp_path.iterdir()) == []


def test_private_folders_are_made_with_mode_0700_and_tightened(tmp_path: Path) -> None:
    paths = Paths.under(tmp_path)
    paths.config.mkdir(mode=0o755)
    paths.make_private()
    for folder in (paths.config, paths.log, paths.runtime):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_link_in_place_of_a_private_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageFailed, match="link"):
        make_private_folder(tmp_path / "run")


def test_settings_may_be_a_link_to_a_folder_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "config").symlink_to(tmp_path / "kept")
    Paths.under(tmp_path).make_private()
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o700


def test_a_file_in_place_of_a_private_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(StorageFailed, match="run"):
        make_private_folder(tmp_path / "run")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    with pytest.raises(StorageFailed, match="another user"):
        make_private_folder(folder)
