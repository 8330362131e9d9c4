"""How much an archive of a release may hold; apart from the code that reads archives, which the window never needs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpackLimits:
    """What no honest release comes near: the largest with ROCm unpacks to some 10 GB in 5,000 files."""

    total_bytes: int = 32 * 10**9
    entries: int = 50_000


USUAL_LIMITS = UnpackLimits()
