"""What vLLM takes of the graphics cards beside weights and cache, and how a model is spread over them."""

from dataclasses import dataclass
from typing import Final

from venom_desktop.core.catalog.gguf_header import GgufHeader

OWN_BYTES: Final = 2 << 30
"""Of each card, for all that is neither weights nor cache: the memory of CUDA and its libraries, the activations of the
largest step, recorded graphs.

An assumption, and nothing measured here. Eight published logs of vLLM tell 0.4 to 4.2 GiB a card for the first two,
1.7 in the middle (github.com/vllm-project/vllm: 10511, 11251, 11743, 14447, 14452 with two cards, 15340;
generative-computing/mellea: 416), and 0.1 to 0.4 for graphs (vllm 11349, mellea 416, gpustack/runner 251). A model that
sees may take far more (vllm 12126: 36.6 GiB), and graphs did before 2025 (vllm 7553: 2.4 GiB).
"""
OWN_DOUBT_BYTES: Final = 3 << 29
"""To each side of it: seven of the eight lie within."""
OWN_WORDS: Final = "2.1 GB a card for vLLM itself are assumed, give or take 1.6: published logs tell from 0.5 to 4.5"

WHOLE: Final = "F32"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How one model lies on several cards: split by tensors, by layers, or both.

    `on_cluster`: Ray chooses the cards, also those of other machines, which nobody knows here.
    """

    tensor_parallel: int = 1
    pipeline_parallel: int = 1
    on_cluster: bool = False

    @property
    def cards(self) -> int:
        return self.tensor_parallel * self.pipeline_parallel

    def cache_copies(self, header: GgufHeader) -> float:
        """How often the context is kept: with fewer KV heads than cards some cards keep the same one.

        As vLLM has it (`get_num_kv_heads`): each card has at least one head.
        """
        heads = header.number("attention.head_count_kv")
        if not heads:
            return 1.0
        return max(1.0, self.tensor_parallel * max(1, heads // self.tensor_parallel) / heads)


def words(spread: Spread, *, share: float, answers: int | None) -> tuple[str, ...]:
    """What a verdict for vLLM takes for granted; `answers` at once, None where vLLM chooses."""
    told = [
        f"vLLM takes {share:.0%} of each card at its start, whatever the model needs",
        "room for one answer of that length" + (f", and {answers} at once share it" if answers else ""),
        OWN_WORDS,
    ]
    if spread.cards > 1:
        told.append(f"spread evenly over {spread.cards} cards")
    return tuple(told)


def bytes_in_memory(stored_bytes: int, level: str | None) -> int:
    """Weights as vLLM holds them: it loads float32 in 16 bits (`--dtype auto`), all else as it is stored."""
    return stored_bytes // 2 if level == WHOLE else stored_bytes
