"""Tiny repositories of safetensors: real files of a few kilobytes, and what the hub reads from them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

QWEN_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
)
GEMMA_TEMPLATE = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for message in messages %}{{ message['content'] }}{% endfor %}"
)


def safetensors(data_bytes: int = 4096, *, name: str = "model.embed_tokens.weight", seed: int = 7) -> bytes:
    """One BF16 tensor: eight bytes of length, the JSON header, the data."""
    header = {
        "__metadata__": {"format": "pt"},
        name: {"dtype": "BF16", "shape": [data_bytes // 2], "data_offsets": [0, data_bytes]},
    }
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    body = bytes((number * seed + number // 251) % 256 for number in range(min(data_bytes, 65_536)))
    return len(head).to_bytes(8, "little") + head + (body * (data_bytes // max(len(body), 1) + 1))[:data_bytes]


def config(model_class: str | None = "Qwen2ForCausalLM", **more: Any) -> bytes:
    """`config.json` of a model of two layers; `more` is laid over it, None takes a key away."""
    content: dict[str, Any] = {
        "architectures": None if model_class is None else [model_class],
        "model_type": "qwen2",
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "vocab_size": 512,
        "max_position_embeddings": 32768,
        "torch_dtype": "bfloat16",
        **more,
    }
    return json.dumps({key: value for key, value in content.items() if value is not None}, indent=2).encode()


def tokenizer_config(template: str | None = QWEN_TEMPLATE) -> bytes:
    return json.dumps({"tokenizer_class": "Qwen2Tokenizer", "chat_template": template}).encode()


def sharded(count: int, data_bytes: int = 4096) -> dict[str, bytes]:
    """`model-00001-of-0000N.safetensors` and their index."""
    names = [f"model-{number:05}-of-{count:05}.safetensors" for number in range(1, count + 1)]
    shards = {
        name: safetensors(data_bytes, name=f"layers.{number}", seed=number + 2) for number, name in enumerate(names)
    }
    index = {
        "metadata": {"total_size": count * data_bytes},
        "weight_map": {f"layers.{number}": name for number, name in enumerate(names)},
    }
    return {**shards, "model.safetensors.index.json": json.dumps(index).encode()}


def repository(weights: Mapping[str, bytes] | None = None, **more: bytes | Path) -> dict[str, bytes | Path]:
    """A whole repository as people publish it; `more` by names with `__` for the dot, such as `config__json`."""
    files: dict[str, bytes | Path] = {
        "config.json": config(),
        "generation_config.json": b'{"temperature": 0.7}',
        "tokenizer.json": b'{"version": "1.0"}',
        "tokenizer_config.json": tokenizer_config(),
        "vocab.json": b"{}",
        "merges.txt": b"#version: 0.2\n",
        **(weights if weights is not None else {"model.safetensors": safetensors()}),
    }
    return {**files, **{name.replace("__", "."): content for name, content in more.items()}}


def config_of(files: Mapping[str, object]) -> dict[str, Any] | None:
    """What the hub shows of config.json and the tokenizer's settings; None where there is none to read."""
    content = _object(files.get("config.json"))
    if content is None:
        return None
    kept = ("architectures", "model_type", "auto_map", "quantization_config", "max_position_embeddings")
    told = {key: content[key] for key in kept if key in content}
    tokenizer = _object(files.get("tokenizer_config.json")) or {}
    template = tokenizer.get("chat_template")
    return {**told, "tokenizer_config": {"chat_template": template}} if template else told


def counts_of(files: Mapping[str, object]) -> dict[str, Any] | None:
    """How many numbers of which type the weights hold."""
    counts: dict[str, int] = {}
    for name, content in files.items():
        if not name.endswith(".safetensors") or not isinstance(content, bytes) or len(content) < 8:
            continue
        header = _object(content[8 : 8 + int.from_bytes(content[:8], "little")]) or {}
        for tensor in header.values():
            if isinstance(tensor, dict) and "dtype" in tensor:
                counts[tensor["dtype"]] = counts.get(tensor["dtype"], 0) + tensor["shape"][0]
    return {"parameters": counts, "total": sum(counts.values())} if counts else None


def _object(content: object) -> dict[str, Any] | None:
    try:
        told = json.loads(content) if isinstance(content, bytes) else None
    except ValueError:
        return None
    return told if isinstance(told, dict) else None
