"""The `OLLAMA_*` variables of a server, what each takes and means, and the profiles of SPEC section 4."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from venom_desktop.core.runtimes import tuning_values as kinds
from venom_desktop.core.runtimes.tuning_values import ValueKind
from venom_desktop.core.settings.schema import OllamaProfile

PROFILES: Mapping[OllamaProfile, Mapping[str, str]] = MappingProxyType(
    {
        profile: MappingProxyType(
            {
                "OLLAMA_CONTEXT_LENGTH": context,
                "OLLAMA_NUM_PARALLEL": parallel,
                "OLLAMA_MAX_QUEUE": queue,
                "OLLAMA_FLASH_ATTENTION": "1",
                "OLLAMA_KV_CACHE_TYPE": kv_type,
                "OLLAMA_KEEP_ALIVE": keep_alive,
                "OLLAMA_LOAD_TIMEOUT": "10m",
                "OLLAMA_NO_CLOUD": "1",
            }
        )
        for profile, context, parallel, queue, kv_type, keep_alive in (
            (OllamaProfile.BALANCED, "32768", "2", "256", "q8_0", "30m"),
            (OllamaProfile.LOW_VRAM, "16384", "1", "128", "q4_0", "20m"),
            (OllamaProfile.MAX_CONTEXT, "65536", "1", "128", "q8_0", "45m"),
        )
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """`default` is what a server without it takes (0.16), None where it depends on machine or model."""

    name: str
    meaning: str
    kind: ValueKind
    default: str | None = None


_VARIABLES = (
    Variable(
        name="OLLAMA_CONTEXT_LENGTH",
        meaning="Tokens of context, where a request names none; more takes more memory",
        kind=kinds.whole(least=0),
    ),
    Variable(
        name="OLLAMA_NUM_PARALLEL",
        meaning="Answers that one model gives at a time; each has its own context",
        kind=kinds.whole(least=1),
        default="1",
    ),
    Variable(
        name="OLLAMA_MAX_QUEUE",
        meaning="Requests that wait before further ones are refused",
        kind=kinds.whole(least=1),
        default="512",
    ),
    Variable(
        name="OLLAMA_MAX_LOADED_MODELS",
        meaning="Models in memory at a time; 0 lets the server choose",
        kind=kinds.whole(least=0),
        default="0",
    ),
    Variable(
        name="OLLAMA_FLASH_ATTENTION",
        meaning="Flash attention: less memory for long contexts; a quantized context needs it",
        kind=kinds.on_or_off(),
    ),
    Variable(
        name="OLLAMA_KV_CACHE_TYPE",
        meaning="Precision of the context in memory: f16, q8_0 (half of it) or q4_0 (a quarter)",
        kind=kinds.kv_type(),
        default="f16",
    ),
    Variable(
        name="OLLAMA_KEEP_ALIVE",
        meaning="How long an unused model stays in memory; -1 keeps it, 0 lets it go at once",
        kind=kinds.duration(),
        default="5m",
    ),
    Variable(
        name="OLLAMA_LOAD_TIMEOUT",
        meaning="How long loading may stand still before the server gives up",
        kind=kinds.duration(),
        default="5m",
    ),
    Variable(
        name="OLLAMA_NO_CLOUD",
        meaning="Keeps the server from sending requests to Ollama's cloud",
        kind=kinds.on_or_off(),
        default="0",
    ),
    Variable(
        name="OLLAMA_HOST",
        meaning="Address and port where the server listens; 0.0.0.0 opens it to the network",
        kind=kinds.host(),
        default="127.0.0.1:11434",
    ),
    Variable(
        name="OLLAMA_MODELS",
        meaning="Folder of its models",
        kind=kinds.folder(),
        default="~/.ollama/models",
    ),
    Variable(
        name="OLLAMA_ORIGINS",
        meaning="Web pages that may call it, besides those of this machine",
        kind=kinds.origins(),
    ),
)
VARIABLES: Mapping[str, Variable] = MappingProxyType({variable.name: variable for variable in _VARIABLES})


def variable_called(name: str) -> Variable:
    """One that this program does not know is a line of text."""
    return VARIABLES.get(name) or Variable(name=name, meaning="", kind=kinds.text())
