"""What the catalog's rows and panel say: sources, abilities, sizes, licences, as words and as icons."""

from collections.abc import Mapping
from typing import Final

from venom_desktop.core.catalog.base import Ability, CatalogEntry
from venom_desktop.core.catalog.entry_fit import rough_size_range
from venom_desktop.core.catalog.vllm_architectures import known_architectures
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.ui.i18n import NO_BREAK, gigabytes_range, tr, unknown
from venom_desktop.ui.widgets import PillLook, fit_look

ABOUT: Final = f"\u2248{NO_BREAK}"

ABILITY_ICONS: Final[Mapping[Ability, str]] = {
    Ability.VISION: "vision",
    Ability.TOOLS: "tools",
    Ability.THINKING: "thinking",
    Ability.EMBEDDING: "embedding",
}
"""In the order in which they stand in a row."""


def ability_words(ability: Ability) -> str:
    match ability:
        case Ability.VISION:
            return tr("Vision")
        case Ability.TOOLS:
            return tr("Tools")
        case Ability.THINKING:
            return tr("Thinking")
        case Ability.EMBEDDING:
            return tr("Embedding")


def abilities_of(entry: CatalogEntry) -> tuple[Ability, ...]:
    return tuple(ability for ability in ABILITY_ICONS if ability in entry.abilities)


def provider_words(provider: ModelProvider) -> str:
    match provider:
        case ModelProvider.OLLAMA:
            return "Ollama"
        case ModelProvider.HUGGINGFACE:
            return "Hugging Face"
        case ModelProvider.LOCAL:
            return tr("This computer")
        case ModelProvider.OPENAI:
            return "OpenAI"
        case ModelProvider.GOOGLE:
            return "Google Gemini"


def runtime_words(runtime: str) -> str:
    """A runtime by its own name; unknown ones as they are called in files."""
    return {"llama_cpp": "llama.cpp", "ollama": "Ollama", "vllm": "vLLM"}.get(runtime, runtime)


def size_words(entry: CatalogEntry) -> str:
    """ "3.3 - 8.6 GB", with a sign before it where the list tells no sizes and they are worked out."""
    if entry.only_cloud:
        return "\u2013"
    sizes = rough_size_range(entry)
    if sizes is None:
        return unknown()
    about = ABOUT if entry.size_range_bytes is None else ""
    return f"{about}{gigabytes_range(*sizes)}"


def row_fit_look(entry: CatalogEntry) -> PillLook:
    """The last word of a row: whether it runs on this machine."""
    if entry.only_cloud:
        tip = tr("Runs on its publisher's servers alone: there is nothing to install")
        return PillLook(text=tr("Cloud only"), glyph="cloud", tip=tip)
    return fit_look(entry.fit)


def hue_of(entry: CatalogEntry) -> str:
    """What the colour of a tile is keyed by: a library of one publisher would else be all of one colour."""
    return entry.publisher or entry.model_name


def license_words(license_name: str) -> str:
    """A licence as people write it; "other" on the hub means that the page tells."""
    if license_name == "other":
        return tr("Own licence")
    return _LICENSES.get(license_name, license_name)


_LICENSES: Final[Mapping[str, str]] = {
    "apache-2.0": "Apache 2.0",
    "mit": "MIT",
    "gemma": "Gemma",
    "llama2": "Llama 2",
    "llama3": "Llama 3",
    "llama3.1": "Llama 3.1",
    "llama3.2": "Llama 3.2",
    "llama3.3": "Llama 3.3",
    "llama4": "Llama 4",
    "bsd-3-clause": "BSD 3-Clause",
    "openrail": "OpenRAIL",
    "cc-by-4.0": "CC BY 4.0",
    "cc-by-sa-4.0": "CC BY-SA 4.0",
    "cc-by-nc-4.0": "CC BY-NC 4.0",
    "gpl-3.0": "GPL 3.0",
}


def row_sentence(entry: CatalogEntry) -> str:
    """What a screen reader says of a row."""
    size = None if entry.only_cloud else size_words(entry)
    if size == unknown():
        # A bare "unknown" would not tell a listener what is.
        size = tr("size unknown")
    parts = [entry.display_name, provider_words(entry.provider), size, row_fit_look(entry).text]
    if entry.gated:
        parts.append(tr("licence must be accepted"))
    return ", ".join(part for part in parts if part)


def architecture_words(model_class: str | None, *, needs_own_code: bool) -> str:
    """Whether vLLM can be expected to run it; "" while the architecture is not known."""
    known = known_architectures()
    parts = []
    if known.lacks(model_class):
        parts.append(tr("vLLM may not know the architecture {name}.", name=model_class))
    elif model_class is not None and known.version:
        parts.append(tr("vLLM {version} supports {name}.", version=known.version, name=model_class))
    if needs_own_code:
        parts.append(tr("The model brings code of its own, which is neither fetched nor trusted."))
    return " ".join(parts)


def architecture_doubt(model_class: str | None, *, needs_own_code: bool) -> str:
    """As `architecture_words`, and "" when there is nothing to doubt."""
    doubtful = needs_own_code or known_architectures().lacks(model_class)
    return architecture_words(model_class, needs_own_code=needs_own_code) if doubtful else ""
