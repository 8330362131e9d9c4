"""Makes a model of a folder of safetensors, as vLLM serves one: `config.json`, weights, and what belongs to them."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from venom_desktop.core.catalog.base import SAFETENSORS_RUNTIME, RemoteFile
from venom_desktop.core.catalog.model_config import MOST_BYTES, ModelConfig, header_from_config, parse_config
from venom_desktop.core.catalog.safetensors_files import CONFIG, WEIGHTS, is_weights, safetensors_variant
from venom_desktop.core.catalog.safetensors_header import is_cut_off
from venom_desktop.core.catalog.vllm_architectures import known_architectures
from venom_desktop.core.errors import UnreadableWeights, UnusableConfig
from venom_desktop.core.registry.discovery.found import FoundFile, FoundModel, Origin
from venom_desktop.core.registry.discovery.glance import Glances
from venom_desktop.core.registry.model import ModelCapabilities

_BELOW: Final = ("1_Pooling/config.json",)


def holds_weights(names: Iterable[str]) -> bool:
    """Whether a folder with files of these names may be a model."""
    return CONFIG in names and any(name.endswith(WEIGHTS) for name in names)


def safetensors_model(folder: Path, names: Iterable[str], glances: Glances) -> FoundModel | None:
    """The model of `folder`; None for what vLLM does not know, and for what is broken, which is counted. Blocks."""
    files = _files(folder, (*names, *_BELOW), glances)
    if files is None:
        return None
    try:
        config = _config(files[0])
        if known_architectures().lacks(config.model_class):
            return None
        _check(files)
    except UnusableConfig:
        # Parts of picture generators have one that names no class: nothing is wrong with them.
        return None
    except UnreadableWeights as error:
        glances.break_off(error)
        return None
    return FoundModel(
        path=folder,
        origin=Origin.FOLDER,
        runtime=SAFETENSORS_RUNTIME,
        name="",
        title=folder.name,
        files=files,
        capabilities=ModelCapabilities(
            supports_vision=config.sees,
            max_context_length=config.context_length,
            quantization=config.quantization,
        ),
        header=header_from_config(config.content),
    )


def _files(folder: Path, names: Iterable[str], glances: Glances) -> tuple[FoundFile, ...] | None:
    """Those that an install would fetch, `config.json` first; None where the weights are no whole set."""
    there = {name: file for name in names if (file := glances.file(folder / name)) is not None}
    variant = safetensors_variant(RemoteFile(name=name, size_bytes=file.size_bytes) for name, file in there.items())
    if variant is None:
        if CONFIG in there and any(is_weights(name) for name in there):
            glances.miss_a_part(folder)
        return None
    return tuple(there[file.name] for file in variant.files)


def _config(file: FoundFile) -> ModelConfig:
    """Raises `UnusableConfig`."""
    if file.size_bytes > MOST_BYTES:
        raise UnusableConfig(model_name=file.path.parent.name, problem="is larger than any real one")
    try:
        with file.path.open("rb") as stream:
            data = stream.read(MOST_BYTES)
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise UnusableConfig(model_name=file.path.parent.name, problem=problem) from error
    return parse_config(data, model_name=file.path.parent.name)


def _check(files: Iterable[FoundFile]) -> None:
    """Only whether each is as long as its header at least: all of it is read when it is imported."""
    for file in files:
        if is_weights(os.fspath(file.path)) and is_cut_off(file.path):
            raise UnreadableWeights(file_name=file.path.name, problem="its header has no sensible length")
