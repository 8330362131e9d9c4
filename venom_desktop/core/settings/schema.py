"""Every setting: its key, type, default, the variable that wins over it and the words that explain it."""

import dataclasses
import math
import typing
from collections.abc import Mapping
from enum import Enum, StrEnum
from pathlib import Path
from typing import Annotated, Any

from venom_desktop.core.errors import InvalidInput, InvalidSetting
from venom_desktop.core.settings.about import A_PATH, ON_OR_OFF, About
from venom_desktop.core.settings.about import UnitScope as UnitScope
from venom_desktop.core.settings.environment import (
    checked_ollama_host,
    checked_unit,
    normalise_endpoint,
    normalise_ollama_host,
)
from venom_desktop.core.settings.kinds import (
    NO_FOLDERS,
    Folders,
    absolute_path,
    folders,
    number,
    on_or_off,
    one_of,
    or_none,
    text_as,
    variables,
    whole,
)
from venom_desktop.core.settings.vllm import VllmFields


class Theme(StrEnum):
    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Profile(StrEnum):
    """Which runtimes are offered (`core/runtimes/profiles.py` says which)."""

    LIGHT = "light"
    LLM_OFF = "llm_off"
    FULL = "full"


class OllamaProfile(StrEnum):
    """How a server is tuned (`core/runtimes/tuning.py` says with which variables)."""

    BALANCED = "balanced-12-24gb"
    LOW_VRAM = "low-vram-8-12gb"
    MAX_CONTEXT = "max-context-24gb-plus"


_AN_ADDRESS = "Give an address that starts with https:// or http://."


def _switch(meaning: str) -> About:
    return About(kind=on_or_off(), meaning=meaning, expected=ON_OR_OFF)


def _address(meaning: str, variable: str) -> About:
    return About(kind=text_as(normalise_endpoint), meaning=meaning, expected=_AN_ADDRESS, variable=variable)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings(VllmFields):
    """All settings at one moment, each already resolved: environment over settings file over default."""

    models_dir: Annotated[
        Path | None,
        About(
            kind=absolute_path(),
            meaning="Folder of the models; none means `models` in the data folder",
            expected=A_PATH,
        ),
    ] = None
    model_folders: Annotated[
        Folders,
        About(
            kind=folders(),
            meaning="Folders in which models are looked for, beside those of Hugging Face, LM Studio and Ollama",
            expected="Give a list of absolute paths.",
        ),
    ] = NO_FOLDERS
    max_storage_gb: Annotated[
        float,
        About(
            kind=number(above=0, most=1_000_000),
            meaning="Space that all models together may use, in GB (10⁹ bytes)",
            expected="Give a number of GB above 0.",
            variable="MAX_STORAGE_GB",
        ),
    ] = 50.0
    hf_endpoint: Annotated[
        str,
        _address("Address of the Hugging Face hub or of a mirror", "HF_ENDPOINT"),
    ] = "https://huggingface.co"
    runtime_profile: Annotated[
        Profile,
        About(
            kind=one_of(Profile),
            meaning="Runtimes offered: `light` (Ollama, llama.cpp), `llm_off` (cloud only) or `full` (vLLM too)",
            expected="Use light, llm_off or full.",
            variable="VENOM_RUNTIME_PROFILE",
        ),
    ] = Profile.LIGHT
    restart_after_crash: Annotated[
        bool,
        About(
            kind=on_or_off(),
            meaning="A runtime of ours that died is started again, with the model it held",
            expected=ON_OR_OFF,
        ),
    ] = False
    keep_running_after_quit: Annotated[
        bool,
        _switch("Servers that were started here go on when the program ends, and the next start takes them over"),
    ] = False
    llama_server_path: Annotated[
        Path | None,
        About(kind=absolute_path(), meaning="A `llama-server` to use instead of the built-in engine", expected=A_PATH),
    ] = None
    ollama_path: Annotated[
        Path | None,
        About(kind=absolute_path(), meaning="The `ollama` program; none looks on PATH", expected=A_PATH),
    ] = None
    ollama_host: Annotated[
        str,
        About(
            kind=text_as(checked_ollama_host),
            meaning="Where Ollama answers: a host, host:port or an address",
            expected="Give a host, host:port or an http address.",
            variable="OLLAMA_HOST",
        ),
    ] = "127.0.0.1"
    ollama_port: Annotated[
        int | None,
        About(
            kind=or_none(whole(least=1, most=65535)),
            meaning="Port of Ollama where its host names none; none is 11434",
            expected="Give a port from 1 to 65535.",
            variable="OLLAMA_PORT",
        ),
    ] = None
    ollama_profile: Annotated[
        OllamaProfile,
        About(
            kind=one_of(OllamaProfile),
            meaning="How an Ollama started here is tuned",
            expected="Use balanced-12-24gb, low-vram-8-12gb or max-context-24gb-plus.",
            variable="VENOM_OLLAMA_PROFILE",
        ),
    ] = OllamaProfile.BALANCED
    ollama_variables: Annotated[
        tuple[tuple[str, str], ...],
        About(
            kind=variables("OLLAMA_"),
            meaning="Single `OLLAMA_*` variables for an Ollama started here, over the profile",
            expected="Give names that begin with OLLAMA_ and a text for each.",
        ),
    ] = ()
    ollama_systemd_unit: Annotated[
        str,
        About(
            kind=text_as(checked_unit),
            meaning="systemd unit of Ollama",
            expected="Give the name of a unit, such as ollama.service.",
            variable="OLLAMA_SYSTEMD_UNIT",
        ),
    ] = "ollama.service"
    ollama_systemd_scope: Annotated[
        UnitScope,
        About(
            kind=one_of(UnitScope),
            meaning="Whose unit it is: `auto`, `system` or `user`",
            expected="Use auto, system or user.",
        ),
    ] = UnitScope.AUTO
    ollama_library_url: Annotated[
        str,
        _address("Address of the Ollama library", "VENOM_OLLAMA_LIBRARY_URL"),
    ] = "https://ollama.com"
    ollama_registry_url: Annotated[
        str,
        _address("Address of the registry that Ollama pulls from", "VENOM_OLLAMA_REGISTRY_URL"),
    ] = "https://registry.ollama.ai"
    ollama_releases_url: Annotated[
        str,
        _address("Address of Ollama's releases", "VENOM_OLLAMA_RELEASES_URL"),
    ] = "https://github.com/ollama/ollama/releases"
    theme: Annotated[
        Theme,
        About(kind=one_of(Theme), meaning="`system`, `light` or `dark`", expected="Use system, light or dark."),
    ] = Theme.SYSTEM
    offline: Annotated[bool, _switch("Nothing outside this machine is asked: no catalog, download or server")] = False
    close_to_tray: Annotated[
        bool, _switch("Closing the window leaves the program in the tray, where the desktop has one")
    ] = False
    start_minimised: Annotated[bool, _switch("Start in the tray, or as a minimised window where there is none")] = False
    notifications: Annotated[bool, _switch("Tell of operations that finished or failed out of sight")] = True
    api_enabled: Annotated[bool, _switch("The local HTTP API starts with the window")] = False
    api_port: Annotated[
        int,
        About(
            kind=whole(least=1, most=65535),
            meaning="Port of the local HTTP API on 127.0.0.1",
            expected="Give a port from 1 to 65535.",
        ),
    ] = 8642

    @property
    def ollama_endpoint(self) -> str:
        """Base URL of Ollama for a client, from host and port."""
        return normalise_ollama_host(self.ollama_host, port=self.ollama_port)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is known of one setting besides its value."""

    key: str
    default: Any
    about: About


def _described(field: "dataclasses.Field[Any]", hint: Any) -> Setting:
    about = next(note for note in hint.__metadata__ if isinstance(note, About))
    return Setting(key=field.name, default=field.default, about=about)


_OF_VLLM = {field.name for field in dataclasses.fields(VllmFields)}
_HINTS = typing.get_type_hints(Settings, include_extras=True)
SETTINGS: Mapping[str, Setting] = {
    field.name: _described(field, _HINTS[field.name])
    # Inherited ones come first; in the table they are to stand last.
    for field in sorted(dataclasses.fields(Settings), key=lambda field: field.name in _OF_VLLM)
}


def info(key: str) -> Setting:
    """Raises `InvalidInput` for a key that no setting has."""
    found = SETTINGS.get(key)
    if found is None:
        raise InvalidInput(problem=f"No setting is called {key!r:.60}.")
    return found


def from_text(key: str, text: str) -> Any:
    """The value that an environment variable spells. Raises `InvalidSetting` that names the variable."""
    setting = info(key)
    kind = setting.about.kind
    try:
        return kind.check(kind.spelled(text.strip()))
    except ValueError as error:
        raise _invalid(setting, text, name=setting.about.variable or key) from error


def from_json(key: str, value: object) -> Any:
    """A checked value from the file, the window or the API: plain JSON, a `Path` or one of the enums.

    Types are not bent: true is no number and "50" is none either. Raises `InvalidSetting`.
    """
    setting = info(key)
    plain = to_json(value)
    try:
        return setting.about.kind.check(plain.strip() if isinstance(plain, str) else plain)
    except ValueError as error:
        raise _invalid(setting, value, name=key) from error


def to_json(value: object) -> object:
    """What the file holds for a value."""
    match value:
        case Enum():
            return value.value
        case Path():
            return str(value)
        case Folders():
            return [str(folder) for folder in value]
        case tuple():
            return dict(value)
        case float() if math.isfinite(value) and value.is_integer():
            return int(value)
        case _:
            return value


def _invalid(setting: Setting, value: object, *, name: str) -> InvalidSetting:
    return InvalidSetting(name=name, value=f"{to_json(value)!s:.80}", expected=setting.about.expected)
