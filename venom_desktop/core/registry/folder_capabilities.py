"""What a folder of safetensors holds: its weights looked at, its capabilities read from `config.json` and tokenizer."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from venom_desktop.core.catalog.model_config import ModelConfig, parse_config
from venom_desktop.core.catalog.safetensors_files import CONFIG, INDEX, WEIGHTS
from venom_desktop.core.catalog.safetensors_header import check_weights
from venom_desktop.core.errors import FileMissing, UnreadableWeights, UnusableConfig
from venom_desktop.core.json_values import mapping_in, text_in
from venom_desktop.core.registry.capabilities import capabilities_of_template
from venom_desktop.core.registry.model import ModelCapabilities

_WRITES: Final = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration")
_MOST_JSON_BYTES: Final = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderFacts:
    """`model_class` as in `config.json`; `needs_own_code` when it points to Python files of the publisher's."""

    capabilities: ModelCapabilities
    model_class: str
    needs_own_code: bool


def read_folder(folder: Path, files: Iterable[Path], *, model_name: str) -> FolderFacts:
    """Look at every file that belongs to the model; blocks.

    Raises `UnreadableWeights` for weights that are none or an index that names other files, `UnusableConfig`,
    `FileMissing`.
    """
    names = {path.name for path in files}
    for path in files:
        if path.name.endswith(WEIGHTS):
            check_weights(path)
        elif path.name.endswith(INDEX):
            _check_index(path, names)
    config = parse_config(_bytes_of(folder / CONFIG), model_name=model_name)
    return FolderFacts(
        capabilities=_capabilities(folder, names, config),
        model_class=config.model_class,
        needs_own_code=config.needs_own_code,
    )


def _check_index(path: Path, names: set[str]) -> None:
    """Weights that the index names and nobody fetched would be missed at the start only."""
    parts = mapping_in(mapping_in(_json_of(path)).get("weight_map")).values()
    missing = sorted({part for part in parts if isinstance(part, str) and part not in names})
    if missing:
        raise UnreadableWeights(file_name=path.name, problem=f"it names {missing[0]:.100}, which is not there")


def _capabilities(folder: Path, names: set[str], config: ModelConfig) -> ModelCapabilities:
    writes = config.model_class.endswith(_WRITES)
    return replace(
        capabilities_of_template(_template(folder)),
        supports_vision=config.sees,
        supports_embedding=True if "modules.json" in names else False if writes else None,
        max_context_length=config.context_length,
        quantization=config.quantization,
    )


def _template(folder: Path) -> str | None:
    """A file of its own wins over the tokenizer's settings, as in transformers."""
    own = folder / "chat_template.jinja"
    if own.is_file():
        return _bytes_of(own).decode("utf-8", "replace") or None
    for name in ("chat_template.json", "tokenizer_config.json"):
        told = mapping_in(_json_of(folder / name)).get("chat_template")
        if isinstance(told, list):
            by_name = {one.get("name"): one.get("template") for one in told if isinstance(one, dict)}
            told = by_name.get("default")
        if text_in(told) is not None:
            return text_in(told)
    return None


def _json_of(path: Path) -> Any:
    """None for what is not there or cannot be read: it only tells less."""
    try:
        return json.loads(_bytes_of(path))
    except (FileMissing, UnusableConfig, ValueError, RecursionError):
        return None


def _bytes_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_JSON_BYTES)
    except FileNotFoundError as error:
        raise FileMissing(model_name=path.name, path=path) from error
    except OSError as error:
        raise UnusableConfig(model_name=path.parent.name, problem=f"cannot be read ({error.strerror})") from error
