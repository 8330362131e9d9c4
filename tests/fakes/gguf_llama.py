"""A tiny Llama whose weights make it say one known sentence, whatever it is asked."""

import random
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from tests.fakes.gguf_format import Kind, Tensor, Typed, Value

PLAIN_TEMPLATE = "{% for m in messages %}<s>{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant:"
NO_SYSTEM_TEMPLATE = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    + PLAIN_TEMPLATE
)
TOOLS_TEMPLATE = "{% if tools %}tools: {{ tools | tojson }}\n{% endif %}" + PLAIN_TEMPLATE
SPEECH = "Water boils sooner on a mountain, because less air presses upon it."
BOS, EOS = 1, 2
BYTES = 256
SPACE = 3 + BYTES  # the token of a lone space


class FileType(IntEnum):
    """`general.file_type` numbers of the labels in use; the weights themselves stay F32."""

    F32 = 0
    F16 = 1
    Q4_0 = 2
    Q8_0 = 7
    Q2_K = 10
    Q3_K_M = 12
    Q4_K_S = 14
    Q4_K_M = 15
    Q5_K_M = 17
    Q6_K = 18
    IQ4_XS = 30
    BF16 = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class TinyLlama:
    """What a tiny model is made of.

    With `endless` the speech starts over instead of ending, so an answer runs until its token limit.
    """

    name: str = "tiny"
    seed: int = 0
    layers: int = 2
    width: int = 64
    heads: int = 4
    context: int = 2048
    file_type: FileType = FileType.F32
    chat_template: str | None = PLAIN_TEMPLATE
    speech: str = SPEECH
    endless: bool = False


def llama_keys(model: TinyLlama) -> dict[str, Value]:
    """The keys of a tiny Llama, its byte-level vocabulary included."""
    tokens, kinds = _vocabulary(model.speech)
    keys: dict[str, Value] = {
        "general.architecture": "llama",
        "general.name": model.name,
        "general.file_type": int(model.file_type),
        "llama.vocab_size": len(tokens),
        "llama.context_length": model.context,
        "llama.embedding_length": model.width,
        "llama.block_count": model.layers,
        "llama.feed_forward_length": 2 * model.width,
        "llama.attention.head_count": model.heads,
        "llama.attention.head_count_kv": model.heads,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.dimension_count": model.width // model.heads,
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.scores": [0.0] * len(tokens),
        "tokenizer.ggml.token_type": Typed(kind=Kind.I32, value=kinds),
        "tokenizer.ggml.bos_token_id": BOS,
        "tokenizer.ggml.eos_token_id": EOS,
        "tokenizer.ggml.unknown_token_id": 0,
    }
    if model.chat_template is not None:
        keys["tokenizer.chat_template"] = model.chat_template
    return keys


def llama_tensors(model: TinyLlama) -> list[Tensor]:
    """Weights that follow `speech` word by word: each output row points at the embedding of the word before it."""
    tensors = _embeddings(model)
    noise = random.Random(model.seed + 1)
    for layer in range(model.layers):
        prefix = f"blk.{layer}."
        tensors += [_ones(f"{prefix}attn_norm.weight", model.width), _ones(f"{prefix}ffn_norm.weight", model.width)]
        square, wide = (model.width, model.width), (model.width, 2 * model.width)
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            tensors.append(_noise(f"{prefix}{name}.weight", square, noise))
        for name in ("ffn_gate", "ffn_up"):
            tensors.append(_noise(f"{prefix}{name}.weight", wide, noise))
        tensors.append(_noise(f"{prefix}ffn_down.weight", (2 * model.width, model.width), noise))
    return tensors


def _vocabulary(speech: str) -> tuple[list[str], list[int]]:
    control = ["<unk>", "<s>", "</s>"]
    raw_bytes = [f"<0x{byte:02X}>" for byte in range(BYTES)]
    pieces = ["\u2581", *(chr(code) for code in range(33, 127))]
    words = _words(speech)
    kinds = [2, 3, 3] + [6] * len(raw_bytes) + [1] * (len(pieces) + len(words))
    return [*control, *raw_bytes, *pieces, *words], kinds


def _words(speech: str) -> list[str]:
    first, *rest = speech.split(" ")
    words = [first, *("\u2581" + word for word in rest)]
    if len(set(words)) != len(words) or any(len(word) < 2 for word in words):
        raise ValueError("each word is one new token: no word twice, no double space, two letters in the first one")
    return words


def _embeddings(model: TinyLlama) -> list[Tensor]:
    chance = random.Random(model.seed)
    tokens, _ = _vocabulary(model.speech)
    words = len(_words(model.speech))
    first_word = len(tokens) - words
    start = [chance.gauss(0, 1) for _ in range(model.width)]
    rows = [start] * first_word + [[chance.gauss(0, 1) for _ in range(model.width)] for _ in range(words)]
    outputs = [[0.0] * model.width for _ in tokens]
    before = [start, *rows[first_word:]]
    for number, row in enumerate(before):
        target = first_word + number if number < words else (SPACE if model.endless else EOS)
        outputs[target] = [kept + value / 2 for kept, value in zip(outputs[target], row, strict=True)]
    dims = (model.width, len(tokens))
    return [
        Tensor(name="token_embd.weight", dims=dims, data=_packed(value for row in rows for value in row)),
        _ones("output_norm.weight", model.width),
        Tensor(name="output.weight", dims=dims, data=_packed(value for row in outputs for value in row)),
    ]


def _packed(values: Iterable[float]) -> bytes:
    return array("f", values).tobytes()


def _ones(name: str, width: int) -> Tensor:
    return Tensor(name=name, dims=(width,), data=array("f", [1.0] * width).tobytes())


def _noise(name: str, dims: tuple[int, int], chance: random.Random) -> Tensor:
    values = array("f", (chance.uniform(-0.03, 0.03) for _ in range(dims[0] * dims[1])))
    return Tensor(name=name, dims=dims, data=values.tobytes())
