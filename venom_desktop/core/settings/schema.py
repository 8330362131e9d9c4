"""Every setting: its key, type, default, the variable that wins over it and the words that explain it."""

import dataclasses
import json
import math
import typing
from collections.abc import Callable, Mapping
from enum import Enum, StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, ValidationError

from venom_desktop.core.errors import InvalidInput, InvalidSetting
from venom_desktop.core.settings.environment import normalise_endpoint


class Theme(StrEnum):
    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Profile(StrEnum):
    """Which runtimes are offered (`core/runtimes/profiles.py` says which)."""

    LIGHT = "light"
    LLM_OFF = "llm_off"
    FULL = "full"


def _absolute(path: Path) -> Path:
    expanded = path.expanduser()
    if not expanded.is_absolute() or "\0" in str(path):
        raise ValueError("not an absolute path")
    return expanded


def _without_blanks(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """The words on a setting; `variable` None means no environment variable sets it."""

    meaning: str
    expected: str
    variable: str | None = None


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]
_ON_OR_OFF = "Use true or false."
_A_PATH = "Give an absolute path."


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings at one moment, each already resolved: environment over settings file over default."""

    models_dir: Annotated[
        AbsolutePath | None,
        About(meaning="Folder of the models; none means `models` in the data folder", expected=_A_PATH),
    ] = None
    max_storage_gb: Annotated[
        float,
        Field(gt=0, le=1_000_000, allow_inf_nan=False),
        About(
            meaning="Space that all models together may use, in GB (10⁹ bytes)",
            expected="Give a number of GB above 0.",
            variable="MAX_STORAGE_GB",
        ),
    ] = 50.0
    hf_endpoint: Annotated[
        str,
        AfterValidator(normalise_endpoint),
        About(
            meaning="Address of the Hugging Face hub or of a mirror",
            expected="Give an address that starts with https:// or http://.",
            variable="HF_ENDPOINT",
        ),
    ] = "https://huggingface.co"
    runtime_profile: Annotated[
        Profile,
        About(
            meaning="Runtimes offered: `light` (Ollama, llama.cpp), `llm_off` (cloud only) or `full` (vLLM too)",
            expected="Use light, llm_off or full.",
            variable="VENOM_RUNTIME_PROFILE",
        ),
    ] = Profile.LIGHT
    llama_server_path: Annotated[
        AbsolutePath | None,
        About(meaning="A `llama-server` to use instead of the built-in engine", expected=_A_PATH),
    ] = None
    theme: Annotated[Theme, About(meaning="`system`, `light` or `dark`", expected="Use system, light or dark.")] = (
        Theme.SYSTEM
    )
    api_enabled: Annotated[bool, About(meaning="The local HTTP API starts with the window", expected=_ON_OR_OFF)] = (
        False
    )
    api_port: Annotated[
        int,
        Field(ge=1, le=65535),
        About(meaning="Port of the local HTTP API on 127.0.0.1", expected="Give a port from 1 to 65535."),
    ] = 8642


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is known of one setting besides its value."""

    key: str
    default: Any
    about: About
    adapter: Callable[[], TypeAdapter[Any]]
    """Built at first use: a start pays for the settings that its file or environment names."""


def _described(field: "dataclasses.Field[Any]", kind: Any) -> Setting:
    about = next(note for note in kind.__metadata__ if isinstance(note, About))
    checked: Any = Annotated[kind, BeforeValidator(_without_blanks)]
    return Setting(key=field.name, default=field.default, about=about, adapter=cache(lambda: TypeAdapter(checked)))


_KINDS = typing.get_type_hints(Settings, include_extras=True)
SETTINGS: Mapping[str, Setting] = {
    field.name: _described(field, _KINDS[field.name]) for field in dataclasses.fields(Settings)
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
    try:
        return setting.adapter().validate_python(text)
    except ValidationError as error:
        raise _invalid(setting, text, name=setting.about.variable or key) from error


def from_json(key: str, value: object) -> Any:
    """A checked value from the file, the window or the API: plain JSON, a `Path` or one of the enums.

    Types are not bent: true is no number and "50" is none either. Raises `InvalidSetting`.
    """
    setting = info(key)
    try:
        return setting.adapter().validate_json(json.dumps(to_json(value)), strict=True)
    except (ValidationError, TypeError, ValueError, RecursionError) as error:
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
