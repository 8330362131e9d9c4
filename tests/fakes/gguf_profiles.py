"""Header keys of real models, one per kind of memory use, for tests that judge whether a model fits."""

from tests.fakes.gguf_format import Kind, Typed, Value


def _keys(architecture: str, own: dict[str, Value]) -> dict[str, Value]:
    return {"general.architecture": architecture} | {f"{architecture}.{name}": value for name, value in own.items()}


LLAMA_3_2_1B = _keys(
    "llama",
    {
        "block_count": 16,
        "context_length": 131072,
        "embedding_length": 2048,
        "feed_forward_length": 8192,
        "attention.head_count": 32,
        "attention.head_count_kv": 8,
        "attention.key_length": 64,
        "attention.value_length": 64,
        "rope.dimension_count": 64,
        "vocab_size": 128256,
    },
)

# No key_length: the head size is embedding_length / head_count.
QWEN_2_5_0_5B = _keys(
    "qwen2",
    {
        "block_count": 24,
        "context_length": 32768,
        "embedding_length": 896,
        "feed_forward_length": 4864,
        "attention.head_count": 14,
        "attention.head_count_kv": 2,
    },
)

# Five of six layers look back 1,024 tokens only.
GEMMA_3_4B = _keys(
    "gemma3",
    {
        "context_length": 131072,
        "block_count": 34,
        "embedding_length": 2560,
        "feed_forward_length": 10240,
        "attention.head_count": 8,
        "attention.head_count_kv": 4,
        "attention.key_length": 256,
        "attention.value_length": 256,
        "attention.sliding_window": 1024,
    },
)

# Multi-head latent attention: one compressed row a token instead of keys and values a head.
DEEPSEEK_V2_LITE = _keys(
    "deepseek2",
    {
        "block_count": 27,
        "context_length": 163840,
        "embedding_length": 2048,
        "feed_forward_length": 10944,
        "attention.head_count": 16,
        "attention.head_count_kv": 1,
        "attention.kv_lora_rank": 512,
        "attention.key_length": 576,
        "attention.value_length": 512,
        "attention.key_length_mla": 192,
        "attention.value_length_mla": 128,
        "rope.dimension_count": 64,
        "leading_dense_block_count": 1,
        "expert_count": 64,
        "expert_used_count": 6,
        "expert_shared_count": 2,
        "expert_feed_forward_length": 1408,
    },
)

MIXTRAL_8X7B = _keys(
    "llama",
    {
        "block_count": 32,
        "context_length": 32768,
        "embedding_length": 4096,
        "feed_forward_length": 14336,
        "attention.head_count": 32,
        "attention.head_count_kv": 8,
        "rope.dimension_count": 128,
        "expert_count": 8,
        "expert_used_count": 2,
    },
)

# Keys of 128 although embedding_length / head_count is 64.
QWEN_3_30B_A3B = _keys(
    "qwen3moe",
    {
        "block_count": 48,
        "context_length": 40960,
        "embedding_length": 2048,
        "feed_forward_length": 6144,
        "attention.head_count": 32,
        "attention.head_count_kv": 4,
        "attention.key_length": 128,
        "attention.value_length": 128,
        "expert_count": 128,
        "expert_used_count": 8,
        "expert_feed_forward_length": 768,
    },
)

# Recurrent: a state of fixed size, no attention at all.
MAMBA_2_8B = _keys(
    "mamba",
    {
        "context_length": 1048576,
        "embedding_length": 2560,
        "feed_forward_length": 0,
        "attention.head_count": 0,
        "block_count": 64,
        "ssm.conv_kernel": 4,
        "ssm.inner_size": 5120,
        "ssm.state_size": 16,
        "ssm.time_step_rank": 160,
    },
)

# Hybrid: attention on every eighth layer, told by a list of heads per layer.
JAMBA_MINI = _keys(
    "jamba",
    {
        "block_count": 32,
        "context_length": 262144,
        "embedding_length": 4096,
        "feed_forward_length": 14336,
        "attention.head_count": 32,
        "attention.head_count_kv": Typed(kind=Kind.I32, value=[8 if layer % 8 == 4 else 0 for layer in range(32)]),
        "ssm.conv_kernel": 4,
        "ssm.inner_size": 8192,
        "ssm.state_size": 16,
        "ssm.time_step_rank": 256,
        "expert_count": 16,
        "expert_used_count": 2,
    },
)

ALL = {
    "llama": LLAMA_3_2_1B,
    "qwen2": QWEN_2_5_0_5B,
    "gemma3": GEMMA_3_4B,
    "deepseek2": DEEPSEEK_V2_LITE,
    "mixtral": MIXTRAL_8X7B,
    "qwen3moe": QWEN_3_30B_A3B,
    "mamba": MAMBA_2_8B,
    "jamba": JAMBA_MINI,
}
