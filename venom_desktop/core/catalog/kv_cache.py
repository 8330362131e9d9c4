"""How much memory a model's context takes, layer by layer, from the keys of its GGUF header."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from venom_desktop.core.catalog.gguf_header import GgufHeader, whole_number

BATCH_TOKENS: Final = 512
"""llama.cpp works a prompt off in steps of this many tokens (`n_ubatch`)."""

_CELLS = 256  # llama.cpp rounds the length of a cache up to a multiple of this
_STATE_BYTES = 4  # recurrent states are kept in f32
_MOST_LAYERS = 4_096

# Every n-th layer looks back without limit, the others through the window (llama.cpp, set_swa_pattern), for the
# architectures whose files carry a window but no pattern.
_WINDOW_PERIOD: Mapping[str, int] = MappingProxyType(
    {
        "afmoe": 4,
        "cohere2": 4,
        "exaone-moe": 4,
        "exaone4": 4,
        "gemma-embedding": 6,
        "gemma2": 2,
        "gemma3": 6,
        "gemma3n": 5,
        "gpt-oss": 2,
        "llama4": 4,
        "olmo2": 4,
        "plamo3": 8,
    }
)
# Attention and a recurrent state side by side in every layer.
_BOTH_IN_EVERY_LAYER = frozenset({"falcon-h1"})


class KvType(StrEnum):
    F16 = "f16"
    Q8_0 = "q8_0"
    Q4_0 = "q4_0"

    @property
    def bytes_per_element(self) -> Fraction:
        """Blocks of 32 elements carry a two-byte scale: 34 bytes in q8_0, 18 in q4_0."""
        match self:
            case KvType.F16:
                return Fraction(2)
            case KvType.Q8_0:
                return Fraction(34, 32)
            case KvType.Q4_0:
                return Fraction(18, 32)


@dataclass(frozen=True, slots=True, kw_only=True)
class KvCache:
    """Bytes for all slots together; `doubt` is the share of them that may be missing or too much."""

    total_bytes: int
    doubt: float
    assumptions: tuple[str, ...] = ()


def kv_cache(header: GgufHeader, *, context: int, kv_type: KvType, parallel: int = 1) -> KvCache | None:
    """Keys, values and recurrent states for `parallel` answers of `context` tokens each; None when keys are missing.

    Per layer: 2 x cells x kv_heads x head_size x bytes per element, fewer cells behind a sliding window, one compressed
    row and no values with MLA, a state of fixed size in a recurrent layer (llama.cpp: llama-kv-cache, llama-hparams).
    """
    layers = _layers(header)
    if layers is None:
        return None
    windows, pattern_known = _windows(header, len(layers))
    elements = Fraction(0)
    for layer, window in zip(layers, windows, strict=True):
        cells = context if window is None else min(context, window + BATCH_TOKENS)
        row = layer.row_in_window if window is not None else layer.row
        elements += _padded(cells) * row
    state_bytes = sum(layer.state for layer in layers) * _STATE_BYTES
    total_bytes = int((elements * kv_type.bytes_per_element + state_bytes) * parallel)
    return KvCache(
        total_bytes=total_bytes,
        doubt=0.05 if pattern_known and header.own("attention.indexer.head_count") is None else 0.5,
        assumptions=_assumptions(header, windows, pattern_known=pattern_known),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    """Elements a token takes in this layer's cache, and elements of its recurrent state."""

    row: int
    row_in_window: int
    state: int


def _layers(header: GgufHeader) -> list[_Layer] | None:
    blocks = header.number("block_count")
    heads = header.own("attention.head_count")
    if not blocks or blocks > _MOST_LAYERS:
        return None
    blocks -= min(header.number("nextn_predict_layers") or 0, blocks)
    state = _state_elements(header)
    if heads is None and not state:
        return None
    shared = header.number("attention.shared_kv_layers") or 0
    found = []
    for number in range(blocks):
        kv_heads = _of_layer(header.own("attention.head_count_kv"), number)
        kv_heads = _of_layer(heads, number) if kv_heads is None else kv_heads
        recurrent = bool(state) and _is_recurrent(header, number, kv_heads)
        has_cache = not recurrent and number < blocks - shared
        sizes = _row_sizes(header, number) if has_cache and kv_heads else (0, 0)
        if sizes is None:
            return None
        both = header.architecture in _BOTH_IN_EVERY_LAYER
        found.append(
            _Layer(
                row=sizes[0] * (kv_heads or 0),
                row_in_window=sizes[1] * (kv_heads or 0),
                state=state if recurrent or both else 0,
            )
        )
    return found


def _is_recurrent(header: GgufHeader, number: int, kv_heads: int | None) -> bool:
    interval = header.number("full_attention_interval")
    if interval:
        return (number + 1) % interval != 0
    return not kv_heads


def _row_sizes(header: GgufHeader, number: int) -> tuple[int, int] | None:
    """Elements of key and value of one head: without a window, and inside one where the file tells them apart."""
    heads, width = _of_layer(header.own("attention.head_count"), number), header.number("embedding_length")
    usual = width // heads if heads and width else None
    key = header.number("attention.key_length") or usual
    value = header.number("attention.value_length") or usual
    if key is None or value is None:
        return None
    if header.number("attention.key_length_mla") and header.number("attention.value_length_mla"):
        value = 0  # the values are a part of the compressed row
    key_in_window = header.number("attention.key_length_swa") or key
    value_in_window = header.number("attention.value_length_swa") or value
    return key + value, key_in_window + value_in_window


def _state_elements(header: GgufHeader) -> int:
    """Convolution and state of one recurrent layer (llama.cpp: n_embd_r, n_embd_s)."""
    width = header.number("embedding_length") or 0
    head_size = header.number("wkv.head_size")
    if head_size:
        shifts = header.number("token_shift_count") or 2
        return width * (shifts + head_size)
    short = header.number("shortconv.l_cache")
    if short:
        return width * (short - 1)
    inner, state = header.number("ssm.inner_size") or 0, header.number("ssm.state_size") or 0
    groups, kernel = header.number("ssm.group_count") or 0, header.number("ssm.conv_kernel") or 1
    return max(kernel - 1, 0) * (inner + 2 * groups * state) + state * inner


def _windows(header: GgufHeader, layers: int) -> tuple[list[int | None], bool]:
    """The window of each layer (None looks back without limit), and whether the file or the architecture tells it."""
    window = header.number("attention.sliding_window") or header.number("attention.chunk_size")
    # llama.cpp runs phi3 without its window.
    if not window or header.architecture == "phi3":
        return [None] * layers, True
    pattern = header.own("attention.sliding_window_pattern")
    if isinstance(pattern, tuple) and pattern:
        return [window if pattern[number % len(pattern)] else None for number in range(layers)], True
    period = whole_number(pattern) if pattern is not None else _WINDOW_PERIOD.get(header.architecture or "")
    if period is None:
        return [None] * layers, False
    return [window if period == 0 or number % period < period - 1 else None for number in range(layers)], True


def _assumptions(header: GgufHeader, windows: list[int | None], *, pattern_known: bool) -> tuple[str, ...]:
    found = []
    limited = [window for window in windows if window is not None]
    if limited:
        found.append(f"{len(limited)} of {len(windows)} layers look back {limited[0]} tokens only")
    if not pattern_known:
        found.append("every layer is counted with the full context, though the file names a sliding window")
    if header.number("attention.key_length_mla"):
        found.append("the context is kept compressed (MLA)")
    if _state_elements(header):
        found.append("recurrent layers keep a state of fixed size")
    experts, used = header.number("expert_count"), header.number("expert_used_count")
    if experts and used:
        found.append(f"all {experts} experts are in memory, {used} work on a token")
    return tuple(found)


def _of_layer(value: object, number: int) -> int | None:
    if isinstance(value, tuple):
        value = value[number] if number < len(value) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _padded(cells: int) -> int:
    return -(-cells // _CELLS) * _CELLS
