"""Picks the files of a repository that vLLM needs: weights in safetensors with their index, tokenizer and settings."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from venom_desktop.core.catalog.base import Quantization, RemoteFile

LABEL: Final = "safetensors"
CONFIG: Final = "config.json"
WEIGHTS: Final = ".safetensors"
INDEX: Final = ".safetensors.index.json"
MOST_FILES: Final = 1000
"""The largest model known has some 200; whoever lists more wants something else of us."""

_SHARD = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.safetensors")
# Names that transformers and vLLM look for beside the weights. Python files are never among them: nobody trusts them
# by installing a model.
_NAMES: Final = frozenset(
    {
        *(CONFIG, "generation_config.json", "hf_quant_config.json", "quantize_config.json", "quant_config.json"),
        *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
        *("tokenizer.model", "tokenizer.model.v3", "spiece.model", "sentencepiece.bpe.model", "tekken.json"),
        *("vocab.json", "vocab.txt", "merges.txt", "chat_template.json", "chat_template.jinja"),
        *("preprocessor_config.json", "processor_config.json", "image_processor_config.json"),
        *("video_preprocessor_config.json", "audio_config.json", "modules.json", "1_Pooling/config.json"),
        *("sentence_bert_config.json", "config_sentence_transformers.json"),
    }
)
_TIKTOKEN: Final = re.compile(r"[A-Za-z0-9_.-]{1,80}\.tiktoken")


def safetensors_variant(files: Iterable[RemoteFile], *, level: str | None = None) -> Quantization | None:
    """The one variant a repository holds for vLLM, `config.json` first and the weights last; None without one.

    Left out are incomplete sets of shards, consolidated copies of the same weights, adapters, and everything in
    folders, which are other formats (`original/`) or parts of picture generators. `level` is the type of the weights.
    """
    by_name = {file.name: file for file in files}
    weights = _weights(by_name)
    if CONFIG not in by_name or not weights:
        return None
    stems = {_stem(name)[0] for name in weights}
    wanted = _NAMES | {f"{stem}{INDEX}" for stem in stems}
    beside = [name for name in by_name if name in wanted or _TIKTOKEN.fullmatch(name)]
    if len(beside) + len(weights) > MOST_FILES:
        return None
    ordered = (*sorted(beside, key=lambda name: (name != CONFIG, name)), *weights)
    return Quantization(label=LABEL, files=tuple(by_name[name] for name in ordered), level=level)


def is_weights(name: str) -> bool:
    return name.endswith(WEIGHTS)


def _weights(by_name: Mapping[str, RemoteFile]) -> list[str]:
    """Of the files called `model`, where there are any, else of all of them, in the order of their names."""
    sets: dict[tuple[str, int], list[str]] = {}
    for name in sorted(by_name):
        if is_weights(name) and "/" not in name and not name.startswith(("consolidated", "adapter_")):
            sets.setdefault(_stem(name), []).append(name)
    whole = {stem: names for (stem, count), names in sets.items() if count != 1 and len(names) == count}
    for (stem, count), names in sets.items():
        # One file and a set of shards of the same name are two copies; the index says which one is meant.
        if count == 1 and (stem not in whole or f"{stem}{INDEX}" not in by_name):
            whole[stem] = names
    chosen = {"model": whole["model"]} if "model" in whole else whole
    return [name for stem in sorted(chosen) for name in chosen[stem]]


def _stem(name: str) -> tuple[str, int]:
    """Name without suffix and shard number, and how many files belong to it."""
    match = _SHARD.fullmatch(name)
    return (name.removesuffix(WEIGHTS), 1) if match is None else (match["stem"], int(match["count"]))
