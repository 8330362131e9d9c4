"""GGUF files of several architectures with random weights, large enough that what they take tells something."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.fakes import gguf_format
from tests.fakes.gguf_format import Kind, Tensor, TensorKind, Typed, Value
from tests.fakes.gguf_llama import BOS, EOS, PLAIN_TEMPLATE

_BLOCK: Final = random.Random(11).randbytes(1 << 20)


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A model by its measures; elements, not bytes. `more` are keys of the architecture beside the usual ones."""

    name: str
    architecture: str
    layers: int
    width: int
    inner: int
    heads: int
    kv_heads: int
    head: int
    vocabulary: int
    kind: TensorKind = TensorKind.Q8_0
    context: int = 32_768
    tied: bool = False
    experts: int = 0
    inner_of_expert: int = 0
    more: Mapping[str, Value] = field(default_factory=dict)


SHAPES: Final = (
    Shape(
        name="llama-q8",
        architecture="llama",
        layers=16,
        width=1024,
        inner=4096,
        heads=16,
        kv_heads=4,
        head=64,
        vocabulary=64_000,
    ),
    Shape(
        name="llama-q4",
        architecture="llama",
        layers=24,
        width=1536,
        inner=4096,
        heads=24,
        kv_heads=8,
        head=64,
        vocabulary=32_000,
        kind=TensorKind.Q4_0,
    ),
    Shape(
        name="llama-mha-f16",
        architecture="llama",
        layers=12,
        width=768,
        inner=2048,
        heads=12,
        kv_heads=12,
        head=64,
        vocabulary=64_000,
        kind=TensorKind.F16,
    ),
    Shape(
        name="qwen2-q8",
        architecture="qwen2",
        layers=16,
        width=896,
        inner=4864,
        heads=14,
        kv_heads=2,
        head=64,
        vocabulary=120_000,
        tied=True,
    ),
    Shape(
        name="qwen3-q4k",
        architecture="qwen3",
        layers=20,
        width=1536,
        inner=4608,
        heads=16,
        kv_heads=8,
        head=128,
        vocabulary=100_000,
        tied=True,
        kind=TensorKind.Q4_K,
    ),
    Shape(
        name="qwen3moe-q8",
        architecture="qwen3moe",
        layers=12,
        width=768,
        inner=2048,
        heads=16,
        kv_heads=4,
        head=64,
        vocabulary=64_000,
        experts=16,
        inner_of_expert=512,
        more={"expert_count": 16, "expert_used_count": 4, "expert_feed_forward_length": 512},
    ),
    Shape(
        name="gemma3-q8",
        architecture="gemma3",
        layers=18,
        width=1152,
        inner=4608,
        heads=4,
        kv_heads=1,
        head=256,
        vocabulary=128_000,
        tied=True,
        more={"attention.sliding_window": 512},
    ),
    Shape(
        name="gemma2-q8",
        architecture="gemma2",
        layers=14,
        width=1280,
        inner=5120,
        heads=8,
        kv_heads=4,
        head=160,
        vocabulary=100_000,
        tied=True,
        more={"attention.sliding_window": 2048, "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0},
    ),
    Shape(
        name="phi3-q8",
        architecture="phi3",
        layers=16,
        width=1536,
        inner=4096,
        heads=16,
        kv_heads=16,
        head=96,
        vocabulary=32_000,
        more={"attention.sliding_window": 2048},
    ),
    Shape(
        name="mamba-f16",
        architecture="mamba",
        layers=32,
        width=768,
        inner=0,
        heads=0,
        kv_heads=0,
        head=0,
        vocabulary=50_000,
        kind=TensorKind.F16,
        more={"ssm.conv_kernel": 4, "ssm.inner_size": 1536, "ssm.state_size": 16, "ssm.time_step_rank": 48},
    ),
)


def write(shape: Shape, folder: Path) -> Path:
    """The file, whole; its weights repeat one random block."""
    path = folder / f"{shape.name}.gguf"
    tensors = _tensors(shape)
    header = gguf_format.header_bytes(_keys(shape), tensors)
    with path.open("wb") as out:
        out.write(header + bytes(-len(header) % gguf_format.ALIGNMENT))
        for tensor in tensors:
            left = tensor.total_bytes + -tensor.total_bytes % gguf_format.ALIGNMENT
            while left:
                left -= out.write(_BLOCK[:left])
    return path


def _keys(shape: Shape) -> dict[str, Value]:
    own: dict[str, Value] = {
        "vocab_size": shape.vocabulary,
        "context_length": shape.context,
        "embedding_length": shape.width,
        "block_count": shape.layers,
        "feed_forward_length": shape.inner,
        "attention.head_count": shape.heads,
        "attention.head_count_kv": shape.kv_heads,
        "attention.layer_norm_rms_epsilon": 1e-5,
        **shape.more,
    }
    if shape.head:
        own |= {
            "attention.key_length": shape.head,
            "attention.value_length": shape.head,
            "rope.dimension_count": shape.head,
        }
    raw = [f"<0x{byte:02X}>" for byte in range(256)]
    plain = [f"w{number:06}" for number in range(shape.vocabulary - 3 - len(raw))]
    kinds = [2, 3, 3] + [6] * len(raw) + [1] * len(plain)
    return {
        "general.architecture": shape.architecture,
        "general.name": "random weights",
        **{f"{shape.architecture}.{name}": value for name, value in own.items()},
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": ["<unk>", "<s>", "</s>", *raw, *plain],
        "tokenizer.ggml.scores": [0.0] * shape.vocabulary,
        "tokenizer.ggml.token_type": Typed(kind=Kind.I32, value=kinds),
        "tokenizer.ggml.bos_token_id": BOS,
        "tokenizer.ggml.eos_token_id": EOS,
        "tokenizer.ggml.unknown_token_id": 0,
        "tokenizer.chat_template": PLAIN_TEMPLATE,
    }


def _tensors(shape: Shape) -> list[Tensor]:
    found = [
        _weights(shape, "token_embd.weight", shape.width, shape.vocabulary),
        _plain("output_norm.weight", shape.width),
    ]
    if not shape.tied:
        found.append(_weights(shape, "output.weight", shape.width, shape.vocabulary))
    for number in range(shape.layers):
        layer = _mamba_layer(shape) if shape.architecture == "mamba" else _attention_layer(shape)
        found += [Tensor(name=f"blk.{number}.{tensor.name}", dims=tensor.dims, kind=tensor.kind) for tensor in layer]
    return found


def _attention_layer(shape: Shape) -> list[Tensor]:
    queries, keys, width = shape.heads * shape.head, shape.kv_heads * shape.head, shape.width
    layer = [_plain("attn_norm.weight", width), _plain("ffn_norm.weight", width)]
    if shape.architecture == "phi3":
        return [
            *layer,
            _weights(shape, "attn_qkv.weight", width, queries + 2 * keys),
            _weights(shape, "attn_output.weight", queries, width),
            _weights(shape, "ffn_up.weight", width, 2 * shape.inner),
            _weights(shape, "ffn_down.weight", shape.inner, width),
        ]
    for name, rows in (("attn_q", queries), ("attn_k", keys), ("attn_v", keys)):
        layer.append(_weights(shape, f"{name}.weight", width, rows))
        if shape.architecture == "qwen2":
            layer.append(_plain(f"{name}.bias", rows))
    layer.append(_weights(shape, "attn_output.weight", queries, width))
    if shape.architecture in ("qwen3", "qwen3moe", "gemma3"):
        layer += [_plain("attn_q_norm.weight", shape.head), _plain("attn_k_norm.weight", shape.head)]
    if shape.architecture in ("gemma2", "gemma3"):
        layer += [_plain("post_attention_norm.weight", width), _plain("post_ffw_norm.weight", width)]
    return [*layer, *(_experts(shape) if shape.experts else _dense(shape))]


def _dense(shape: Shape) -> list[Tensor]:
    return [
        _weights(shape, "ffn_gate.weight", shape.width, shape.inner),
        _weights(shape, "ffn_up.weight", shape.width, shape.inner),
        _weights(shape, "ffn_down.weight", shape.inner, shape.width),
    ]


def _experts(shape: Shape) -> list[Tensor]:
    inner, count = shape.inner_of_expert, shape.experts
    return [
        _plain("ffn_gate_inp.weight", shape.width, count),
        _weights(shape, "ffn_gate_exps.weight", shape.width, inner, count),
        _weights(shape, "ffn_up_exps.weight", shape.width, inner, count),
        _weights(shape, "ffn_down_exps.weight", inner, shape.width, count),
    ]


def _mamba_layer(shape: Shape) -> list[Tensor]:
    inner, state, rank, kernel = (
        _number(shape, name) for name in ("inner_size", "state_size", "time_step_rank", "conv_kernel")
    )
    return [
        _plain("attn_norm.weight", shape.width),
        _weights(shape, "ssm_in.weight", shape.width, 2 * inner),
        _plain("ssm_conv1d.weight", kernel, inner),
        _plain("ssm_conv1d.bias", inner),
        _weights(shape, "ssm_x.weight", inner, rank + 2 * state),
        _weights(shape, "ssm_dt.weight", rank, inner),
        _plain("ssm_dt.bias", inner),
        _plain("ssm_a", state, inner),
        _plain("ssm_d", inner),
        _weights(shape, "ssm_out.weight", inner, shape.width),
    ]


def _number(shape: Shape, name: str) -> int:
    value = shape.more[f"ssm.{name}"]
    if not isinstance(value, int):
        raise TypeError(name)
    return value


def _weights(shape: Shape, name: str, *dims: int) -> Tensor:
    return Tensor(name=name, dims=dims, kind=shape.kind)


def _plain(name: str, *dims: int) -> Tensor:
    return Tensor(name=name, dims=dims)
