"""Every setting: its key, type, default, the variable that wins over it and the words that explain it."""

import dataclasses
import math
import typing
from collections.abc import Mapping
from enum import Enum, StrEnum
from pathlib import Path
from typing import Annotated, Any

from venom_desktop.core.errors import InvalidInput, InvalidSetting
from venom_desktop.core.settings.environment import normalise_endpoint
from venom_desktop.core.settings.kinds import Kind, absolute_path, number, on_or_off, one_of, text_as, whole


class Theme(StrEnum):
    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Profile(StrEnum):
    """Which runtimes are offered (`core/runtimes/profiles.py` says which)."""

    LIGHT = "light"
    LLM_OFF = "llm_off"
    FULL = "full"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a setting takes, and the words on it; `variable` None means no environment variable sets it."""

    kind: Kind
    meaning: str
    expected: str
    variable: str | None = None


_ON_OR_OFF = "Use true or false."
_A_PATH = "Give an absolute path."


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings at one moment, each already resolved: environment over settings file over default."""

    models_dir: Annotated[
        Path | None,
        About(
            kind=absolute_path(),
            meaning="Folder of the models; none means `models` in the data folder",
            expected=_A_PATH,
        ),
    ] = None
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
        About(
            kind=text_as(normalise_endpoint),
            meaning="Address of the Hugging Face hub or of a mirror",
            expected="Give an address that starts with https:// or http://.",
            variable="HF_ENDPOINT",
        ),
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
    llama_server_path: Annotated[
        Path | None,
        About(kind=absolute_path(), meaning="A `llama-server` to use instead of the built-in engine", expected=_A_PATH),
    ] = None
    theme: Annotated[
        Theme,
        About(kind=one_of(Theme), meaning="`system`, `light` or `dark`", expected="Use system, light or dark."),
    ] = Theme.SYSTEM
    api_enabled: Annotated[
        bool,
        About(kind=on_or_off(), meaning="The local HTTP API starts with the window", expected=_ON_OR_OFF),
    ] = False
    api_port: Annotated[
        int,
        About(
            kind=whole(least=1, most=65535),
            meaning="Port of the local HTTP API on 127.0.0.1",
            expected="Give a port from 1 to 65535.",
        ),
    ] = 8642


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is known of one setting besides its value."""

    key: str
    default: Any
    about: About


def _described(field: "dataclasses.Field[Any]", hint: Any) -> Setting:
    about = next(note for note in hint.__metadata__ if isinstance(note, About))
    return Setting(key=field.name, default=field.default, about=about)


_HINTS = typing.get_type_hints(Settings, include_extras=True)
SETTINGS: Mapping[str, Setting] = {
    field.name: _described(field, _HINTS[field.name]) for field in dataclasses.fields(Settings)
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
        case float() if math.isfinite(value) and value.is_integer():
            return int(value)
        case _:
            return value


def _invalid(setting: Setting, value: object, *, name: str) -> InvalidSetting:
    return InvalidSetting(name=name, value=f"{to_json(value)!s:.80}", expected=setting.about.expected)
