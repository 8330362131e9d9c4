"""How many bits a weight of each quantization takes."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

# Bits a weight takes in the end, embeddings and scales included (llama.cpp: tools/quantize, Llama 3.1 8B).
_BITS: Mapping[str, float] = MappingProxyType(
    {
        "F32": 32.0,
        "F16": 16.0,
        "BF16": 16.0,
        "FP8": 8.0,
        "Q8_0": 8.5,
        "Q6_K": 6.56,
        "Q5_K_M": 5.70,
        "Q5_K_S": 5.57,
        "Q5_1": 6.06,
        "Q5_0": 5.54,
        "Q4_K_M": 4.89,
        "Q4_K_S": 4.67,
        "Q4_1": 5.13,
        "Q4_0": 4.66,
        "MXFP4": 4.25,
        "IQ4_NL": 4.68,
        "IQ4_XS": 4.46,
        "Q3_K_L": 4.30,
        "Q3_K_M": 4.00,
        "Q3_K_S": 3.64,
        "IQ3_M": 3.76,
        "IQ3_S": 3.66,
        "IQ3_XS": 3.50,
        "IQ3_XXS": 3.25,
        "Q2_K": 3.16,
        "Q2_K_S": 2.97,
        "IQ2_M": 2.93,
        "IQ2_S": 2.74,
        "IQ2_XS": 2.59,
        "IQ2_XXS": 2.38,
        "IQ1_M": 2.15,
        "IQ1_S": 2.00,
        "TQ2_0": 2.06,
        "TQ1_0": 1.69,
    }
)
USUAL_BITS: Final = _BITS["Q4_K_M"]


def bits_per_weight(label: str | None) -> float | None:
    """Bits of a quantization such as `Q4_K_M`, `UD-Q4_K_XL` or `MXFP4_MOE`; None when the label is unknown."""
    if label is None:
        return None
    plain = label.upper().removeprefix("UD-").removesuffix("_MOE")
    larger = (plain.replace("_XXL", "_L"), plain.replace("_XL", "_M"), plain.removesuffix("_L"))
    for name in (plain, *larger, plain.removesuffix("_XL")):
        if name in _BITS:
            return _BITS[name]
    return None


def guessed_weights_bytes(parameters: int | None, label: str | None) -> int | None:
    """Parameters x bits; None when one of them is unknown."""
    bits = bits_per_weight(label)
    return None if parameters is None or bits is None else int(parameters * bits / 8)
