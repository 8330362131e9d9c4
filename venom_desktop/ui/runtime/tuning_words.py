"""The words of the tuning editor: profiles, where a value comes from, what a variable is for."""

from typing import NamedTuple, assert_never

from venom_desktop.core.runtimes.tuning import Source, TuningRow
from venom_desktop.core.runtimes.tuning_variables import PROFILES
from venom_desktop.core.settings.schema import OllamaProfile
from venom_desktop.ui.i18n import facts, number, plural, tr
from venom_desktop.ui.widgets import PillLook


class ProfileWords(NamedTuple):
    title: str
    meaning: str


def profile_words(profile: OllamaProfile) -> ProfileWords:
    match profile:
        case OllamaProfile.BALANCED:
            title, purpose = tr("Balanced"), tr("For 12 to 24\u00a0GB of graphics memory")
        case OllamaProfile.LOW_VRAM:
            title, purpose = tr("Little memory"), tr("For 8 to 12\u00a0GB of graphics memory")
        case OllamaProfile.MAX_CONTEXT:
            title, purpose = tr("Long context"), tr("For 24\u00a0GB of graphics memory and more")
        case other:
            assert_never(other)
    return ProfileWords(title, facts(purpose, *_profile_facts(profile)))


def _profile_facts(profile: OllamaProfile) -> tuple[str, ...]:
    values = PROFILES[profile]
    context = int(values["OLLAMA_CONTEXT_LENGTH"])
    return (
        tr("{tokens} tokens of context", tokens=number(context)),
        plural("{count} answer at a time", "{count} answers at a time", int(values["OLLAMA_NUM_PARALLEL"])),
        tr("context as {kind}", kind=values["OLLAMA_KV_CACHE_TYPE"]),
    )


def variable_title(name: str) -> str:
    """A variable in words; one that this program does not know goes by its own name."""
    match name:
        case "OLLAMA_CONTEXT_LENGTH":
            return tr("Context length")
        case "OLLAMA_NUM_PARALLEL":
            return tr("Answers at a time")
        case "OLLAMA_MAX_QUEUE":
            return tr("Longest queue")
        case "OLLAMA_MAX_LOADED_MODELS":
            return tr("Models in memory")
        case "OLLAMA_FLASH_ATTENTION":
            return tr("Flash attention")
        case "OLLAMA_KV_CACHE_TYPE":
            return tr("Precision of the context")
        case "OLLAMA_KEEP_ALIVE":
            return tr("Keep an unused model")
        case "OLLAMA_LOAD_TIMEOUT":
            return tr("Patience while loading")
        case "OLLAMA_NO_CLOUD":
            return tr("Stay off the cloud")
        case "OLLAMA_HOST":
            return tr("Address")
        case "OLLAMA_MODELS":
            return tr("Folder of the models")
        case "OLLAMA_ORIGINS":
            return tr("Web pages that may call")
        case _:
            return name


def source_look(row: TuningRow) -> PillLook:
    """The pill that says where a value comes from."""
    match row.source:
        case Source.ENVIRONMENT:
            tip = tr("Set by the environment, so it cannot be changed here")
            return PillLook(text=tr("Environment"), glyph="lock", tip=tip)
        case Source.SETTING:
            return PillLook(text=tr("Set here"), glyph="check", state="part", tip=tr("Wins over the profile"))
        case Source.PROFILE:
            return PillLook(text=tr("Profile"), glyph="settings", tip=tr("From the profile above"))
        case Source.SERVER_DEFAULT:
            tip = tr("Nothing is set: the server uses its own value")
            return PillLook(text=tr("Server default"), glyph="ring", tip=tip)
        case other:
            assert_never(other)


def shown_value(row: TuningRow) -> str:
    """What stands in the field: the value, or nothing where the server chooses by itself."""
    return row.value or ""


def waiting_words(row: TuningRow, runtime: str) -> str:
    """Under a value that the running server does not have; "" when it has it or that is unknown."""
    if row.in_server is not False:
        return ""
    if row.server_value is None:
        return tr("The running server does not have it. Restart {runtime} to use it.", runtime=runtime)
    return tr(
        "The running server has {value}. Restart {runtime} to use the new one.", value=row.server_value, runtime=runtime
    )
