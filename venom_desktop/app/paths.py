"""Where everything of one home lies: data, settings, caches, logs, models and the socket."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import platformdirs

from venom_desktop.core.errors import InvalidSetting, StorageFailed

APP_NAME = "venom-desktop"
HOME_VARIABLE = "VENOM_HOME"
_PRIVATE = 0o700


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Absolute folders that may not exist yet; whoever writes first makes its own."""

    data: Path
    config: Path
    cache: Path
    log: Path
    models: Path
    programs: Path
    """Programs that we installed, one folder each."""
    runtime: Path
    """Holds the socket. It lies under `data` and not under XDG_RUNTIME_DIR, which a job or a remote shell lacks:
    they must find the window of the same home."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """`VENOM_HOME` holds all folders; without it they lie where the platform wants them (XDG on Linux)."""
        told = environ.get(HOME_VARIABLE, "").strip()
        if told:
            return cls.under(_home(told))
        folders = platformdirs.PlatformDirs(APP_NAME, appauthor=False)
        return cls._of(
            Path(folders.user_data_dir),
            config=Path(folders.user_config_dir),
            cache=Path(folders.user_cache_dir),
            log=Path(folders.user_log_dir),
        )

    @classmethod
    def under(cls, home: Path) -> Self:
        """All folders of a home of its own."""
        return cls._of(
            home / "data", config=home / "config", cache=home / "cache", log=home / "log", runtime=home / "run"
        )

    @classmethod
    def _of(cls, data: Path, *, config: Path, cache: Path, log: Path, runtime: Path | None = None) -> Self:
        return cls(
            data=data,
            config=config,
            cache=cache,
            log=log,
            models=data / "models",
            programs=data / "programs",
            runtime=runtime or data / "run",
        )

    @property
    def settings_file(self) -> Path:
        return self.config / "settings.json"

    @property
    def ui_state_file(self) -> Path:
        return self.config / "ui-state.json"

    @property
    def token_file(self) -> Path:
        """The bearer token of the local API."""
        return self.config / "api-token"

    def make_private(self) -> None:
        """Make the folders that only the owner may enter: settings, log and socket."""
        make_private_folder(self.config, link_allowed=True)
        make_private_folder(self.log, link_allowed=True)
        make_private_folder(self.runtime)


def make_private_folder(folder: Path, *, link_allowed: bool = False) -> None:
    """Make `folder` with mode 0700, or tighten the one that is there.

    Raises `StorageFailed` when it cannot be made, is a link, or belongs to somebody else: a folder prepared by
    another user could answer in our name. Settings may be a link, as people keep them under version control.
    """
    try:
        folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        found = folder.stat(follow_symlinks=link_allowed)
        if not stat.S_ISDIR(found.st_mode):
            raise StorageFailed(path=folder, problem="it is a link")
        if os.name == "posix" and found.st_uid != os.getuid():
            raise StorageFailed(path=folder, problem="it belongs to another user")
        if os.name == "posix" and stat.S_IMODE(found.st_mode) != _PRIVATE:
            folder.chmod(_PRIVATE)
    except OSError as error:
        raise StorageFailed(path=folder, problem=error.strerror or str(error)) from error


def _home(told: str) -> Path:
    try:
        return Path(told).expanduser().absolute()
    except (RuntimeError, ValueError) as error:
        raise InvalidSetting(name=HOME_VARIABLE, value=told, expected="Give the path of a folder.") from error
