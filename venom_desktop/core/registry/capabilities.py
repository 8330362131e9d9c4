"""What a model can do: read from its GGUF header, with what the user set by hand laid over it (SPEC section 1)."""

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from venom_desktop.core.catalog.gguf_header import GgufHeader, read_gguf_header
from venom_desktop.core.registry.model import ModelCapabilities, ModelMetadata
from venom_desktop.core.registry.template import mentions_thinking, mentions_tools, supports_system_role

# `llama_ftype` of llama.cpp's llama.h; the numbers left out were withdrawn.
QUANTIZATIONS: Final[Mapping[int, str]] = MappingProxyType(
    {
        0: "F32",
        1: "F16",
        2: "Q4_0",
        3: "Q4_1",
        7: "Q8_0",
        8: "Q5_0",
        9: "Q5_1",
        10: "Q2_K",
        11: "Q3_K_S",
        12: "Q3_K_M",
        13: "Q3_K_L",
        14: "Q4_K_S",
        15: "Q4_K_M",
        16: "Q5_K_S",
        17: "Q5_K_M",
        18: "Q6_K",
        19: "IQ2_XXS",
        20: "IQ2_XS",
        21: "Q2_K_S",
        22: "IQ3_XS",
        23: "IQ3_XXS",
        24: "IQ1_S",
        25: "IQ4_NL",
        26: "IQ3_S",
        27: "IQ3_M",
        28: "IQ2_S",
        29: "IQ2_M",
        30: "IQ4_XS",
        31: "IQ1_M",
        32: "BF16",
        36: "TQ1_0",
        37: "TQ2_0",
        38: "MXFP4_MOE",
        39: "NVFP4",
        40: "Q1_0",
    }
)

# Encoders: they have no template and answer with vectors only.
_EMBEDDING_ARCHITECTURES: Final = frozenset(
    {
        "bert",
        "eurobert",
        "gemma-embedding",
        "jina-bert-v2",
        "jina-bert-v3",
        "modern-bert",
        "neo-bert",
        "nomic-bert",
        "nomic-bert-moe",
        "t5encoder",
    }
)
# llama.cpp's pooling types mean, class token and last token; 0 is none, 4 ranks pairs of texts.
_POOLINGS_OF_EMBEDDING: Final = (1, 2, 3)


def read_capabilities(path: Path, projector: Path | None = None) -> ModelCapabilities:
    """From the first (or only) GGUF file and the projector of a vision model; blocks.

    Raises `UnreadableModelFile` and `FileMissing`.
    """
    return capabilities_from_gguf(read_gguf_header(path), has_projector=projector is not None)


def capabilities_from_gguf(header: GgufHeader, *, has_projector: bool | None = None) -> ModelCapabilities:
    """What the header tells; None stays unknown. `has_projector` None means that nobody has looked for one."""
    return replace(
        capabilities_of_template(header.chat_template or None),
        supports_vision=has_projector,
        supports_embedding=_embeds(header),
        max_context_length=header.context_length or None,
        quantization=None if header.file_type is None else QUANTIZATIONS.get(header.file_type),
    )


def capabilities_of_template(template: str | None) -> ModelCapabilities:
    """What a chat template alone tells; nothing where there is none."""
    if template is None:
        return ModelCapabilities()
    system, tools = supports_system_role(template), mentions_tools(template)
    return ModelCapabilities(
        supports_system_role=system,
        supports_function_calling=tools,
        supports_thinking=mentions_thinking(template),
        allowed_roles=_roles(system=system, tools=tools),
        prompt_template=template,
    )


def merge(base: ModelCapabilities, over: ModelCapabilities) -> ModelCapabilities:
    """`base` with everything that is known in `over`; the roles follow a system role that was set alone."""
    known = {field.name: value for field in fields(over) if (value := getattr(over, field.name)) is not None}
    merged = replace(base, **known)
    if over.supports_system_role is None or over.allowed_roles is not None or merged.allowed_roles is None:
        return merged
    others = tuple(role for role in merged.allowed_roles if role != "system")
    return replace(merged, allowed_roles=("system", *others) if over.supports_system_role else others)


def effective(model: ModelMetadata) -> ModelCapabilities:
    """What to go by: the user's word over what was detected."""
    return merge(model.capabilities, model.overrides)


def _embeds(header: GgufHeader) -> bool | None:
    if header.architecture is None:
        return None
    pooling = header.number("pooling_type")
    if pooling is not None:
        return pooling in _POOLINGS_OF_EMBEDDING
    return header.architecture in _EMBEDDING_ARCHITECTURES


def _roles(*, system: bool, tools: bool) -> tuple[str, ...]:
    return (*(("system",) if system else ()), "user", "assistant", *(("tool",) if tools else ()))
