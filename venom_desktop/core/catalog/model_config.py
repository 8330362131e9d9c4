"""Reads `config.json`: a model's class, how much it holds, how its weights are stored, what its context takes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from venom_desktop.core.catalog.gguf_cursor import KeyValue
from venom_desktop.core.catalog.gguf_header import GgufHeader, header_from_keys
from venom_desktop.core.errors import UnusableConfig
from venom_desktop.core.json_values import count_in, mapping_in, text_in

MOST_BYTES: Final = 4 << 20
"""Real ones have a few kilobytes; some of quantized models list every layer."""

_DTYPES: Final[Mapping[str, str]] = {"bfloat16": "BF16", "float16": "F16", "float32": "F32"}
# How many tokens a model holds, by the families' own words, most usual first.
_CONTEXT_WORDS: Final = ("max_position_embeddings", "n_positions", "max_sequence_length", "seq_length", "n_ctx")
# Scalings that stretch the positions by a factor; of others the context told is the stretched one already.
_STRETCHING: Final = frozenset({"linear", "dynamic", "yarn"})
_HEADER_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "block_count": ("num_hidden_layers", "n_layer", "num_layers"),
    "embedding_length": ("hidden_size", "n_embd", "d_model"),
    "feed_forward_length": ("intermediate_size", "n_inner", "ffn_dim"),
    "attention.head_count": ("num_attention_heads", "n_head"),
    "attention.head_count_kv": ("num_key_value_heads", "num_kv_heads"),
    "attention.key_length": ("head_dim",),
    "attention.value_length": ("head_dim",),
    "vocab_size": ("vocab_size",),
    "expert_count": ("num_local_experts", "num_experts", "n_routed_experts"),
    "expert_used_count": ("num_experts_per_tok",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """What `config.json` tells; None is unknown. `context_length` in tokens, stretched positions included.

    `needs_own_code`: it points to Python files of the publisher's (`auto_map`). `quantization` is the method and its
    bits ("awq 4-bit"), else the type of the weights ("BF16").
    """

    model_class: str
    needs_own_code: bool
    context_length: int | None
    quantization: str | None
    content: Mapping[str, Any]

    @property
    def sees(self) -> bool:
        """Whether there is a part for pictures."""
        return "vision_config" in self.content or "vision_tower" in self.content


def parse_config(data: bytes, *, model_name: str) -> ModelConfig:
    """Raises `UnusableConfig` for what is no JSON object or names no class."""
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UnusableConfig(model_name=model_name, problem="is no valid JSON") from error
    if not isinstance(content, dict):
        raise UnusableConfig(model_name=model_name, problem="is no JSON object")
    model_class = class_in(content)
    if model_class is None:
        raise UnusableConfig(model_name=model_name, problem="names no architecture")
    return ModelConfig(
        model_class=model_class,
        needs_own_code=has_own_code(content),
        context_length=context_in(content),
        quantization=quantization_in(content),
        content=content,
    )


def class_in(content: Mapping[str, Any]) -> str | None:
    """The first of `architectures`; a name that is none is unknown, for it will be shown and looked up."""
    names = content.get("architectures")
    first = text_in(names[0]) if isinstance(names, list) and names else None
    return first if first is not None and first.isidentifier() and len(first) <= 120 else None


def has_own_code(content: Mapping[str, Any]) -> bool:
    return bool(mapping_in(content.get("auto_map")))


def context_in(content: Mapping[str, Any]) -> int | None:
    """Positions, stretched where the scaling says so (vLLM: `_get_and_verify_max_len`)."""
    text = _text_part(content)
    known = _first(text, _CONTEXT_WORDS)
    scaling = mapping_in(text.get("rope_scaling") or text.get("rope_parameters"))
    kind = text_in(scaling.get("rope_type")) or text_in(scaling.get("type"))
    factor = scaling.get("factor")
    if known is None or kind not in _STRETCHING or not isinstance(factor, int | float) or not 1 < factor <= 1000:
        return known
    original = count_in(scaling.get("original_max_position_embeddings")) if kind == "yarn" else None
    return max(known, round((original or known) * factor))


def quantization_in(content: Mapping[str, Any]) -> str | None:
    """The method of `quantization_config` with its bits, else the type of the weights."""
    told = mapping_in(content.get("quantization_config") or _text_part(content).get("quantization_config"))
    method = text_in(told.get("quant_method"))
    if method is not None:
        bits = count_in(told.get("bits"))
        return f"{method[:40]} {bits}-bit" if bits else method[:40]
    for part in (content, _text_part(content)):
        dtype = text_in(part.get("dtype")) or text_in(part.get("torch_dtype"))
        if dtype is not None:
            return _DTYPES.get(dtype.removeprefix("torch."))
    return None


def header_from_config(content: Mapping[str, Any]) -> GgufHeader:
    """The same facts under the names of GGUF keys, so that one calculation serves both formats."""
    text = _text_part(content)
    name = text_in(text.get("model_type")) or text_in(content.get("model_type")) or "model"
    keys: dict[str, KeyValue] = {"general.architecture": name}
    for key, words in _HEADER_WORDS.items():
        value = _first(text, words)
        if value is not None:
            keys[f"{name}.{key}"] = value
    compressed, positions = count_in(text.get("kv_lora_rank")), count_in(text.get("qk_rope_head_dim"))
    if compressed and positions is not None:
        # MLA: one compressed row and the turned part of the key, the same for all heads.
        keys[f"{name}.attention.head_count_kv"] = 1
        keys[f"{name}.attention.key_length"] = compressed + positions
        keys[f"{name}.attention.value_length"] = compressed
        keys[f"{name}.attention.key_length_mla"] = keys[f"{name}.attention.value_length_mla"] = compressed
    keys |= _window_keys(text, name)
    context = context_in(content)
    if context is not None:
        keys[f"{name}.context_length"] = context
    return header_from_keys(keys, version=3, tensor_count=0, whole=True, vocabulary_size=None)


def _window_keys(text: Mapping[str, Any], name: str) -> dict[str, KeyValue]:
    window = count_in(text.get("sliding_window"))
    if not window or text.get("use_sliding_window") is False:
        return {}
    keys: dict[str, KeyValue] = {f"{name}.attention.sliding_window": window}
    kinds = text.get("layer_types")
    if isinstance(kinds, list) and kinds:
        keys[f"{name}.attention.sliding_window_pattern"] = tuple(kind == "sliding_attention" for kind in kinds)
    return keys


def _text_part(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of a model that sees or hears, the part that writes."""
    return mapping_in(content.get("text_config")) or content


def _first(content: Mapping[str, Any], words: tuple[str, ...]) -> int | None:
    return next((value for word in words if (value := count_in(content.get(word)))), None)
